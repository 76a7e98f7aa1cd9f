//! x86-64 and i386, each as tracer and as tracee.
//!
//! The kernel gives a thread in 64-bit mode 27 registers of 64 bits, and one in 32-bit mode 17 of 32
//! bits (`struct user_regs_struct` of sys/user.h), to a tracer of either kind. 64-bit code may make
//! i386 calls (`int $0x80`), so that registers and call need not be of one kind.

use std::io;

use everycall_arch::AbiId;
use libc::pid_t;

use super::ENOSYS;
use crate::protocol::CallInfo;
use crate::sys::regset::{NT_PRSTATUS, Regset};

/// Which of a thread's registers is what, by position.
struct View {
    /// Bytes of one register.
    width: usize,
    /// The result of a call.
    result: usize,
    /// The number of the call, as it was when it was entered.
    number: usize,
    ip: usize,
    cs: usize,
    /// The words of an i386 call.
    i386: [usize; 6],
    /// The words of a 64-bit call.
    x86_64: Option<[usize; 6]>,
}

static LONG: View = View {
    width: 8,
    result: 10,
    number: 15,
    ip: 16,
    cs: 17,
    i386: [5, 11, 12, 13, 14, 4],
    x86_64: Some([14, 13, 12, 7, 9, 8]),
};

static SHORT: View = View {
    width: 4,
    result: 6,
    number: 11,
    ip: 12,
    cs: 13,
    i386: [0, 1, 2, 3, 4, 5],
    x86_64: None,
};

/// A thread's registers, and what they are.
struct Registers {
    set: Regset,
    view: &'static View,
}

impl Registers {
    fn of(tid: pid_t) -> io::Result<Registers> {
        const LONG_SIZE: usize = 27 * 8;
        let set = Regset::get(tid, NT_PRSTATUS)?;
        let view = if set.bytes().len() == LONG_SIZE {
            &LONG
        } else {
            &SHORT
        };
        Ok(Registers { set, view })
    }

    fn get(&self, register: usize) -> u64 {
        let width = self.view.width;
        let mut word = [0; 8];
        if let Some(bytes) = self
            .set
            .bytes()
            .get(register * width..(register + 1) * width)
        {
            word[..width].copy_from_slice(bytes);
        }
        u64::from_le_bytes(word)
    }

    fn set(&mut self, register: usize, value: u64) {
        self.set.set_word(register, self.view.width, value);
    }
}

/// The 64-bit call that the thread made last, at a stop where `PTRACE_GET_SYSCALL_INFO` has nothing to
/// say of calls, as a signal-delivery-stop. `None` for 32-bit code, and where there was no call.
pub fn call_of_registers(tid: pid_t) -> io::Result<Option<CallInfo>> {
    const USER_CS: u64 = 0x33;
    let registers = Registers::of(tid)?;
    let Some(words) = registers.view.x86_64 else {
        return Ok(None);
    };
    let nr = registers.get(registers.view.number);
    if registers.get(registers.view.cs) != USER_CS || nr as i64 == -1 {
        return Ok(None);
    }
    Ok(Some(CallInfo {
        arch: AbiId::X86_64.abi().audit_arch,
        nr: nr as u32,
        words: words.map(|register| registers.get(register)),
        ip: registers.get(registers.view.ip),
    }))
}

/// Makes the kernel skip the call that the tracee is about to make; it returns `-ENOSYS`. `arch` is
/// the call's.
pub fn skip_call(tid: pid_t, _arch: u32) -> io::Result<()> {
    let mut registers = Registers::of(tid)?;
    registers.set(registers.view.number, u64::MAX);
    registers.set(registers.view.result, ENOSYS);
    registers.set.put(tid)
}

/// Makes a call whose number looks like a wish to skip it end as it would untraced: here that is what the
/// kernel has put in the result's place when the call was entered.
pub fn unskip_call(_tid: pid_t, _arch: u32, _own_filter: Option<bool>) -> io::Result<()> {
    Ok(())
}

/// Sets the first word of the call that the tracee is about to make. `arch` is the call's.
pub fn set_first_word(tid: pid_t, arch: u32, value: u64) -> io::Result<()> {
    let mut registers = Registers::of(tid)?;
    let view = registers.view;
    let words = if arch == AbiId::I386.abi().audit_arch {
        view.i386
    } else {
        view.x86_64.unwrap_or(view.i386)
    };
    registers.set(words[0], value);
    registers.set.put(tid)
}

/// Puts the first word back after the call, as the program would find it.
pub fn restore_first_word(tid: pid_t, arch: u32, value: u64) -> io::Result<()> {
    set_first_word(tid, arch, value)
}
