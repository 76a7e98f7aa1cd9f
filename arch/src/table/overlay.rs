//! What the `syscalls` crate lacks or has otherwise, up to Linux 7.2.

use std::collections::BTreeMap;

use crate::AbiId;

/// Newer than the crate, on every ABI: Linux 6.19 and 7.0.
const NEWER: &[(u32, &str)] = &[(470, "listns"), (471, "rseq_slice_yield")];

/// A Rust keyword, so the crate leaves it out.
const I386: &[(u32, &str)] = &[(17, "break")];

/// The calls that only ARM has, from `__ARM_NR_BASE` on.
const ARM_PRIVATE: &[(u32, &str)] = &[
    (0x000f_0001, "breakpoint"),
    (0x000f_0002, "cacheflush"),
    (0x000f_0003, "usr26"),
    (0x000f_0004, "usr32"),
    (0x000f_0005, "set_tls"),
    (0x000f_0006, "get_tls"),
];

/// x32's own block: calls whose structures hold pointers or `long`.
const X32: &[(u32, &str)] = &[
    (512, "rt_sigaction"),
    (513, "rt_sigreturn"),
    (514, "ioctl"),
    (515, "readv"),
    (516, "writev"),
    (517, "recvfrom"),
    (518, "sendmsg"),
    (519, "recvmsg"),
    (520, "execve"),
    (521, "ptrace"),
    (522, "rt_sigpending"),
    (523, "rt_sigtimedwait"),
    (524, "rt_sigqueueinfo"),
    (525, "sigaltstack"),
    (526, "timer_create"),
    (527, "mq_notify"),
    (528, "kexec_load"),
    (529, "waitid"),
    (530, "set_robust_list"),
    (531, "get_robust_list"),
    (532, "vmsplice"),
    (533, "move_pages"),
    (534, "preadv"),
    (535, "pwritev"),
    (536, "rt_tgsigqueueinfo"),
    (537, "recvmmsg"),
    (538, "sendmmsg"),
    (539, "process_vm_readv"),
    (540, "process_vm_writev"),
    (541, "setsockopt"),
    (542, "getsockopt"),
    (543, "io_setup"),
    (544, "io_submit"),
    (545, "execveat"),
    (546, "preadv2"),
    (547, "pwritev2"),
];

/// Numbers of x86-64 that x32 does not have: the block above replaces them, or they are older than x32.
#[rustfmt::skip]
const NOT_X32: &[u32] = &[
    13, 15, 16, 19, 20, 45, 46, 47, 54, 55, 59, 101, 127, 128, 129, 131, 134, 156, 174, 177,
    178, 180, 205, 206, 209, 211, 214, 215, 222, 236, 244, 246, 247, 273, 274, 278, 279,
    295, 296, 297, 299, 307, 310, 311, 322, 327, 328,
];

/// The crate has the calls with 64-bit times on AArch64; only ABIs with a 32-bit `long` have them.
const NOT_AARCH64: std::ops::RangeInclusive<u32> = 403..=423;

/// The table of an ABI: index (the number without `nr_base`) to the name in the kernel's table.
pub(super) fn numbers(abi: AbiId) -> BTreeMap<u32, &'static str> {
    let mut numbers: BTreeMap<_, _> = from_crate(abi).collect();
    let add: &[&[(u32, &str)]] = match abi {
        AbiId::X86_64 | AbiId::Aarch64 => &[NEWER],
        AbiId::X32 => &[NEWER, X32],
        AbiId::I386 => &[NEWER, I386],
        AbiId::Arm => &[NEWER, ARM_PRIVATE],
    };
    numbers.retain(|nr, _| match abi {
        AbiId::X32 => !NOT_X32.contains(nr),
        AbiId::Aarch64 => !NOT_AARCH64.contains(nr),
        AbiId::X86_64 | AbiId::I386 | AbiId::Arm => true,
    });
    numbers.extend(add.iter().copied().flatten().copied());
    numbers
}

/// `Sysno::iter` is not used: in version 0.8 it leaves out the last call.
fn from_crate(abi: AbiId) -> Box<dyn Iterator<Item = (u32, &'static str)>> {
    macro_rules! of {
        ($arch:ident) => {
            Box::new(
                (0..=syscalls::$arch::Sysno::last().id().cast_unsigned()).filter_map(|nr| {
                    let call = syscalls::$arch::Sysno::new(usize::try_from(nr).ok()?)?;
                    Some((nr, call.name()))
                }),
            )
        };
    }
    match abi {
        AbiId::X86_64 | AbiId::X32 => of!(x86_64),
        AbiId::I386 => of!(x86),
        AbiId::Aarch64 => of!(aarch64),
        AbiId::Arm => of!(arm),
    }
}

/// The name to display for the name in the kernel's table: strace's, where they differ.
pub(super) fn shown(abi: AbiId, name: &'static str) -> &'static str {
    match (abi, name) {
        (AbiId::Arm, "arm_fadvise64_64") => "fadvise64_64",
        (AbiId::Arm, "arm_sync_file_range") => "sync_file_range2",
        (AbiId::Aarch64, "fstatat") => "newfstatat",
        _ => name,
    }
}

/// Names that people type and no table has: the C library's.
pub(super) fn other_names(name: &str) -> impl Iterator<Item = &'static str> {
    let other = match name {
        "pread64" => Some("pread"),
        "pwrite64" => Some("pwrite"),
        "newfstatat" | "fstatat64" => Some("fstatat"),
        _ => None,
    };
    other.into_iter()
}
