//! A thread with the filters on it, stopped where its next call can be chosen.
//!
//! A process is forked, whose first thread makes a second one and is then held where it is, without any filter. The second puts on
//! itself a filter that answers everything with `RET_TRACE`, and then those under test; then it runs into a trap.
#![expect(unsafe_code, reason = "fork, and what the child does")]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::pid_t;

use super::native::{Door, loop_of_calls};
use crate::trace::{ptrace, req, request, wait};
use crate::{Action, InstallFlags, Listener, Op, Prepared, Program, set_no_new_privs};

/// The filters, in the form in which a child puts them on itself.
pub(super) struct Filters {
    guard: Prepared,
    tested: Vec<Prepared>,
    /// The one of them that gets a listener.
    notifying: Option<usize>,
}

impl Filters {
    /// `mark` is the data of the `RET_TRACE` by which the guard keeps a call that no filter objects to from being executed.
    pub(super) fn new(programs: &[Program], notifying: Option<usize>, mark: u16) -> Filters {
        let guard = Program::from_iter([Op::Return(Action::Trace(mark).to_ret())]);
        Filters {
            guard: Prepared::unproven(&guard),
            tested: programs.iter().map(Prepared::unproven).collect(),
            notifying,
        }
    }

    /// Puts them on the calling thread. It neither allocates nor locks.
    fn install(&self) -> Result<Option<Listener>, Failure> {
        let failure = |step| move |errno| Failure { step, errno };
        let guard = || self.guard.install(InstallFlags::SPEC_ALLOW);
        match guard() {
            // Without CAP_SYS_ADMIN the kernel wants this first.
            Err(libc::EACCES) => set_no_new_privs().and_then(|()| guard()),
            done => done,
        }
        .map_err(failure(GUARD))?;
        let mut listener = None;
        for (at, filter) in self.tested.iter().enumerate() {
            let step = at as i32;
            if self.notifying == Some(at) {
                listener = Some(filter.listen().map_err(failure(step))?);
            } else {
                filter
                    .install(InstallFlags::SPEC_ALLOW)
                    .map_err(failure(step))?;
            }
        }
        Ok(listener)
    }
}

/// The step before the first filter under test.
const GUARD: i32 = -1;

/// A filter that could not be installed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// Its place in the chain, or less than 0.
    pub(super) step: i32,
    pub(super) errno: i32,
}

/// What parent and child both see.
#[repr(C)]
struct Board {
    /// One of the values below.
    state: AtomicI32,
    step: AtomicI32,
    errno: AtomicI32,
    /// The listener's descriptor, or -1.
    listener: AtomicI32,
}

const BUSY: i32 = 0;
const READY: i32 = 1;
const FAILED: i32 = 2;

/// A board in memory that a fork shares.
struct Shared(*mut Board);

impl Shared {
    fn new() -> io::Result<Shared> {
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
        );
        let size = mem::size_of::<Board>();
        // SAFETY: a new mapping, which the kernel fills with zeroes.
        match unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) } {
            libc::MAP_FAILED => Err(io::Error::last_os_error()),
            at => Ok(Shared(at.cast())),
        }
    }

    fn board(&self) -> &Board {
        // SAFETY: the mapping is as large as a board, aligned to a page, and lives as long as this; zeroes are a valid board.
        unsafe { &*self.0 }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: it is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.0.cast(), mem::size_of::<Board>()) };
    }
}

/// What the second thread is given.
struct Order<'a> {
    filters: &'a Filters,
    door: Door,
    board: &'a Board,
}

/// The second thread's stack: for a few calls, in a build without optimisation.
const STACK: usize = 256 * 1024;

/// How a thread came to its end while it was set up.
#[derive(Debug)]
pub(super) enum SetupError {
    Io(&'static str, io::Error),
    /// A filter was refused.
    Refused(Failure),
    /// A signal or an exit came first: the status of wait(2).
    Ended(i32),
}

/// The process, held by its tracer, which is the calling thread.
pub(super) struct Cell {
    leader: pid_t,
    pub(super) worker: pid_t,
    pub(super) listener: Option<Listener>,
    /// The first thread is not reaped yet.
    alive: bool,
}

impl Cell {
    /// Makes one, its second thread at the trap.
    pub(super) fn new(filters: &Filters, door: Door) -> Result<Cell, SetupError> {
        let told = |what| move |error| SetupError::Io(what, error);
        let shared = Shared::new().map_err(told("mmap"))?;
        let board = shared.board();
        board.listener.store(-1, Ordering::Relaxed);
        let mut stack = vec![0_u8; STACK];
        let order = Order {
            filters,
            door,
            board,
        };
        // SAFETY: the child calls nothing but the system, and allocates and locks nothing.
        let leader = match unsafe { libc::fork() } {
            -1 => return Err(told("fork")(io::Error::last_os_error())),
            // SAFETY: as above.
            0 => unsafe { lead(&order, &mut stack) },
            leader => leader,
        };
        let mut cell = Cell {
            leader,
            worker: 0,
            listener: None,
            alive: true,
        };
        cell.worker = hold(leader).map_err(told("the first thread"))?;
        let status = cell.set_up()?;
        let (read, is_trap) = (Ordering::Acquire, libc::WSTOPSIG(status) == libc::SIGTRAP);
        match board.state.load(read) {
            READY if is_trap => {}
            FAILED => {
                return Err(SetupError::Refused(Failure {
                    step: board.step.load(read),
                    errno: board.errno.load(read),
                }));
            }
            _ => return Err(SetupError::Ended(status)),
        }
        let listener = board.listener.load(read);
        if listener >= 0 {
            cell.listener = Some(
                fetch(leader, listener)
                    .map_err(told("the listener"))?
                    .into(),
            );
        }
        Ok(cell)
    }

    /// Lets the second thread install its filters, until it stops at a signal, which is the trap's.
    fn set_up(&self) -> Result<i32, SetupError> {
        let told = |what| move |error| SetupError::Io(what, error);
        // It stops for the first time because it was made.
        let mut status = wait(self.worker).map_err(told("waitpid"))?;
        loop {
            if !libc::WIFSTOPPED(status) {
                return Err(SetupError::Ended(status));
            }
            let signal = libc::WSTOPSIG(status);
            let event = status >> 16 != 0;
            if !event && signal != libc::SIGSTOP {
                return Ok(status);
            }
            request(req::CONT, self.worker, 0, 0).map_err(told("PTRACE_CONT"))?;
            status = wait(self.worker).map_err(told("waitpid"))?;
        }
    }

    /// Whether the whole process was killed with the second thread, which has ended: the first then does not come to its exit.
    pub(super) fn was_killed_as_a_whole(&mut self) -> io::Result<bool> {
        // If it is dead already its status is waiting.
        drop(request(req::CONT, self.leader, 0, 0));
        loop {
            let status = wait(self.leader)?;
            if libc::WIFSTOPPED(status) {
                drop(request(req::CONT, self.leader, 0, 0));
                continue;
            }
            self.alive = false;
            return Ok(libc::WIFSIGNALED(status));
        }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        if !self.alive {
            return;
        }
        // SAFETY: a plain system call, on a child that was not waited for, so that nobody else can have its id.
        unsafe { libc::kill(self.leader, libc::SIGKILL) };
        // The second thread's end is to be waited for first, as a tracee's; that there is none is no matter.
        let stopped = |tid| wait(tid).is_ok_and(|status| libc::WIFSTOPPED(status));
        while self.worker != 0 && stopped(self.worker) {}
        while stopped(self.leader) {}
    }
}

/// Waits until the first thread has made the second and is stopped at that; the second's id.
fn hold(leader: pid_t) -> io::Result<pid_t> {
    let died = |status| io::Error::other(format!("it ended early, with status {status:#x}"));
    let status = wait(leader)?;
    if !libc::WIFSTOPPED(status) {
        return Err(died(status));
    }
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_EXITKILL;
    request(req::SETOPTIONS, leader, 0, options)?;
    request(req::CONT, leader, 0, 0)?;
    let status = wait(leader)?;
    if status >> 8 != libc::SIGTRAP | libc::PTRACE_EVENT_CLONE << 8 {
        return Err(died(status));
    }
    let mut worker: libc::c_ulong = 0;
    // SAFETY: the kernel writes one `unsigned long` to `worker`.
    unsafe { ptrace(req::GETEVENTMSG, leader, 0, &raw mut worker) }?;
    Ok(worker as pid_t)
}

/// A copy of a descriptor of another process.
fn fetch(pid: pid_t, fd: c_int) -> io::Result<OwnedFd> {
    // SAFETY: plain system calls; what they return are new descriptors that nobody else owns.
    unsafe {
        let of = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        if of == -1 {
            return Err(io::Error::last_os_error());
        }
        let of = OwnedFd::from_raw_fd(of as c_int);
        let got = libc::syscall(libc::SYS_pidfd_getfd, of.as_raw_fd(), fd, 0);
        match got {
            -1 => Err(io::Error::last_os_error()),
            got => Ok(OwnedFd::from_raw_fd(got as c_int)),
        }
    }
}

/// The first thread's life.
///
/// # Safety
/// Only to be called in the child of a fork.
unsafe fn lead(order: &Order<'_>, stack: &mut [u8]) -> ! {
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM;
    let no_core = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let top = stack.as_mut_ptr_range().end;
    // SAFETY: plain system calls. The stack and the order live as long as this process, which has been forked with them; the
    // new thread shares our thread-local memory, but we do not run any more when it does.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core);
        libc::syscall(libc::SYS_ptrace, 0, 0, 0, 0);
        libc::raise(libc::SIGSTOP);
        let top = top.map_addr(|at| at & !63);
        libc::clone(
            work,
            top.cast(),
            flags,
            (&raw const *order).cast_mut().cast(),
        );
        libc::_exit(0)
    }
}

/// The second thread's life.
extern "C" fn work(order: *mut c_void) -> c_int {
    // SAFETY: it is what `lead` has given.
    let order = unsafe { &*order.cast::<Order<'_>>() };
    let board = order.board;
    let state = match order.filters.install() {
        Ok(listener) => {
            if let Some(listener) = listener {
                let fd = OwnedFd::from(listener).into_raw_fd();
                board.listener.store(fd, Ordering::Relaxed);
            }
            READY
        }
        Err(failure) => {
            board.step.store(failure.step, Ordering::Relaxed);
            board.errno.store(failure.errno, Ordering::Relaxed);
            FAILED
        }
    };
    debug_assert_ne!(state, BUSY);
    board.state.store(state, Ordering::Release);
    loop_of_calls(order.door)
}
