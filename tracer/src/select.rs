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
    /// Only ABIs that a kernel of this machine can have are in it: all others are unknown to it.
    #[must_use]
    pub fn policy(&self, watched: &BTreeSet<(AbiId, u32)>) -> Policy {
        let mut policy = Policy::new();
        for &abi in family(std::env::consts::ARCH) {
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

/// The ABIs that programs may use on a machine, by the name that Rust has for its architecture.
fn family(machine: &str) -> &'static [AbiId] {
    match machine {
        "x86" | "x86_64" => &[AbiId::X86_64, AbiId::X32, AbiId::I386],
        "arm" | "aarch64" => &[AbiId::Aarch64, AbiId::Arm],
        _ => &AbiId::ALL,
    }
}

#[cfg(test)]
mod tests {
    use everycall_filter::Verdict;

    use super::*;

    fn number(abi: AbiId, name: &str) -> u32 {
        table::by_name(abi, name).unwrap().nr
    }

    #[test]
    fn what_is_not_known_is_always_shown() {
        let nothing = Selection::Known(BTreeSet::new());
        assert!(!nothing.contains(Some(AbiId::X86_64), 39));
        for nr in [0x3fff_ffff, 0x8000_0027, u32::MAX] {
            assert!(nothing.contains(Some(AbiId::X86_64), nr));
        }
        assert!(nothing.contains(None, 39));
    }

    #[test]
    fn the_policy_lets_run_what_is_neither_shown_nor_watched_nor_unknown() {
        let chosen = (AbiId::I386, number(AbiId::I386, "openat"));
        let watched = (AbiId::X86_64, number(AbiId::X86_64, "clone3"));
        let policy = Selection::Known(BTreeSet::from([chosen])).policy(&BTreeSet::from([watched]));
        for &abi in family(std::env::consts::ARCH) {
            let arch = abi.abi().audit_arch;
            for call in table::all(abi) {
                let free = ![chosen, watched].contains(&(abi, call.nr));
                let verdict = if free { Verdict::Allow } else { Verdict::Trace };
                assert_eq!(
                    policy.verdict(arch, call.nr),
                    verdict,
                    "{abi:?} {}",
                    call.name
                );
            }
            for unknown in [0x3fff_ffff, 0x7fff_ffff, 0x8000_0027, u32::MAX] {
                assert_eq!(policy.verdict(arch, unknown), Verdict::Trace);
            }
        }
        assert_eq!(
            policy.verdict(0xc000_0015, 1),
            Verdict::Trace,
            "an architecture that is not ours"
        );
    }

    #[test]
    fn everything_asked_for_lets_nothing_run() {
        let policy = Selection::All.policy(&BTreeSet::new());
        assert_eq!(policy.verdict(0xc000_003e, 39), Verdict::Trace);
    }
}
