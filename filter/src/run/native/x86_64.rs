//! x86-64: its own calls and x32's by `syscall`, i386's by `int $0x80`.

use std::arch::asm;
use std::io;

use everycall_arch::AbiId;
use libc::{pid_t, user_regs_struct};

use super::{NT_PRSTATUS, get, put};

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Door {
    Syscall,
    Int80,
}

/// Which ABI's calls are made how.
pub(in crate::run) const DOORS: &[(AbiId, Door)] = &[
    (AbiId::X86_64, Door::Syscall),
    (AbiId::X32, Door::Syscall),
    (AbiId::I386, Door::Int80),
];

/// A trap, and then calls for ever.
pub(in crate::run) fn loop_of_calls(door: Door) -> ! {
    match door {
        // SAFETY: what follows the trap is the tracer's: it sets all registers, and lets no call be executed.
        Door::Syscall => unsafe { asm!("int3", "2: syscall", "jmp 2b", options(noreturn)) },
        // SAFETY: as above.
        Door::Int80 => unsafe { asm!("int3", "2: int 0x80", "jmp 2b", options(noreturn)) },
    }
}

/// Sets the next call of a thread that is at the trap, or has just made a call.
pub(in crate::run) fn set_call(tid: pid_t, door: Door, nr: u32, args: &[u64; 6]) -> io::Result<()> {
    let mut regs: user_regs_struct = get(tid, NT_PRSTATUS)?;
    regs.rax = nr.into();
    let words = match door {
        Door::Syscall => [
            &mut regs.rdi,
            &mut regs.rsi,
            &mut regs.rdx,
            &mut regs.r10,
            &mut regs.r8,
            &mut regs.r9,
        ],
        Door::Int80 => [
            &mut regs.rbx,
            &mut regs.rcx,
            &mut regs.rdx,
            &mut regs.rsi,
            &mut regs.rdi,
            &mut regs.rbp,
        ],
    };
    words
        .into_iter()
        .zip(args)
        .for_each(|(word, arg)| *word = *arg);
    // Else the kernel might take the call before for one to be made again.
    regs.orig_rax = u64::MAX;
    put(tid, NT_PRSTATUS, regs)
}

/// Makes the kernel skip the call of a thread that has stopped in it.
pub(in crate::run) fn skip_call(tid: pid_t) -> io::Result<()> {
    let mut regs: user_regs_struct = get(tid, NT_PRSTATUS)?;
    regs.orig_rax = u64::MAX;
    put(tid, NT_PRSTATUS, regs)
}
