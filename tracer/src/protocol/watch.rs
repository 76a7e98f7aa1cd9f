//! Calls that the tracer must see for its own sake, because they change how it must trace.

use std::collections::BTreeSet;

use everycall_arch::{AbiId, table};

use super::stop::CallInfo;

/// What a watched call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Seccomp,
    Prctl,
    Clone,
    Clone3,
}

/// How a call that is being entered changes the way its thread must be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It installs a seccomp filter, if it succeeds; with `TSYNC` for every thread of its process.
    Install { tsync: bool },
    /// It creates a thread from flags in its first word, which are these.
    CloneFlags(u64),
    /// It creates a thread from flags in memory, in the `u64` at this address.
    CloneFlagsAt(u64),
}

/// The watched calls of every ABI.
#[derive(Clone, Debug)]
pub struct WatchList(Vec<(AbiId, u32, Watched)>);

impl Default for WatchList {
    fn default() -> Self {
        let watched = [
            ("seccomp", Watched::Seccomp),
            ("prctl", Watched::Prctl),
            ("clone", Watched::Clone),
            ("clone3", Watched::Clone3),
        ];
        let numbers = AbiId::ALL.into_iter().flat_map(|abi| {
            watched
                .into_iter()
                .filter_map(move |(name, what)| Some((abi, table::by_name(abi, name)?.nr, what)))
        });
        WatchList(numbers.collect())
    }
}

impl WatchList {
    /// The numbers, which a filter must stop at.
    #[must_use]
    pub fn numbers(&self) -> BTreeSet<(AbiId, u32)> {
        self.0.iter().map(|&(abi, nr, _)| (abi, nr)).collect()
    }

    pub(super) fn change(&self, abi: Option<AbiId>, call: &CallInfo) -> Option<Change> {
        const PR_SET_SECCOMP: u32 = 22;
        const SECCOMP_SET_MODE_STRICT: u32 = 0;
        const SECCOMP_SET_MODE_FILTER: u32 = 1;
        const SECCOMP_FILTER_FLAG_TSYNC: u64 = 1;
        let abi = abi?;
        let (_, _, what) = self
            .0
            .iter()
            .find(|(a, nr, _)| (*a, *nr) == (abi, call.nr))?;
        // `int` arguments: the kernel looks at the low half only.
        let operation = call.words[0] as u32;
        match what {
            Watched::Prctl if operation == PR_SET_SECCOMP => Some(Change::Install { tsync: false }),
            Watched::Seccomp if operation == SECCOMP_SET_MODE_STRICT => {
                Some(Change::Install { tsync: false })
            }
            Watched::Seccomp if operation == SECCOMP_SET_MODE_FILTER => {
                let tsync = call.words[1] & SECCOMP_FILTER_FLAG_TSYNC != 0;
                Some(Change::Install { tsync })
            }
            Watched::Prctl | Watched::Seccomp => None,
            Watched::Clone => Some(Change::CloneFlags(call.words[0])),
            Watched::Clone3 => Some(Change::CloneFlagsAt(call.words[0])),
        }
    }
}
