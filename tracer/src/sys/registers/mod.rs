//! The registers of a stopped tracee that the tracer reads and changes: the only place of the tracer
//! that depends on the architecture it is built for. One file each; another one is another file.
//!
//! What a tracee's registers look like is the tracee's affair, not the build's: a 64-bit tracer has
//! 32-bit tracees, and where the kernel lets it, a 32-bit tracer has 64-bit ones.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "arm")]
mod arm;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;

#[cfg(target_arch = "aarch64")]
pub use aarch64::{call_of_registers, restore_first_word, set_first_word, skip_call, unskip_call};
#[cfg(target_arch = "arm")]
pub use arm::{call_of_registers, restore_first_word, set_first_word, skip_call, unskip_call};
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub use x86::{call_of_registers, restore_first_word, set_first_word, skip_call, unskip_call};

/// The result of a call that is not made.
const ENOSYS: u64 = (-(libc::ENOSYS as i64)) as u64;
