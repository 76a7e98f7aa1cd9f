//! Which calls were asked for: what `-e trace=` says, resolved.

use std::collections::BTreeSet;

use everycall_arch::{AbiId, table};
use everycall_filter::Policy;

/// The calls that were asked for. A number that the tables do not know is always selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every call.
    All,
    /// The numbers that the tables know and that were asked for, and every unknown number.
    Known(BTreeSet<(AbiId, u32)>),
}

impl Selection {
    /// Whether a call is to be shown.
    #[must_use]
    pub fn contains(&self, abi: Option<AbiId>, nr: u32) -> bool {
        match (self, abi) {
            (Selection::All, _) | (_, None) => true,
            (Selection::Known(set), Some(abi)) => {
                set.contains(&(abi, nr)) || table::by_nr(abi, nr).is_none()
            }
        }
    }

    /// The filter's policy: what may run free. `watched` are calls that the tracer itself must see.
    ///
    /// Every ABI is in it: a filter costs nothing for an architecture that never calls.
    #[must_use]
    pub fn policy(&self, watched: &BTreeSet<(AbiId, u32)>) -> Policy {
        let mut policy = Policy::new();
        for abi in AbiId::ALL {
            let arch = abi.abi().audit_arch;
            for call in table::all(abi) {
                if !self.contains(Some(abi), call.nr) && !watched.contains(&(abi, call.nr)) {
                    policy.allow(arch, call.nr..=call.nr);
                }
            }
        }
        policy
    }
}
