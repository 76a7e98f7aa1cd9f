//! Says on standard error how far the work is: one line that changes on a terminal, a line now and
//! then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::suite::Progress;

/// How many times a log that is no terminal is told.
const STEPS: usize = 10;

#[derive(Debug)]
pub(super) struct Line {
    terminal: bool,
    /// The last step that was told, in a log.
    told: AtomicUsize,
}

impl Line {
    pub(super) fn new() -> Line {
        Line {
            terminal: io::stderr().is_terminal(),
            told: AtomicUsize::new(0),
        }
    }

    /// Makes room for what comes after.
    pub(super) fn end(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Progress for Line {
    fn decided(&self, done: usize, of: usize, subject: &str) {
        // Standard error may be closed: progress is not worth failing for.
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{done}/{of} cases, {subject}");
            return;
        }
        let step = (done * STEPS).checked_div(of).unwrap_or(STEPS);
        if step > self.told.fetch_max(step, Ordering::Relaxed) {
            let _ = writeln!(io::stderr(), "{done}/{of} cases");
        }
    }
}
