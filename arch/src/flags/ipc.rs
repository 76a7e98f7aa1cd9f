//! Flags of System V IPC.

use super::{EnumSet, FlagSet};

/// `msgget`'s and `semget`'s flags; the low nine bits are a mode.
pub static IPC: FlagSet = FlagSet {
    unknown: "IPC_???",
    long: false,
    field: None,
    bits: &[
        (0x200, "IPC_CREAT"),
        (0x400, "IPC_EXCL"),
        (0x800, "IPC_NOWAIT"),
    ],
    abi_bits: &[],
};

/// `shmget`'s flags; the low nine bits are a mode.
pub static SHMGET: FlagSet = FlagSet {
    unknown: "SHM_???",
    long: false,
    field: None,
    bits: &[
        (0x200, "IPC_CREAT"),
        (0x400, "IPC_EXCL"),
        (0x800, "SHM_HUGETLB"),
        (0x1000, "SHM_NORESERVE"),
    ],
    abi_bits: &[],
};

/// `msgsnd`'s and `msgrcv`'s flags.
pub static MSG_SNDRCV: FlagSet = FlagSet {
    unknown: "MSG_???",
    long: false,
    field: None,
    bits: &[
        (0x1000, "MSG_NOERROR"),
        (0x2000, "MSG_EXCEPT"),
        (0x4000, "MSG_COPY"),
        (0x800, "IPC_NOWAIT"),
    ],
    abi_bits: &[],
};

/// `shmat`'s flags.
pub static SHM: FlagSet = FlagSet {
    unknown: "SHM_???",
    long: false,
    field: None,
    bits: &[
        (0x1000, "SHM_RDONLY"),
        (0x2000, "SHM_RND"),
        (0x4000, "SHM_REMAP"),
        (0x8000, "SHM_EXEC"),
    ],
    abi_bits: &[],
};

/// `shmctl`'s command.
pub static SHM_CMD: EnumSet = EnumSet {
    unknown: "SHM_???",
    long: false,
    values: &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "SHM_LOCK"),
        (0xc, "SHM_UNLOCK"),
        (0xd, "SHM_STAT"),
        (0xe, "SHM_INFO"),
        (0xf, "SHM_STAT_ANY"),
        (0x100, "IPC_64|IPC_RMID"),
        (0x101, "IPC_64|IPC_SET"),
        (0x102, "IPC_64|IPC_STAT"),
        (0x103, "IPC_64|IPC_INFO"),
        (0x10b, "IPC_64|SHM_LOCK"),
        (0x10c, "IPC_64|SHM_UNLOCK"),
        (0x10d, "IPC_64|SHM_STAT"),
        (0x10e, "IPC_64|SHM_INFO"),
        (0x10f, "IPC_64|SHM_STAT_ANY"),
    ],
    abi_values: &[],
};

/// `semctl`'s command.
pub static SEM_CMD: EnumSet = EnumSet {
    unknown: "SEM_???",
    long: false,
    values: &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "GETPID"),
        (0xc, "GETVAL"),
        (0xd, "GETALL"),
        (0xe, "GETNCNT"),
        (0xf, "GETZCNT"),
        (0x10, "SETVAL"),
        (0x11, "SETALL"),
        (0x12, "SEM_STAT"),
        (0x13, "SEM_INFO"),
        (0x14, "SEM_STAT_ANY"),
        (0x100, "IPC_64|IPC_RMID"),
        (0x101, "IPC_64|IPC_SET"),
        (0x102, "IPC_64|IPC_STAT"),
        (0x103, "IPC_64|IPC_INFO"),
        (0x10b, "IPC_64|GETPID"),
        (0x10c, "IPC_64|GETVAL"),
        (0x10d, "IPC_64|GETALL"),
        (0x10e, "IPC_64|GETNCNT"),
        (0x10f, "IPC_64|GETZCNT"),
        (0x110, "IPC_64|SETVAL"),
        (0x111, "IPC_64|SETALL"),
        (0x112, "IPC_64|SEM_STAT"),
        (0x113, "IPC_64|SEM_INFO"),
        (0x114, "IPC_64|SEM_STAT_ANY"),
    ],
    abi_values: &[],
};

/// `msgctl`'s command.
pub static MSG_CMD: EnumSet = EnumSet {
    unknown: "MSG_???",
    long: false,
    values: &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "MSG_STAT"),
        (0xc, "MSG_INFO"),
        (0xd, "MSG_STAT_ANY"),
        (0x100, "IPC_64|IPC_RMID"),
        (0x101, "IPC_64|IPC_SET"),
        (0x102, "IPC_64|IPC_STAT"),
        (0x103, "IPC_64|IPC_INFO"),
        (0x10b, "IPC_64|MSG_STAT"),
        (0x10c, "IPC_64|MSG_INFO"),
        (0x10d, "IPC_64|MSG_STAT_ANY"),
    ],
    abi_values: &[],
};
