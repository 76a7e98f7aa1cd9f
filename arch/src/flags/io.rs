//! Flags of descriptors.

use super::{EnumSet, FlagSet};

/// `lseek`'s whence.
pub static SEEK: EnumSet = EnumSet {
    unknown: "SEEK_???",
    long: false,
    values: &[
        (0, "SEEK_SET"),
        (1, "SEEK_CUR"),
        (2, "SEEK_END"),
        (3, "SEEK_DATA"),
        (4, "SEEK_HOLE"),
    ],
    abi_values: &[],
};

/// `fcntl`'s command.
pub static FCNTL: EnumSet = EnumSet {
    unknown: "FCNTL_???",
    long: false,
    values: &[
        (0, "F_DUPFD"),
        (1, "F_GETFD"),
        (2, "F_SETFD"),
        (3, "F_GETFL"),
        (4, "F_SETFL"),
        (5, "F_GETLK"),
        (6, "F_SETLK"),
        (7, "F_SETLKW"),
        (8, "F_SETOWN"),
        (9, "F_GETOWN"),
        (0xa, "F_SETSIG"),
        (0xb, "F_GETSIG"),
        (0xc, "F_GETLK64"),
        (0xd, "F_SETLK64"),
        (0xe, "F_SETLKW64"),
        (0xf, "F_SETOWN_EX"),
        (0x10, "F_GETOWN_EX"),
        (0x11, "F_GETOWNER_UIDS"),
        (0x24, "F_OFD_GETLK"),
        (0x25, "F_OFD_SETLK"),
        (0x26, "F_OFD_SETLKW"),
        (0x400, "F_SETLEASE"),
        (0x401, "F_GETLEASE"),
        (0x402, "F_NOTIFY"),
        (0x405, "F_CANCELLK"),
        (0x406, "F_DUPFD_CLOEXEC"),
        (0x407, "F_SETPIPE_SZ"),
        (0x408, "F_GETPIPE_SZ"),
        (0x409, "F_ADD_SEALS"),
        (0x40a, "F_GET_SEALS"),
    ],
    abi_values: &[],
};

/// `flock`'s command.
pub static LOCK: FlagSet = FlagSet {
    unknown: "LOCK_???",
    long: false,
    field: None,
    bits: &[
        (1, "LOCK_SH"),
        (2, "LOCK_EX"),
        (4, "LOCK_NB"),
        (8, "LOCK_UN"),
        (0x20, "LOCK_MAND"),
        (0xc0, "LOCK_RW"),
    ],
    abi_bits: &[],
};

/// `fadvise64`'s advice.
pub static FADVISE: EnumSet = EnumSet {
    unknown: "POSIX_FADV_???",
    long: false,
    values: &[
        (0, "POSIX_FADV_NORMAL"),
        (1, "POSIX_FADV_RANDOM"),
        (2, "POSIX_FADV_SEQUENTIAL"),
        (3, "POSIX_FADV_WILLNEED"),
        (4, "POSIX_FADV_DONTNEED"),
        (5, "POSIX_FADV_NOREUSE"),
    ],
    abi_values: &[],
};

/// `fallocate`'s mode.
pub static FALLOC: FlagSet = FlagSet {
    unknown: "FALLOC_FL_???",
    long: false,
    field: None,
    bits: &[
        (1, "FALLOC_FL_KEEP_SIZE"),
        (2, "FALLOC_FL_PUNCH_HOLE"),
        (4, "FALLOC_FL_NO_HIDE_STALE"),
        (8, "FALLOC_FL_COLLAPSE_RANGE"),
        (0x10, "FALLOC_FL_ZERO_RANGE"),
        (0x20, "FALLOC_FL_INSERT_RANGE"),
        (0x40, "FALLOC_FL_UNSHARE_RANGE"),
    ],
    abi_bits: &[],
};

/// `splice`'s flags.
pub static SPLICE: FlagSet = FlagSet {
    unknown: "SPLICE_F_???",
    long: false,
    field: None,
    bits: &[
        (1, "SPLICE_F_MOVE"),
        (2, "SPLICE_F_NONBLOCK"),
        (4, "SPLICE_F_MORE"),
        (8, "SPLICE_F_GIFT"),
    ],
    abi_bits: &[],
};

/// `sync_file_range`'s flags.
pub static SYNC_FILE_RANGE: FlagSet = FlagSet {
    unknown: "SYNC_FILE_RANGE_???",
    long: false,
    field: None,
    bits: &[
        (1, "SYNC_FILE_RANGE_WAIT_BEFORE"),
        (2, "SYNC_FILE_RANGE_WRITE"),
        (4, "SYNC_FILE_RANGE_WAIT_AFTER"),
    ],
    abi_bits: &[],
};

/// `preadv2`'s flags.
pub static RWF: FlagSet = FlagSet {
    unknown: "RWF_???",
    long: false,
    field: None,
    bits: &[
        (1, "RWF_HIPRI"),
        (2, "RWF_DSYNC"),
        (4, "RWF_SYNC"),
        (8, "RWF_NOWAIT"),
        (0x10, "RWF_APPEND"),
    ],
    abi_bits: &[],
};

/// `close_range`'s flags.
pub static CLOSE_RANGE: FlagSet = FlagSet {
    unknown: "CLOSE_RANGE_???",
    long: false,
    field: None,
    bits: &[(2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC")],
    abi_bits: &[],
};

/// `epoll_create1`'s flags.
pub static EPOLL: FlagSet = FlagSet {
    unknown: "EPOLL_???",
    long: false,
    field: None,
    bits: &[(0x80000, "EPOLL_CLOEXEC")],
    abi_bits: &[],
};

/// `epoll_ctl`'s operation.
pub static EPOLL_CTL: EnumSet = EnumSet {
    unknown: "EPOLL_CTL_???",
    long: false,
    values: &[
        (1, "EPOLL_CTL_ADD"),
        (2, "EPOLL_CTL_DEL"),
        (3, "EPOLL_CTL_MOD"),
    ],
    abi_values: &[],
};

/// `eventfd2`'s flags.
pub static EFD: FlagSet = FlagSet {
    unknown: "EFD_???",
    long: false,
    field: None,
    bits: &[
        (1, "EFD_SEMAPHORE"),
        (0x80000, "EFD_CLOEXEC"),
        (0x800, "EFD_NONBLOCK"),
    ],
    abi_bits: &[],
};

/// `signalfd4`'s flags.
pub static SFD: FlagSet = FlagSet {
    unknown: "SFD_???",
    long: false,
    field: None,
    bits: &[(0x80000, "SFD_CLOEXEC"), (0x800, "SFD_NONBLOCK")],
    abi_bits: &[],
};
