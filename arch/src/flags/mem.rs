//! Flags of memory.

use super::{EnumSet, Field, FlagSet, Named};
use crate::AbiId::{Aarch64, I386, X32, X86_64};

/// `mmap`'s protection.
pub static PROT: FlagSet = FlagSet {
    unknown: "PROT_???",
    long: true,
    field: None,
    bits: &[
        (0, "PROT_NONE"),
        (1, "PROT_READ"),
        (2, "PROT_WRITE"),
        (4, "PROT_EXEC"),
        (8, "PROT_SEM"),
        (0x1000000, "PROT_GROWSDOWN"),
        (0x2000000, "PROT_GROWSUP"),
    ],
    abi_bits: &[(Aarch64, &[(0x10, "PROT_BTI"), (0x20, "PROT_MTE")])],
};

/// `mmap`'s flags.
pub static MAP: FlagSet = FlagSet {
    unknown: "MAP_???",
    long: true,
    field: Some(Field {
        mask: 0xf,
        values: &[
            (0, "MAP_FILE"),
            (1, "MAP_SHARED"),
            (2, "MAP_PRIVATE"),
            (3, "MAP_SHARED_VALIDATE"),
        ],
        last: false,
    }),
    bits: &[
        (0x10, "MAP_FIXED"),
        (0x20, "MAP_ANONYMOUS"),
        (0x4000, "MAP_NORESERVE"),
        (0x8000, "MAP_POPULATE"),
        (0x10000, "MAP_NONBLOCK"),
        (0x100, "MAP_GROWSDOWN"),
        (0x800, "MAP_DENYWRITE"),
        (0x1000, "MAP_EXECUTABLE"),
        (0x2000, "MAP_LOCKED"),
        (0x20000, "MAP_STACK"),
        (0x40000, "MAP_HUGETLB"),
        (0x80000, "MAP_SYNC"),
        (0x100000, "MAP_FIXED_NOREPLACE"),
    ],
    abi_bits: &[(X86_64, X86_MAP), (X32, X86_MAP), (I386, X86_MAP)],
};

const X86_MAP: &[Named] = &[
    (0x10, "MAP_FIXED"),
    (0x20, "MAP_ANONYMOUS"),
    (0x40, "MAP_32BIT"),
    (0x80, "MAP_ABOVE4G"),
];

/// `mremap`'s flags.
pub static MREMAP: FlagSet = FlagSet {
    unknown: "MREMAP_???",
    long: true,
    field: None,
    bits: &[
        (1, "MREMAP_MAYMOVE"),
        (2, "MREMAP_FIXED"),
        (4, "MREMAP_DONTUNMAP"),
    ],
    abi_bits: &[],
};

/// `madvise`'s advice.
pub static MADV: EnumSet = EnumSet {
    unknown: "MADV_???",
    long: false,
    values: &[
        (0, "MADV_NORMAL"),
        (1, "MADV_RANDOM"),
        (2, "MADV_SEQUENTIAL"),
        (3, "MADV_WILLNEED"),
        (4, "MADV_DONTNEED"),
        (8, "MADV_FREE"),
        (9, "MADV_REMOVE"),
        (0xa, "MADV_DONTFORK"),
        (0xb, "MADV_DOFORK"),
        (0xc, "MADV_MERGEABLE"),
        (0xd, "MADV_UNMERGEABLE"),
        (0xe, "MADV_HUGEPAGE"),
        (0xf, "MADV_NOHUGEPAGE"),
        (0x10, "MADV_DONTDUMP"),
        (0x11, "MADV_DODUMP"),
        (0x12, "MADV_WIPEONFORK"),
        (0x13, "MADV_KEEPONFORK"),
        (0x14, "MADV_COLD"),
        (0x15, "MADV_PAGEOUT"),
        (0x16, "MADV_POPULATE_READ"),
        (0x17, "MADV_POPULATE_WRITE"),
        (0x18, "MADV_DONTNEED_LOCKED"),
        (0x19, "MADV_COLLAPSE"),
        (0x64, "MADV_HWPOISON"),
        (0x65, "MADV_SOFT_OFFLINE"),
        (0x66, "MADV_GUARD_INSTALL"),
        (0x67, "MADV_GUARD_REMOVE"),
    ],
    abi_values: &[],
};

/// `msync`'s flags.
pub static MS_SYNC: FlagSet = FlagSet {
    unknown: "MS_???",
    long: false,
    field: None,
    bits: &[(4, "MS_SYNC"), (1, "MS_ASYNC"), (2, "MS_INVALIDATE")],
    abi_bits: &[],
};

/// `mlockall`'s flags.
pub static MCL: FlagSet = FlagSet {
    unknown: "MCL_???",
    long: false,
    field: None,
    bits: &[(1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT")],
    abi_bits: &[],
};

/// `memfd_create`'s flags.
pub static MFD: FlagSet = FlagSet {
    unknown: "MFD_???",
    long: false,
    field: None,
    bits: &[
        (1, "MFD_CLOEXEC"),
        (2, "MFD_ALLOW_SEALING"),
        (4, "MFD_HUGETLB"),
        (8, "MFD_NOEXEC_SEAL"),
        (0x10, "MFD_EXEC"),
    ],
    abi_bits: &[],
};
