//! What a filter must do: which numbers of which architecture run free. All the rest is traced.

use std::collections::BTreeMap;

/// A set of 32-bit numbers, kept as disjoint, ascending, non-adjacent inclusive ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet(Vec<(u32, u32)>);

/// For each `AUDIT_ARCH_*`, the numbers that are allowed. A number or an architecture that is not
/// here is traced.
///
/// Keyed by the architecture word because that is what a filter sees: x32's numbers stand
/// under x86-64's word, with bit 30 set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<u32, RangeSet>);
