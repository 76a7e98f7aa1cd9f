//! AArch64.

use super::{Abi, AbiId, Wide};

pub(super) static AARCH64: Abi = Abi {
    id: AbiId::Aarch64,
    name: "aarch64",
    audit_arch: 0xc000_00b7,
    word_bits: 64,
    long_bits: 64,
    wide: Wide::Whole,
    nr_base: 0,
};
