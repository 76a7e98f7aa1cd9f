//! Named bits and named values.

use crate::AbiId;

/// One name and its value.
pub type Named = (u64, &'static str);

/// A set of named bits, as `open`'s flags.
#[derive(Debug)]
pub struct FlagSet {
    /// A prefix for what has no name, as `O_`.
    pub prefix: &'static str,
    /// Values of a field inside the bits, as `O_ACCMODE`: (mask, values). Shown first.
    pub field: Option<(u64, &'static [Named])>,
    /// The bits, in the order in which they are shown.
    pub bits: &'static [Named],
    /// Bits that have other values on some ABIs: these stand in front of `bits` there.
    pub abi_bits: &'static [(AbiId, &'static [Named])],
}

/// One of some named values, as `lseek`'s whence.
#[derive(Debug)]
pub struct EnumSet {
    /// A prefix for what has no name, as `SEEK_`.
    pub prefix: &'static str,
    /// The values.
    pub values: &'static [Named],
}
