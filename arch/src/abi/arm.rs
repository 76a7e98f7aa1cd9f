//! ARM EABI, native and AArch32 compat.

use super::{Abi, AbiId, Wide};

pub(super) static ARM: Abi = Abi {
    id: AbiId::Arm,
    name: "arm",
    audit_arch: 0x4000_0028,
    word_bits: 32,
    long_bits: 32,
    wide: Wide::EvenPair,
    nr_base: 0,
};
