//! Which thread makes a call, and which one a line says: threads are known by the calls that made them.

use std::collections::BTreeMap;

use super::{claims, text};
use crate::case::{Claim, Run, Thread};
use crate::ledger::{Ledger, Made};
use crate::observe::Seen;

/// The ids of a run's threads. Empty where a run or an output does not tell them.
pub(super) struct Threads {
    ids: BTreeMap<Thread, i32>,
    /// By slot.
    makers: Vec<Thread>,
}

/// Indices of calls, and indices of lines.
type Part = (Vec<usize>, Vec<usize>);

impl Threads {
    pub(super) fn of(run: &Run, ledger: &Ledger, seen: &[Seen]) -> Threads {
        let makers: Vec<Thread> = run.notes.iter().map(|note| note.thread).collect();
        let mut ids = BTreeMap::new();
        for &maker in &makers {
            if let Thread::Of(slot) = maker
                && let Some(id) = ledger.slot(slot).and_then(|birth| birth.result)
            {
                ids.insert(maker, id as i32);
            }
        }
        // The one that nobody made is the first.
        let mut others = seen.iter().filter_map(|line| line.tid);
        let known: Vec<i32> = ids.values().copied().collect();
        if let Some(first) = others.find(|tid| !known.contains(tid)) {
            ids.insert(Thread::First, first);
        }
        let several = makers.iter().any(|maker| matches!(maker, Thread::Of(_)));
        let told = seen.iter().all(|line| line.tid.is_some());
        if !several || !told || makers.contains(&Thread::Unknown) {
            ids.clear();
        }
        Threads { ids, makers }
    }

    fn id_of(&self, call: &Made) -> Option<i32> {
        self.ids.get(self.makers.get(call.slot)?).copied()
    }

    /// Each thread's calls and lines; `None` where they cannot be told apart.
    pub(super) fn parts(&self, made: &[&Made], seen: &[Seen]) -> Option<Vec<Part>> {
        if self.ids.is_empty() {
            return None;
        }
        let mut parts: BTreeMap<i32, Part> = BTreeMap::new();
        for (i, call) in made.iter().enumerate() {
            // A thread without any line and without an id has nothing to be aligned with.
            if let Some(id) = self.id_of(call) {
                parts.entry(id).or_default().0.push(i);
            }
        }
        for (j, line) in seen.iter().enumerate() {
            parts.entry(line.tid?).or_default().1.push(j);
        }
        Some(parts.into_values().collect())
    }

    /// Whether a line says another thread than the one that made the call. The end of an execve is that of
    /// the thread that it was begun by, or of the leader, whose id that one takes.
    pub(super) fn difference(&self, run: &Run, call: &Made, line: &Seen) -> Option<String> {
        let (own, said) = (self.id_of(call)?, line.tid?);
        let leaves = matches!(claims::of(run, call), Some(Claim::Leaves(_)));
        (own != said && !leaves).then(|| {
            let call = text::name(call);
            format!("{call} is shown as one of the thread {said}, not {own}")
        })
    }
}
