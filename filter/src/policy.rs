//! What a filter must do: which numbers of which architecture run free. All the rest is traced.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::RangeSet;

static NOTHING: RangeSet = RangeSet::new();

/// What a policy wants of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It runs free.
    Allow,
    /// The tracer is told.
    Trace,
}

/// For each `AUDIT_ARCH_*`, the numbers that are allowed. A number or an architecture that is not
/// here is traced.
///
/// Keyed by the architecture word because that is what a filter sees: x32's numbers stand
/// under x86-64's word, with bit 30 set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<u32, RangeSet>);

impl Policy {
    /// The policy that traces everything.
    #[must_use]
    pub fn new() -> Policy {
        Policy::default()
    }

    /// Lets every number of `range` run free on the architecture `arch`.
    pub fn allow(&mut self, arch: u32, range: RangeInclusive<u32>) {
        self.0.entry(arch).or_default().insert_range(range);
    }

    /// The numbers that run free on `arch`.
    #[must_use]
    pub fn allowed(&self, arch: u32) -> &RangeSet {
        self.0.get(&arch).unwrap_or(&NOTHING)
    }

    /// What is wanted of this call.
    #[must_use]
    pub fn verdict(&self, arch: u32, nr: u32) -> Verdict {
        if self.allowed(arch).contains(nr) {
            Verdict::Allow
        } else {
            Verdict::Trace
        }
    }

    /// The architectures that the policy says something about, ascending.
    pub fn arches(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.0.keys().copied()
    }

    /// Those of them that are in `span`, ascending.
    pub(crate) fn arches_in(&self, span: RangeInclusive<u32>) -> impl Iterator<Item = u32> {
        self.0.range(span).map(|(&arch, _)| arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_does_not_know_is_traced() {
        let mut policy = Policy::new();
        assert_eq!(policy.verdict(0xc000_003e, 0), Verdict::Trace);
        policy.allow(0xc000_003e, 0..=9);
        assert_eq!(policy.verdict(0xc000_003e, 9), Verdict::Allow);
        assert_eq!(policy.verdict(0xc000_003e, 10), Verdict::Trace);
        assert_eq!(policy.verdict(0xc000_003e, u32::MAX), Verdict::Trace);
        assert_eq!(policy.verdict(0x4000_0003, 9), Verdict::Trace);
    }
}
