//! i386, by `int $0x80`.

use std::arch::asm;
use std::io;

use everycall_arch::AbiId;
use libc::{pid_t, user_regs_struct};

use super::{NT_PRSTATUS, get, put};

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) struct Door;

/// Which ABI's calls are made how.
pub(in crate::run) const DOORS: &[(AbiId, Door)] = &[(AbiId::I386, Door)];

/// A trap, and then calls for ever.
pub(in crate::run) fn loop_of_calls(_: Door) -> ! {
    // SAFETY: what follows the trap is the tracer's: it sets all registers, and lets no call be executed.
    unsafe { asm!("int3", "2: int 0x80", "jmp 2b", options(noreturn)) }
}

/// Sets the next call of a thread that is at the trap, or has just made a call. Words have 32 bits.
pub(in crate::run) fn set_call(tid: pid_t, _: Door, nr: u32, args: &[u64; 6]) -> io::Result<()> {
    let mut regs: user_regs_struct = get(tid, NT_PRSTATUS)?;
    regs.eax = nr.cast_signed();
    let words = [
        &mut regs.ebx,
        &mut regs.ecx,
        &mut regs.edx,
        &mut regs.esi,
        &mut regs.edi,
        &mut regs.ebp,
    ];
    words
        .into_iter()
        .zip(args)
        .for_each(|(word, arg)| *word = *arg as i32);
    // Else the kernel might take the call before for one to be made again.
    regs.orig_eax = -1;
    put(tid, NT_PRSTATUS, regs)
}

/// Makes the kernel skip the call of a thread that has stopped in it.
pub(in crate::run) fn skip_call(tid: pid_t) -> io::Result<()> {
    let mut regs: user_regs_struct = get(tid, NT_PRSTATUS)?;
    regs.orig_eax = -1;
    put(tid, NT_PRSTATUS, regs)
}
