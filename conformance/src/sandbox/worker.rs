//! The inner side of a sandbox: from the start of `main` to process 1 of its namespace.
#![allow(
    unsafe_code,
    reason = "a process id namespace begins with a fork; handlers of signals are set to the default"
)]

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::exit;

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{AccessFlags, ForkResult, dup2_stdin, eaccess, fork};

use super::jobs::Jobs;
use super::protocol::{Reply, Request, receive, send};
use super::{WORKER, confine};

/// To be called first in the `main` of a program that starts sandboxes: when the program was started
/// as a worker, it serves, and does not return.
pub fn serve_if_worker() {
    if std::env::args_os().nth(1).is_some_and(|arg| arg == WORKER) {
        let code = match serve() {
            Ok(code) => code,
            Err(error) => {
                eprintln!("everycall: sandbox worker: {error}");
                1
            }
        };
        exit(code);
    }
}

fn serve() -> io::Result<i32> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    dup2_stdin(File::open("/dev/null")?)?;
    let mut requests = BufReader::new(socket.try_clone()?);
    let mut replies = socket;
    let Some(Request::Confine { privilege, dir }) = receive(&mut requests)? else {
        return Err(io::Error::other("the first request was not to confine"));
    };
    forget_signals()?;
    if let Err(error) = confine::leave_everything(privilege) {
        send(&mut replies, &Reply::failed(&error))?;
        return Ok(1);
    }
    // SAFETY: no other thread exists: `serve_if_worker` is the first thing that `main` does.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            // Only process 1 holds the socket from now on.
            drop((requests, replies));
            match waitpid(child, None)? {
                WaitStatus::Exited(_, code) => Ok(code),
                _ => Ok(1),
            }
        }
        ForkResult::Child => {
            if let Err(error) = confine::settle(&dir, privilege) {
                send(&mut replies, &Reply::failed(&error))?;
                return Ok(1);
            }
            send(&mut replies, &Reply::Done)?;
            answer(&mut requests, &mut replies)?;
            Ok(0)
        }
    }
}

/// What is inside starts with no signal blocked or ignored, whoever started the suite (`nohup` does).
fn forget_signals() -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    // SIGPIPE stays as the runtime has set it; the standard library gives children the default.
    let kept = [Signal::SIGKILL, Signal::SIGSTOP, Signal::SIGPIPE];
    for one in Signal::iterator().filter(|one| !kept.contains(one)) {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal(one, SigHandler::SigDfl) }?;
    }
    Ok(())
}

/// Answers requests until there are no more.
fn answer(requests: &mut BufReader<UnixStream>, replies: &mut UnixStream) -> io::Result<()> {
    let jobs = Jobs::new(replies.try_clone()?)?;
    while let Some(request) = receive(requests)? {
        let reply = match request {
            Request::Confine { .. } => Err(io::Error::other("the worker is confined already")),
            Request::Run(job) => jobs.run(&job).map(Reply::Ended),
            Request::Install { to, bytes } => {
                install(&mut requests.take(bytes), bytes, &to).map(|()| Reply::Done)
            }
            Request::Reachable(path) => {
                let flags = AccessFlags::R_OK | AccessFlags::X_OK;
                Ok(Reply::Reachable(eaccess(&path, flags).is_ok()))
            }
        };
        let reply = reply.unwrap_or_else(|error| Reply::failed(&error));
        if send(replies, &reply).is_err() {
            // The suite has gone while we worked.
            break;
        }
    }
    Ok(())
}

/// Writes a program. All its bytes are read even where it cannot be written.
fn install(program: &mut impl Read, bytes: u64, to: &Path) -> io::Result<()> {
    let written = remove_old(to)
        .and_then(|()| File::create_new(to))
        .and_then(|mut file| {
            let copied = io::copy(program, &mut file)?;
            file.set_permissions(PermissionsExt::from_mode(0o755))?;
            Ok(copied)
        });
    io::copy(program, &mut io::sink())?;
    match written? {
        all if all == bytes => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn remove_old(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
