//! A search that comes soonest to what is likeliest.
//!
//! At each step every question there is (a comparison at each piece's start, equality with each number that stands alone
//! or is likely, each low bit) is judged by what it would leave to be decided: the entropy of the pieces' weights, which
//! is how many comparisons the best of all trees would need at least. Behind a question about a bit half of the numbers
//! cannot come, so that pieces apart become one: every second number of a table needs one question.

use super::plan::{Next, Part, Plan, Question};
use super::weigh::{Left, Sum, behind_bit, is_few, known_left, singles, starts, total, without};
use crate::insn::Cond;

/// Bits that tables of calls may be regular in, and those that tell x32 and negative numbers.
const BITS: [u32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31];

/// With fewer pieces than this no bit is asked: comparisons do as well.
const MIN_FOR_BITS: usize = 6;

/// Low bits are asked of so many numbers in a row at most. Then a prover that goes by ranges can follow.
const MAX_FOR_BITS: u32 = 1023;

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
    let mut choices: Vec<(Left, Choice)> = Vec::new();
    if is_few(part) {
        choices.extend((1..part.pieces.len()).map(|at| {
            let (low, high) = part.split(at);
            (known_left(&[&low, &high]), Choice::Start(at))
        }));
        choices.extend(alone(part).into_iter().map(|number| {
            let rest = part.without(number);
            (known_left(&[&rest]), Choice::Number(number))
        }));
    } else {
        choices.extend(starts(part).map(|(at, left)| (left, Choice::Start(at))));
        let sum = Sum::of(part);
        let numbers = alone(part).into_iter();
        choices.extend(numbers.map(|number| (without(part, sum, number), Choice::Number(number))));
        bits(part, &mut choices);
    }
    let least = choices.into_iter().min_by_key(|&(left, _)| left);
    least.map(|(_, choice)| choice.made(part))
}

/// Adds what bits leave.
fn bits(part: &Part, choices: &mut Vec<(Left, Choice)>) {
    if part.pieces.len() < MIN_FOR_BITS {
        return;
    }
    let high_bits = BITS.into_iter().filter(|&bit| bit >= 30);
    choices.extend(high_bits.filter_map(|bit| Some((behind_bit(part, bit)?, Choice::Bit(bit)))));
    let first = part.pieces.first().map_or(0, |piece| piece.start);
    let near = part
        .pieces
        .partition_point(|piece| piece.end - first <= MAX_FOR_BITS);
    let low_bits = BITS.into_iter().filter(|&bit| bit < 30);
    if near == part.pieces.len() {
        choices.extend(low_bits.filter_map(|bit| Some((behind_bit(part, bit)?, Choice::Bit(bit)))));
    } else if near >= MIN_FOR_BITS {
        // It takes one question more to come to numbers of which bits can be asked.
        let (low, high) = part.split(near);
        let rest = Sum::of(&high).left() + (total(&low) << 16);
        let left = low_bits.filter_map(|bit| behind_bit(&low, bit)).min();
        choices.extend(left.map(|(left, pieces)| {
            (
                (left + rest, pieces + high.pieces.len()),
                Choice::Start(near),
            )
        }));
    }
}

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

/// The numbers that are worth a comparison of their own.
fn alone(part: &Part) -> Vec<u32> {
    let mut likely: Vec<(u32, u32)> = part.points().to_vec();
    let by_weight = |&(number, weight): &(u32, u32)| (std::cmp::Reverse(weight), number);
    if likely.len() > MAX_LIKELY {
        likely.select_nth_unstable_by_key(MAX_LIKELY, by_weight);
        likely.truncate(MAX_LIKELY);
    }
    let mut singles: Vec<usize> = singles(part).collect();
    // Of many the weightiest are enough.
    singles.sort_by_key(|&at| std::cmp::Reverse(part.weights.get(at).copied()));
    singles.truncate(MAX_LIKELY);
    let singles = singles
        .into_iter()
        .filter_map(|at| Some(part.pieces.get(at)?.start));
    let likely = likely.into_iter().map(|(number, _)| number);
    singles.chain(likely).collect()
}
