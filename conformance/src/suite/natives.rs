//! What probes do untraced: each distinct probe runs once, for all subjects and questions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Bench, Done};
use crate::case::Run;
use crate::judge::claims;
use crate::observe::End;

/// What a probe does untraced, or what is wrong with it.
pub(super) type Native = Result<Done, String>;

/// The natives of a run of the suite, by ELF file.
#[derive(Default)]
pub(super) struct Natives {
    known: Mutex<HashMap<Vec<u8>, Arc<OnceLock<Native>>>>,
}

impl Natives {
    /// What this run's probe does untraced; it is run now if it was not before.
    pub(super) fn of(&self, run: &Run, bench: &dyn Bench) -> Arc<OnceLock<Native>> {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(run.elf.clone()).or_default())
        };
        // Another worker that wants the same probe waits for this one.
        cell.get_or_init(|| bench.native(run).and_then(|done| sound(run, done)));
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
