//! The bits of a call's data, in the order in which diagrams ask them.
//!
//! Architecture first, then the number, then the six words and the instruction pointer, each from its most
//! significant bit to its least. In this order a comparison with a constant is a chain, and what a filter does
//! of one number is one node.

use crate::bdd::{Bdd, FALSE, Full, Node, TRUE, Var};
use crate::data::{ARCH_OFFSET, ARGS_OFFSET, IP_OFFSET, NR_OFFSET};
use crate::{ByteOrder, SeccompData};

/// A part of a call's data that is one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The architecture word.
    Arch,
    /// The number.
    Nr,
    /// One of the six words.
    Arg(u8),
    /// The instruction pointer.
    Ip,
}

/// The first bit of the words, that is, the end of architecture and number.
pub(super) const ARGS: Var = 64;

impl Field {
    /// Every field, in the order in which diagrams ask them.
    pub const ALL: [Field; 9] = [
        Field::Arch,
        Field::Nr,
        Field::Arg(0),
        Field::Arg(1),
        Field::Arg(2),
        Field::Arg(3),
        Field::Arg(4),
        Field::Arg(5),
        Field::Ip,
    ];

    /// How many bits it has.
    #[must_use]
    pub fn width(self) -> u32 {
        match self {
            Field::Arch | Field::Nr => 32,
            Field::Arg(_) | Field::Ip => 64,
        }
    }

    /// Its name, as conditions have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Field::Arch => "arch",
            Field::Nr => "nr",
            Field::Arg(0) => "arg0",
            Field::Arg(1) => "arg1",
            Field::Arg(2) => "arg2",
            Field::Arg(3) => "arg3",
            Field::Arg(4) => "arg4",
            Field::Arg(_) => "arg5",
            Field::Ip => "ip",
        }
    }

    /// Its value in a call.
    #[must_use]
    pub fn of(self, data: &SeccompData) -> u64 {
        match self {
            Field::Arch => u64::from(data.arch),
            Field::Nr => u64::from(data.nr),
            Field::Arg(n) => data.args[usize::from(n.min(5))],
            Field::Ip => data.instruction_pointer,
        }
    }

    /// Gives it a value in a call.
    pub(super) fn set(self, data: &mut SeccompData, value: u64) {
        match self {
            Field::Arch => data.arch = value as u32,
            Field::Nr => data.nr = value as u32,
            Field::Arg(n) => data.args[usize::from(n.min(5))] = value,
            Field::Ip => data.instruction_pointer = value,
        }
    }

    /// Its most significant bit.
    pub(super) fn start(self) -> Var {
        match self {
            Field::Arch => 0,
            Field::Nr => 32,
            Field::Arg(n) => ARGS + 64 * Var::from(n.min(5)),
            Field::Ip => ARGS + 6 * 64,
        }
    }

    /// The first bit of the next field.
    pub(super) fn end(self) -> Var {
        self.start() + self.width() as Var
    }

    /// The bit of this significance.
    pub(super) fn bit(self, significance: u32) -> Var {
        self.end() - 1 - significance as Var
    }

    /// The field that a bit belongs to.
    pub(super) fn of_var(var: Var) -> Field {
        match (var / 64, var % 64) {
            (0, 0..32) => Field::Arch,
            (0, _) => Field::Nr,
            (n @ 1..=6, _) => Field::Arg(n as u8 - 1),
            _ => Field::Ip,
        }
    }
}

/// The least significant bit of the 32-bit word at an offset of the data, and whose it is.
pub(super) fn word_at(offset: u32, order: ByteOrder) -> (Field, u32) {
    let field = match offset {
        NR_OFFSET => return (Field::Nr, 0),
        ARCH_OFFSET => return (Field::Arch, 0),
        IP_OFFSET..ARGS_OFFSET => Field::Ip,
        _ => Field::Arg(((offset - ARGS_OFFSET) / 8) as u8),
    };
    let second = offset % 8 == 4;
    let high = second == (order == ByteOrder::Little);
    (field, if high { 32 } else { 0 })
}

/// The bit of a call's data that a diagram asks.
pub(super) fn asked(data: &SeccompData, var: Var) -> bool {
    let word = match var / 64 {
        0 => u64::from(data.arch) << 32 | u64::from(data.nr),
        n @ 1..=6 => data.args[usize::from(n) - 1],
        _ => data.instruction_pointer,
    };
    word >> (63 - var % 64) & 1 == 1
}

/// What stands for a field when a diagram's path leaves it open: the bits on the path, the others zero.
pub(super) fn put(data: &mut SeccompData, var: Var, set: bool) {
    let field = Field::of_var(var);
    let bit = 1u64 << (field.end() - 1 - var);
    let value = field.of(data);
    field.set(data, if set { value | bit } else { value & !bit });
}

/// Where the value of a field's low `bits` is in a range.
pub(super) fn in_range(
    bdd: &mut Bdd,
    field: Field,
    bits: u32,
    (low, high): (u64, u64),
) -> Result<Node, Full> {
    let at_least = at_least(bdd, field, bits, low)?;
    let most = u64::MAX >> (64 - bits.clamp(1, 64));
    if high >= most {
        return Ok(at_least);
    }
    let above = self::at_least(bdd, field, bits, high + 1)?;
    bdd.without(at_least, above)
}

/// Where the value of a field's low `bits` is `k` or more.
fn at_least(bdd: &mut Bdd, field: Field, bits: u32, k: u64) -> Result<Node, Full> {
    if bits < 64 && k >> bits != 0 {
        return Ok(FALSE);
    }
    (0..bits.min(field.width())).try_fold(TRUE, |rest, significance| {
        let var = field.bit(significance);
        match k >> significance & 1 {
            0 => bdd.make(var, rest, TRUE),
            _ => bdd.make(var, FALSE, rest),
        }
    })
}

/// Where the bits of a mask have these values.
pub(super) fn masked(bdd: &mut Bdd, field: Field, mask: u64, value: u64) -> Result<Node, Full> {
    (0..field.width())
        .filter(|significance| mask >> significance & 1 == 1)
        .try_fold(TRUE, |rest, significance| {
            let var = field.bit(significance);
            match value >> significance & 1 {
                0 => bdd.make(var, rest, FALSE),
                _ => bdd.make(var, FALSE, rest),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_the_data_is_asked_once_and_where_it_stands() {
        for var in 0..512 {
            let mut data = SeccompData::default();
            put(&mut data, var, true);
            let set: Vec<Var> = (0..512).filter(|&var| asked(&data, var)).collect();
            assert_eq!(set, [var]);
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let (field, low) = (0..64)
                    .step_by(4)
                    .find(|&offset| data.word(offset, order) != Some(0))
                    .map(|offset| word_at(offset, order))
                    .unwrap();
                assert_eq!(field, Field::of_var(var));
                assert!((low..low + 32).any(|significance| field.bit(significance) == var));
            }
            put(&mut data, var, false);
            assert_eq!(data, SeccompData::default());
        }
    }

    #[test]
    fn ranges_and_masks_hold_where_they_should() {
        let mut bdd = Bdd::new(1 << 16);
        let ranges = [
            (Field::Nr, 5, 9),
            (Field::Nr, 0, u64::from(u32::MAX)),
            (Field::Nr, 7, u64::from(u32::MAX)),
            (Field::Arg(3), 1 << 32, (1 << 33) + 5),
            (Field::Ip, u64::MAX, u64::MAX),
            (Field::Ip, 0, 0),
        ];
        for (field, low, high) in ranges {
            let node = in_range(&mut bdd, field, field.width(), (low, high)).unwrap();
            for near in [low, high, 0, 1 << 32] {
                for value in [near.wrapping_sub(1), near, near.wrapping_add(1)] {
                    let mut data = SeccompData::default();
                    field.set(&mut data, value);
                    let value = field.of(&data);
                    let holds = bdd.at(node, |var| asked(&data, var)) == 1;
                    assert_eq!(holds, (low..=high).contains(&value), "{field:?} {value:#x}");
                }
            }
        }
        let node = masked(&mut bdd, Field::Arg(1), 0xf0, 0x50).unwrap();
        for value in 0..=u8::MAX {
            let mut data = SeccompData::default();
            data.args[1] = u64::from(value) | 7 << 40;
            assert_eq!(
                bdd.at(node, |var| asked(&data, var)) == 1,
                value & 0xf0 == 0x50
            );
        }
    }
}
