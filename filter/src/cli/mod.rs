//! `everycall filter`: what was typed, and what is answered.

mod diff;
mod explain;
mod input;
mod map;
mod output;
mod profiles;
mod prove;
mod run;
mod show;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::MapCompileError;
use crate::map::{MapError, ProofError};
use crate::process::ProcessError;
use crate::read::ReadError;
use crate::run::RunError;

/// What was asked is so.
const OK: u8 = 0;
/// It is not, or it could not be found out.
const FAILED: u8 = 1;
/// What was typed, or what was to be read, makes no sense.
const USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  everycall filter map sandbox.bpf
      what it does of every call there can be
  sudo everycall filter map --pid 1234
      the same for all filters that a process has
  everycall filter prove sandbox.bpf --policy sandbox.toml
      equal for every call, or a call that shows that it is not; and the usual faults
  everycall filter diff old.bpf new.bpf
      where two differ, for reviewing a change
  everycall filter explain sandbox.bpf --abi i386 --call openat --arg 2=0x241
      the way of one call, instruction by instruction

A FILTER is a file, `-` for standard input, or `pid:1234`; a directory is a chain of the files in it, by name. What a
file is, its content says: raw instructions in either byte order, assembly of bpf_asm, what `seccomp-tools dump` prints,
an array in C, a profile of OCI's or Docker's, seccompiler's JSON, a policy in TOML. Several filters are a chain, the oldest
first: the kernel asks them all, and the action of highest precedence counts.

Exit status: 0 when what was asked is so, 1 when it is not, 2 for usage and for input that cannot be read.";

/// Prove, explain and compare seccomp filters
#[derive(Debug, Parser)]
#[command(
    name = "everycall filter",
    bin_name = "everycall filter",
    version,
    disable_help_subcommand = true
)]
#[command(after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Map(map::Map),
    Prove(prove::Prove),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Show(show::Show),
    Compile(show::Compile),
    Run(run::Run),
    /// Run a program and keep every filter that it installs
    #[command(disable_help_flag = true)]
    Capture {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        rest: Vec<OsString>,
    },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{name}: {error}")]
    Open { name: String, error: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("process {0} has no filter: nothing is asked before its calls, and all are executed")]
    NoFilter(i32),
    #[error("{name}{place}: the kernel would not take this filter: {error}")]
    Invalid {
        name: String,
        place: String,
        error: crate::CheckError,
    },
    #[error("{name}: {error}")]
    Map { name: String, error: MapError },
    #[error("{name}: {error}")]
    Unproven {
        name: String,
        error: Box<ProofError>,
    },
    #[error("{name}: {error}")]
    Compile {
        name: String,
        error: MapCompileError,
    },
    #[error("{name}: {error}")]
    Run { name: String, error: RunError },
    #[error("failed to write the answer: {0}")]
    Write(io::Error),
}

impl CliError {
    fn code(&self) -> u8 {
        match self {
            CliError::Read(_)
            | CliError::Open { .. }
            | CliError::Usage(_)
            | CliError::Process(_)
            | CliError::NoFilter(_) => USAGE,
            _ => FAILED,
        }
    }
}

/// Runs `everycall filter` with these arguments (without the program's name).
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let name = std::iter::once(OsString::from("everycall filter"));
    let cli = match Cli::try_parse_from(name.chain(args)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and usage go where clap sends them; a closed pipe is the reader's wish.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { OK });
        }
    };
    let status = act(&cli.what).unwrap_or_else(|error| {
        // A reader that has gone away wanted no more of it.
        let gone =
            matches!(&error, CliError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe);
        if !gone {
            let _ = writeln!(io::stderr(), "everycall filter: {error}");
        }
        error.code()
    });
    ExitCode::from(status)
}

fn act(what: &What) -> Result<u8, CliError> {
    match what {
        What::Map(map) => map.run(),
        What::Prove(prove) => prove.run(),
        What::Diff(diff) => diff.run(),
        What::Explain(explain) => explain.run(),
        What::Show(show) => show.run(),
        What::Compile(compile) => compile.run(),
        What::Run(run) => run.run(),
        What::Capture { .. } => Err(CliError::Usage(
            "capture needs the tracer: it is a command of the whole `everycall`".to_owned(),
        )),
    }
}
