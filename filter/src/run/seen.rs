//! One call at a time: it is made, and what the kernel does with it is seen.
#![expect(
    unsafe_code,
    reason = "the kernel writes what it tells to memory of ours"
)]

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::thread;

use libc::pid_t;

use super::cell::{Cell, Filters};
use super::native::{self, Door};
use super::plan::Probe;
use super::{Observed, RunError};
use crate::map::{Map, Outcome};
use crate::trace::{ptrace, req, request, wait};
use crate::{Action, Listener, SeccompData};

/// Values that the filters do not use, by which what the guard and the supervisor do is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) trace: u16,
    errno: u16,
}

/// Such values for a map. There always are some: a map has far fewer outcomes than there are values.
pub(super) fn unused(map: &Map) -> Marks {
    let actions: Vec<Action> = map
        .outcomes()
        .filter_map(|outcome| match outcome {
            Outcome::Action(action) => Some(action),
            Outcome::Undecided(_) => None,
        })
        .collect();
    let free = |most: u16, action: fn(u16) -> Action| {
        let mut values = (0..=most).rev();
        values
            .find(|value| !actions.contains(&action(*value)))
            .unwrap_or(most)
    };
    Marks {
        trace: free(u16::MAX, Action::Trace),
        // The greatest is what the kernel makes of all that are greater; the kernel's own use ends far below.
        errno: free(super::MAX_ERRNO - 1, Action::Errno),
    }
}

/// Threads that are asked, one after the other: of some calls they die.
pub(super) struct Asked<'a> {
    filters: &'a Filters,
    door: Door,
    marks: Marks,
    cell: Option<Cell>,
    /// A call has come through: so there are such calls here.
    works: bool,
}

/// What stopped a thread.
enum Stop {
    Entry(SeccompData),
    Filter(u16),
    Exit(i64),
    Signal(i32),
    Ended(i32),
    Other(i32),
}

impl<'a> Asked<'a> {
    pub(super) fn new(filters: &'a Filters, door: Door, marks: Marks) -> Asked<'a> {
        Asked {
            filters,
            door,
            marks,
            cell: None,
            works: false,
        }
    }

    /// A thread that was asked nothing yet.
    fn fresh(&self) -> Result<Cell, RunError> {
        let mut cell = Cell::new(self.filters, self.door)?;
        if let Some(listener) = cell.listener.take() {
            answer(listener, self.marks.errno);
        }
        Ok(cell)
    }

    /// What the kernel did with a call, and the call as the kernel says it was. `None` if it does not know such calls at all.
    pub(super) fn ask(
        &mut self,
        probe: &Probe,
    ) -> Result<Option<(SeccompData, Observed)>, RunError> {
        let cell = match self.cell.take() {
            Some(cell) => cell,
            None => self.fresh()?,
        };
        let told = |what| move |error| RunError::System { what, error };
        native::set_call(cell.worker, self.door, probe.nr, &probe.args)
            .map_err(told("registers"))?;
        let data = match next(cell.worker).map_err(told("the call's entry"))? {
            Stop::Entry(data) => data,
            // `int $0x80` where there is no such thing.
            Stop::Signal(libc::SIGSEGV | libc::SIGILL) if !self.works => return Ok(None),
            stop => return Err(strange(probe, &stop)),
        };
        self.works = true;
        let observed = match next(cell.worker).map_err(told("the filters' verdict"))? {
            Stop::Filter(mark) => {
                native::skip_call(cell.worker).map_err(told("registers"))?;
                match next(cell.worker).map_err(told("the call's exit"))? {
                    Stop::Exit(_) if mark == self.marks.trace => Observed::Runs,
                    Stop::Exit(_) => Observed::Trace(mark),
                    stop => return Err(strange(probe, &stop)),
                }
            }
            Stop::Exit(value) => match trap(cell.worker).map_err(told("signals"))? {
                Some(mark) => match next(cell.worker).map_err(told("the signal"))? {
                    Stop::Signal(libc::SIGSYS) => Observed::Trap(mark),
                    // Since Linux 5.16 the end of a whole process begins like a trap, with a signal that nobody can catch.
                    stop => return killed(cell, stop, probe).map(|how| Some((data, how))),
                },
                None => match u16::try_from(-value) {
                    Ok(errno) if errno == self.marks.errno => Observed::Notified,
                    Ok(errno) => Observed::Errno(errno),
                    Err(_) => return Err(strange(probe, &Stop::Exit(value))),
                },
            },
            stop => return killed(cell, stop, probe).map(|how| Some((data, how))),
        };
        self.cell = Some(cell);
        Ok(Some((data, observed)))
    }
}

/// Who was killed, if this is the end that a filter makes of a thread.
fn killed(mut cell: Cell, stop: Stop, probe: &Probe) -> Result<Observed, RunError> {
    match stop {
        Stop::Ended(status)
            if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS => {}
        stop => return Err(strange(probe, &stop)),
    }
    cell.worker = 0;
    let told = |error| RunError::System {
        what: "waitpid",
        error,
    };
    match cell.was_killed_as_a_whole().map_err(told)? {
        true => Ok(Observed::KilledProcess),
        false => Ok(Observed::KilledThread),
    }
}

fn strange(probe: &Probe, stop: &Stop) -> RunError {
    let status = match stop {
        Stop::Entry(_) => 0x1_0000,
        Stop::Filter(data) => 0x2_0000 | i32::from(*data),
        Stop::Exit(value) => *value as i32,
        Stop::Signal(signal) => *signal,
        Stop::Ended(status) | Stop::Other(status) => *status,
    };
    RunError::Strange {
        abi: probe.abi.name(),
        nr: probe.nr,
        status,
    }
}

/// Lets a stopped thread go on to its next stop.
fn next(tid: pid_t) -> io::Result<Stop> {
    // That it is dead by now is told by its status.
    match request(req::SYSCALL, tid, 0, 0) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
        _ => {}
    }
    let status = wait(tid)?;
    if !libc::WIFSTOPPED(status) {
        return Ok(Stop::Ended(status));
    }
    let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
    if event == 0 && signal != libc::SIGTRAP | 0x80 {
        return Ok(Stop::Signal(signal));
    }
    if event != 0 && event != libc::PTRACE_EVENT_SECCOMP {
        return Ok(Stop::Other(status));
    }
    Ok(match info(tid)? {
        Info { op: 1, data, .. } => Stop::Entry(data),
        Info { op: 2, value, .. } => Stop::Exit(value),
        Info { op: 3, ret, .. } => Stop::Filter(ret as u16),
        _ => Stop::Other(status),
    })
}

/// What the kernel tells of a stop (`struct ptrace_syscall_info` of linux/ptrace.h).
struct Info {
    op: u8,
    data: SeccompData,
    value: i64,
    ret: u32,
}

fn info(tid: pid_t) -> io::Result<Info> {
    let mut bytes = [0_u8; 88];
    let len = bytes.len();
    // SAFETY: the kernel writes at most the `len` bytes of `bytes`.
    unsafe { ptrace(req::GET_SYSCALL_INFO, tid, len, bytes.as_mut_ptr()) }?;
    let word = |at: usize| {
        let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    };
    // All architectures here are little-endian: the first half is the low one.
    Ok(Info {
        op: bytes[0],
        data: SeccompData {
            arch: (word(0) >> 32) as u32,
            nr: word(24) as u32,
            instruction_pointer: word(8),
            args: std::array::from_fn(|at| word(32 + 8 * at)),
        },
        value: word(24).cast_signed(),
        ret: word(80) as u32,
    })
}

/// The data of a `RET_TRAP` whose signal is about to come.
fn trap(tid: pid_t) -> io::Result<Option<u16>> {
    const SYS_SECCOMP: i32 = 1;
    /// `struct ptrace_peeksiginfo_args`: from which on, flags, how many.
    #[repr(C)]
    struct Which(u64, u32, i32);
    let which = Which(0, 0, 1);
    let mut siginfo = [0_i32; 32];
    let from = (&raw const which).expose_provenance();
    // SAFETY: the kernel reads `which` and writes at most one `siginfo_t`, 128 bytes, to `siginfo`.
    let count = unsafe { ptrace(req::PEEKSIGINFO, tid, from, siginfo.as_mut_ptr()) }?;
    // Number, error and code come first, on every architecture here.
    let [signal, errno, code, ..] = siginfo;
    let is_trap = count == 1 && signal == libc::SIGSYS && code == SYS_SECCOMP;
    Ok(is_trap.then_some(errno as u16))
}

/// Answers all that a filter asks with an error, until no thread with the filter is left.
fn answer(listener: Listener, errno: u16) {
    thread::spawn(move || {
        let mut fd = libc::pollfd {
            fd: listener.as_fd().as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        loop {
            // SAFETY: `fd` is one `pollfd`, of a descriptor that is open.
            let ready = unsafe { libc::poll(&raw mut fd, 1, -1) };
            if ready < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
                continue;
            }
            if fd.revents & libc::POLLIN == 0 {
                return;
            }
            // A call whose thread was killed meanwhile is no failure, and for any other there is nobody to be told.
            if let Ok(Some(call)) = listener.receive()
                && listener.fail(call.id, errno.into()).is_err()
            {
                return;
            }
        }
    });
}
