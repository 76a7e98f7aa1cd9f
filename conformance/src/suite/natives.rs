//! What probes do untraced: each distinct probe runs once, for all questions and all subjects under which it is
//! the same user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Bench, Done};
use crate::case::Run;
use crate::judge::claims;
use crate::observe::End;
use crate::subject::Subject;

/// What a probe does untraced, or what is wrong with it.
pub(super) type Native = Result<Done, String>;

/// What comes of one, once it is there.
type Cell = Arc<OnceLock<Native>>;

/// The natives of a run of the suite, by who they are and ELF file.
#[derive(Default)]
pub(super) struct Natives {
    known: Mutex<HashMap<(bool, Vec<u8>), Cell>>,
}

impl Natives {
    /// What this run's probe does untraced; it is run now if it was not before.
    pub(super) fn of(&self, run: &Run, subject: &Subject, bench: &dyn Bench) -> Cell {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let who = (subject.observes_system, run.elf.clone());
            Arc::clone(known.entry(who).or_default())
        };
        // Another worker that wants the same probe waits for this one.
        cell.get_or_init(|| bench.native(run, subject).and_then(|done| sound(run, done)));
        cell
    }
}

/// A probe that did what every probe must: it kept its ledger, ended by itself, and its calls came to what is
/// claimed of them.
fn sound(run: &Run, done: Done) -> Native {
    let ledger = match &done.ledger {
        Err(what) => return Err(format!("untraced, the probe {}: {what}", done.end)),
        Ok(ledger) => ledger,
    };
    if let Some(broken) = claims::broken(run, ledger) {
        return Err(format!("untraced, {broken} (the probe {})", done.end));
    }
    match done.end {
        End::Exited(0) => Ok(done),
        end => Err(format!("untraced, the probe {end}")),
    }
}
