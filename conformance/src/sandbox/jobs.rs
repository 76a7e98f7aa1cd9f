//! Running a job as process 1: everything that it starts becomes ours to collect.
#![allow(
    unsafe_code,
    reason = "nix's waitpid forgets a child that a real-time signal has killed"
)]

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use super::{Ended, Job};

/// How much of a job's standard output and of its standard error is kept.
const KEPT: u64 = 256 << 10;

/// Process 1's view of its children.
pub(super) struct Jobs {
    children: SignalFd,
    /// Told by its end that the suite is gone.
    suite: UnixStream,
}

/// Why a job is no longer waited for.
enum End {
    Status(ExitStatus),
    TimedOut,
}

impl Jobs {
    pub(super) fn new(suite: UnixStream) -> io::Result<Jobs> {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Jobs {
            children: SignalFd::with_flags(&child_signal(), flags)?,
            suite,
        })
    }

    /// Runs a job to its end, and then ends all that is left.
    pub(super) fn run(&self, job: &Job) -> io::Result<Ended> {
        let (mut stdout, mut stderr) = (capture()?, capture()?);
        let pid = start(job, &stdout, &stderr)?;
        // Not before: a child inherits the mask. What ended meanwhile is found by the first look.
        child_signal().thread_block()?;
        let end = self.wait(pid, job.timeout)?;
        let (last, left_behind) = end_everything(pid)?;
        child_signal().thread_unblock()?;
        let (status, timed_out) = match end {
            End::Status(status) => (Some(status), false),
            End::TimedOut => (last, true),
        };
        Ok(Ended {
            status: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            timed_out,
            stdout: kept(&mut stdout)?,
            stderr: kept(&mut stderr)?,
            left_behind,
        })
    }

    /// Waits for the job, and collects orphans meanwhile.
    fn wait(&self, pid: Pid, timeout: Duration) -> io::Result<End> {
        let deadline = Instant::now() + timeout;
        loop {
            while self.children.read_signal()?.is_some() {}
            while let Some((ended, status)) = collect(libc::WNOHANG)? {
                if ended == pid {
                    return Ok(End::Status(status));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(End::TimedOut);
            }
            self.pause(left)?;
        }
    }

    /// Waits until a child changes, the suite is gone, or the time is over.
    fn pause(&self, left: Duration) -> io::Result<()> {
        // Rounded up, so that the last wait is not a busy one.
        let left = left + Duration::from_millis(1);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = [
            PollFd::new(self.children.as_fd(), PollFlags::POLLIN),
            // It says nothing while a job runs: it can only end.
            PollFd::new(self.suite.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        if fds[1].any().unwrap_or(true) {
            return Err(io::Error::other("the suite is gone"));
        }
        Ok(())
    }
}

fn child_signal() -> SigSet {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGCHLD);
    signals
}

fn start(job: &Job, stdout: &File, stderr: &File) -> io::Result<Pid> {
    let (program, args) = job
        .argv
        .split_first()
        .ok_or_else(|| io::Error::other("a job without a program"))?;
    let child = Command::new(program)
        .args(args)
        .env_clear()
        .envs(job.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .spawn()
        .map_err(|error| {
            let text = format!("failed to start {}: {error}", program.display());
            io::Error::new(error.kind(), text)
        })?;
    // Its end is collected with everybody else's.
    Ok(Pid::from_raw(
        i32::try_from(child.id()).map_err(io::Error::other)?,
    ))
}

/// Kills and collects every process but ourselves. The status of `job`, if it was still there, and how
/// many others were.
fn end_everything(job: Pid) -> io::Result<(Option<ExitStatus>, u32)> {
    let (mut status, mut others) = (None, 0);
    // Whoever has ended by himself is not left behind.
    while collect(libc::WNOHANG)?.is_some() {}
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        Ok(()) => {}
        Err(Errno::ESRCH) => return Ok((None, 0)),
        Err(error) => return Err(error.into()),
    }
    while let Some((ended, end)) = collect(0)? {
        if ended == job {
            status = Some(end);
        } else {
            others += 1;
        }
    }
    Ok((status, others))
}

/// A child that has ended; `None` when there is none (yet, with `WNOHANG`).
fn collect(flags: libc::c_int) -> io::Result<Option<(Pid, ExitStatus)>> {
    loop {
        let mut status = 0;
        // SAFETY: the status is ours to write for the time of the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags | libc::__WALL) };
        match Errno::result(pid) {
            Ok(0) | Err(Errno::ECHILD) => return Ok(None),
            Ok(pid) => return Ok(Some((Pid::from_raw(pid), ExitStatus::from_raw(status)))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A file in memory; no pipe, so that nobody has to read while the job runs.
fn capture() -> io::Result<File> {
    Ok(File::from(memfd_create(c"output", MFdFlags::MFD_CLOEXEC)?))
}

fn kept(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(KEPT).read_to_end(&mut bytes)?;
    Ok(bytes)
}
