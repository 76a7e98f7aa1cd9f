//! What a probe really did: the truth that a tracer's output is held against.

use everycall_arch::AbiId;

/// One call that a probe made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// By which instruction: the ABI of this call. x32's bit is part of `nr`, and says `X32` here.
    pub abi: AbiId,
    /// The number register as it was set, all 64 bits of it.
    pub nr: u64,
    /// The words as they were set.
    pub words: [u64; 6],
    /// The result register after, whole; `None` when the call did not return.
    pub result: Option<u64>,
}

/// The calls of a probe, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The calls.
    pub calls: Vec<Made>,
}
