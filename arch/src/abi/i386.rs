//! i386, native and compat.

use super::{Abi, AbiId, Wide};

pub(super) static I386: Abi = Abi {
    id: AbiId::I386,
    name: "i386",
    audit_arch: 0x4000_0003,
    word_bits: 32,
    long_bits: 32,
    wide: Wide::Pair,
    nr_base: 0,
};
