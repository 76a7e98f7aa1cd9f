//! AArch64, whose tracees may run in AArch32 state.
//!
//! The kernel gives 31 general registers of 64 bits, and for a 32-bit process 16 of 32 bits (the sizes
//! tell which); the number of the call is a set of its own, of both. During syscall-stops x7 (r12 in
//! AArch32) holds a mark instead of its value; the kernel puts the value back, so that nothing is
//! changed by writing all of them.

use std::io;

use libc::pid_t;

use super::ENOSYS;
use crate::protocol::CallInfo;
use crate::sys::regset::{NT_PRSTATUS, Regset};

/// The number of the call, an `int` (linux/elf.h).
const NT_ARM_SYSTEM_CALL: usize = 0x404;

/// Sets x0 or r0, first word and result alike.
fn set_r0(tid: pid_t, value: u64) -> io::Result<()> {
    const LONG_SIZE: usize = 34 * 8;
    let mut registers = Regset::get(tid, NT_PRSTATUS)?;
    let width = if registers.bytes().len() == LONG_SIZE {
        8
    } else {
        4
    };
    registers.set_word(0, width, value);
    registers.put(tid)
}

/// On x86 the call that a thread made last, of those that are exempt from seccomp; here there is none.
pub fn call_of_registers(_tid: pid_t) -> io::Result<Option<CallInfo>> {
    Ok(None)
}

/// Makes the kernel skip the call that the tracee is about to make; it returns `-ENOSYS`. `arch` is
/// the call's.
pub fn skip_call(tid: pid_t, _arch: u32) -> io::Result<()> {
    let mut number = Regset::get(tid, NT_ARM_SYSTEM_CALL)?;
    number.set_word(0, 4, u64::MAX);
    number.put(tid)?;
    set_r0(tid, ENOSYS)
}

/// Makes a call whose number looks like a wish to skip it end as it would untraced. The kernel leaves
/// the result's register as it is then, which still has the first word.
pub fn unskip_call(tid: pid_t, _arch: u32, _own_filter: Option<bool>) -> io::Result<()> {
    set_r0(tid, ENOSYS)
}

/// Sets the first word of the call that the tracee is about to make. `arch` is the call's.
pub fn set_first_word(tid: pid_t, _arch: u32, value: u64) -> io::Result<()> {
    set_r0(tid, value)
}

/// After the call the register holds the result (or, if the call is made again, what the kernel kept of
/// the first word when it was entered): there is nothing to put back.
pub fn restore_first_word(_tid: pid_t, _arch: u32, _value: u64) -> io::Result<()> {
    Ok(())
}
