//! Capture without ptrace: a filter of ours that asks us at the calls that install filters (seccomp_unotify(2)).
//!
//! The child puts the filter on itself and hands its listener over; then every call that would install a filter waits until
//! we have read the program and let it go on. We do not see how it ends: what tells is that the thread has one filter more.

mod child;

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

use everycall_arch::AbiId;
use everycall_filter::{Listener, Notification};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::ask::Ask;
use super::install::{Caller, Certainty, End, Install};
use super::store::Store;
use super::table;
use crate::config::Config;
use crate::engine::Ending;
use crate::memory::TraceeMemory;
use crate::sink::reason;
use crate::sys::{self, process_of};

/// How long a thread may take from our answer to its new filter.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command to its end, and the capture to that of its last descendant.
pub(super) fn run(config: &Config, mut store: Store) -> Result<Ending, String> {
    let command = config.command.as_ref().ok_or("there is no command")?;
    let mut started = child::start(command)?;
    // The terminal's signals are the program's.
    sys::ignore_fatal_signals();
    let began = Instant::now();
    let mut ending = None;
    loop {
        let child = ending.is_none().then(|| started.pidfd.as_fd());
        let ready = wait(started.listener.as_fd(), child);
        let ready = ready.map_err(|error| format!("poll: {}", reason(&error.into())))?;
        if ready.call {
            take(&started.listener, &mut store, began)
                .map_err(|error| format!("the filter's listener: {}", reason(&error)))?;
        }
        // A filter is gone when all threads are that had it, and the child is gone when it was waited for.
        if ready.ended {
            ending = Some(started.ending());
        }
        if ready.over && ending.is_some() {
            break;
        }
    }
    table::show(&store);
    store
        .finish()
        .map_err(|error| format!("writing the output: {}", reason(&error)))?;
    ending.ok_or_else(|| "the command's end was not seen".to_owned())
}

/// What there is to be done.
struct Ready {
    /// A call waits.
    call: bool,
    /// No thread has the filter any more.
    over: bool,
    /// The child has ended.
    ended: bool,
}

fn wait(listener: BorrowedFd<'_>, child: Option<BorrowedFd<'_>>) -> Result<Ready, Errno> {
    let listener = PollFd::new(listener, PollFlags::POLLIN);
    let mut fds = vec![listener];
    fds.extend(child.map(|child| PollFd::new(child, PollFlags::POLLIN)));
    match poll(&mut fds, PollTimeout::NONE) {
        Err(Errno::EINTR) | Ok(_) => {}
        Err(error) => return Err(error),
    }
    let has = |at: usize, flag| {
        let events = fds.get(at).and_then(PollFd::revents);
        events.is_some_and(|events| events.contains(flag))
    };
    Ok(Ready {
        call: has(0, PollFlags::POLLIN),
        over: has(0, PollFlags::POLLHUP),
        ended: has(1, PollFlags::POLLIN),
    })
}

/// Takes one call, and keeps what it would install.
fn take(listener: &Listener, store: &mut Store, began: Instant) -> io::Result<()> {
    let Some(call) = listener.receive()? else {
        return Ok(());
    };
    let Some(ask) = AbiId::of_call(call.data.arch, call.data.nr)
        .and_then(|abi| Ask::of(abi, call.data.nr, &call.data.args))
    else {
        // Our filter looks at the low half of the operation; there is nothing to keep.
        return listener.proceed(call.id);
    };
    let since = began.elapsed();
    let program = ask
        .read(&TraceeMemory::new(call.tid))
        .map_err(|error| error.to_string());
    let caller = Caller::of(process_of(call.tid), call.tid);
    let before = (filters(call.tid), place(call.tid));
    // Else what was read was perhaps another thread's, of the same id.
    if !listener.is_valid(call.id) {
        return Ok(());
    }
    listener.proceed(call.id)?;
    let end = match &program {
        Ok(_) => end(&call, before),
        Err(_) => End::Unknown("no program to install"),
    };
    let install = Install {
        ask,
        since,
        end,
        program,
        caller,
        after: None,
        certainty: Certainty::Entry,
    };
    store.add(&install);
    Ok(())
}

/// Whether the thread has one filter more than before, as soon as that can be seen.
fn end(call: &Notification, (count, place_before): (Option<usize>, Option<String>)) -> End {
    let Some(count) = count else {
        return End::Unknown("not seen: the kernel does not count filters");
    };
    let until = Instant::now() + PATIENCE;
    loop {
        // Once it is elsewhere, the call has ended, and what it has done is done.
        let place = place(call.tid);
        let left = place.is_some() && place_before.is_some() && place != place_before;
        match filters(call.tid) {
            Some(now) if now > count => return End::OneMore,
            None => return End::Unknown("not seen: the thread ended"),
            _ if left => return End::NoMore,
            _ if Instant::now() > until => return End::Unknown("not seen to be installed"),
            _ => sleep(Duration::from_micros(100)),
        }
    }
}

/// The call in which a thread waits, with its words; `None` while it runs, and where that is not told.
fn place(tid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?;
    (text.trim() != "running").then_some(text)
}

/// How many filters a thread has (since Linux 5.9).
fn filters(tid: i32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let mut lines = status.lines();
    lines.find_map(|line| line.strip_prefix("Seccomp_filters:")?.trim().parse().ok())
}
