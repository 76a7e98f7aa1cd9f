//! The command line: `run`, `shell`, `kernels`, and cargo's `runner`.

mod call;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::client::ClientError;
use crate::kernels::Kernels;
use crate::machine::NoMachine;
use crate::server;
use crate::shares::ShareError;
use crate::wish::WishError;

/// Run programs on real kernels of other architectures, in QEMU
#[derive(Debug, Parser)]
#[command(name = "everycall vm", version, about, disable_help_subcommand = true)]
#[command(after_help = "\
`cargo test --target aarch64-unknown-linux-gnu` runs its tests in machines too (.cargo/config.toml, qemu/runner).

Variables:
  EVERYCALL_MACHINE     the machine, where the program's own is not meant: x86_64, i386, aarch64, arm
  EVERYCALL_KERNEL      the kernel: a name that `kernels` lists, or a path to its image
  EVERYCALL_MODULES     that kernel's modules (.../lib/modules/<release>), where they are in an unusual place
  EVERYCALL_USERLAND    a root directory with the machine's programs, instead of Debian's packages
  EVERYCALL_INIT        a built PID 1 (static; crate everycall-init), instead of one built now
  EVERYCALL_VM_MEMORY   the machine's memory, as QEMU takes it
  EVERYCALL_VM_ARGS     more words on the kernel's command line
  EVERYCALL_VM_ACCEL    how QEMU runs it: kvm, hvf, tcg; otherwise it is tried, once per host
  EVERYCALL_VM_BOOT     seconds that a boot may take (180)
  EVERYCALL_VM_SILENCE  seconds for which a program may say nothing (600)
  EVERYCALL_VM_OWNER    a process id: the machine serves all who ask for it until that process ends

Exit status: the program's; 128 and the signal's number if one ended it; 1 if the machine failed; 2 for usage.")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Run(Run),
    Shell(Shell),
    Kernels(Kernels),
    /// Run a program as cargo asks for it, in the machine of its architecture
    #[command(after_help = "One machine serves all the programs of one cargo, and ends with it.")]
    Runner {
        /// The program, and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Own a machine
    #[command(hide = true)]
    Serve {
        /// What to boot
        order: String,
    },
}

/// Run a static program, or one of the machine's own, in a machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall vm run -m aarch64 -- uname -a
  everycall vm run -m x86_64 -k 7.2 --kernel-args syscall.x32=y -- target/x86_64-unknown-linux-musl/debug/ectrace -f ls
  everycall vm run -m arm -- strace -f ls /

The current directory (or the workspace that it belongs to) and the program's are there, at the same paths.
A program without a slash is the machine's own: busybox's, or Debian's strace. Standard input is empty.")]
struct Run {
    #[command(flatten)]
    wanted: Wanted,
    /// The program, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Look around in a machine
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall vm shell -m aarch64
  everycall vm shell -m arm -k 7.2 --user 1000 -- sh -c 'id; exec sh'

`exit` ends the machine.")]
struct Shell {
    #[command(flatten)]
    wanted: Wanted,
    /// What to run, if not a shell
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Which machine.
#[derive(Debug, Args)]
struct Wanted {
    /// The machine: x86_64, i386, aarch64 or arm (the host's)
    #[arg(long, short, value_name = "NAME")]
    machine: Option<String>,
    /// The kernel: a name that `kernels` lists, or a path to its image
    #[arg(long, short, value_name = "NAME")]
    kernel: Option<String>,
    /// The machine's memory, as QEMU takes it
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// More words on the kernel's command line
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    kernel_args: Option<String>,
    /// Run as this user and group, not as root
    #[arg(long, value_name = "UID")]
    user: Option<u32>,
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
    #[error(
        "{0} is no program of any machine: an ELF file for x86_64, i386, aarch64 or arm would be"
    )]
    NoProgram(PathBuf),
    #[error("cannot copy the program to where the machine sees it: {0}")]
    Copy(std::io::Error),
    #[error(transparent)]
    Cache(#[from] crate::kernels::KernelError),
    #[error("`serve` is for everycall vm itself: {0}")]
    NoOrder(serde_json::Error),
    #[error("the machine's owner failed: {0}")]
    Server(std::io::Error),
}

impl CliError {
    fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Client(ClientError::Interrupted(signal)) => call::of_signal(*signal),
            Self::Wish(_) | Self::NoMachine(_) | Self::NoProgram(_) | Self::NoOrder(_) => 2,
            _ => 1,
        })
    }
}

/// Does what the arguments (without the program's name) say.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let all: Vec<OsString> = std::env::args_os().collect();
    // What stood before ours makes this program come here again, as a server.
    let front = all.len().saturating_sub(args.len()).max(1);
    let front = all.get(1..front).unwrap_or_default();
    let cli = match Cli::try_parse_from(std::iter::once("everycall vm".into()).chain(args)) {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone away wanted no more of it.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    act(cli.what, front).unwrap_or_else(|error| {
        eprintln!("everycall vm: {error}");
        error.code()
    })
}

fn act(what: What, front: &[OsString]) -> Result<ExitCode, CliError> {
    match what {
        What::Run(run) => call::run(&run, front),
        What::Shell(shell) => call::shell(&shell, front),
        What::Kernels(kernels) => Ok(kernels.run()),
        What::Runner { command } => call::runner(&command, front),
        What::Serve { order } => {
            let order = serde_json::from_str(&order).map_err(CliError::NoOrder)?;
            server::serve(&order).map_err(CliError::Server)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
