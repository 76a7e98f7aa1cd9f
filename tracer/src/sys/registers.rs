//! The registers of a stopped tracee that the tracer changes, and how to reach them. The only place
//! of the tracer that depends on the host's architecture; another one is another file like this.
#![cfg(target_arch = "x86_64")]

use std::io;
use std::mem::offset_of;

use everycall_arch::AbiId;
use libc::{pid_t, user_regs_struct};

use super::ptrace::{peek_user, req, request};
use crate::protocol::CallInfo;

fn set(tid: pid_t, offset: usize, value: u64) -> io::Result<()> {
    request(req::POKEUSER, tid, offset, value as usize)
}

/// The 64-bit call that the thread made last, at a stop where `PTRACE_GET_SYSCALL_INFO` has nothing to
/// say of calls, as a signal-delivery-stop. `None` for 32-bit code, and where there was no call.
pub fn call_of_registers(tid: pid_t) -> io::Result<Option<CallInfo>> {
    const USER_CS: u64 = 0x33;
    let get = |offset| peek_user(tid, offset);
    let nr = get(offset_of!(user_regs_struct, orig_rax))?;
    if get(offset_of!(user_regs_struct, cs))? != USER_CS || nr as i64 == -1 {
        return Ok(None);
    }
    Ok(Some(CallInfo {
        arch: AbiId::X86_64.abi().audit_arch,
        nr: nr as u32,
        words: [
            get(offset_of!(user_regs_struct, rdi))?,
            get(offset_of!(user_regs_struct, rsi))?,
            get(offset_of!(user_regs_struct, rdx))?,
            get(offset_of!(user_regs_struct, r10))?,
            get(offset_of!(user_regs_struct, r8))?,
            get(offset_of!(user_regs_struct, r9))?,
        ],
        ip: get(offset_of!(user_regs_struct, rip))?,
    }))
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
    let offset = if arch == AbiId::I386.abi().audit_arch {
        offset_of!(user_regs_struct, rbx)
    } else {
        offset_of!(user_regs_struct, rdi)
    };
    set(tid, offset, value)
}
