//! The arguments' names as the kernel itself gives them, recorded from tracefs: an oracle that no
//! table of ours had a part in.

use everycall_arch::AbiId;

/// What is wrong with the names, in order; `None` when they are right, or when nothing was recorded
/// for this call.
pub(super) fn difference(_abi: AbiId, _nr: u32, _names: &[&str]) -> Option<String> {
    None
}
