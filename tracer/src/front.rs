//! The program: from the words of a command line to an end. `ectrace` and `everycall trace` are this.

use std::ffi::OsString;
use std::io::{self, Write};

use crate::cli::{self, Invocation};
use crate::engine::Ending;
use crate::{help, run, sink, sys};

/// What strace exits with when something is wrong.
const WRONG: i32 = 1;

/// Does what the words behind the program's name say, and ends this process as the traced program
/// ended: with its exit status, or by its signal.
pub fn main(args: impl Iterator<Item = OsString>) -> ! {
    match carry_out(args) {
        Ending::Exit(status) => std::process::exit(status),
        Ending::Signal(signal) => sys::die_by(signal),
    }
}

fn carry_out(args: impl Iterator<Item = OsString>) -> Ending {
    let config = match cli::parse(args) {
        Ok(Invocation::Run(config)) => config,
        Ok(Invocation::Help) => return print(&help::text()),
        Ok(Invocation::Version) => return print(help::VERSION),
        Err(error) => return fail(&error.to_string()),
    };
    for note in &config.notes {
        say(note);
    }
    match sink::open(&config) {
        Ok(sink) => run::run(&config, sink),
        Err(error) => fail(&error.to_string()),
    }
}

/// A reader that has gone away wanted no more of it; any other failure is one.
fn print(text: &str) -> Ending {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format!("standard output: {}", sink::reason(&error)))
        }
        _ => Ending::Exit(0),
    }
}

fn fail(text: &str) -> Ending {
    say(text);
    Ending::Exit(WRONG)
}

fn say(text: &str) {
    // Where it could be told that this failed, it has failed.
    let _: io::Result<()> = io::stderr().write_all(format!("ectrace: {text}\n").as_bytes());
}
