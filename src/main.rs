//! The front: hands over to the parts, nothing more.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Does this syscall tracer see every call, and say truly what it saw?

Usage: everycall <COMMAND> [ARGS]

Commands:
  check    judge tracers: ours, strace, or yours
  trace    the reference tracer, as the program `ectrace`
  filter   prove, explain and compare seccomp filters
  vm       run programs on real kernels of every architecture, in QEMU
  diff     compare what two tracers say of one program (not there yet)

`everycall <COMMAND> --help` tells more.";

/// What was typed cannot be done.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // The sandbox of `check` is this program, started once more.
    everycall_conformance::sandbox::serve_if_worker();
    let mut args = std::env::args_os().skip(1);
    let Some(command) = args.next() else {
        say(&mut std::io::stderr(), HELP);
        return ExitCode::from(USAGE);
    };
    match command.to_str() {
        Some("check") => everycall_conformance::cli::main(args),
        Some("trace") => everycall_tracer::front::main(args),
        Some("vm") => everycall_vm::cli::main(args),
        Some("filter") => filter(args),
        Some("diff") => not_yet("diff", "comparing two tracers comes with a later issue"),
        Some("help" | "-h" | "--help") => {
            say(&mut std::io::stdout(), HELP);
            ExitCode::SUCCESS
        }
        Some("-V" | "--version") => {
            let version = concat!("everycall ", env!("CARGO_PKG_VERSION"));
            say(&mut std::io::stdout(), version);
            ExitCode::SUCCESS
        }
        _ => {
            let shown = command.to_string_lossy();
            let text = format!("everycall: there is no command '{shown}': see everycall --help");
            say(&mut std::io::stderr(), &text);
            ExitCode::from(USAGE)
        }
    }
}

/// All of it is the filter library's, but what runs programs to see which filters they install: that is the tracer's.
fn filter(args: impl Iterator<Item = OsString>) -> ExitCode {
    let mut args = args.peekable();
    match args.next_if(|word| word == "capture") {
        Some(_) => everycall_tracer::capture::main(args),
        None => everycall_filter::cli::main(args),
    }
}

fn not_yet(command: &str, why: &str) -> ExitCode {
    let text = format!("everycall {command}: not there yet: {why}");
    say(&mut std::io::stderr(), &text);
    ExitCode::from(USAGE)
}

/// Writes a line. A reader that has gone away wanted no more of it.
fn say(out: &mut dyn Write, text: &str) {
    let _ = writeln!(out, "{text}");
}
