//! AArch64, by `svc`.

use std::arch::asm;
use std::io;

use everycall_arch::AbiId;
use libc::pid_t;

use super::{NT_PRSTATUS, get, put};

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) struct Door;

/// Which ABI's calls are made how.
pub(in crate::run) const DOORS: &[(AbiId, Door)] = &[(AbiId::Aarch64, Door)];

/// The number of the call, an `int` (linux/elf.h).
const NT_ARM_SYSTEM_CALL: usize = 0x404;

/// `struct user_pt_regs` of asm/ptrace.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct Registers {
    x: [u64; 31],
    sp: u64,
    pc: u64,
    pstate: u64,
}

/// A trap, and then calls for ever.
pub(in crate::run) fn loop_of_calls(_: Door) -> ! {
    // SAFETY: what follows the trap is the tracer's: it sets all registers, and lets no call be executed.
    unsafe { asm!("brk #0", "2: svc #0", "b 2b", options(noreturn)) }
}

/// `brk #0`, which the thread comes back to unless it is led on.
const TRAP: u32 = 0xd420_0000;

/// Sets the next call of a thread that is at the trap, or has just made a call.
pub(in crate::run) fn set_call(tid: pid_t, _: Door, nr: u32, args: &[u64; 6]) -> io::Result<()> {
    let mut regs: Registers = get(tid, NT_PRSTATUS)?;
    regs.x[..6].copy_from_slice(args);
    regs.x[8] = nr.into();
    // The thread is our copy: what stands at its address stands at ours.
    let at: *const u32 = std::ptr::with_exposed_provenance(regs.pc as usize);
    // SAFETY: the program counter is in `loop_of_calls`, at the trap or behind the call.
    if unsafe { at.read() } == TRAP {
        regs.pc += 4;
    }
    put(tid, NT_PRSTATUS, regs)
}

/// Makes the kernel skip the call of a thread that has stopped in it.
pub(in crate::run) fn skip_call(tid: pid_t) -> io::Result<()> {
    put(tid, NT_ARM_SYSTEM_CALL, -1_i32)
}
