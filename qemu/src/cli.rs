//! The command line: cargo's runner, `run`, `shell`, `kernels`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use everycall_init::message::{Bytes, Command, End};

use crate::client::{self, ClientError};
use crate::machine::{self, Machine, NoMachine};
use crate::server;
use crate::shares::{self, ShareError};
use crate::wish::{Wish, WishError};
use crate::{elf, environment};

/// Real kernels of other architectures, in QEMU.
#[derive(Debug, Parser)]
#[command(name = "everycall vm", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run a program in a machine
    Run(Run),
    /// Run a program as cargo asks for it: `runner = "qemu/runner"`
    Runner {
        /// The program, and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Own a machine
    #[command(hide = true)]
    Serve { order: String },
}

#[derive(Debug, Args)]
struct Run {
    /// The machine: x86_64, i386, aarch64, arm
    #[arg(long, short)]
    machine: Option<String>,
    /// The kernel: a name that `kernels` lists, or a path
    #[arg(long, short)]
    kernel: Option<String>,
    /// The machine's memory, as QEMU takes it
    #[arg(long)]
    memory: Option<String>,
    /// More words on the kernel's command line
    #[arg(long, value_name = "WORDS")]
    kernel_args: Option<String>,
    /// Run as this user, not root
    #[arg(long, value_name = "UID")]
    user: Option<u32>,
    /// The program, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Wish(#[from] WishError),
    #[error(transparent)]
    NoMachine(#[from] NoMachine),
    #[error(transparent)]
    Share(#[from] ShareError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot find the current directory: {0}")]
    NoDirectory(std::io::Error),
    #[error("cannot see for which machine {0} is: it is no ELF file of any that there are")]
    NoProgram(PathBuf),
    #[error("the server got what is no order: {0}")]
    NoOrder(serde_json::Error),
    #[error("the server failed: {0}")]
    Server(std::io::Error),
}

/// Does what the arguments (without the program's name) say.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let all: Vec<OsString> = std::env::args_os().collect();
    // What stood before ours makes this program come here again.
    let front = all.len().saturating_sub(args.len()).max(1);
    let front = &all[1..front];
    let cli = match Cli::try_parse_from(std::iter::once("everycall vm".into()).chain(args)) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match act(cli.what, front) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("everycall vm: {error}");
            match error {
                CliError::Client(ClientError::Interrupted(_)) => ExitCode::from(130),
                CliError::Wish(_) | CliError::NoMachine(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn act(what: What, front: &[OsString]) -> Result<ExitCode, CliError> {
    match what {
        What::Run(run) => run_command(run, front),
        What::Runner { command } => runner(&command, front),
        What::Serve { order } => {
            let order = serde_json::from_str(&order).map_err(CliError::NoOrder)?;
            server::serve(&order).map_err(CliError::Server)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn host() -> &'static Machine {
    machine::by_architecture(std::env::consts::ARCH).unwrap_or(&machine::MACHINES[0])
}

fn run_command(run: Run, front: &[OsString]) -> Result<ExitCode, CliError> {
    let mut wish = match &run.machine {
        Some(name) => Wish::for_machine(machine::by_name(name)?)?,
        None => Wish::from_variables(host())?,
    };
    if run.kernel.is_some() {
        wish.kernel = run.kernel;
    }
    if let Some(memory) = run.memory {
        wish.memory = memory;
    }
    if let Some(words) = run.kernel_args {
        wish.kernel_args = words;
    }
    finish(wish, front, &run.command, run.user)
}

fn runner(command: &[OsString], front: &[OsString]) -> Result<ExitCode, CliError> {
    let program = Path::new(&command[0]);
    let machine = elf::machine(program).ok_or_else(|| CliError::NoProgram(program.to_owned()))?;
    let wish = Wish::from_variables(machine)?;
    finish(wish, front, command, None)
}

fn finish(
    mut wish: Wish,
    front: &[OsString],
    words: &[OsString],
    user: Option<u32>,
) -> Result<ExitCode, CliError> {
    let cwd = std::env::current_dir().map_err(CliError::NoDirectory)?;
    let mut argv: Vec<Bytes> = words
        .iter()
        .map(|word| Bytes::from(word.as_bytes()))
        .collect();
    let mut paths = vec![cwd.clone()];
    // A name that is no file here is one of the machine's own programs.
    let program = Path::new(&words[0]);
    if words[0].as_bytes().contains(&b'/')
        && let Ok(path) = program.canonicalize()
    {
        argv[0] = Bytes::from(path.as_os_str().as_bytes());
        paths.push(path);
    }
    wish.shares = shares::around(paths.iter().map(PathBuf::as_path))?;
    let command = Command {
        id: 0,
        argv,
        env: environment::passed(),
        cwd: Bytes::from(cwd.as_os_str().as_bytes()),
        user,
        terminal: None,
    };
    Ok(exit(&client::run(&wish, front, command)?))
}

fn exit(end: &End) -> ExitCode {
    match end {
        End::Exited(code) => ExitCode::from(*code),
        End::Killed(signal) => {
            eprintln!("everycall vm: the command ended by signal {signal}");
            ExitCode::from(128_u8.saturating_add(*signal))
        }
        End::NotStarted(why) => {
            eprintln!("everycall vm: the command did not start: {why}");
            ExitCode::FAILURE
        }
    }
}
