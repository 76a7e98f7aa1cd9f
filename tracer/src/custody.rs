//! Who stays with the tracees when the tracer that the user started goes.
//!
//! A filtered tracee without a tracer gets `ENOSYS` for every call that its filter selects, and a
//! filter cannot be taken off. ptrace cannot hand a tracee over without a moment in between. So,
//! when there is a filter, the tracing is done by a child of the process that the user started.
//! On an orderly detach the user's process ends, and the child stays as the *caretaker*: it prints
//! nothing, resumes every stop at once, and ends with the last filtered tracee. If either is
//! killed outright, the tracees end with it (`PR_SET_PDEATHSIG`, `PTRACE_O_EXITKILL`).

use std::fs::File;
use std::io::{Read, Write};

use crate::engine::Ending;
use crate::sink;
use crate::spawn;
use crate::sys;

/// The worker's end of the line to the process that the user started.
#[derive(Debug)]
pub struct Line(File);

impl Line {
    /// Tells how the user's process is to end; it does so at once.
    pub fn end(mut self, ending: Ending) {
        let (kind, value) = match ending {
            Ending::Exit(status) => (b'E', status),
            Ending::Signal(signal) => (b'S', signal),
        };
        let mut bytes = [kind, 0, 0, 0, 0];
        bytes[1..].copy_from_slice(&value.to_ne_bytes());
        // That nobody listens any more means that the user's process was killed; so are we.
        drop(self.0.write_all(&bytes));
    }

    /// Makes this process the caretaker, with nothing of the user's open, and outside of his
    /// session; then lets the user's process end.
    pub fn stay(self, ending: Ending) {
        sys::ignore_fatal_signals();
        sys::outlive_parent();
        sys::leave_session();
        self.end(ending);
        sys::close_all_files();
    }
}

/// Splits the process: `work` runs in the child, and has to end its line. Returns, in the parent,
/// how it is to end.
pub fn split(work: impl FnOnce(Line)) -> std::io::Result<Ending> {
    let (read, write) = spawn::pipe()?;
    let parent = std::process::id();
    match spawn::fork()? {
        Some(worker) => {
            drop(write);
            Ok(attend(worker, read))
        }
        None => {
            drop(read);
            sys::die_with_parent(parent as i32);
            work(Line(write));
            std::process::exit(0)
        }
    }
}

/// The parent's life: it passes fatal signals on, and ends as the worker says.
fn attend(worker: i32, mut read: File) -> Ending {
    sys::catch_fatal_signals();
    let mut bytes = [0; 5];
    let mut have = 0;
    while have < bytes.len() {
        if let Some(signal) = sys::caught_signal() {
            sys::kill(worker, signal);
        }
        match read.read(&mut bytes[have..]) {
            Ok(0) => {
                sink::message("the tracing process was killed; so were its tracees");
                return Ending::Exit(1);
            }
            Ok(count) => have += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                sink::message(&format!("the tracing process cannot be heard: {error}"));
                return Ending::Exit(1);
            }
        }
    }
    let [kind, value @ ..] = bytes;
    let value = i32::from_ne_bytes(value);
    if kind == b'S' {
        Ending::Signal(value)
    } else {
        Ending::Exit(value)
    }
}
