//! Every unsafe call into the kernel that the tracer makes, each behind a safe function.
//!
//! Errors are `io::Error`s that hold the kernel's errno. A tracee that died meanwhile gives
//! `ESRCH`, which callers take for what it is: the wait status that follows tells the rest.
#![expect(
    unsafe_code,
    reason = "ptrace, wait and signal calls have no safe equivalent that keeps this layer small"
)]

mod process;
mod ptrace;
mod registers;
mod regset;

pub use process::*;
pub use ptrace::*;
pub use registers::{
    call_of_registers, restore_first_word, set_first_word, skip_call, unskip_call,
};
