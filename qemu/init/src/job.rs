//! Runs one command: carries what it writes to the host, and tells how it ended.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use everycall_init::message::{Command, End, FromGuest, ToGuest};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};
use signal_hook::consts::SIGCHLD;

use crate::port::Port;
use crate::spawn::{Started, start};
use crate::{Context, InitError, tidy};

/// As much as is sent at once.
const PIECE: usize = 32 * 1024;

/// Tells when a child has ended: PID 1 has everybody's.
pub(crate) struct Children(UnixStream);

impl Children {
    /// Begins to watch.
    pub(crate) fn watch() -> Result<Self, InitError> {
        let (ours, theirs) = UnixStream::pair().context("a pair of sockets")?;
        ours.set_nonblocking(true).context("a socket")?;
        signal_hook::low_level::pipe::register(SIGCHLD, theirs).context("watch SIGCHLD")?;
        Ok(Self(ours))
    }

    /// Reaps all that have ended; how `wanted` did, if it is one of them.
    fn reap(&mut self, wanted: Pid) -> Option<End> {
        let mut bytes = [0; 64];
        while self.0.read(&mut bytes).is_ok_and(|count| count > 0) {}
        let mut end = None;
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == wanted {
                end = how(status);
            }
        }
        end
    }
}

fn how(status: WaitStatus) -> Option<End> {
    let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Some(End::Exited(byte(code))),
        (None, Some(signal)) => Some(End::Killed(byte(signal))),
        (None, None) => None,
    }
}

/// Runs a command to its end, and ends what it left running.
pub(crate) fn run(
    port: &mut Port,
    children: &mut Children,
    command: &Command,
    machine: &str,
) -> Result<End, InitError> {
    let mut started = match start(command, machine) {
        Ok(started) => started,
        Err(why) => return Ok(End::NotStarted(why)),
    };
    let end = loop {
        // What came together with the command is here already, and makes no descriptor ready.
        hear(port, &mut started)?;
        let ready = wait_for_any(port, children, &started)?;
        if ready.port && !port.read()? {
            return Err(InitError::Order("nothing more"));
        }
        carry(port, &mut started, &ready.outputs)?;
        if ready.children
            && let Some(end) = children.reap(started.pid)
        {
            break end;
        }
    };
    tidy::processes();
    // Nobody is left to write: what is in the pipes is all there will be.
    while !started.outputs.is_empty() {
        let all = vec![true; started.outputs.len()];
        if !carry(port, &mut started, &all)? {
            break;
        }
    }
    Ok(end)
}

/// What can be read without waiting.
struct Ready {
    port: bool,
    children: bool,
    outputs: Vec<bool>,
}

fn wait_for_any(port: &Port, children: &Children, started: &Started) -> Result<Ready, InitError> {
    let mut fds = vec![
        PollFd::new(port, PollFlags::IN),
        PollFd::new(&children.0, PollFlags::IN),
    ];
    for (_, output) in &started.outputs {
        fds.push(PollFd::new(output, PollFlags::IN));
    }
    loop {
        match poll(&mut fds, None) {
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("poll"),
        }
    }
    let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
    Ok(Ready {
        port: ready.next().unwrap_or(false),
        children: ready.next().unwrap_or(false),
        outputs: ready.collect(),
    })
}

/// What the host says while a command runs.
fn hear(port: &mut Port, started: &mut Started) -> Result<(), InitError> {
    while let Some(message) = port.came()? {
        match message {
            ToGuest::Input(bytes) => {
                if let Some(terminal) = &mut started.terminal {
                    // A terminal that nobody reads any more has no use for it.
                    let _ = terminal.write_all(&bytes);
                }
            }
            ToGuest::Resize(size) => {
                if let Some(terminal) = &started.terminal {
                    crate::spawn::resize(terminal.as_fd(), size);
                }
            }
            ToGuest::Report => port.send(&FromGuest::Report(tidy::list()))?,
            ToGuest::Run(_) => return Err(InitError::Order("a second command")),
            ToGuest::Setup(_) => return Err(InitError::Order("a second setup")),
        }
    }
    Ok(())
}

/// Sends on what can be read; whether there was any. An output that has ended is dropped.
fn carry(port: &mut Port, started: &mut Started, ready: &[bool]) -> Result<bool, InitError> {
    let mut buffer = vec![0; PIECE];
    let mut any = false;
    let mut ended = Vec::new();
    for (index, (stream, output)) in started.outputs.iter_mut().enumerate() {
        if !ready.get(index).copied().unwrap_or(false) {
            continue;
        }
        match output.read(&mut buffer) {
            Ok(0) => ended.push(index),
            Ok(count) => {
                any = true;
                port.send(&FromGuest::Output(*stream, buffer[..count].to_vec()))?;
            }
            Err(error) if is_for_later(&error) => {}
            // A terminal whose programs are gone says EIO, which is its end.
            Err(_) => ended.push(index),
        }
    }
    for index in ended.into_iter().rev() {
        started.outputs.remove(index);
    }
    Ok(any)
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
