//! The stop protocol: a pure state machine. It takes a stop of a thread, and says what happened
//! and how the thread is to be resumed. It does no I/O, so that it can be tested with every order
//! of stops that ptrace(2) allows.
//!
//! A thread is in one of two modes. *Filtered*: our seccomp filter stops it at the calls that were
//! asked for, and it runs free otherwise. *Every call*: it is stopped at every entry and exit,
//! because it has no filter of ours, or because it has one of its own, whose verdicts
//! (`ERRNO`, `TRAP`, `KILL`, `USER_NOTIF`) outrank the `TRACE` of ours and would hide calls.
//! In the second mode a call that our filter selects gives two stops, which are one call.

mod calls;
mod machine;
mod stop;
mod thread;
mod threads;
mod watch;

#[cfg(test)]
mod tests;

pub use machine::{Peek, Protocol, Rules};
pub use stop::{CallInfo, Effect, Resume, STAND_IN, Stop};
pub use thread::{Launch, Thread};
pub use watch::WatchList;
