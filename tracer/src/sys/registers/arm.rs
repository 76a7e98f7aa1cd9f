//! 32-bit ARM, on its own kernel and on a 64-bit one.
//!
//! One register at a time (`PTRACE_POKEUSER`): of a 64-bit tracee the kernel gives a 32-bit tracer only
//! the low halves, and to write them all back would cut its pointers. One that is written alone has its
//! upper half cleared.

use std::io;

use everycall_arch::AbiId;
use libc::pid_t;

use super::ENOSYS;
use crate::protocol::{CallInfo, STAND_IN};
use crate::sys::ptrace::{req, request};

/// Sets r0, or the low half of x0: first word and result alike.
fn set_r0(tid: pid_t, value: u64) -> io::Result<()> {
    request(req::POKEUSER, tid, 0, value as usize)
}

/// Sets the number of the call that the tracee is about to make.
fn set_number(tid: pid_t, nr: u32) -> io::Result<()> {
    const PTRACE_SET_SYSCALL: i64 = 23;
    request(PTRACE_SET_SYSCALL, tid, 0, nr as usize)
}

/// On x86 the call that a thread made last, of those that are exempt from seccomp; here there is none.
pub fn call_of_registers(_tid: pid_t) -> io::Result<Option<CallInfo>> {
    Ok(None)
}

/// Makes the kernel skip the call that the tracee is about to make; it returns `-ENOSYS`. `arch` is
/// the call's: a 64-bit one is not made either, but its result can be set to 32 bits only.
pub fn skip_call(tid: pid_t, arch: u32) -> io::Result<()> {
    set_number(tid, u32::MAX)?;
    set_r0(tid, ENOSYS)?;
    if arch == AbiId::Arm.abi().audit_arch {
        return Ok(());
    }
    Err(io::Error::other(
        "a 32-bit tracer cannot give a 64-bit call its result: it returns 0xffffffda, not -ENOSYS",
    ))
}

/// Makes a call whose number looks like a wish to skip it end as it would untraced. A 32-bit kernel kills
/// for such a number, and takes the stand-in just so. A 64-bit kernel fails with `ENOSYS` but leaves
/// r0 as it is once it has skipped the call. Of a 64-bit call we cannot set all of the result: it gets
/// a number that no kernel implements, for its own code or for ours.
///
/// Under a filter of the thread's own a 32-bit kernel skips -1 untraced too, and leaves r0 as it is.
pub fn unskip_call(tid: pid_t, arch: u32, own_filter: Option<bool>) -> io::Result<()> {
    const HOLE: u32 = 0x000f_0007;
    if arch != AbiId::Arm.abi().audit_arch {
        set_number(tid, HOLE)
    } else if kernel_has_64_bits() {
        set_r0(tid, ENOSYS)
    } else if own_filter.unwrap_or_else(|| has_filter(tid)) {
        Ok(())
    } else {
        set_number(tid, STAND_IN)
    }
}

/// Whether a thread that has none of our filters has any (`Seccomp: 2` in proc_pid_status(5)).
fn has_filter(tid: pid_t) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let mode = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"));
    mode.is_some_and(|mode| mode.trim() == "2")
}

/// A 64-bit kernel tells its 32-bit programs that the machine is an `armv8l`; a 32-bit kernel says
/// `armv7l`, whatever it runs on.
fn kernel_has_64_bits() -> bool {
    // SAFETY: zeroed is a valid `utsname`, and the kernel writes to it.
    let machine = unsafe {
        let mut name: libc::utsname = std::mem::zeroed();
        libc::uname(&raw mut name);
        name.machine
    };
    machine.starts_with(b"armv8") || machine.starts_with(b"aarch64")
}

/// Sets the first word of the call that the tracee is about to make: flags, whose upper half the kernel
/// does not look at.
pub fn set_first_word(tid: pid_t, _arch: u32, value: u64) -> io::Result<()> {
    set_r0(tid, value)
}

/// After the call the register holds the result (or, if the call is made again, what the kernel kept of
/// the first word when it was entered): there is nothing to put back.
pub fn restore_first_word(_tid: pid_t, _arch: u32, _value: u64) -> io::Result<()> {
    Ok(())
}
