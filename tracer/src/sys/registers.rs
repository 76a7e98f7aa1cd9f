//! The registers of a stopped tracee that the tracer changes, and how to reach them. The only place
//! of the tracer that depends on the host's architecture; another one is another file like this.
#![cfg(target_arch = "x86_64")]

use std::io;
use std::mem::offset_of;

use libc::{pid_t, user_regs_struct};

use super::ptrace::{req, request};

fn set(tid: pid_t, offset: usize, value: u64) -> io::Result<()> {
    request(req::POKEUSER, tid, offset, value as usize)
}

/// Makes the kernel skip the call that the tracee is about to make; it returns `-ENOSYS`.
pub fn skip_call(tid: pid_t) -> io::Result<()> {
    set(tid, offset_of!(user_regs_struct, orig_rax), u64::MAX)?;
    set(
        tid,
        offset_of!(user_regs_struct, rax),
        (-i64::from(libc::ENOSYS)) as u64,
    )
}

/// Sets the first word of the call that the tracee makes or has made. `arch` is the call's.
pub fn set_first_word(tid: pid_t, arch: u32, value: u64) -> io::Result<()> {
    const AUDIT_ARCH_I386: u32 = 0x4000_0003;
    let offset = if arch == AUDIT_ARCH_I386 {
        offset_of!(user_regs_struct, rbx)
    } else {
        offset_of!(user_regs_struct, rdi)
    };
    set(tid, offset, value)
}
