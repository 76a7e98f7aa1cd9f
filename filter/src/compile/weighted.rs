//! A search that comes soonest to what is likeliest.
//!
//! At each step every question there is (a comparison at each piece's start, equality with each number that stands alone
//! or is likely, each low bit) is judged by what it would leave to be decided: the entropy of the pieces' weights, which
//! is how many comparisons the best of all trees would need at least. Behind a question about a bit half of the numbers
//! cannot come, so that pieces apart become one: every second number of a table needs one question.

use super::plan::{Next, Part, Plan, Question};
use crate::insn::Cond;

/// Bits that tables of calls may be regular in, and those that tell x32 and negative numbers.
const BITS: [u32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31];

/// With fewer pieces than this no bit is asked: comparisons do as well.
const MIN_FOR_BITS: usize = 4;

/// What so few pieces need is not judged but found, by trying every order of comparisons.
const FEW: usize = 5;

/// How many likely numbers are considered on their own.
const MAX_LIKELY: usize = 8;

/// Parts shorter than this are surely within the reach of a jump's 8 bits.
const NEAR: usize = 240;

/// The search.
pub(super) fn plan(part: &Part) -> Plan {
    let mut plan = Plan::new();
    plan.root = search(&mut plan, part);
    plan
}

fn search(plan: &mut Plan, part: &Part) -> Next {
    if let [only] = part.pieces.as_slice() {
        return Next::Leaf(only.leaf);
    }
    let Some((question, holds, fails)) = best(part) else {
        return Next::Leaf(usize::MAX);
    };
    // What is planned last stands next to the question. If it is long, the other side is behind a `ja`.
    let (left, right) = (holds.pieces.len(), fails.pieces.len());
    let holds_last = if left.min(right) < NEAR {
        left < right
    } else {
        total(&holds) > total(&fails)
    };
    let (holds, fails) = if holds_last {
        let fails = search(plan, &fails);
        (search(plan, &holds), fails)
    } else {
        let holds = search(plan, &holds);
        (holds, search(plan, &fails))
    };
    plan.ask(question, holds, fails)
}

/// The question that leaves least to be decided, and the parts where it holds and where it does not.
fn best(part: &Part) -> Option<(Question, Part, Part)> {
    let mut best: Option<(Left, Choice)> = None;
    let mut consider = |left: Left, choice: Choice| {
        if best.is_none_or(|(least, _)| left < least) {
            best = Some((left, choice));
        }
    };
    if part.pieces.len() <= FEW {
        for at in 1..part.pieces.len() {
            let (low, high) = part.split(at);
            consider(left_of(&[&low, &high]), Choice::Start(at));
        }
    } else {
        for (at, left) in starts(part) {
            consider(left, Choice::Start(at));
        }
    }
    for number in alone(part) {
        let rest = part.without(number);
        consider(left_of(&[&rest]), Choice::Number(number));
    }
    if part.pieces.len() >= MIN_FOR_BITS {
        for bit in BITS.into_iter().filter(|&bit| !part.known.knows(bit)) {
            let (set, clear) = (part.with_bit(bit, true), part.with_bit(bit, false));
            if !set.pieces.is_empty() && !clear.pieces.is_empty() {
                consider(left_of(&[&set, &clear]), Choice::Bit(bit));
            }
        }
    }
    let (_, choice) = best?;
    Some(choice.made(part))
}

/// What a question leaves to be decided: comparisons, weighted; and then pieces.
type Left = (u64, usize);

#[derive(Clone, Copy)]
enum Choice {
    Start(usize),
    Number(u32),
    Bit(u32),
}

impl Choice {
    fn made(self, part: &Part) -> (Question, Part, Part) {
        match self {
            Choice::Start(at) => {
                let (low, high) = part.split(at);
                let start = high.pieces.first().map_or(0, |piece| piece.start);
                (Question::Compare(Cond::Ge, start), high, low)
            }
            Choice::Number(number) => {
                let inside = part.pieces.partition_point(|piece| piece.end < number);
                let question = Question::Compare(Cond::Eq, number);
                (
                    question,
                    part.slice(inside..inside + 1),
                    part.without(number),
                )
            }
            Choice::Bit(bit) => (
                Question::Compare(Cond::Set, 1 << bit),
                part.with_bit(bit, true),
                part.with_bit(bit, false),
            ),
        }
    }
}

fn total(part: &Part) -> u64 {
    part.weights.iter().sum()
}

/// What the parts still need. Of a few pieces that is known exactly.
fn left_of(parts: &[&Part]) -> Left {
    let is_few = parts.iter().all(|part| part.pieces.len() <= FEW);
    parts.iter().fold((0, 0), |(cost, pieces), part| {
        let needed = if is_few {
            least(part) << 16
        } else {
            let sum: u64 = part.weights.iter().map(|&weight| scaled(weight)).sum();
            scaled(total(part)).saturating_sub(sum)
        };
        (cost + needed, pieces + part.pieces.len())
    })
}

/// How many comparisons a few pieces need at least, each weighted by what comes to it.
fn least(part: &Part) -> u64 {
    let pieces = part.pieces.len();
    if pieces <= 1 {
        return 0;
    }
    let by_start = (1..pieces).map(|at| {
        let (low, high) = part.split(at);
        least(&low) + least(&high)
    });
    let by_number = singles(part).map(|number| least(&part.without(number)));
    total(part) + by_start.chain(by_number).min().unwrap_or(0)
}

/// What is left by a comparison with each piece's start but the first.
fn starts(part: &Part) -> impl Iterator<Item = (usize, Left)> {
    let pieces = part.pieces.len();
    let all: (u64, u64) = part.weights.iter().fold((0, 0), |(sum, of_each), &weight| {
        (sum + weight, of_each + scaled(weight))
    });
    let below = part.weights.iter().scan((0, 0), |(sum, of_each), &weight| {
        *sum += weight;
        *of_each += scaled(weight);
        Some((*sum, *of_each))
    });
    let left = move |(sum, of_each): (u64, u64)| scaled(sum).saturating_sub(of_each);
    (1..pieces).zip(below).map(move |(at, below)| {
        let above = (all.0 - below.0, all.1 - below.1);
        (at, (left(below) + left(above), pieces))
    })
}

/// The numbers that are worth a comparison of their own.
fn alone(part: &Part) -> Vec<u32> {
    let mut likely: Vec<(u32, u32)> = part.points().to_vec();
    likely.sort_by_key(|&(number, weight)| (std::cmp::Reverse(weight), number));
    likely.truncate(MAX_LIKELY);
    let mut singles: Vec<u32> = singles(part).collect();
    // Of many the weightiest are enough.
    let weight = |number: &u32| {
        let at = part.pieces.partition_point(|piece| piece.end < *number);
        std::cmp::Reverse(part.weights.get(at).copied())
    };
    singles.sort_by_key(weight);
    singles.truncate(MAX_LIKELY);
    let likely = likely.into_iter().map(|(number, _)| number);
    likely.chain(singles).collect()
}

/// The numbers that stand alone between two pieces that are alike.
fn singles(part: &Part) -> impl Iterator<Item = u32> {
    part.pieces.windows(3).filter_map(|three| match three {
        [before, piece, after] if before.leaf == after.leaf && piece.start == piece.end => {
            Some(piece.start)
        }
        _ => None,
    })
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
