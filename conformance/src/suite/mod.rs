//! Runs cases with subjects: every probe untraced first, then under each subject, and whatever
//! cannot be told apart again in smaller company.

pub mod catalogue;
mod natives;
mod outcome;
mod sandboxes;
mod schedule;

use std::fmt;

use everycall_arch::AbiId;

use crate::case::Run;
use crate::ledger::Ledger;
use crate::observe::End;
use crate::subject::Subject;

pub use outcome::{Finished, Manner, Taker, run};
pub use sandboxes::Sandboxes;
pub use schedule::{Progress, Silent, Stop};

/// The name of a case: `abi::group::case`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseName {
    /// The ABI of the calls under test.
    pub abi: AbiId,
    /// The group.
    pub group: &'static str,
    /// The name inside the group.
    pub case: String,
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}::{}", self.abi.name(), self.group, self.case)
    }
}

/// What one execution left behind.
#[derive(Clone, Debug)]
pub struct Done {
    /// What the probe did; or why its ledger cannot be read.
    pub ledger: Result<Ledger, String>,
    /// How the started program ended.
    pub end: End,
    /// The tracer's output; empty without one.
    pub output: Vec<u8>,
    /// What was printed on standard error.
    pub stderr: String,
    /// How many processes were left that did not end, and had to be killed.
    pub left_behind: u32,
}

/// Where cases come from, and where they run. The real one makes probes and sandboxes; the tests of
/// the schedule have their own.
pub trait Bench: Sync {
    /// The runs that decide these cases, in few or in many executions as it sees fit. Each case is in
    /// exactly one of them, under its own name.
    ///
    /// # Errors
    /// When a probe cannot be made.
    fn runs(&self, cases: &[CaseName]) -> Result<Vec<Run>, String>;

    /// Why a case cannot be judged here, whoever is under test; `None` where it can.
    fn lacking(&self, _case: &CaseName) -> Option<String> {
        None
    }

    /// Runs the probe alone, as who it will be under this subject.
    ///
    /// # Errors
    /// When it cannot be run at all.
    fn native(&self, run: &Run, subject: &Subject) -> Result<Done, String>;

    /// Runs the probe under a subject.
    ///
    /// # Errors
    /// When it cannot be run at all.
    fn traced(&self, run: &Run, subject: &Subject) -> Result<Done, String>;
}

#[cfg(test)]
mod tests;
