//! Which words of a call make which argument.

use crate::{AbiId, Proto, Wide};

/// The words of one argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Index of the first word, 0 to 5.
    pub first: u8,
    /// How many words: 1 or 2.
    pub words: u8,
}

/// The slots of a proto's arguments on an ABI, by its one rule. Words beyond the sixth do not exist:
/// a proto that would need them is a fault of the tables, which their tests find.
#[must_use]
pub fn slots(abi: AbiId, proto: &Proto) -> Vec<Slot> {
    let mut next = 0;
    proto
        .args
        .iter()
        .map(|arg| {
            let words = match abi.abi().wide {
                Wide::Pair | Wide::EvenPair if arg.ty.is_wide() => 2,
                _ => 1,
            };
            if words == 2 && abi.abi().wide == Wide::EvenPair {
                next += next % 2;
            }
            let first = next;
            next += words;
            Slot { first, words }
        })
        .collect()
}

impl Slot {
    /// The argument's value: its word, or its two words joined, cut to the ABI's word width.
    #[must_use]
    pub fn value(self, abi: AbiId, words: &[u64; 6]) -> u64 {
        let mask = if abi.abi().word_bits == 32 {
            0xffff_ffff
        } else {
            u64::MAX
        };
        let word = |i: u8| words.get(usize::from(i)).copied().unwrap_or(0) & mask;
        match self.words {
            2 => word(self.first) | word(self.first + 1) << 32,
            _ => word(self.first),
        }
    }
}
