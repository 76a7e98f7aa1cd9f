//! Which words make which argument: hand-written for the calls with 64-bit arguments and for `clone`, on each ABI.
//!
//! Typed by hand from the kernel's sources and from what the C libraries pass, never taken from `arch::slots`.

use everycall_arch::slots::{Slot, slots};
use everycall_arch::{AbiId, table};

/// A proto's arguments as `name:first+words`.
fn layout(abi: AbiId, name: &str) -> String {
    let call = table::by_name(abi, name).unwrap_or_else(|| panic!("{abi:?} has no {name}"));
    let slots = slots(abi, call.proto);
    let parts: Vec<_> = call
        .proto
        .args
        .iter()
        .zip(slots)
        .map(|(arg, slot)| match slot.words {
            1 => format!("{}:{}", arg.name, slot.first),
            _ => format!("{}:{}-{}", arg.name, slot.first, slot.first + 1),
        })
        .collect();
    parts.join(" ")
}

fn check(abi: AbiId, vectors: &[(&str, &str)]) {
    for (name, expected) in vectors {
        assert_eq!(layout(abi, name), *expected, "{abi:?} {name}");
    }
}

/// What x86-64, x32 and AArch64 have alike: every argument is one word.
const WHOLE: &[(&str, &str)] = &[
    ("pread64", "fd:0 buf:1 count:2 pos:3"),
    ("pwrite64", "fd:0 buf:1 count:2 pos:3"),
    ("fadvise64", "fd:0 offset:1 len:2 advice:3"),
    ("sync_file_range", "fd:0 offset:1 nbytes:2 flags:3"),
    ("fallocate", "fd:0 mode:1 offset:2 len:3"),
    ("truncate", "path:0 length:1"),
    ("ftruncate", "fd:0 length:1"),
    ("readahead", "fd:0 offset:1 count:2"),
    (
        "fanotify_mark",
        "fanotify_fd:0 flags:1 mask:2 dfd:3 pathname:4",
    ),
    ("lookup_dcookie", "cookie64:0 buf:1 len:2"),
    ("lseek", "fd:0 offset:1 whence:2"),
];

#[test]
fn x86_64() {
    check(AbiId::X86_64, WHOLE);
    check(
        AbiId::X86_64,
        &[
            (
                "clone",
                "clone_flags:0 newsp:1 parent_tidptr:2 child_tidptr:3 tls:4",
            ),
            ("preadv", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4"),
            ("pwritev2", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4 flags:5"),
            ("mmap", "addr:0 len:1 prot:2 flags:3 fd:4 off:5"),
        ],
    );
}

#[test]
fn x32() {
    check(AbiId::X32, WHOLE);
    check(
        AbiId::X32,
        &[
            (
                "clone",
                "clone_flags:0 newsp:1 parent_tidptr:2 child_tidptr:3 tls:4",
            ),
            ("preadv", "fd:0 vec:1 vlen:2 pos:3"),
            ("pwritev", "fd:0 vec:1 vlen:2 pos:3"),
            ("preadv2", "fd:0 vec:1 vlen:2 pos:3 flags:4"),
            ("pwritev2", "fd:0 vec:1 vlen:2 pos:3 flags:4"),
        ],
    );
}

#[test]
fn aarch64() {
    check(AbiId::Aarch64, WHOLE);
    check(
        AbiId::Aarch64,
        &[
            (
                "clone",
                "clone_flags:0 newsp:1 parent_tidptr:2 tls:3 child_tidptr:4",
            ),
            ("preadv2", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4 flags:5"),
        ],
    );
}

#[test]
fn i386() {
    check(
        AbiId::I386,
        &[
            ("pread64", "fd:0 buf:1 count:2 pos:3-4"),
            ("pwrite64", "fd:0 buf:1 count:2 pos:3-4"),
            ("fadvise64", "fd:0 offset:1-2 len:3 advice:4"),
            ("fadvise64_64", "fd:0 offset:1-2 len:3-4 advice:5"),
            ("sync_file_range", "fd:0 offset:1-2 nbytes:3-4 flags:5"),
            ("fallocate", "fd:0 mode:1 offset:2-3 len:4-5"),
            ("truncate", "path:0 length:1"),
            ("ftruncate", "fd:0 length:1"),
            ("truncate64", "path:0 length:1-2"),
            ("ftruncate64", "fd:0 length:1-2"),
            ("readahead", "fd:0 offset:1-2 count:3"),
            (
                "fanotify_mark",
                "fanotify_fd:0 flags:1 mask:2-3 dfd:4 pathname:5",
            ),
            ("lookup_dcookie", "cookie64:0-1 buf:2 len:3"),
            (
                "_llseek",
                "fd:0 offset_high:1 offset_low:2 result:3 whence:4",
            ),
            (
                "clone",
                "clone_flags:0 newsp:1 parent_tidptr:2 tls:3 child_tidptr:4",
            ),
            ("preadv", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4"),
            ("preadv2", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4 flags:5"),
            ("mmap", "arg:0"),
            ("mmap2", "addr:0 len:1 prot:2 flags:3 fd:4 pgoff:5"),
            ("select", "arg:0"),
            ("_newselect", "n:0 inp:1 outp:2 exp:3 tvp:4"),
            ("ipc", "call:0 first:1 second:2 third:3 ptr:4 fifth:5"),
            ("socketcall", "call:0 args:1"),
            ("sigsuspend", "unused1:0 unused2:1 mask:2"),
        ],
    );
}

#[test]
fn arm() {
    check(
        AbiId::Arm,
        &[
            ("pread64", "fd:0 buf:1 count:2 pos:4-5"),
            ("pwrite64", "fd:0 buf:1 count:2 pos:4-5"),
            ("fadvise64_64", "fd:0 advice:1 offset:2-3 len:4-5"),
            ("arm_fadvise64_64", "fd:0 advice:1 offset:2-3 len:4-5"),
            ("sync_file_range2", "fd:0 flags:1 offset:2-3 nbytes:4-5"),
            ("arm_sync_file_range", "fd:0 flags:1 offset:2-3 nbytes:4-5"),
            ("fallocate", "fd:0 mode:1 offset:2-3 len:4-5"),
            ("truncate64", "path:0 length:2-3"),
            ("ftruncate64", "fd:0 length:2-3"),
            ("readahead", "fd:0 offset:2-3 count:4"),
            (
                "fanotify_mark",
                "fanotify_fd:0 flags:1 mask:2-3 dfd:4 pathname:5",
            ),
            ("lookup_dcookie", "cookie64:0-1 buf:2 len:3"),
            (
                "_llseek",
                "fd:0 offset_high:1 offset_low:2 result:3 whence:4",
            ),
            (
                "clone",
                "clone_flags:0 newsp:1 parent_tidptr:2 tls:3 child_tidptr:4",
            ),
            ("preadv", "fd:0 vec:1 vlen:2 pos_l:3 pos_h:4"),
            ("mmap2", "addr:0 len:1 prot:2 flags:3 fd:4 pgoff:5"),
            ("cacheflush", "start:0 end:1 flags:2"),
            ("send", "fd:0 buff:1 len:2 flags:3"),
            ("sigsuspend", "unused1:0 unused2:1 mask:2"),
        ],
    );
}

const WORDS: [u64; 6] = [
    0xaaaa_0000_1111_1110,
    0xaaaa_0001_1111_1111,
    0xaaaa_0002_1111_1112,
    0xaaaa_0003_1111_1113,
    0xaaaa_0004_1111_1114,
    0xaaaa_0005_1111_1115,
];

#[test]
fn values_are_joined_low_half_first_and_cut_to_the_words_width() {
    let one = Slot { first: 3, words: 1 };
    assert_eq!(one.value(AbiId::X86_64, &WORDS), 0xaaaa_0003_1111_1113);
    assert_eq!(one.value(AbiId::X32, &WORDS), 0xaaaa_0003_1111_1113);
    assert_eq!(one.value(AbiId::I386, &WORDS), 0x1111_1113);
    let two = Slot { first: 3, words: 2 };
    assert_eq!(two.value(AbiId::I386, &WORDS), 0x1111_1114_1111_1113);
    let two = Slot { first: 4, words: 2 };
    assert_eq!(two.value(AbiId::Arm, &WORDS), 0x1111_1115_1111_1114);
    let beyond = Slot { first: 5, words: 2 };
    assert_eq!(beyond.value(AbiId::Arm, &WORDS), 0x1111_1115);
}
