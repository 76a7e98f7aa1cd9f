//! What is the machine's own in the calls that a filter is asked about: the instructions that make them, and the registers.
//!
//! A thread under test runs into a trap, and then makes calls for ever. Before each the tracer sets number and words.
#![expect(unsafe_code, reason = "instructions and registers")]

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "x86", path = "x86.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "arm", path = "arm.rs")]
mod machine;

use std::io;
use std::mem;

use everycall_arch::AbiId;
use libc::{iovec, pid_t};

use crate::trace::{ptrace, req};
pub(super) use machine::{DOORS, Door, loop_of_calls, set_call, skip_call};

/// The ABIs whose calls a program like this one can make, and how.
pub(super) fn door(abi: AbiId) -> Option<Door> {
    DOORS
        .iter()
        .find(|(of, _)| *of == abi)
        .map(|(_, door)| *door)
}

/// The general registers (linux/elf.h).
const NT_PRSTATUS: usize = 1;

/// Reads a set of registers, which the kernel knows under this number.
fn get<T: Copy>(tid: pid_t, kind: usize) -> io::Result<T> {
    // SAFETY: the sets of registers that are read here are made of integers, for which zeroes are valid.
    let mut set: T = unsafe { mem::zeroed() };
    transfer(req::GETREGSET, tid, kind, &mut set)?;
    Ok(set)
}

/// Gives it back, changed.
fn put<T: Copy>(tid: pid_t, kind: usize, mut set: T) -> io::Result<()> {
    transfer(req::SETREGSET, tid, kind, &mut set)
}

fn transfer<T: Copy>(request: i64, tid: pid_t, kind: usize, set: &mut T) -> io::Result<()> {
    let mut piece = iovec {
        iov_base: (&raw mut *set).cast(),
        iov_len: mem::size_of::<T>(),
    };
    // SAFETY: `piece` describes `set`, and the kernel reads or writes no more than that.
    unsafe { ptrace(request, tid, kind, &raw mut piece) }.map(drop)
}
