//! `everycall filter`: what was typed, and what is answered.

mod input;
mod map;
mod output;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::map::MapError;
use crate::read::ReadError;

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
  everycall filter map --format json old.bpf new.bpf | jq .
      a chain, the oldest first: the kernel asks them all

A FILTER is a file, `-` for standard input, or `pid:1234`; a directory is a chain of the files in it, by name. What a
file is, its content says: raw instructions in either byte order, assembly of bpf_asm, what `seccomp-tools dump` prints,
an array in C.

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
    #[error("{name}{place}: the kernel would not take this filter: {error}")]
    Invalid {
        name: String,
        place: String,
        error: crate::CheckError,
    },
    #[error("{name}: {error}")]
    Map { name: String, error: MapError },
    #[error("failed to write the answer: {0}")]
    Write(io::Error),
}

impl CliError {
    fn code(&self) -> u8 {
        match self {
            CliError::Read(_) | CliError::Open { .. } | CliError::Usage(_) => USAGE,
            CliError::Invalid { .. } | CliError::Map { .. } | CliError::Write(_) => FAILED,
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
        What::Capture { .. } => Err(CliError::Usage(
            "capture needs the tracer: it is a command of the whole `everycall`".to_owned(),
        )),
    }
}
