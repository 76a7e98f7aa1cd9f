//! `everycall check`: what was typed, what it means, and what is written.

mod baseline;
mod keep;
mod progress;
mod select;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Parser;

use crate::choice::{Choice, ChoiceError};
use crate::host;
use crate::report::{Format, Report};
use crate::subject::Ours;
use crate::suite::{self, Manner, Sandboxes, Stop};

/// Everything went as expected.
const OK: u8 = 0;
/// Something failed that was not expected to.
const FAILED: u8 = 1;
/// What was typed cannot be done.
const USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  everycall check
      judge our own tracer, and the host's strace where there is one
  everycall check --tracer strace-seccomp --case hole-
      the cases of numbers in a table's gaps, with strace -f --seccomp-bpf
  everycall check --tracer 'mytracer -f -o {out} -e trace={set} -e raw=all {cmd}'
      a tracer of your own, which writes strace's format or JSON lines to {out};
      without {set} it must show everything; without raw=all the words of calls
      that it has a name for are not compared
  everycall check --abi i386 --format json
      one JSON object, with every failure
  everycall check --tracer 'mytracer ... {out} {cmd}' --write-baseline known.toml
  everycall check --tracer 'mytracer ... {out} {cmd}' --baseline known.toml
      what it gets wrong today is known from then on: a new failure fails, and so
      does a known one that passes now

Exit status: 0 when no case failed unexpectedly, 1 when one did, 2 for usage.";

/// Judge tracers: does each see every call, and say truly what it saw?
#[derive(Debug, Parser)]
#[command(name = "everycall check", bin_name = "everycall check", after_help = EXAMPLES)]
struct Args {
    #[command(flatten)]
    choice: Choice,

    /// The form of the report
    #[arg(long, value_enum, default_value = "human")]
    format: Format,

    /// Write the names of the cases, and run none
    #[arg(long)]
    list: bool,

    /// Write the names of the tracers, and run none
    #[arg(long)]
    list_tracers: bool,

    /// Tell known failures as failures
    #[arg(long)]
    ignore_expected: bool,

    /// Write each probe and the command that runs it under the tracer into this directory, and run none
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    baseline: baseline::Options,
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    #[error("{tracer} cannot be started: {reason}")]
    Absent { tracer: String, reason: String },
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("{0}")]
    Probe(String),
    #[error("baseline {path}: {what}")]
    Baseline { path: String, what: String },
}

/// Runs `everycall check` with these arguments (without the program's name).
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let name = std::iter::once(OsString::from("everycall check"));
    let args = match Args::try_parse_from(name.chain(args)) {
        Ok(args) => args,
        Err(error) => {
            // Help and usage go where clap sends them; a closed pipe is the reader's wish.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { OK });
        }
    };
    match check(&args) {
        Ok(status) => ExitCode::from(status),
        Err(CheckError::Io { error, .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(FAILED)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "everycall check: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn check(args: &Args) -> Result<u8, CheckError> {
    let mut selection = select::Selection::of(&args.choice)?;
    if args.list_tracers {
        return list(selection.subjects.iter().map(|subject| subject.id.clone()));
    }
    if args.list {
        return list(selection.names());
    }
    let ours = Ours::find().map_err(|error| CheckError::Io {
        what: "our own tracer".into(),
        error,
    })?;
    if let Some(dir) = &args.keep {
        return keep::write(dir, &selection, &ours).map(|()| OK);
    }
    let held = baseline::Held::of(&args.baseline, &mut selection)?;
    let present = selection.present(&ours)?;
    let mut report = judge(args, &selection, present, ours)?;
    if let (Some(held), [subject]) = (held, selection.subjects.as_slice()) {
        held.write(&mut report, subject)?;
    }
    write(&report, args.format)?;
    if !report.failed() {
        return Ok(OK);
    }
    if args.format != Format::Human {
        // Whoever keeps the report in a file sees why the status is not 0. The report is written: this cannot fail it.
        let _ = report.write_unexpected(&mut anstream::stderr().lock());
    }
    Ok(FAILED)
}

/// Runs what was selected.
fn judge(
    args: &Args,
    selection: &select::Selection,
    present: select::Present,
    ours: Ours,
) -> Result<Report, CheckError> {
    let stop = stop_when_told()?;
    let progress = progress::Line::new();
    let manner = Manner {
        workers: std::thread::available_parallelism().map_or(2, usize::from),
        ignore_expected: args.ignore_expected,
        whole: selection.whole,
        stop: &stop,
        progress: &progress,
    };
    let bench = Sandboxes::new(args.choice.privilege(), ours);
    let finished = suite::run(&bench, &present.takers, &selection.cases, manner);
    progress.end();
    if stop.said() {
        return Err(CheckError::Probe("interrupted: nothing is reported".into()));
    }
    Ok(Report {
        kernel: kernel(),
        machine: host::machine(),
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        takers: present.told,
        entries: finished.entries,
        stale: finished.stale,
        faults: finished.faults,
    })
}

/// Whether these arguments can be typed.
#[cfg(test)]
pub(crate) fn is_usable(args: &[String]) -> bool {
    let name = std::iter::once("everycall check");
    Args::try_parse_from(name.chain(args.iter().map(String::as_str))).is_ok()
}

/// Ctrl-C and SIGTERM: what runs is ended with its sandbox, and nothing more is begun.
fn stop_when_told() -> Result<Stop, CheckError> {
    let stop = Stop::default();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop.0)).map_err(|error| {
            CheckError::Io {
                what: "signals".into(),
                error,
            }
        })?;
    }
    Ok(stop)
}

fn list(names: impl Iterator<Item = String>) -> Result<u8, CheckError> {
    let mut out = io::stdout().lock();
    for name in names {
        writeln!(out, "{name}").map_err(output)?;
    }
    Ok(OK)
}

fn write(report: &Report, format: Format) -> Result<(), CheckError> {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && format == Format::Human;
    let out = stdout.lock();
    let mut out: Box<dyn Write> = if colour {
        Box::new(anstream::AutoStream::auto(out))
    } else {
        Box::new(anstream::StripStream::new(out))
    };
    report.write(format, &mut out).map_err(output)?;
    out.flush().map_err(output)
}

fn output(error: io::Error) -> CheckError {
    CheckError::Io {
        what: "failed to write the report".into(),
        error,
    }
}

fn kernel() -> String {
    nix::sys::utsname::uname().map_or_else(
        |_| "unknown".into(),
        |name| name.release().to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests;
