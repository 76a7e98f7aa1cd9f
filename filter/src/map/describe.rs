//! From a diagram over one field to the shortest way to tell it.

use foldhash::{HashMap, HashSet};

use super::set::{Masked, Range, Set, Test, View};
use super::space::Field;
use crate::bdd::{Bdd, FALSE, Full, Node, TRUE, Var};

/// How many ranges a condition may have.
const MAX_RANGES: usize = 32;

/// How many patterns a condition may have.
const MAX_PATTERNS: usize = 12;

/// What a diagram is for the values of a range of a field.
pub(super) type Piece = (Range, Node);

/// Cuts a field into the longest ranges of its low `bits` for which a diagram, which asks nothing above them, is one
/// and the same, in ascending order; `None` when there are more than `most`.
pub(super) fn pieces(
    bdd: &Bdd,
    node: Node,
    field: Field,
    bits: u32,
    most: usize,
) -> Option<Vec<Piece>> {
    let end = field.end();
    let ranges = bdd.ranges(node, end - bits as Var..end, most)?;
    let piece = |(low, high, node): (u64, u64, Node)| {
        let (low, high) = (low.into(), high.into());
        (Range { low, high }, node)
    };
    Some(ranges.into_iter().map(piece).collect())
}

/// What is left of a diagram behind a field: each residual once, in the order of the least value that leads to it.
pub(super) fn residuals(
    bdd: &Bdd,
    node: Node,
    field: Field,
    most: usize,
) -> Result<Vec<Node>, Full> {
    let mut seen: HashSet<Node> = HashSet::default();
    let mut found = Vec::new();
    let mut pending = vec![node];
    while let Some(next) = pending.pop() {
        if !seen.insert(next) {
            continue;
        }
        match bdd.choice(next) {
            Some((var, low, high)) if var < field.end() => pending.extend([high, low]),
            _ if found.len() >= most => return Err(Full),
            _ => found.push(next),
        }
    }
    Ok(found)
}

/// The shortest way to tell where a truth about one field holds. It is not told that it always or never does.
pub(super) fn describe(bdd: &mut Bdd, node: Node, field: Field) -> Result<Test, Full> {
    let test = |negated, set| Test {
        field,
        negated,
        set,
    };
    let mut ways = Vec::new();
    let bits = u32::from(field.end() - bdd.top(node).min(field.end() - 1));
    // Twice as many pieces as ranges, as every second one is a gap.
    if let Some(pieces) = pieces(bdd, node, field, bits, 2 * MAX_RANGES + 1) {
        for negated in [false, true] {
            let inside = Node::truth(!negated);
            let ranges: Vec<Range> = pieces
                .iter()
                .filter(|(_, node)| *node == inside)
                .map(|&(range, _)| range)
                .collect();
            for signed in [false, true] {
                let view = View { bits, signed };
                if let Some(ranges) = seen_as(view, &ranges) {
                    ways.push(test(negated, Set::Ranges(view, ranges)));
                }
            }
        }
    }
    for negated in [false, true] {
        let patterns = bdd.attempt(|bdd| {
            let wanted = if negated { bdd.not(node)? } else { node };
            patterns(bdd, wanted, field)
        });
        if let Ok(patterns) = patterns {
            ways.push(test(negated, Set::Masked(patterns)));
        }
    }
    let shortest = ways.into_iter().min_by_key(Test::cost);
    Ok(shortest.unwrap_or_else(|| {
        let (count, example) = count(bdd, node, field);
        test(false, Set::Irregular { count, example })
    }))
}

/// Ranges of unsigned values as a view shows them. A sign is looked at only in words of usual width.
fn seen_as(view: View, ranges: &[Range]) -> Option<Vec<Range>> {
    if !view.signed {
        return Some(ranges.to_vec());
    }
    if !matches!(view.bits, 32 | 64) {
        return None;
    }
    let half = 1i128 << (view.bits - 1);
    let lower = |range: &Range| {
        (range.low < half).then(|| Range {
            low: range.low,
            high: range.high.min(half - 1),
        })
    };
    let upper = |range: &Range| {
        (range.high >= half).then(|| Range {
            low: range.low.max(half) - 2 * half,
            high: range.high - 2 * half,
        })
    };
    let mut shown: Vec<Range> = ranges.iter().filter_map(upper).collect();
    for range in ranges.iter().filter_map(lower) {
        match shown.last_mut() {
            Some(last) if last.high + 1 == range.low => last.high = range.high,
            _ => shown.push(range),
        }
    }
    Some(shown)
}

/// Patterns that together are the truth, none of which can be left out (Minato's and Morreale's way).
fn patterns(bdd: &mut Bdd, node: Node, field: Field) -> Result<Vec<Masked>, Full> {
    let mut patterns = Vec::new();
    let whole = Masked { mask: 0, value: 0 };
    cover(bdd, (node, node), field, whole, &mut patterns)?;
    Ok(patterns)
}

/// Adds patterns that hold wherever the first truth does, and nowhere where the second does not. What they are is returned.
fn cover(
    bdd: &mut Bdd,
    (least, most): (Node, Node),
    field: Field,
    so_far: Masked,
    patterns: &mut Vec<Masked>,
) -> Result<Node, Full> {
    if least == FALSE {
        return Ok(FALSE);
    }
    if most == TRUE {
        if patterns.len() >= MAX_PATTERNS {
            return Err(Full);
        }
        patterns.push(so_far);
        return Ok(TRUE);
    }
    bdd.step()?;
    let var = bdd.top(least).min(bdd.top(most));
    let (least0, least1) = bdd.split(least, var);
    let (most0, most1) = bdd.split(most, var);
    let bit = 1u64 << (field.end() - 1 - var);
    let clear = Masked {
        mask: so_far.mask | bit,
        ..so_far
    };
    let set = Masked {
        mask: so_far.mask | bit,
        value: so_far.value | bit,
    };
    let only0 = bdd.without(least0, most1)?;
    let cover0 = cover(bdd, (only0, most0), field, clear, patterns)?;
    let only1 = bdd.without(least1, most0)?;
    let cover1 = cover(bdd, (only1, most1), field, set, patterns)?;
    let rest0 = bdd.without(least0, cover0)?;
    let rest1 = bdd.without(least1, cover1)?;
    let rest = bdd.or(rest0, rest1)?;
    let both = bdd.and(most0, most1)?;
    let without = cover(bdd, (rest, both), field, so_far, patterns)?;
    let with = bdd.make(var, cover0, cover1)?;
    bdd.or(with, without)
}

/// For how many values of a field a truth holds, and one of them.
pub(super) fn count(bdd: &Bdd, node: Node, field: Field) -> (u128, u64) {
    // Of each part, how many settings of the bits from its own first one on.
    let mut counts: HashMap<Node, u128> = HashMap::default();
    let under = |counts: &HashMap<Node, u128>, part: Node, from: Var| {
        let skipped = bdd.top(part).min(field.end()) - from;
        counts.get(&part).copied().unwrap_or(0) << skipped
    };
    counts.insert(TRUE, 1);
    for part in bdd.parts(node) {
        if let Some((var, low, high)) = bdd.choice(part) {
            let sum = under(&counts, low, var + 1) + under(&counts, high, var + 1);
            counts.insert(part, sum);
        }
    }
    let mut example = 0;
    let mut at = node;
    while let Some((var, low, high)) = bdd.choice(at) {
        let take = low == FALSE;
        if take {
            example |= 1u64 << (field.end() - 1 - var);
        }
        at = if take { high } else { low };
    }
    (under(&counts, node, field.start()), example)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SeccompData;
    use crate::map::space::{asked, in_range, masked};

    const FIELD: Field = Field::Arg(1);

    fn told(make: impl FnOnce(&mut Bdd) -> Result<Node, Full>) -> String {
        let mut bdd = Bdd::new(1 << 20);
        let node = make(&mut bdd).unwrap();
        describe(&mut bdd, node, FIELD).unwrap().to_string()
    }

    fn low_is(bdd: &mut Bdd, k: u64) -> Result<Node, Full> {
        masked(bdd, FIELD, 0xffff_ffff, k)
    }

    #[test]
    fn what_is_shorter_is_told() {
        assert_eq!(
            told(|bdd| in_range(bdd, FIELD, 64, (0, 4095))),
            "arg1 <= 4095"
        );
        assert_eq!(
            told(|bdd| masked(bdd, FIELD, 0x7e02_0000, 0)),
            "arg1 & 0x7e020000 == 0"
        );
        assert_eq!(told(|bdd| low_is(bdd, 5)), "(u32) arg1 == 5");
        assert_eq!(told(|bdd| low_is(bdd, 0xffff_ff9c)), "(i32) arg1 == -100");
        assert_eq!(
            told(|bdd| masked(bdd, FIELD, 1 << 31, 1 << 31)),
            "(i32) arg1 < 0"
        );
        assert_eq!(told(|bdd| masked(bdd, FIELD, 1, 1)), "arg1 & 0x1 == 1");
        let two = |bdd: &mut Bdd| {
            let one = masked(bdd, FIELD, u64::MAX, 16)?;
            let other = masked(bdd, FIELD, u64::MAX, 31)?;
            bdd.or(one, other)
        };
        assert_eq!(told(two), "(arg1 == 16 || arg1 == 31)");
        let neither = |bdd: &mut Bdd| {
            let either = two(bdd)?;
            bdd.not(either)
        };
        assert_eq!(told(neither), "arg1 != 16 && arg1 != 31");
        let around_zero = |bdd: &mut Bdd| {
            let below = in_range(bdd, FIELD, 64, (u64::MAX - 4, u64::MAX))?;
            let above = in_range(bdd, FIELD, 64, (0, 10))?;
            bdd.or(below, above)
        };
        assert_eq!(told(around_zero), "(i64) arg1 in -5..=10");
    }

    #[test]
    fn what_is_irregular_is_counted() {
        // The parity of 16 bits has 2^15 ranges and as many patterns.
        let mut bdd = Bdd::new(1 << 20);
        let parity = (0..16).try_fold(FALSE, |acc, bit| {
            let bit = bdd.var(FIELD.bit(bit))?;
            bdd.xor(bit, acc)
        });
        let test = describe(&mut bdd, parity.unwrap(), FIELD).unwrap();
        assert_eq!(
            test.set,
            Set::Irregular {
                count: 1 << 63,
                example: 1
            }
        );
        assert_eq!(test.holds(1), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        // Unions and differences of ranges and patterns, with a call as the judge.
        #[test]
        fn what_is_told_holds_where_the_diagram_does(
            parts in proptest::collection::vec(
                (any::<bool>(), any::<bool>(), prop_oneof![0u64..64, any::<u64>()], 0u64..64, 0u32..60), 1..5),
            values in proptest::collection::vec(any::<u64>(), 20),
        ) {
            let mut bdd = Bdd::new(1 << 20);
            let mut node = FALSE;
            for &(add, range, at, size, shift) in &parts {
                let part = if range {
                    in_range(&mut bdd, FIELD, 64, (at, at.saturating_add(size << shift))).unwrap()
                } else {
                    masked(&mut bdd, FIELD, size << shift, at & size << shift).unwrap()
                };
                node = if add { bdd.or(node, part).unwrap() } else { bdd.without(node, part).unwrap() };
            }
            prop_assume!(node.value().is_none());
            let test = describe(&mut bdd, node, FIELD).unwrap();
            let near = parts.iter().flat_map(|&(.., at, size, shift)| {
                let end = at.saturating_add(size << shift);
                [at.wrapping_sub(1), at, at.wrapping_add(1), end, end.wrapping_add(1), size << shift, 0, u64::MAX]
            });
            for value in values.into_iter().chain(near) {
                let mut data = SeccompData::default();
                data.args[1] = value;
                let holds = bdd.at(node, |var| asked(&data, var)) == 1;
                if let Some(told) = test.holds(value) {
                    prop_assert_eq!(told, holds, "{} of {:#x}", test, value);
                }
            }
        }
    }
}
