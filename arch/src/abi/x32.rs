//! x32: x86-64 with 32-bit pointers, told by bit 30 of the number.

use super::{Abi, AbiId, Wide};

pub(super) static X32: Abi = Abi {
    id: AbiId::X32,
    name: "x32",
    audit_arch: 0xc000_003e,
    word_bits: 64,
    long_bits: 32,
    wide: Wide::Whole,
    nr_base: 0x4000_0000,
};
