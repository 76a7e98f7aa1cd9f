//! Where a comparison changes its truth: what splits an interval of numbers.

use crate::{Cond, Span};

/// Cuts a span into runs in which `v cond k` has one truth.
pub(crate) fn runs(cond: Cond, k: u32, span: Span) -> impl Iterator<Item = (Span, bool)> {
    let mut next = Some(span.low());
    std::iter::from_fn(move || {
        let low = next?;
        next = next_change(cond, k, low).filter(|&change| change <= span.high());
        let high = next.map_or(span.high(), |change| change - 1);
        Some((Span::new(low, high)?, cond.holds(low, k)))
    })
}

/// The least number above `v` for which the truth of `v cond k` is another than for `v`.
fn next_change(cond: Cond, k: u32, v: u32) -> Option<u32> {
    match cond {
        Cond::Eq if v == k => v.checked_add(1),
        Cond::Eq | Cond::Ge => (v < k).then_some(k),
        Cond::Gt => (v <= k).then(|| k.checked_add(1)).flatten(),
        Cond::Set if v & k == 0 => {
            // The lowest bit of the mask is the first to come up.
            let bit = k.trailing_zeros();
            (bit < u32::BITS).then(|| ((v >> bit) | 1) << bit)
        }
        Cond::Set => {
            // A carry out of the highest common bit clears it, but may set another.
            let mut change = v;
            while change & k != 0 {
                let up_to_highest = u32::MAX >> (change & k).leading_zeros();
                change = (change | up_to_highest).checked_add(1)?;
            }
            Some(change)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bits_30_and_31_cut_in_two_and_four() {
        for (mask, count) in [
            (1 << 31, 2),
            (1 << 30, 4),
            (3 << 30, 2),
            (0, 1),
            (u32::MAX, 2),
        ] {
            let found = runs(Cond::Set, mask, Span::FULL).count();
            assert_eq!(found, count, "mask {mask:#x}");
        }
    }

    proptest! {
        #[test]
        fn runs_are_the_truth(
            cond in prop_oneof![Just(Cond::Eq), Just(Cond::Gt), Just(Cond::Ge), Just(Cond::Set)],
            k in 0u32..300, low in 0u32..300, more in 0u32..300, top in any::<bool>(),
        ) {
            // Also at the upper end of the number space, where a carry has nowhere to go.
            let lift = if top { u32::MAX - 599 } else { 0 };
            let (k, span) = (k + lift, Span::new(low + lift, low + more + lift).unwrap());
            let mut next = u64::from(span.low());
            for (run, holds) in runs(cond, k, span) {
                prop_assert_eq!(u64::from(run.low()), next);
                prop_assert!((run.low()..=run.high()).all(|v| cond.holds(v, k) == holds));
                next = u64::from(run.high()) + 1;
            }
            prop_assert_eq!(next, u64::from(span.high()) + 1);
        }
    }
}
