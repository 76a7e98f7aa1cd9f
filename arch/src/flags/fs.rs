//! Flags of files, directories and what is mounted.

use super::{Field, FlagSet, Named};
use crate::AbiId::{Aarch64, Arm};

/// The bits of `open`'s flags, with and without its access mode.
const OPEN_NAMES: &[Named] = &[
    (0o100, "O_CREAT"),
    (0o200, "O_EXCL"),
    (0o400, "O_NOCTTY"),
    (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"),
    (0o4000, "O_NONBLOCK"),
    (0o4010000, "O_SYNC"),
    (0o10000, "O_DSYNC"),
    (0o40000, "O_DIRECT"),
    (0o100000, "O_LARGEFILE"),
    (0o400000, "O_NOFOLLOW"),
    (0o1000000, "O_NOATIME"),
    (0o2000000, "O_CLOEXEC"),
    (0o10000000, "O_PATH"),
    (0o20200000, "O_TMPFILE"),
    (0o200000, "O_DIRECTORY"),
    (0o20000, "FASYNC"),
];

/// `open`'s flags.
pub static OPEN: FlagSet = FlagSet {
    unknown: "O_???",
    long: false,
    field: Some(Field {
        mask: 0x3,
        values: &[
            (0o0, "O_RDONLY"),
            (0o1, "O_WRONLY"),
            (0o2, "O_RDWR"),
            (0o3, "O_ACCMODE"),
        ],
        last: false,
    }),
    bits: OPEN_NAMES,
    abi_bits: &[(Arm, ARM_OPEN), (Aarch64, ARM_OPEN)],
};

/// ARM and AArch64 have `O_DIRECTORY`, `O_NOFOLLOW`, `O_DIRECT` and `O_LARGEFILE` elsewhere. All bits stand here, since
/// the order in which they are shown is one.
const ARM_OPEN: &[Named] = &[
    (0o100, "O_CREAT"),
    (0o200, "O_EXCL"),
    (0o400, "O_NOCTTY"),
    (0o1000, "O_TRUNC"),
    (0o2000, "O_APPEND"),
    (0o4000, "O_NONBLOCK"),
    (0o4010000, "O_SYNC"),
    (0o10000, "O_DSYNC"),
    (0o200000, "O_DIRECT"),
    (0o400000, "O_LARGEFILE"),
    (0o100000, "O_NOFOLLOW"),
    (0o1000000, "O_NOATIME"),
    (0o2000000, "O_CLOEXEC"),
    (0o10000000, "O_PATH"),
    (0o20040000, "O_TMPFILE"),
    (0o40000, "O_DIRECTORY"),
    (0o20000, "FASYNC"),
];

/// `open`'s flags where there is no access mode: `pipe2`, `dup3`.
pub static OPEN_BITS: FlagSet = FlagSet {
    unknown: "O_???",
    long: false,
    field: None,
    bits: OPEN_NAMES,
    abi_bits: &[(Arm, ARM_OPEN), (Aarch64, ARM_OPEN)],
};

/// `userfaultfd`'s flags.
pub static USERFAULTFD: FlagSet = FlagSet {
    unknown: "UFFD_???",
    long: false,
    field: None,
    bits: &[
        (1, "UFFD_USER_MODE_ONLY"),
        (0o4000, "O_NONBLOCK"),
        (0o2000000, "O_CLOEXEC"),
    ],
    abi_bits: &[],
};

/// `access`'s mode.
pub static ACCESS: FlagSet = FlagSet {
    unknown: "?_OK",
    long: false,
    field: None,
    bits: &[(0, "F_OK"), (4, "R_OK"), (2, "W_OK"), (1, "X_OK")],
    abi_bits: &[],
};

/// `AT_*` flags of most `*at` calls.
pub static AT: FlagSet = FlagSet {
    unknown: "AT_???",
    long: false,
    field: None,
    bits: &[
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"),
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x8000, "AT_RECURSIVE"),
    ],
    abi_bits: &[],
};

/// `AT_*` flags of `faccessat2`, where 0x200 has another name.
pub static AT_ACCESS: FlagSet = FlagSet {
    unknown: "AT_???",
    long: false,
    field: None,
    bits: &[
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_EACCESS"),
        (0x1000, "AT_EMPTY_PATH"),
    ],
    abi_bits: &[],
};

/// `AT_*` flags of `statx`.
pub static AT_STATX: FlagSet = FlagSet {
    unknown: "AT_???",
    long: false,
    field: None,
    bits: &[
        (0x2000, "AT_STATX_FORCE_SYNC"),
        (0x4000, "AT_STATX_DONT_SYNC"),
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"),
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x8000, "AT_RECURSIVE"),
    ],
    abi_bits: &[],
};

/// `statx`'s mask.
pub static STATX: FlagSet = FlagSet {
    unknown: "STATX_???",
    long: false,
    field: None,
    bits: &[
        (0xfff, "STATX_ALL"),
        (0x7ff, "STATX_BASIC_STATS"),
        (1, "STATX_TYPE"),
        (2, "STATX_MODE"),
        (4, "STATX_NLINK"),
        (8, "STATX_UID"),
        (0x10, "STATX_GID"),
        (0x20, "STATX_ATIME"),
        (0x40, "STATX_MTIME"),
        (0x80, "STATX_CTIME"),
        (0x100, "STATX_INO"),
        (0x200, "STATX_SIZE"),
        (0x400, "STATX_BLOCKS"),
        (0x800, "STATX_BTIME"),
        (0x1000, "STATX_MNT_ID"),
        (0x2000, "STATX_DIOALIGN"),
        (0x4000, "STATX_MNT_ID_UNIQUE"),
        (0x8000, "STATX_SUBVOL"),
        (0x10000, "STATX_WRITE_ATOMIC"),
        (0x20000, "STATX_DIO_READ_ALIGN"),
    ],
    abi_bits: &[],
};

/// `renameat2`'s flags.
pub static RENAME: FlagSet = FlagSet {
    unknown: "RENAME_???",
    long: false,
    field: None,
    bits: &[
        (1, "RENAME_NOREPLACE"),
        (2, "RENAME_EXCHANGE"),
        (4, "RENAME_WHITEOUT"),
    ],
    abi_bits: &[],
};

/// `setxattr`'s flags.
pub static XATTR: FlagSet = FlagSet {
    unknown: "XATTR_???",
    long: false,
    field: None,
    bits: &[(1, "XATTR_CREATE"), (2, "XATTR_REPLACE")],
    abi_bits: &[],
};

/// `inotify_add_watch`'s mask.
pub static IN: FlagSet = FlagSet {
    unknown: "IN_???",
    long: false,
    field: None,
    bits: &[
        (1, "IN_ACCESS"),
        (2, "IN_MODIFY"),
        (4, "IN_ATTRIB"),
        (8, "IN_CLOSE_WRITE"),
        (0x10, "IN_CLOSE_NOWRITE"),
        (0x20, "IN_OPEN"),
        (0x40, "IN_MOVED_FROM"),
        (0x80, "IN_MOVED_TO"),
        (0x100, "IN_CREATE"),
        (0x200, "IN_DELETE"),
        (0x400, "IN_DELETE_SELF"),
        (0x800, "IN_MOVE_SELF"),
        (0x2000, "IN_UNMOUNT"),
        (0x4000, "IN_Q_OVERFLOW"),
        (0x8000, "IN_IGNORED"),
        (0x1000000, "IN_ONLYDIR"),
        (0x2000000, "IN_DONT_FOLLOW"),
        (0x4000000, "IN_EXCL_UNLINK"),
        (0x10000000, "IN_MASK_CREATE"),
        (0x20000000, "IN_MASK_ADD"),
        (0x40000000, "IN_ISDIR"),
        (0x80000000, "IN_ONESHOT"),
    ],
    abi_bits: &[],
};

/// `inotify_init1`'s flags.
pub static IN_INIT: FlagSet = FlagSet {
    unknown: "IN_???",
    long: false,
    field: None,
    bits: &[(0x800, "IN_NONBLOCK"), (0x80000, "IN_CLOEXEC")],
    abi_bits: &[],
};

/// `mount`'s flags.
pub static MOUNT: FlagSet = FlagSet {
    unknown: "MS_???",
    long: true,
    field: None,
    bits: &[
        (0xc0ed0000, "MS_MGC_VAL"),
        (1, "MS_RDONLY"),
        (2, "MS_NOSUID"),
        (4, "MS_NODEV"),
        (8, "MS_NOEXEC"),
        (0x10, "MS_SYNCHRONOUS"),
        (0x20, "MS_REMOUNT"),
        (0x40, "MS_MANDLOCK"),
        (0x80, "MS_DIRSYNC"),
        (0x100, "MS_NOSYMFOLLOW"),
        (0x400, "MS_NOATIME"),
        (0x800, "MS_NODIRATIME"),
        (0x1000, "MS_BIND"),
        (0x2000, "MS_MOVE"),
        (0x4000, "MS_REC"),
        (0x8000, "MS_SILENT"),
        (0x10000, "MS_POSIXACL"),
        (0x20000, "MS_UNBINDABLE"),
        (0x40000, "MS_PRIVATE"),
        (0x80000, "MS_SLAVE"),
        (0x100000, "MS_SHARED"),
        (0x200000, "MS_RELATIME"),
        (0x400000, "MS_KERNMOUNT"),
        (0x800000, "MS_I_VERSION"),
        (0x1000000, "MS_STRICTATIME"),
        (0x2000000, "MS_LAZYTIME"),
        (0x4000000, "MS_SUBMOUNT"),
        (0x8000000, "MS_NOREMOTELOCK"),
        (0x10000000, "MS_NOSEC"),
        (0x20000000, "MS_BORN"),
        (0x40000000, "MS_ACTIVE"),
        (0x80000000, "MS_NOUSER"),
    ],
    abi_bits: &[],
};

/// `umount2`'s flags.
pub static UMOUNT: FlagSet = FlagSet {
    unknown: "MNT_???",
    long: false,
    field: None,
    bits: &[
        (1, "MNT_FORCE"),
        (2, "MNT_DETACH"),
        (4, "MNT_EXPIRE"),
        (8, "UMOUNT_NOFOLLOW"),
    ],
    abi_bits: &[],
};

/// `O_CREAT`.
pub(crate) const O_CREAT: u64 = 0o100;

/// `open` looks at its mode when one of these is set: `O_CREAT` and `__O_TMPFILE`, the same on all ABIs.
pub(crate) const O_CREAT_OR_TMPFILE: u64 = 0o20_000_100;
