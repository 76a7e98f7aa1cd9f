//! Numbers of which some bits are known, as they are behind a question about a bit.

/// The numbers whose bits under a mask have these values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    mask: u32,
    value: u32,
}

impl Known {
    /// Those of them whose bit of this significance is set, or is not.
    pub(super) fn with(self, bit: u32, set: bool) -> Known {
        Known {
            mask: self.mask | 1 << bit,
            value: self.value & !(1 << bit) | u32::from(set) << bit,
        }
    }

    /// Whether the bit is known.
    pub(super) fn knows(self, bit: u32) -> bool {
        self.mask >> bit & 1 == 1
    }

    /// Whether the number is one of them.
    pub(super) fn holds(self, number: u32) -> bool {
        number & self.mask == self.value
    }

    /// The least of them that is not below `number`.
    pub(super) fn next(self, number: u32) -> Option<u32> {
        let wrong = (number & self.mask) ^ self.value;
        if wrong == 0 {
            return Some(number);
        }
        // Of the bits above the highest wrong one none is wrong; those below are as low as they can be.
        let highest = wrong.ilog2();
        let below = |bit: u32| self.value & !(u32::MAX << bit);
        if self.value >> highest & 1 == 1 {
            return Some(number >> highest << highest | 1 << highest | below(highest));
        }
        // It must be cleared, so the lowest bit above it that is free and clear is set.
        let free =
            (highest + 1..u32::BITS).find(|&bit| !self.knows(bit) && number >> bit & 1 == 0)?;
        let kept = number.checked_shr(free + 1).unwrap_or(0);
        let kept = kept.checked_shl(free + 1).unwrap_or(0);
        Some(kept | 1 << free | below(free))
    }

    /// Whether one of them is in the range, both ends included.
    pub(super) fn meets(self, start: u32, end: u32) -> bool {
        self.next(start).is_some_and(|next| next <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_the_least_one() {
        for pattern in 0..3u32.pow(5) {
            let mut known = Known::default();
            for bit in 0..5 {
                match pattern / 3u32.pow(bit) % 3 {
                    0 => {}
                    digit => known = known.with(bit, digit == 1),
                }
            }
            for number in 0..70 {
                let next = (number..200).find(|&next| known.holds(next));
                assert_eq!(known.next(number), next, "{known:?} {number}");
            }
        }
    }

    #[test]
    fn there_is_none_behind_the_end() {
        let even = Known::default().with(0, false);
        assert_eq!(even.next(u32::MAX), None);
        assert_eq!(even.next(u32::MAX - 1), Some(u32::MAX - 1));
        let low = Known::default().with(31, false);
        assert_eq!(low.next(1 << 31), None);
        let high = Known::default().with(31, true);
        assert_eq!(high.next(5), Some(1 << 31));
    }
}
