//! The running kernel as the judge of a map: a filter is loaded in a child, and what it says of calls is compared.
//!
//! No call is executed. The thread that makes them has, older than the filters under test, a guard that answers everything with
//! `RET_TRACE`: of several filters the lowest action counts, so that the guard's is what remains exactly where the others say
//! `RET_LOG` or `RET_ALLOW`, and the tracer then has the kernel skip the call. Everything else is seen as it is: `RET_TRACE` by the
//! data of the stop (newer filters win where actions are equal, and the guard's data is one that the map does not have),
//! `RET_USER_NOTIF` by an answer of ours, `RET_ERRNO` by the result, `RET_TRAP` by the signal's information, and `RET_KILL_THREAD`
//! and `RET_KILL_PROCESS` by who survives: the thread's process has another thread, without filters. What cannot be told apart this
//! way are `RET_LOG` and `RET_ALLOW`, and errors above 4095, which the kernel makes 4095.
//!
//! What the map is asked is not what was meant to be called, but what the kernel says of the call that was made: architecture,
//! number, words and instruction pointer.

mod cell;
mod native;
mod plan;
mod seen;

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use everycall_arch::AbiId;

use crate::map::{Map, MapError, Outcome, names};
use crate::{Action, CheckError, Program, SeccompData, check};
use cell::{Failure, Filters, SetupError};
pub use plan::{Plan, Probe};
use seen::Asked;

/// What the kernel did with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// The call would have been executed: `RET_ALLOW` or `RET_LOG`.
    Runs,
    /// The tracer was told, with this data.
    Trace(u16),
    /// A supervisor was asked.
    Notified,
    /// The call failed with this error, or, if that is 0, did nothing.
    Errno(u16),
    /// `SIGSYS` was sent, with this data.
    Trap(u16),
    /// The thread was killed.
    KilledThread,
    /// The process was killed.
    KilledProcess,
}

/// A call of which kernel and map say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The call, as the kernel says it was.
    pub data: SeccompData,
    /// What the map says.
    pub expected: Outcome,
    /// What the kernel did.
    pub observed: Observed,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many calls were compared, by ABI.
    pub compared: Vec<(AbiId, usize)>,
    /// How often the kernel did what, by the observation's name.
    pub observed: BTreeMap<&'static str, usize>,
    /// The ABIs that were left out, and why.
    pub skipped: Vec<(AbiId, String)>,
    /// Where they differ.
    pub mismatches: Vec<Mismatch>,
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is nothing to load.
    #[error("there is no filter to load")]
    NoFilter,
    /// The kernel would not take it.
    #[error("filter {place}: {error}")]
    Invalid {
        /// Its place in the chain.
        place: usize,
        /// Why.
        error: CheckError,
    },
    /// It has no map of its own.
    #[error("filter {place}: {error}")]
    NoMap {
        /// Its place in the chain.
        place: usize,
        /// Why.
        error: MapError,
    },
    /// More than one filter of a chain asks a supervisor, of which there can be one only.
    #[error(
        "filters {0:?} of the chain answer with USER_NOTIF, and the kernel takes a listener for one only"
    )]
    Supervisors(Vec<usize>),
    /// The kernel refused it.
    #[error("the kernel refuses filter {place}: {error}")]
    Refused {
        /// Its place in the chain.
        place: usize,
        /// Why.
        error: io::Error,
    },
    /// An older filter of the chain does not let the next one be installed.
    #[error(
        "the chain cannot be loaded: one of its filters does not let seccomp(2) install the next one (status {0:#x})"
    )]
    Chain(i32),
    /// The system does not let us.
    #[error("{what}: {error}")]
    System {
        /// What failed.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A call went another way than any that is known.
    #[error("a call of {abi} number {nr:#x} went no way that is known here: status {status:#x}")]
    Strange {
        /// The ABI.
        abi: &'static str,
        /// The number.
        nr: u32,
        /// What wait(2) said.
        status: i32,
    },
}

impl Report {
    /// Whether kernel and map agree on all that was compared.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Loads a chain of filters, the oldest first, into children of the calling thread, and compares what the kernel does of the
/// plan's calls with what the map, which is the chain's, says.
pub fn compare(programs: &[Program], map: &Map, plan: &Plan) -> Result<Report, RunError> {
    let notifying = prepare(programs)?;
    let mark = seen::unused(map);
    let filters = Filters::new(programs, notifying, mark.trace);
    let mut report = Report::default();
    for abi in AbiId::ALL {
        let probes: Vec<&Probe> = plan
            .probes
            .iter()
            .filter(|probe| probe.abi == abi)
            .collect();
        if probes.is_empty() {
            continue;
        }
        let Some(door) = native::door(abi) else {
            let why = "programs of this machine's kind cannot make its calls";
            report.skipped.push((abi, why.to_owned()));
            continue;
        };
        let mut asked = Asked::new(&filters, door, mark);
        let mut count = 0;
        for probe in probes {
            let Some((data, observed)) = asked.ask(probe)? else {
                let why = "this kernel has no such calls: the first one got a signal";
                report.skipped.push((abi, why.to_owned()));
                break;
            };
            count += 1;
            *report.observed.entry(observed.name()).or_default() += 1;
            let expected = map.at(&data);
            if !observed.is(expected) {
                report.mismatches.push(Mismatch {
                    data,
                    expected,
                    observed,
                });
            }
        }
        report.compared.push((abi, count));
    }
    Ok(report)
}

/// Whether the chain can be loaded at all; the filter that asks a supervisor, if one does.
fn prepare(programs: &[Program]) -> Result<Option<usize>, RunError> {
    if programs.is_empty() {
        return Err(RunError::NoFilter);
    }
    let mut notifying = Vec::new();
    for (place, program) in programs.iter().enumerate() {
        check(program).map_err(|error| RunError::Invalid { place, error })?;
        let map = Map::of(program).map_err(|error| RunError::NoMap { place, error })?;
        let notifies = |outcome| outcome == Outcome::Action(Action::UserNotif);
        if map.outcomes().any(notifies) {
            notifying.push(place);
        }
    }
    match notifying[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(RunError::Supervisors(notifying)),
    }
}

impl From<SetupError> for RunError {
    fn from(error: SetupError) -> RunError {
        match error {
            SetupError::Io(what, error) => RunError::System { what, error },
            SetupError::Ended(status) => RunError::Chain(status),
            SetupError::Refused(Failure { step, errno }) => {
                let error = io::Error::from_raw_os_error(errno);
                match usize::try_from(step) {
                    Ok(place) => RunError::Refused { place, error },
                    Err(_) => RunError::System {
                        what: "seccomp(SECCOMP_SET_MODE_FILTER)",
                        error,
                    },
                }
            }
        }
    }
}

impl Observed {
    /// A name for its kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Observed::Runs => "ALLOW or LOG",
            Observed::Trace(_) => "TRACE",
            Observed::Notified => "USER_NOTIF",
            Observed::Errno(_) => "ERRNO",
            Observed::Trap(_) => "TRAP",
            Observed::KilledThread => "KILL_THREAD",
            Observed::KilledProcess => "KILL_PROCESS",
        }
    }

    /// Whether this is what the kernel does for that.
    fn is(self, expected: Outcome) -> bool {
        let Outcome::Action(action) = expected else {
            return false;
        };
        self == match action {
            Action::Allow | Action::Log => Observed::Runs,
            Action::Trace(data) => Observed::Trace(data),
            Action::UserNotif => Observed::Notified,
            Action::Errno(errno) => Observed::Errno(errno.min(MAX_ERRNO)),
            Action::Trap(data) => Observed::Trap(data),
            Action::KillThread => Observed::KilledThread,
            Action::KillProcess | Action::Unknown(_) => Observed::KilledProcess,
        }
    }
}

/// The greatest error that a filter can give (`MAX_ERRNO` in linux/err.h).
const MAX_ERRNO: u16 = 4095;

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match *self {
            Observed::Runs | Observed::Notified => return f.write_str(self.name()),
            Observed::Trace(data) => Action::Trace(data),
            Observed::Errno(errno) => Action::Errno(errno),
            Observed::Trap(data) => Action::Trap(data),
            Observed::KilledThread => Action::KillThread,
            Observed::KilledProcess => Action::KillProcess,
        };
        f.write_str(&names::outcome_name(Outcome::Action(action)))
    }
}
