//! Arithmetic on unknown 32-bit words: each bit of a result as a function of the call's bits.
//!
//! Bit 0 is the least significant. Everything is exact; what has no small diagram ends with [`Full`].

use crate::bdd::{Bdd, FALSE, Full, Node, TRUE};
use crate::insn::{Alu, Cond};

/// A word.
pub(super) type Bits = [Node; 32];

/// A known word.
pub(super) fn constant(k: u32) -> Bits {
    std::array::from_fn(|bit| Node::truth(k >> bit & 1 == 1))
}

/// The word's value, if it is known.
pub(super) fn known(bits: &Bits) -> Option<u32> {
    (0..).zip(bits).try_fold(0, |value, (at, bit)| {
        bit.value().map(|set| value | set << at)
    })
}

/// Where the condition holds, `g`, elsewhere `h`.
pub(super) fn choose(bdd: &mut Bdd, when: Node, g: &Bits, h: &Bits) -> Result<Bits, Full> {
    let mut result = *g;
    for (bit, &other) in result.iter_mut().zip(h) {
        *bit = bdd.ite(when, *bit, other)?;
    }
    Ok(result)
}

/// The result of an operation. What it is for a divisor of zero means nothing.
pub(super) fn apply(bdd: &mut Bdd, alu: Alu, a: &Bits, b: &Bits) -> Result<Bits, Full> {
    match alu {
        Alu::Add => add(bdd, a, b, FALSE),
        Alu::Sub => {
            let inverse = each(bdd, b, b, |bdd, bit, _| bdd.not(bit))?;
            add(bdd, a, &inverse, TRUE)
        }
        Alu::Mul => match known(a) {
            Some(_) => multiply(bdd, b, a),
            None => multiply(bdd, a, b),
        },
        Alu::Div => divide(bdd, a, b),
        Alu::Or => each(bdd, a, b, Bdd::or),
        Alu::And => each(bdd, a, b, Bdd::and),
        Alu::Xor => each(bdd, a, b, Bdd::xor),
        Alu::Lsh | Alu::Rsh => shift(bdd, alu == Alu::Lsh, a, b),
    }
}

/// Zero minus the word.
pub(super) fn negate(bdd: &mut Bdd, a: &Bits) -> Result<Bits, Full> {
    apply(bdd, Alu::Sub, &constant(0), a)
}

/// Where the comparison holds.
pub(super) fn compare(bdd: &mut Bdd, cond: Cond, a: &Bits, b: &Bits) -> Result<Node, Full> {
    match cond {
        Cond::Eq => fold(bdd, a, b, TRUE, |bdd, a, b, rest| {
            let if_b = bdd.and(a, rest)?;
            let if_not = bdd.without(rest, a)?;
            bdd.ite(b, if_b, if_not)
        }),
        Cond::Set => fold(bdd, a, b, FALSE, |bdd, a, b, rest| {
            let both = bdd.and(a, b)?;
            bdd.or(both, rest)
        }),
        Cond::Gt => above(bdd, a, b, FALSE),
        Cond::Ge => above(bdd, a, b, TRUE),
    }
}

/// Where a word is greater than another; `when_equal` where they are the same.
fn above(bdd: &mut Bdd, a: &[Node], b: &[Node], when_equal: Node) -> Result<Node, Full> {
    fold(bdd, a, b, when_equal, |bdd, a, b, rest| {
        let if_a = bdd.ite(b, rest, TRUE)?;
        let if_not = bdd.ite(b, FALSE, rest)?;
        bdd.ite(a, if_a, if_not)
    })
}

/// Goes from the least significant bits to the most, as what is asked last must be made first.
fn fold(
    bdd: &mut Bdd,
    a: &[Node],
    b: &[Node],
    start: Node,
    mut next: impl FnMut(&mut Bdd, Node, Node, Node) -> Result<Node, Full>,
) -> Result<Node, Full> {
    a.iter()
        .zip(b)
        .try_fold(start, |rest, (&a, &b)| next(bdd, a, b, rest))
}

/// An operation bit by bit.
fn each(
    bdd: &mut Bdd,
    a: &Bits,
    b: &Bits,
    mut of: impl FnMut(&mut Bdd, Node, Node) -> Result<Node, Full>,
) -> Result<Bits, Full> {
    let mut result = *a;
    for (bit, &other) in result.iter_mut().zip(b) {
        *bit = of(bdd, *bit, other)?;
    }
    Ok(result)
}

/// The sum, modulo 2^32.
fn add(bdd: &mut Bdd, a: &Bits, b: &Bits, mut carry: Node) -> Result<Bits, Full> {
    each(bdd, a, b, |bdd, a, b| {
        let odd = bdd.xor(a, b)?;
        let sum = bdd.xor(odd, carry)?;
        carry = bdd.ite(odd, carry, a)?;
        Ok(sum)
    })
}

/// The product, modulo 2^32: one sum for each bit of `b` that may be set.
fn multiply(bdd: &mut Bdd, a: &Bits, b: &Bits) -> Result<Bits, Full> {
    let mut product = constant(0);
    for (by, &bit) in b.iter().enumerate() {
        if bit != FALSE {
            let mut part = moved(a, true, by);
            for at in &mut part {
                *at = bdd.and(*at, bit)?;
            }
            product = add(bdd, &product, &part, FALSE)?;
        }
    }
    Ok(product)
}

/// The quotient, as on paper: bit by bit from the top, the remainder is compared with the divisor.
fn divide(bdd: &mut Bdd, a: &Bits, b: &Bits) -> Result<Bits, Full> {
    // The remainder with one more bit of the dividend needs one bit more than the divisor.
    let mut divisor = b.to_vec();
    divisor.push(FALSE);
    let mut rest = vec![FALSE; divisor.len()];
    let mut quotient = constant(0);
    for (bit, &next) in quotient.iter_mut().zip(a).rev() {
        rest.pop();
        rest.insert(0, next);
        *bit = above(bdd, &rest, &divisor, TRUE)?;
        let mut borrow = FALSE;
        for (at, &minus) in rest.iter_mut().zip(&divisor) {
            let odd = bdd.xor(*at, minus)?;
            let difference = bdd.xor(odd, borrow)?;
            borrow = bdd.ite(odd, minus, borrow)?;
            *at = bdd.ite(*bit, difference, *at)?;
        }
    }
    Ok(quotient)
}

/// A shift by the low five bits of `b`, as [`Alu::apply`] has it.
fn shift(bdd: &mut Bdd, left: bool, a: &Bits, b: &Bits) -> Result<Bits, Full> {
    let mut result = *a;
    for (power, &bit) in b.iter().take(5).enumerate() {
        let further = moved(&result, left, 1 << power);
        result = choose(bdd, bit, &further, &result)?;
    }
    Ok(result)
}

/// A shift by a known distance.
fn moved(a: &Bits, left: bool, by: usize) -> Bits {
    std::array::from_fn(|bit| {
        let from = if left {
            bit.checked_sub(by)
        } else {
            bit.checked_add(by)
        };
        from.and_then(|from| a.get(from)).copied().unwrap_or(FALSE)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SeccompData;
    use crate::map::space::{Field, asked};

    const OPERATIONS: [Alu; 9] = [
        Alu::Add,
        Alu::Sub,
        Alu::Mul,
        Alu::Div,
        Alu::Or,
        Alu::And,
        Alu::Lsh,
        Alu::Rsh,
        Alu::Xor,
    ];

    /// A word of which only the bits of a mask come from the call, the others from a constant.
    fn word(bdd: &mut Bdd, field: Field, mask: u32, k: u32) -> Bits {
        std::array::from_fn(|bit| match mask >> bit & 1 {
            0 => Node::truth(k >> bit & 1 == 1),
            _ => bdd.var(field.bit(bit as u32)).unwrap(),
        })
    }

    fn value(bdd: &Bdd, bits: &Bits, data: &SeccompData) -> u32 {
        (0..).zip(bits).fold(0, |value, (at, &bit)| {
            value | bdd.at(bit, |var| asked(data, var)) << at
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        // The processor's arithmetic judges. Few unknown bits, so that everything has a small diagram.
        #[test]
        fn it_is_the_arithmetic_of_words(
            (shift_a, shift_b) in (0u32..29, 0u32..29),
            (k, l) in (any::<u32>(), any::<u32>()),
            calls in proptest::collection::vec((any::<u32>(), any::<u64>()), 30),
        ) {
            let mut bdd = Bdd::new(1 << 20);
            let (mask_a, mask_b) = (0x1d << shift_a, 0xb << shift_b);
            let a = word(&mut bdd, Field::Nr, mask_a, k);
            let b = word(&mut bdd, Field::Arg(2), mask_b, l);
            let results = OPERATIONS.map(|alu| (alu, apply(&mut bdd, alu, &a, &b).unwrap()));
            let comparisons = [Cond::Eq, Cond::Gt, Cond::Ge, Cond::Set]
                .map(|cond| (cond, compare(&mut bdd, cond, &a, &b).unwrap()));
            let negative = negate(&mut bdd, &a).unwrap();
            for (nr, arg) in calls {
                let mut data = SeccompData { nr, ..SeccompData::default() };
                data.args[2] = arg;
                let (va, vb) = (nr & mask_a | k & !mask_a, arg as u32 & mask_b | l & !mask_b);
                for (alu, result) in &results {
                    if let Some(expected) = alu.apply(va, vb) {
                        prop_assert_eq!(value(&bdd, result, &data), expected, "{:?}", alu);
                    }
                }
                prop_assert_eq!(value(&bdd, &negative, &data), va.wrapping_neg());
                for (cond, holds) in comparisons {
                    prop_assert_eq!(bdd.at(holds, |var| asked(&data, var)) == 1, cond.holds(va, vb), "{:?}", cond);
                }
            }
        }

        #[test]
        fn a_whole_unknown_word_and_a_constant_have_small_diagrams(k: u32, nr: u32) {
            let mut bdd = Bdd::new(1 << 20);
            let (a, b) = (word(&mut bdd, Field::Nr, u32::MAX, 0), constant(k));
            let data = SeccompData { nr, ..SeccompData::default() };
            for alu in OPERATIONS.into_iter().filter(|alu| !matches!(alu, Alu::Mul | Alu::Div)) {
                let result = apply(&mut bdd, alu, &a, &b).unwrap();
                prop_assert_eq!(value(&bdd, &result, &data), alu.apply(nr, k).unwrap());
            }
            prop_assert!(bdd.len() < 1 << 14, "{} nodes", bdd.len());
        }
    }

    #[test]
    fn a_product_of_two_unknown_words_is_not_tried_for_ever() {
        let mut bdd = Bdd::new(1 << 16);
        let a = word(&mut bdd, Field::Nr, u32::MAX, 0);
        let b = word(&mut bdd, Field::Arg(0), u32::MAX, 0);
        let before = bdd.len();
        let product = bdd.attempt(|bdd| apply(bdd, Alu::Mul, &a, &b));
        assert_eq!(product, Err(Full));
        assert_eq!(bdd.len(), before);
    }
}
