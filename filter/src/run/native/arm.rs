//! ARM EABI, by `svc #0`, in ARM state.

use std::arch::asm;
use std::io;

use everycall_arch::AbiId;
use libc::pid_t;

use super::{NT_PRSTATUS, get, put};
use crate::trace::request;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) struct Door;

/// Which ABI's calls are made how.
pub(in crate::run) const DOORS: &[(AbiId, Door)] = &[(AbiId::Arm, Door)];

/// `struct pt_regs` of asm/ptrace.h: r0 to r15, the status, and r0 as it was at the entry.
type Registers = [u32; 18];
const PC: usize = 15;

/// The instruction that Linux takes for a breakpoint; the thread comes back to it unless it is led on.
const TRAP: u32 = 0xe7f0_01f0;

/// A trap, and then calls for ever.
pub(in crate::run) fn loop_of_calls(_: Door) -> ! {
    // SAFETY: what follows the trap is the tracer's: it sets all registers, and lets no call be executed.
    unsafe {
        asm!(".inst 0xe7f001f0", "2: svc #0", "b 2b", options(noreturn));
    }
}

/// Sets the next call of a thread that is at the trap, or has just made a call. Words have 32 bits.
pub(in crate::run) fn set_call(tid: pid_t, _: Door, nr: u32, args: &[u64; 6]) -> io::Result<()> {
    let mut regs: Registers = get(tid, NT_PRSTATUS)?;
    regs.iter_mut()
        .zip(args)
        .for_each(|(word, arg)| *word = *arg as u32);
    regs[7] = nr;
    // The thread is our copy: what stands at its address stands at ours.
    let at: *const u32 = std::ptr::with_exposed_provenance(regs[PC] as usize);
    // SAFETY: the program counter is in `loop_of_calls`, at the trap or behind the call.
    if unsafe { at.read() } == TRAP {
        regs[PC] += 4;
    }
    put(tid, NT_PRSTATUS, regs)
}

/// Makes the kernel skip the call of a thread that has stopped in it.
pub(in crate::run) fn skip_call(tid: pid_t) -> io::Result<()> {
    const PTRACE_SET_SYSCALL: i64 = 23;
    request(PTRACE_SET_SYSCALL, tid, 0, -1).map(drop)
}
