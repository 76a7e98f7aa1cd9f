//! What questions would leave to be decided, without asking them.
//!
//! The entropy of pieces' weights is how many comparisons the best of all trees needs at least, in sum over what comes to
//! it: W log W less the sum of w log w. Of very few pieces what they need is found by trying.

use super::plan::{Part, Piece};

/// What so few pieces need is not judged but found, by trying every order of comparisons.
const FEW: usize = 5;

/// What is left to be decided: comparisons, weighted, in units of 2^-16; and then pieces.
pub(super) type Left = (u64, usize);

/// Sums over pieces: of their weights, and of each weight times its logarithm.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    weight: u64,
    of_each: u64,
}

impl Sum {
    pub(super) fn of(part: &Part) -> Sum {
        part.weights
            .iter()
            .fold(Sum::default(), |sum, &weight| sum.and(weight))
    }

    fn and(self, weight: u64) -> Sum {
        Sum {
            weight: self.weight + weight,
            of_each: self.of_each + scaled(weight),
        }
    }

    fn less(self, weight: u64) -> Sum {
        Sum {
            weight: self.weight.saturating_sub(weight),
            of_each: self.of_each.saturating_sub(scaled(weight)),
        }
    }

    /// What the pieces need.
    pub(super) fn left(self) -> u64 {
        scaled(self.weight).saturating_sub(self.of_each)
    }
}

/// What comes to a part.
pub(super) fn total(part: &Part) -> u64 {
    part.weights.iter().sum()
}

/// Whether it is easier to try.
pub(super) fn is_few(part: &Part) -> bool {
    part.pieces.len() <= FEW
}

/// What parts of few pieces need.
pub(super) fn known_left(parts: &[&Part]) -> Left {
    parts.iter().fold((0, 0), |(cost, pieces), part| {
        let own = part
            .pieces
            .iter()
            .copied()
            .zip(part.weights.iter().copied());
        let least = least(&own.collect::<Vec<_>>());
        (cost + (least << 16), pieces + part.pieces.len())
    })
}

/// How many comparisons a few pieces need at least, each weighted by what comes to it.
fn least(pieces: &[(Piece, u64)]) -> u64 {
    if pieces.len() <= 1 {
        return 0;
    }
    let by_start = (1..pieces.len()).map(|at| {
        let (low, high) = pieces.split_at(at);
        least(low) + least(high)
    });
    let by_number = pieces.windows(3).zip(0..).filter_map(|(three, at)| {
        let [(before, low), (piece, _), (after, high)] = three else {
            return None;
        };
        if before.leaf != after.leaf || piece.start != piece.end {
            return None;
        }
        let mut rest = pieces.to_vec();
        rest.splice(at..at + 3, [(*before, low + high)]);
        Some(least(&rest))
    });
    let all: u64 = pieces.iter().map(|&(_, weight)| weight).sum();
    all + by_start.chain(by_number).min().unwrap_or(0)
}

/// The pieces that are one number between two that are alike.
pub(super) fn singles(part: &Part) -> impl Iterator<Item = usize> {
    let threes = part.pieces.windows(3).zip(1..);
    threes.filter_map(|(three, at)| match three {
        [before, piece, after] if before.leaf == after.leaf => {
            (piece.start == piece.end).then_some(at)
        }
        _ => None,
    })
}

/// What is left by a comparison with each piece's start but the first.
pub(super) fn starts(part: &Part) -> impl Iterator<Item = (usize, Left)> {
    let pieces = part.pieces.len();
    let all = Sum::of(part);
    let below = part.weights.iter().scan(Sum::default(), |sum, &weight| {
        *sum = sum.and(weight);
        Some(*sum)
    });
    (1..pieces).zip(below).map(move |(at, below)| {
        let above = Sum {
            weight: all.weight - below.weight,
            of_each: all.of_each - below.of_each,
        };
        (at, (below.left() + above.left(), pieces))
    })
}

/// What is left when a number has been told from all others; `sum` is of the part.
pub(super) fn without(part: &Part, sum: Sum, number: u32) -> Left {
    let at = part.pieces.partition_point(|piece| piece.end < number);
    let pieces = part.pieces.len();
    let weight = |at: usize| part.weights.get(at).copied().unwrap_or(0);
    let is_alone = part
        .pieces
        .get(at)
        .is_some_and(|piece| piece.start == piece.end);
    if !is_alone {
        // The others of its piece are still there.
        let points = part.points();
        let point = points.partition_point(|point| point.0 < number);
        let own = points.get(point).map_or(0, |point| u64::from(point.1));
        let others = weight(at).saturating_sub(own).max(part.floor());
        return (sum.less(weight(at)).and(others).left(), pieces);
    }
    let rest = sum.less(weight(at));
    let leaf = |at: usize| part.pieces.get(at).map(|piece| piece.leaf);
    match at.checked_sub(1) {
        Some(before) if leaf(before) == leaf(at + 1) => {
            let (low, high) = (weight(before), weight(at + 1));
            let rest = rest.less(low).less(high).and(low + high);
            (rest.left(), pieces.saturating_sub(2))
        }
        _ => (rest.left(), pieces.saturating_sub(1)),
    }
}

/// What is left by a question about a bit; `None` if all numbers answer it alike.
pub(super) fn behind_bit(part: &Part, bit: u32) -> Option<Left> {
    if part.known.knows(bit) {
        return None;
    }
    let (set, set_pieces) = one_side(part, bit, true)?;
    let (clear, clear_pieces) = one_side(part, bit, false)?;
    Some((set.left() + clear.left(), set_pieces + clear_pieces))
}

/// The pieces of which the bit is set, or is not; neighbours that become alike are one.
fn one_side(part: &Part, bit: u32, set: bool) -> Option<(Sum, usize)> {
    let known = part.known.with(bit, set);
    let has = |piece: &&Piece| known.meets(piece.start, piece.end);
    let mut points = part.points().iter().peekable();
    let (mut sum, mut pieces) = (Sum::default(), 0);
    let mut run: Option<(usize, u64)> = None;
    for piece in part.pieces.iter().filter(has) {
        let mut weight = 0;
        while let Some(&(number, more)) = points.next_if(|point| point.0 <= piece.end) {
            weight += if known.holds(number) {
                u64::from(more)
            } else {
                0
            };
        }
        match &mut run {
            Some((leaf, sum)) if *leaf == piece.leaf => *sum += weight,
            _ => {
                if let Some((_, done)) = run.replace((piece.leaf, weight)) {
                    sum = sum.and(done.max(part.floor()));
                }
                pieces += 1;
            }
        }
    }
    let (_, last) = run?;
    Some((sum.and(last.max(part.floor())), pieces))
}

/// A weight times its binary logarithm, in units of 2^-16.
fn scaled(weight: u64) -> u64 {
    weight.saturating_mul(log2(weight))
}

/// The binary logarithm in units of 2^-16, up to a hundredth; the same on every machine, as a floating one is not.
fn log2(value: u64) -> u64 {
    let Some(whole) = value.checked_ilog2() else {
        return 0;
    };
    let fraction = ((u128::from(value) << 16) >> whole) as u64 - (1 << 16);
    let bend = (fraction * ((1 << 16) - fraction)) >> 16;
    (u64::from(whole) << 16) + fraction + ((bend * 22_545) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for value in 1..10_000u64 {
            let exact = (value as f64).log2() * 65_536.0;
            assert!((log2(value) as f64 - exact).abs() < 700.0, "{value}");
        }
        assert_eq!(log2(0), 0);
        assert_eq!(log2(1 << 40), 40 << 16);
    }
}
