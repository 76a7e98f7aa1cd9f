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

use super::trouble::{self, Watcher};
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
        let bystander = match &job.troubled {
            Some(troubled) => trouble::bystander(&troubled.trouble)?,
            None => None,
        };
        let pid = start(job, bystander, &stdout, &stderr)?;
        // Not before: a child inherits the mask. What ended meanwhile is found by the first look.
        child_signal().thread_block()?;
        let deadline = Instant::now() + job.timeout;
        let end = self.wait(pid, job, deadline)?;
        if let Some(bystander) = bystander {
            // It would never end by itself. That it may be gone is no fault.
            let _ = kill(bystander, Signal::SIGKILL);
        }
        if job.troubled.is_some() {
            // Without its tracer the program may go on, which is no fault; nor is that it takes its time.
            self.wait_for_others(deadline)?;
        }
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
    fn wait(&self, pid: Pid, job: &Job, deadline: Instant) -> io::Result<End> {
        let mut watcher = match &job.troubled {
            Some(troubled) => Watcher::of(troubled)?,
            None => None,
        };
        loop {
            while self.children.read_signal()?.is_some() {}
            while let Collected::Ended(ended, status) = collect(libc::WNOHANG)? {
                if ended == pid {
                    return Ok(End::Status(status));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(End::TimedOut);
            }
            match watcher.as_mut().filter(|watcher| watcher.waits()) {
                Some(watcher) => {
                    watcher.look(pid)?;
                    std::thread::yield_now();
                }
                None => self.pause(left)?,
            }
        }
    }

    /// Waits until all that the job has left behind has ended.
    fn wait_for_others(&self, deadline: Instant) -> io::Result<()> {
        loop {
            while self.children.read_signal()?.is_some() {}
            let left = deadline.saturating_duration_since(Instant::now());
            match collect(libc::WNOHANG)? {
                Collected::Nobody => return Ok(()),
                Collected::Ended(..) => {}
                Collected::Running if left.is_zero() => return Ok(()),
                Collected::Running => self.pause(left)?,
            }
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

fn start(job: &Job, bystander: Option<Pid>, stdout: &File, stderr: &File) -> io::Result<Pid> {
    let mut argv = job.argv.clone();
    if let Some(pid) = bystander {
        let named = argv.iter_mut().filter(|word| *word == "{pid}");
        named.for_each(|word| *word = pid.to_string().into());
    }
    let (program, args) = argv
        .split_first()
        .ok_or_else(|| io::Error::other("a job without a program"))?;
    let mut command = Command::new(program);
    if let Some(troubled) = &job.troubled {
        trouble::prepare(&mut command, &troubled.trouble);
    }
    let child = command
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
    while let Collected::Ended(..) = collect(libc::WNOHANG)? {}
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        Ok(()) => {}
        Err(Errno::ESRCH) => return Ok((None, 0)),
        Err(error) => return Err(error.into()),
    }
    while let Collected::Ended(ended, end) = collect(0)? {
        if ended == job {
            status = Some(end);
        } else {
            others += 1;
        }
    }
    Ok((status, others))
}

/// What was found of our children.
enum Collected {
    /// This one has ended.
    Ended(Pid, ExitStatus),
    /// There are some, and none has ended yet (with `WNOHANG`).
    Running,
    /// There are none.
    Nobody,
}

/// Looks for a child that has ended.
fn collect(flags: libc::c_int) -> io::Result<Collected> {
    loop {
        let mut status = 0;
        // SAFETY: the status is ours to write for the time of the call.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags | libc::__WALL) };
        match Errno::result(pid) {
            Ok(0) => return Ok(Collected::Running),
            Err(Errno::ECHILD) => return Ok(Collected::Nobody),
            Ok(pid) => {
                let status = ExitStatus::from_raw(status);
                return Ok(Collected::Ended(Pid::from_raw(pid), status));
            }
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
