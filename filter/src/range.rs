//! Sets of 32-bit numbers, as ranges: what a policy is made of.

use std::ops::RangeInclusive;

/// A range of 32-bit numbers that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    low: u32,
    high: u32,
}

impl Span {
    /// All 2^32 numbers.
    pub const FULL: Span = Span {
        low: 0,
        high: u32::MAX,
    };

    /// From `low` to `high`, both included; `None` when that is empty.
    #[must_use]
    pub fn new(low: u32, high: u32) -> Option<Span> {
        (low <= high).then_some(Span { low, high })
    }

    /// The least number.
    #[must_use]
    pub const fn low(self) -> u32 {
        self.low
    }

    /// The greatest number.
    #[must_use]
    pub const fn high(self) -> u32 {
        self.high
    }

    /// The number, when it is only one.
    #[must_use]
    pub fn single(self) -> Option<u32> {
        (self.low == self.high).then_some(self.low)
    }

    /// How many numbers.
    #[must_use]
    pub fn size(self) -> u128 {
        u128::from(self.high - self.low) + 1
    }
}

impl From<Span> for RangeInclusive<u32> {
    fn from(span: Span) -> RangeInclusive<u32> {
        span.low..=span.high
    }
}

/// A set of 32-bit numbers, kept as disjoint, ascending, non-adjacent inclusive ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RangeSet(Vec<(u32, u32)>);

impl RangeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> RangeSet {
        RangeSet(Vec::new())
    }

    /// All 2^32 numbers.
    #[must_use]
    pub fn full() -> RangeSet {
        RangeSet(vec![(0, u32::MAX)])
    }

    /// Adds one number.
    pub fn insert(&mut self, number: u32) {
        self.insert_range(number..=number);
    }

    /// Adds every number of a range; an empty range adds nothing.
    pub fn insert_range(&mut self, range: RangeInclusive<u32>) {
        if range.is_empty() {
            return;
        }
        let (mut low, mut high) = range.into_inner();
        // What overlaps the new range or touches it melts into it.
        let start = self
            .0
            .partition_point(|&(_, end)| end < low.saturating_sub(1));
        let end = self
            .0
            .partition_point(|&(begin, _)| begin <= high.saturating_add(1));
        if let Some(melted) = self.0.get(start..end)
            && let (Some(first), Some(last)) = (melted.first(), melted.last())
        {
            low = low.min(first.0);
            high = high.max(last.1);
        }
        self.0.splice(start..end, [(low, high)]);
    }

    /// Whether the number is in the set.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.first_in(number..=number).is_some()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers are in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|&(low, high)| u64::from(high - low) + 1)
            .sum()
    }

    /// The ranges, ascending; no two of them overlap or touch.
    pub fn ranges(
        &self,
    ) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> + DoubleEndedIterator {
        self.0.iter().map(|&(low, high)| low..=high)
    }

    /// Every number that is not in the set.
    #[must_use]
    pub fn complement(&self) -> RangeSet {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(0);
        for &(low, high) in &self.0 {
            if let Some(gap) = next.filter(|&gap| gap < low) {
                gaps.push((gap, low - 1));
            }
            next = high.checked_add(1);
        }
        gaps.extend(next.map(|gap| (gap, u32::MAX)));
        RangeSet(gaps)
    }

    /// The lowest number of the set that is in `range`.
    #[must_use]
    pub fn first_in(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let at = self.0.partition_point(|&(_, end)| end < *range.start());
        let number = self.0.get(at)?.0.max(*range.start());
        range.contains(&number).then_some(number)
    }

    /// The lowest number of `range` that is not in the set.
    #[must_use]
    pub fn first_missing_in(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let start = *range.start();
        let at = self.0.partition_point(|&(_, end)| end < start);
        let number = match self.0.get(at) {
            Some(&(low, high)) if low <= start => high.checked_add(1)?,
            _ => start,
        };
        range.contains(&number).then_some(number)
    }
}

impl Extend<u32> for RangeSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, numbers: I) {
        numbers.into_iter().for_each(|number| self.insert(number));
    }
}

impl FromIterator<u32> for RangeSet {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> RangeSet {
        let mut set = RangeSet::new();
        set.extend(numbers);
        set
    }
}

impl FromIterator<RangeInclusive<u32>> for RangeSet {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<u32>>>(ranges: I) -> RangeSet {
        let mut set = RangeSet::new();
        ranges.into_iter().for_each(|range| set.insert_range(range));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn touching_ranges_melt() {
        let mut set: RangeSet = [1, 3, 7].into_iter().collect();
        set.insert(2);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [1..=3, 7..=7]);
        set.insert_range(4..=6);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [1..=7]);
    }

    #[test]
    fn the_ends_of_the_number_space_are_numbers_too() {
        let set: RangeSet = [0..=0, u32::MAX..=u32::MAX].into_iter().collect();
        assert_eq!(set.count(), 2);
        assert_eq!(
            set.complement().ranges().collect::<Vec<_>>(),
            [1..=u32::MAX - 1]
        );
        assert_eq!(RangeSet::new().complement(), RangeSet::full());
        assert_eq!(RangeSet::full().complement(), RangeSet::new());
        assert_eq!(set.first_missing_in(u32::MAX..=u32::MAX), None);
    }

    #[test]
    fn an_empty_range_adds_nothing() {
        let mut set = RangeSet::new();
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "an empty range is what is tested"
        )]
        set.insert_range(5..=4);
        assert!(set.is_empty());
    }

    proptest! {
        // Numbers are small so that they collide and touch; the set of the standard library judges.
        #[test]
        fn it_is_a_set(
            ranges in proptest::collection::vec((0u32..80, 0u32..6), 0..20),
            probe in (0u32..90, 0u32..10),
        ) {
            let set: RangeSet = ranges.iter().map(|&(low, more)| low..=low + more).collect();
            let model: BTreeSet<u32> = ranges.iter().flat_map(|&(low, more)| low..=low + more).collect();
            let span = probe.0..=probe.0 + probe.1;
            prop_assert_eq!(set.count(), model.len() as u64);
            prop_assert_eq!(&set.complement().complement(), &set);
            prop_assert_eq!(set.first_in(span.clone()), model.range(span.clone()).next().copied());
            prop_assert_eq!(set.first_missing_in(span.clone()), span.clone().find(|n| !model.contains(n)));
            for number in 0..100 {
                prop_assert_eq!(set.contains(number), model.contains(&number));
                prop_assert_eq!(set.complement().contains(number), !model.contains(&number));
            }
            let apart = set.ranges().zip(set.ranges().skip(1)).all(|(a, b)| b.start() - a.end() > 1);
            prop_assert!(apart);
        }
    }
}
