//! What did not pass, put together by what is the matter.

use super::{Entry, Outcome};
use crate::case::Verdict;
use crate::judge::Decision;

/// What became of a case that did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// It failed unexpectedly.
    Failed,
    /// It failed as it is known to.
    Known,
    /// It was not run.
    Skipped,
}

/// Cases that did not pass, of one status, verdict and reason.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    pub(super) status: Status,
    /// How they failed; none of those that were not run.
    pub(super) verdict: Option<Verdict>,
    /// Why; none of unexpected failures.
    pub(super) reason: Option<&'a str>,
    pub(super) entries: Vec<&'a Entry>,
}

/// The kinds among these entries: failures first, then known ones, then what was not run; each in the order
/// of the entries.
pub(super) fn kinds<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Kind<'a>> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for entry in entries {
        let (status, verdict, reason) = match &entry.outcome {
            Outcome::Passed => continue,
            Outcome::Failed(decision) => (Status::Failed, Some(decision.verdict), None),
            Outcome::Known { decision, reason } => {
                (Status::Known, Some(decision.verdict), Some(reason.as_str()))
            }
            Outcome::Skipped(reason) => (Status::Skipped, None, Some(reason.as_str())),
        };
        let same = |kind: &&mut Kind<'_>| {
            (kind.status, kind.verdict, kind.reason) == (status, verdict, reason)
        };
        match kinds.iter_mut().find(same) {
            Some(kind) => kind.entries.push(entry),
            None => kinds.push(Kind {
                status,
                verdict,
                reason,
                entries: vec![entry],
            }),
        }
    }
    kinds.sort_by_key(|kind| kind.status);
    kinds
}

impl Entry {
    /// How it failed, if it did.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match &self.outcome {
            Outcome::Failed(decision) | Outcome::Known { decision, .. } => Some(decision),
            Outcome::Passed | Outcome::Skipped(_) => None,
        }
    }
}
