//! Numbers that no table has, asked of the running kernel: it must have none of them either.

use std::fs;

use everycall_arch::{AbiId, table};

use crate::{NATIVE, numbers};

/// Whether the running kernel may have calls that the tables cannot know.
fn kernel_is_newer() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("procfs is there");
    let mut parts = release
        .split(['.', '-', '+', '~'])
        .map(|part| part.trim().parse().unwrap_or(0));
    let version: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let newer = version > table::UP_TO;
    if newer {
        println!("skipped: Linux {} is newer than the tables", release.trim());
    }
    newer
}

/// Makes the call with words that nothing can do harm with; whether the kernel says that there is no such call.
fn is_hole(nr: u32) -> bool {
    // SAFETY: every word is -1: no address, no descriptor, no length. A call that takes them is what the test is to find.
    let result = unsafe { crate::call(nr, [u64::MAX; 6]) };
    result == Err(libc::ENOSYS)
}

/// Holes that the kernel fills: number and what it said are in the message.
fn filled(abi: AbiId, numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    numbers
        .filter(|nr| table::by_nr(abi, *nr).is_none() && !is_hole(*nr))
        .collect()
}

#[test]
fn the_kernel_has_no_number_that_the_table_lacks() {
    if kernel_is_newer() {
        return;
    }
    assert_eq!(filled(NATIVE, 0..numbers::BEYOND), [], "{NATIVE:?}");
    // Whether or not the kernel was booted with x32.
    if NATIVE == AbiId::X86_64 {
        let base = AbiId::X32.abi().nr_base;
        assert_eq!(filled(AbiId::X32, base..base + numbers::BEYOND), [], "x32");
    }
    // ARM's own calls: the first number raises SIGSEGV ("branch through zero"), what lies beyond the last one SIGILL.
    if NATIVE == AbiId::Arm {
        assert_eq!(
            filled(AbiId::Arm, 0x000f_0001..0x000f_0800),
            [],
            "ARM's own"
        );
    }
}
