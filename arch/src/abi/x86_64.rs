//! x86-64.

use super::{Abi, AbiId, Wide};

pub(super) static X86_64: Abi = Abi {
    id: AbiId::X86_64,
    name: "x86_64",
    audit_arch: 0xc000_003e,
    word_bits: 64,
    long_bits: 64,
    wide: Wide::Whole,
    nr_base: 0,
};
