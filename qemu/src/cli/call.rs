//! From what was typed to a command in a machine, and from its end to an exit status.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use everycall_init::message::{Bytes, Command, End};
use tempfile::TempDir;

use super::{CliError, Run, Shell, Wanted};
use crate::machine::{self, Machine};
use crate::wish::Wish;
use crate::{client, elf, environment, kernels, shares, terminal};

pub(super) fn run(run: &Run, front: &[OsString]) -> Result<ExitCode, CliError> {
    let mut wish = wish(&run.wanted)?;
    let mut command = command(&run.command, run.wanted.user)?;
    let mut paths = Vec::from_iter(current_share()?);
    // A name that is no file here is one of the machine's own programs.
    if run.command[0].as_bytes().contains(&b'/')
        && let Ok(path) = Path::new(&run.command[0]).canonicalize()
    {
        command.argv[0] = Bytes::from(path.as_os_str().as_bytes());
        paths.push(path);
    }
    wish.shares = shares::around(paths.iter().map(PathBuf::as_path))?;
    Ok(exit(&client::run(&wish, front, command)?))
}

pub(super) fn shell(shell: &Shell, front: &[OsString]) -> Result<ExitCode, CliError> {
    let mut wish = wish(&shell.wanted)?;
    let words = match shell.command.is_empty() {
        true => vec![OsString::from("sh")],
        false => shell.command.clone(),
    };
    let mut command = command(&words, shell.wanted.user)?;
    command.terminal = Some(terminal::size());
    wish.shares = shares::around(current_share()?.as_deref())?;
    Ok(exit(&client::run(&wish, front, command)?))
}

pub(super) fn runner(words: &[OsString], front: &[OsString]) -> Result<ExitCode, CliError> {
    let typed = Path::new(&words[0]);
    let no_program = || CliError::NoProgram(typed.to_owned());
    let machine = elf::machine(typed).ok_or_else(no_program)?;
    let program = typed.canonicalize().map_err(|_| no_program())?;
    let mut wish = Wish::from_variables(machine)?;
    let mut command = command(words, None)?;
    // Programs that cargo does not build into its target directory (those of documentation) lie anywhere, each
    // elsewhere. A machine's shares are made when it boots: so they are copied to one place.
    let copies = kernels::cache_dir()?.join("programs");
    fs::create_dir_all(&copies).map_err(CliError::Copy)?;
    let copy = match shares::is_of_cargo(&program) {
        true => None,
        false => Some(copy(&program, &copies).map_err(CliError::Copy)?),
    };
    let program = copy.as_ref().map_or(program, |(_, path)| path.clone());
    command.argv[0] = Bytes::from(program.as_os_str().as_bytes());
    let cwd = current_dir()?;
    wish.shares = shares::around([cwd.as_path(), &program, &copies])?;
    Ok(exit(&client::run(&wish, front, command)?))
}

/// A copy that goes when this process does. Those of processes that were killed are cleared away.
fn copy(program: &Path, copies: &Path) -> std::io::Result<(TempDir, PathBuf)> {
    for entry in fs::read_dir(copies)?.flatten() {
        let name = entry.file_name();
        let owner = name.to_string_lossy().split('-').next().map(str::to_owned);
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let dir = TempDir::with_prefix_in(format!("{}-", std::process::id()), copies)?;
    let path = dir.path().join(program.file_name().unwrap_or_default());
    fs::copy(program, &path)?;
    Ok((dir, path))
}

fn wish(wanted: &Wanted) -> Result<Wish, CliError> {
    let host = machine::by_architecture(std::env::consts::ARCH);
    let host: &Machine = host.unwrap_or(&machine::MACHINES[0]);
    let mut wish = match &wanted.machine {
        Some(name) => Wish::for_machine(machine::by_name(name)?)?,
        None => Wish::from_variables(host)?,
    };
    if let Some(kernel) = &wanted.kernel {
        wish.kernel = Some(kernel.clone());
    }
    if let Some(memory) = &wanted.memory {
        wish.memory.clone_from(memory);
    }
    if let Some(words) = &wanted.kernel_args {
        wish.kernel_args.clone_from(words);
    }
    Ok(wish)
}

fn command(words: &[OsString], user: Option<u32>) -> Result<Command, CliError> {
    let dir = current_dir()?;
    Ok(Command {
        id: 0,
        argv: words
            .iter()
            .map(|word| Bytes::from(word.as_bytes()))
            .collect(),
        env: environment::passed(&dir),
        cwd: Bytes::from(dir.as_os_str().as_bytes()),
        user,
        terminal: None,
    })
}

fn current_dir() -> Result<PathBuf, CliError> {
    std::env::current_dir().map_err(CliError::NoDirectory)
}

/// The current directory, unless the machine has its own of that name.
fn current_share() -> Result<Option<PathBuf>, CliError> {
    let dir = current_dir()?;
    if shares::is_own(&dir) {
        let shown = dir.display();
        eprintln!("everycall vm: {shown} is the machine's own there, not this host's");
        return Ok(None);
    }
    Ok(Some(dir))
}

fn exit(end: &End) -> ExitCode {
    match end {
        End::Exited(code) => ExitCode::from(*code),
        End::Killed(signal) => {
            eprintln!("everycall vm: the command ended by signal {signal}");
            ExitCode::from(of_signal(i32::from(*signal)))
        }
        End::NotStarted(why) => {
            eprintln!("everycall vm: the command did not start: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What a shell makes of a signal.
pub(super) fn of_signal(signal: i32) -> u8 {
    128 + u8::try_from(signal & 0x7f).unwrap_or(0)
}
