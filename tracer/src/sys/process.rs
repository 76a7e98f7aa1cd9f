//! The tracer's own process: the signals that come to it, how it ends, and whom it outlives.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, pid_t};

/// The fatal signal that came to the tracer itself, or 0.
static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// The signals that end the tracer, as in strace.
pub const FATAL: [c_int; 5] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGTERM,
];

extern "C" fn on_fatal(signal: c_int) {
    CAUGHT.store(signal, Ordering::Relaxed);
    // The signal may come between a look at `CAUGHT` and the wait that follows. The timer then
    // interrupts that wait a little later, again and again: nothing is paid for it before.
    let tick = libc::timeval {
        tv_sec: 0,
        tv_usec: 20_000,
    };
    let timer = libc::itimerval {
        it_interval: tick,
        it_value: tick,
    };
    // SAFETY: setitimer is a plain system call, reads `timer` and touches nothing else.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) };
}

extern "C" fn on_alarm(_: c_int) {}

fn set_handler(signal: c_int, handler: libc::sighandler_t) {
    // SAFETY: zeroed is a valid `sigaction` (empty mask, no flags: no SA_RESTART, so that waits
    // are interrupted); the handlers only store to an atomic and make a system call.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigaction(signal, &raw const action, null_mut());
    }
}

/// From now on fatal signals are noted ([`caught_signal`]) and interrupt a wait.
pub fn catch_fatal_signals() {
    set_handler(
        libc::SIGALRM,
        on_alarm as extern "C" fn(c_int) as libc::sighandler_t,
    );
    for signal in FATAL {
        set_handler(
            signal,
            on_fatal as extern "C" fn(c_int) as libc::sighandler_t,
        );
    }
}

/// From now on fatal signals are ignored.
pub fn ignore_fatal_signals() {
    for signal in FATAL {
        set_handler(signal, libc::SIG_IGN);
    }
    stop_alarm();
}

/// The fatal signal that was caught, if one was; it is forgotten.
pub fn caught_signal() -> Option<c_int> {
    // A plain load is all that the hot path pays.
    if CAUGHT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    stop_alarm();
    Some(CAUGHT.swap(0, Ordering::Relaxed)).filter(|&signal| signal != 0)
}

fn stop_alarm() {
    // SAFETY: zeroed is a valid `itimerval`, and means "no timer".
    unsafe {
        let timer: libc::itimerval = std::mem::zeroed();
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut());
    }
}

/// Ends this process by a signal, as the traced program ended, without a core file of our own.
pub fn die_by(signal: c_int) -> ! {
    // SAFETY: plain system calls on values that live here; `_exit` does not return.
    unsafe {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        set_handler(signal, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, null_mut());
        libc::raise(signal);
        libc::_exit(128 + signal);
    }
}

/// Sends a signal to a process; that it may be gone is no error.
pub fn kill(pid: pid_t, signal: c_int) {
    // SAFETY: a plain system call.
    unsafe { libc::kill(pid, signal) };
}

/// From now on this process is killed when its parent ends; it ends at once if that is gone already.
pub fn die_with_parent(parent: pid_t) {
    // SAFETY: plain system calls.
    unsafe {
        libc::prctl(
            libc::PR_SET_PDEATHSIG,
            libc::SIGKILL as libc::c_ulong,
            0,
            0,
            0,
        );
        if libc::getppid() != parent {
            libc::_exit(1);
        }
    }
}

/// Undoes [`die_with_parent`].
pub fn outlive_parent() {
    // SAFETY: a plain system call.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, 0 as libc::c_ulong, 0, 0, 0) };
}

/// Leaves the session and the working directory, and lets go of standard input and output.
pub fn leave_session() {
    // SAFETY: plain system calls on literals.
    unsafe {
        libc::setsid();
        libc::chdir(c"/".as_ptr());
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null >= 0 {
            for fd in 0..3 {
                libc::dup2(null, fd);
            }
        }
    }
}

/// Closes everything but standard input and output, also what was inherited from the caller.
pub fn close_all_files() {
    // SAFETY: a plain system call. The caretaker, the only caller, owns no file that it still uses.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// The process of a thread; the thread itself if it is gone already.
#[must_use]
pub fn process_of(tid: i32) -> i32 {
    let status = std::fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    line.and_then(|pid| pid.trim().parse().ok()).unwrap_or(tid)
}

/// A number that a tracee cannot guess.
pub fn random_u16() -> u16 {
    let mut bytes = [0_u8; 2];
    // SAFETY: the kernel writes at most two bytes to `bytes`.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got == 2 {
        u16::from_ne_bytes(bytes)
    } else {
        std::process::id() as u16
    }
}
