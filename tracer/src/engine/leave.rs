//! Letting tracees go: when a fatal signal comes, when a caretaker stays, and when nothing can be seen.

use std::io;
use std::time::SystemTime;

use super::Engine;
use crate::protocol::{Protocol, Resume, Stop};
use crate::sink;
use crate::sys::{self, Waited};

impl Engine {
    /// Ends the command, which has not begun.
    pub fn kill_command(&self) {
        if let Some(child) = self.child {
            sys::kill(child, libc::SIGKILL);
        }
    }

    /// Passes a fatal signal on to the command, as strace does, and lets go of every thread that
    /// has no filter of ours. Threads with a filter stay. Returns whether there are any.
    pub fn let_go(&mut self, signal: i32) -> io::Result<bool> {
        if let Some(child) = self.child {
            sys::kill(child, libc::SIGCONT);
            sys::kill(child, signal);
        }
        let free = |protocol: &Protocol| -> Vec<i32> {
            protocol
                .threads()
                .filter(|(_, thread)| !thread.filtered)
                .map(|(tid, _)| tid)
                .collect()
        };
        for tid in free(&self.protocol) {
            // A thread that is stopped already reports that stop; one that runs is stopped.
            drop(sys::interrupt(tid));
        }
        while !free(&self.protocol).is_empty() {
            match sys::wait_any()? {
                Waited::Status(tid, status) => self.let_go_of(tid, status),
                Waited::Interrupted => drop(sys::caught_signal()),
                Waited::NoChildren => break,
            }
        }
        Ok(!self.protocol.is_empty())
    }

    fn let_go_of(&mut self, tid: i32, status: i32) {
        let Some((stop, resume)) = self.step(tid, status) else {
            return;
        };
        let free = self
            .protocol
            .threads()
            .any(|(other, thread)| other == tid && !thread.filtered);
        match stop {
            Stop::Exited(_) | Stop::Killed(..) => self.ended(tid, stop),
            _ if free => {
                let signal = if let Stop::Signal(signal) = stop {
                    signal
                } else {
                    0
                };
                self.resume(tid, Resume::Detach(signal));
                self.give_up(tid);
                self.protocol.remove(tid);
            }
            _ => self.resume(tid, resume),
        }
    }

    /// From now on nothing is shown, and every stop is left at once. Closes the output.
    pub fn take_care(&mut self) {
        self.protocol.take_care();
        self.sink = Box::new(sink::Silence);
        self.launched = None;
        self.signals = 0;
    }

    /// The calls that threads with a filter are in are ended in the output: nobody will see their
    /// results.
    pub fn abandon(&mut self) {
        let threads: Vec<i32> = self.protocol.threads().map(|(tid, _)| tid).collect();
        for tid in threads {
            self.give_up(tid);
        }
    }

    /// Says of a thread that it is let go, in the middle of its call if it is in one.
    fn give_up(&mut self, tid: i32) {
        let mut effects = Vec::new();
        let pid = self.protocol.give_up_call(tid, &mut effects);
        let now = SystemTime::now();
        for effect in effects {
            self.perform(effect, now);
        }
        self.sink.detached(pid, tid);
    }
}
