//! The tables and protos against what kernels say of themselves.
//!
//! Against the running kernel, on the host and in each machine, and against recordings of the kernels of the machines
//! (`fixtures/kernel/*-syscalls.txt`), which every host can hold the tables of every architecture against.
//! What needs root or tracefs and does not have it says so and passes.

#![expect(
    unsafe_code,
    reason = "makes system calls by number, which no safe interface can"
)]

mod agree;
#[path = "../common/mod.rs"]
mod common;
mod holes;
mod known;
mod numbers;
mod recording;
mod signature;
mod tracing;
mod wide;
mod words;

use std::{fs, io};

use everycall_arch::AbiId;

use common::NATIVE;

/// Whether the running kernel's own events speak of this program's ABI: its tracefs says nothing of the calls of 32-bit
/// programs on a 64-bit kernel.
fn kernel_is_native() -> bool {
    let machine = fs::read_to_string("/proc/sys/kernel/arch").unwrap_or_default();
    let machine = machine.trim();
    let native = match NATIVE {
        AbiId::X86_64 | AbiId::X32 => machine == "x86_64",
        AbiId::I386 => matches!(machine, "i386" | "i486" | "i586" | "i686"),
        AbiId::Aarch64 => machine == "aarch64",
        AbiId::Arm => machine.starts_with("arm"),
    };
    if !native {
        println!(
            "skipped: {NATIVE:?} calls on a kernel of {machine:?}, whose tracefs does not have them"
        );
    }
    native
}

/// Makes a call: its result, or its error.
///
/// # Safety
///
/// As for any system call: what it does to memory, descriptors and threads must be what the caller means.
unsafe fn call(nr: u32, words: [u64; 6]) -> Result<libc::c_long, i32> {
    let [a, b, c, d, e, f] = words.map(|word| word as libc::c_ulong);
    // SAFETY: the caller's.
    let result = unsafe { libc::syscall(nr as usize as libc::c_long, a, b, c, d, e, f) };
    if result == -1 {
        return Err(io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    Ok(result)
}
