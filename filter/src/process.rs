//! The filters of a running program, as the kernel keeps them (`PTRACE_SECCOMP_GET_FILTER`).
//!
//! The kernel gives them to whoever has `CAP_SYS_ADMIN` in the first user namespace and runs under no filter itself, and it
//! must be built with `CONFIG_CHECKPOINT_RESTORE`. ptrace(2) says that index 0 is the filter that was installed last; in
//! truth it is the *oldest* one (`get_nth_filter` in kernel/seccomp.c counts from that end), and a test holds it so. That
//! is the better order: what is added while one reads has a higher index.
#![expect(unsafe_code, reason = "the kernel writes a filter to memory of ours")]

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::trace::{poll, ptrace, req, request};
use crate::{ByteOrder, Insn, MAX_INSNS, Program};

/// How long a thread may take to stop. One that waits in vfork(2) or in the kernel for a device does not.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a thread's filters cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is none of this id.
    #[error("there is no process or thread {0}")]
    None(i32),
    /// It is the caller's own process.
    #[error("process {0} is this program itself, which cannot trace itself")]
    Own(i32),
    /// Another tracer has it, and there can be only one.
    #[error("thread {tid} is traced by process {tracer} already, and there can be only one tracer")]
    Traced {
        /// The thread.
        tid: i32,
        /// Its tracer.
        tracer: i32,
    },
    /// The kernel does not let the caller trace it.
    #[error(
        "thread {0} may not be traced: that takes its user, or CAP_SYS_PTRACE; see ptrace(2), also on \
         /proc/sys/kernel/yama/ptrace_scope"
    )]
    NotAllowed(i32),
    /// The caller may trace it, but not read its filters.
    #[error(
        "the kernel gives filters only to who has CAP_SYS_ADMIN (root, outside of containers) and runs under no filter himself"
    )]
    NoPrivilege,
    /// The kernel does not have the request.
    #[error(
        "thread {0} has a filter, but the kernel does not give it: it was built without CONFIG_CHECKPOINT_RESTORE"
    )]
    NoSupport(i32),
    /// It runs under seccomp's strict mode, which has no filter.
    #[error(
        "thread {0} has no filter but seccomp's strict mode: read, write, _exit and sigreturn only"
    )]
    Strict(i32),
    /// It ended.
    #[error("thread {0} ended before its filters were read")]
    Died(i32),
    /// It does not stop.
    #[error(
        "thread {0} does not stop: it waits in the kernel, as in vfork(2); it is let go when this program ends"
    )]
    Stuck(i32),
    /// The kernel's copy of a filter is gone, or was never one.
    #[error("filter {index} of thread {tid} cannot be had: {error}")]
    Filter {
        /// The thread.
        tid: i32,
        /// Which of its filters, the oldest being 0.
        index: usize,
        /// What the kernel says.
        error: io::Error,
    },
    /// Something else.
    #[error("{what} of thread {tid}: {error}")]
    Other {
        /// What failed.
        what: &'static str,
        /// The thread.
        tid: i32,
        /// What the kernel says.
        error: io::Error,
    },
}

/// Every filter of a process's main thread, or of the thread that has this id, the oldest first.
///
/// The thread is stopped for the moment that this takes, and goes on as it was: signals that come meanwhile are delivered,
/// and one that was stopped stays so. As with any stop, a call in which it waits is begun again, but for the few that
/// signal(7) lists as failing with `EINTR` after a stop, as `epoll_wait`.
pub fn filters_of(tid: i32) -> Result<Vec<Program>, ProcessError> {
    match Status::of(tid).ok_or(ProcessError::None(tid))? {
        status if status.tgid == std::process::id().cast_signed() => {
            return Err(ProcessError::Own(tid));
        }
        status if status.tracer != 0 => {
            let tracer = status.tracer;
            return Err(ProcessError::Traced { tid, tracer });
        }
        _ => {}
    }
    let seized = Seized::new(tid)?;
    let signal = seized.stop()?;
    let filters = filters_of_stopped(tid);
    // With the signal that it was about to get, if that was what stopped it.
    seized.let_go(signal);
    filters
}

/// As [`filters_of`], of a thread that the calling thread traces and that is stopped now.
pub fn filters_of_stopped(tid: i32) -> Result<Vec<Program>, ProcessError> {
    let mut filters = Vec::new();
    while let Some(filter) = filter_at(tid, filters.len())? {
        filters.push(filter);
    }
    Ok(filters)
}

/// The newest filter of a thread that the calling thread traces and that is stopped now.
pub fn newest_of_stopped(tid: i32) -> Result<Option<Program>, ProcessError> {
    // Where the system tells how many there are (since Linux 5.9), only the last is asked for.
    let count = Status::of(tid).ok_or(ProcessError::Died(tid))?.filters;
    match count {
        Some(count) => count
            .checked_sub(1)
            .map_or(Ok(None), |last| filter_at(tid, last)),
        None => Ok(filters_of_stopped(tid)?.pop()),
    }
}

/// One filter of a stopped tracee; `None` behind the last.
fn filter_at(tid: i32, index: usize) -> Result<Option<Program>, ProcessError> {
    // No filter is longer than this, whatever the kernel tells of its length before.
    let mut bytes = vec![0_u8; MAX_INSNS * Insn::SIZE];
    // SAFETY: the kernel writes one filter, of at most `MAX_INSNS` instructions, to `bytes`, which has room for that.
    match unsafe { ptrace(req::SECCOMP_GET_FILTER, tid, index, bytes.as_mut_ptr()) } {
        Ok(len) => bytes.truncate(len * Insn::SIZE),
        Err(error) => return no_filter(tid, index, error),
    }
    let program = Program::from_bytes(&bytes, ByteOrder::NATIVE);
    program.map(Some).map_err(|error| ProcessError::Filter {
        tid,
        index,
        error: io::Error::other(error),
    })
}

/// What it means that there is no filter.
fn no_filter(tid: i32, index: usize, error: io::Error) -> Result<Option<Program>, ProcessError> {
    match error.raw_os_error() {
        Some(libc::ENOENT) => Ok(None),
        Some(libc::EACCES) => Err(ProcessError::NoPrivilege),
        Some(libc::ESRCH) => Err(ProcessError::Died(tid)),
        // Either it has no filter, or the kernel does not know the request.
        Some(libc::EINVAL | libc::EIO) => match Status::of(tid).and_then(|status| status.mode) {
            Some(0) => Ok(None),
            Some(1) => Err(ProcessError::Strict(tid)),
            Some(2) => Err(ProcessError::NoSupport(tid)),
            _ => Err(ProcessError::Filter { tid, index, error }),
        },
        _ => Err(ProcessError::Filter { tid, index, error }),
    }
}

/// What `/proc/TID/status` says that matters here.
struct Status {
    tgid: i32,
    tracer: i32,
    /// 0, or 1 in strict mode, or 2 with filters.
    mode: Option<u32>,
    filters: Option<usize>,
}

impl Status {
    fn of(tid: i32) -> Option<Status> {
        let text = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
        let value = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
        };
        Some(Status {
            tgid: value("Tgid")?.parse().ok()?,
            tracer: value("TracerPid")?.parse().ok()?,
            mode: value("Seccomp").and_then(|mode| mode.parse().ok()),
            filters: value("Seccomp_filters").and_then(|count| count.parse().ok()),
        })
    }
}

/// A thread that is traced. The kernel lets go of it at the latest when the calling thread ends.
struct Seized(i32);

impl Seized {
    fn new(tid: i32) -> Result<Seized, ProcessError> {
        match request(req::SEIZE, tid, 0, 0) {
            Ok(_) => Ok(Seized(tid)),
            Err(error) => Err(match error.raw_os_error() {
                Some(libc::ESRCH) => ProcessError::None(tid),
                // A process that has ended and was not waited for cannot be traced either.
                Some(libc::EPERM) if is_dead(tid) => ProcessError::Died(tid),
                Some(libc::EPERM) => ProcessError::NotAllowed(tid),
                _ => ProcessError::Other {
                    what: "PTRACE_SEIZE",
                    tid,
                    error,
                },
            }),
        }
    }

    /// Stops it; the signal that it was about to get, if that was what stopped it.
    fn stop(&self) -> Result<i32, ProcessError> {
        let Seized(tid) = *self;
        let other = |what, error| ProcessError::Other { what, tid, error };
        request(req::INTERRUPT, tid, 0, 0).map_err(|error| match error.raw_os_error() {
            Some(libc::ESRCH) => ProcessError::Died(tid),
            _ => other("PTRACE_INTERRUPT", error),
        })?;
        let end = Instant::now() + PATIENCE;
        loop {
            let status = poll(tid).map_err(|error| other("waitpid", error))?;
            match status {
                Some(status) if libc::WIFSTOPPED(status) => {
                    // An event has no signal to be delivered: what stands in its place is SIGTRAP or a group's signal.
                    let event = status >> 16 != 0;
                    return Ok(if event { 0 } else { libc::WSTOPSIG(status) });
                }
                Some(_) => return Err(ProcessError::Died(tid)),
                None if Instant::now() > end => return Err(ProcessError::Stuck(tid)),
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn let_go(self, signal: i32) {
        let Seized(tid) = self;
        // That it is dead by now is no failure of ours.
        drop(request(req::DETACH, tid, 0, signal));
    }
}

/// Whether it has ended, as far as the system tells.
fn is_dead(tid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    matches!(state, None | Some('Z' | 'X'))
}
