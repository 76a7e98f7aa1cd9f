//! Starts a command: its variables, its user, its pipes or its terminal.
#![expect(
    unsafe_code,
    reason = "a child's session and terminal can only be set between fork and exec"
)]

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Stdio};

use everycall_init::message::{Command, Size, Stream};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// What a command has that the host did not give it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that runs.
pub(crate) struct Started {
    pub(crate) pid: Pid,
    /// What it writes to; those that have not ended.
    pub(crate) outputs: Vec<(Stream, File)>,
    /// Where what is typed goes.
    pub(crate) terminal: Option<File>,
}

/// Starts a command, or says why not.
pub(crate) fn start(command: &Command, machine: &str) -> Result<Started, String> {
    let mut process = prepare(command, machine)?;
    let cannot = |error: io::Error| format!("{}: {error}", process_name(command));
    match command.terminal {
        None => with_pipes(&mut process).map_err(cannot),
        Some(size) => with_terminal(&mut process, size).map_err(cannot),
    }
}

fn process_name(command: &Command) -> String {
    let name = command.argv.first().map(|name| name.as_slice());
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

fn prepare(command: &Command, machine: &str) -> Result<process::Command, String> {
    let Some((program, args)) = command.argv.split_first() else {
        return Err("no program is named".to_owned());
    };
    let cwd = Path::new(OsStr::from_bytes(&command.cwd));
    if !cwd.is_dir() {
        return Err(format!("the machine has no directory {}", cwd.display()));
    }
    let mut process = process::Command::new(OsStr::from_bytes(program));
    process
        .args(args.iter().map(|arg| OsStr::from_bytes(arg)))
        .env_clear()
        .env("PATH", PATH)
        .env(
            "HOME",
            if command.user.is_none() {
                "/root"
            } else {
                "/tmp"
            },
        )
        .env("TERM", "linux")
        .envs(
            command
                .env
                .iter()
                .map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value))),
        )
        .env("EVERYCALL_IN_MACHINE", machine)
        .current_dir(cwd);
    if let Some(user) = command.user {
        process.uid(user).gid(user);
    }
    Ok(process)
}

fn with_pipes(process: &mut process::Command) -> io::Result<Started> {
    process
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: setsid is one system call, and touches no memory.
    unsafe { process.pre_exec(|| setsid().map(drop).map_err(io::Error::from)) };
    let mut child = process.spawn()?;
    let mut outputs = Vec::new();
    if let Some(out) = child.stdout.take() {
        outputs.push((Stream::Out, readable(OwnedFd::from(out))?));
    }
    if let Some(err) = child.stderr.take() {
        outputs.push((Stream::Err, readable(OwnedFd::from(err))?));
    }
    Ok(Started {
        pid: pid_of(&child)?,
        outputs,
        terminal: None,
    })
}

fn with_terminal(process: &mut process::Command, size: Size) -> io::Result<Started> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    resize(ours.as_fd(), size);
    process
        .stdin(theirs.try_clone()?)
        .stdout(theirs.try_clone()?)
        .stderr(theirs);
    let own_session = || {
        setsid()?;
        ioctl_tiocsctty(rustix::stdio::stdin())?;
        Ok(())
    };
    // SAFETY: two system calls, which touch no memory; stdin is the terminal by then.
    unsafe { process.pre_exec(own_session) };
    let child = process.spawn()?;
    let terminal = File::from(ours.try_clone()?);
    Ok(Started {
        pid: pid_of(&child)?,
        outputs: vec![(Stream::Out, readable(ours)?)],
        terminal: Some(terminal),
    })
}

/// Sets a terminal's size. One that does not take it keeps its own.
pub(crate) fn resize(terminal: BorrowedFd<'_>, size: Size) {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let _ = tcsetwinsize(terminal, size);
}

fn pid_of(child: &process::Child) -> io::Result<Pid> {
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("a process without a number"))
}

/// A file to read from that never makes PID 1 wait.
fn readable(fd: OwnedFd) -> io::Result<File> {
    let flags = fcntl_getfl(&fd)?;
    fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
    Ok(File::from(fd))
}
