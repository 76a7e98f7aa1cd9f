//! Where kernels and our tables say the same in other words: data, each with its reason.

use everycall_arch::AbiId::{self, Aarch64, Arm, I386};

/// Entry points that have one name in the kernel, and here a line for each order of arguments: where, the
/// kernel's name, ours.
pub(crate) const LINES: &[(&[AbiId], &str, &str)] = &[
    (&[I386, Aarch64, Arm], "clone", "clone_backwards"),
    (&[Arm], "fadvise64_64", "arm_fadvise64_64"),
];

/// i386 has entry points of its own whose 64-bit arguments come in halves; they are what others have in one.
pub(crate) const IN_HALVES: &str = "ia32_";

/// Entry points whose event has other arguments than the call: ABI, the kernel's name, why.
pub(crate) const MISDECLARED: &[(AbiId, &str, &str)] = &[(
    Arm,
    "fadvise64_64",
    "sys_arm_fadvise64_64 runs, whose advice comes second; the event is the generic call's. `wide` sees the order",
)];

/// Arguments that newer kernels added: entry point, the first version that has them, how many there were before.
pub(crate) const ADDED: &[(&str, &str, usize)] = &[("bpf", "7.0", 3)];

/// Arguments that some kernels name otherwise than we do: entry point (ours), the kernel's name, ours.
pub(crate) const RENAMED: &[(&str, &str, &str)] = &[
    ("fallocate", "off", "offset"),
    ("pread64", "ubuf", "buf"),
    ("pwrite64", "ubuf", "buf"),
    ("readahead", "off", "offset"),
    ("sync_file_range", "n", "nbytes"),
    ("sync_file_range", "off", "offset"),
    ("truncate64", "filename", "path"),
    ("truncate64", "offset", "length"),
    ("ftruncate64", "offset", "length"),
];

/// Arguments that the kernel declares wider than what it looks at, as we do: entry point, argument, why.
pub(crate) const NARROWER: &[(&str, &str, &str)] = &[
    ("mmap", "fd", FD),
    ("mmap_pgoff", "fd", FD),
    ("preadv", "fd", FD),
    ("preadv2", "fd", FD),
    ("ptrace", "pid", "it is looked up as a pid_t"),
    ("pwritev", "fd", FD),
    ("pwritev2", "fd", FD),
    ("readv", "fd", FD),
    (
        "umask",
        "mask",
        "nine bits of it are looked at, as of any mode",
    ),
    ("writev", "fd", FD),
];

const FD: &str = "the table of descriptors is asked for an unsigned int";
