//! The sets.

use super::{EnumSet, FlagSet};
/// `O_CREAT`.
pub(crate) const O_CREAT: u64 = 0o100;
/// `open` looks at its mode when one of these is set.
pub(crate) const O_CREAT_OR_TMPFILE: u64 = O_CREAT | 0o20_000_000;
/// 32 bits, none of which has a name here.
pub static BITS32: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// ACCESS
pub static ACCESS: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// AF
pub static AF: EnumSet = EnumSet {
    prefix: "AF_",
    long: false,
    values: &[],
};
/// ARCH
pub static ARCH: EnumSet = EnumSet {
    prefix: "ARCH_",
    long: false,
    values: &[],
};
/// AT
pub static AT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// AT_UNLINK
pub static AT_UNLINK: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// CLOCK
pub static CLOCK: EnumSet = EnumSet {
    prefix: "CLOCK_",
    long: false,
    values: &[],
};
/// CLONE
pub static CLONE: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// CLONE_INT
pub static CLONE_INT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// CLOSE_RANGE
pub static CLOSE_RANGE: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// EFD
pub static EFD: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// EPOLL
pub static EPOLL: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// EPOLL_CTL
pub static EPOLL_CTL: EnumSet = EnumSet {
    prefix: "EPOLL_CTL_",
    long: false,
    values: &[],
};
/// FADVISE
pub static FADVISE: EnumSet = EnumSet {
    prefix: "FADVISE_",
    long: false,
    values: &[],
};
/// FALLOC
pub static FALLOC: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// FCNTL
pub static FCNTL: EnumSet = EnumSet {
    prefix: "FCNTL_",
    long: false,
    values: &[],
};
/// FUTEX
pub static FUTEX: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// GETRANDOM
pub static GETRANDOM: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// IN
pub static IN: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// IN_INIT
pub static IN_INIT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// IPC
pub static IPC: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// IPC_CMD
pub static IPC_CMD: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// IPC_MSG
pub static IPC_MSG: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// ITIMER
pub static ITIMER: EnumSet = EnumSet {
    prefix: "ITIMER_",
    long: false,
    values: &[],
};
/// KCMP
pub static KCMP: EnumSet = EnumSet {
    prefix: "KCMP_",
    long: false,
    values: &[],
};
/// LOCK
pub static LOCK: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MADV
pub static MADV: EnumSet = EnumSet {
    prefix: "MADV_",
    long: false,
    values: &[],
};
/// MAP
pub static MAP: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MCL
pub static MCL: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MFD
pub static MFD: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MOUNT
pub static MOUNT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MREMAP
pub static MREMAP: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MSG
pub static MSG: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// MS_SYNC
pub static MS_SYNC: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// OPEN
pub static OPEN: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// OPEN_BITS
pub static OPEN_BITS: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// P
pub static P: EnumSet = EnumSet {
    prefix: "P_",
    long: false,
    values: &[],
};
/// PR
pub static PR: EnumSet = EnumSet {
    prefix: "PR_",
    long: false,
    values: &[],
};
/// PRIO
pub static PRIO: EnumSet = EnumSet {
    prefix: "PRIO_",
    long: false,
    values: &[],
};
/// PROT
pub static PROT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// PTRACE
pub static PTRACE: EnumSet = EnumSet {
    prefix: "PTRACE_",
    long: false,
    values: &[],
};
/// RENAME
pub static RENAME: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// RLIMIT
pub static RLIMIT: EnumSet = EnumSet {
    prefix: "RLIMIT_",
    long: false,
    values: &[],
};
/// RUSAGE
pub static RUSAGE: EnumSet = EnumSet {
    prefix: "RUSAGE_",
    long: false,
    values: &[],
};
/// RWF
pub static RWF: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SCHED
pub static SCHED: EnumSet = EnumSet {
    prefix: "SCHED_",
    long: false,
    values: &[],
};
/// SECCOMP
pub static SECCOMP: EnumSet = EnumSet {
    prefix: "SECCOMP_",
    long: false,
    values: &[],
};
/// SEEK
pub static SEEK: EnumSet = EnumSet {
    prefix: "SEEK_",
    long: false,
    values: &[],
};
/// SFD
pub static SFD: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SHM
pub static SHM: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SHUT
pub static SHUT: EnumSet = EnumSet {
    prefix: "SHUT_",
    long: false,
    values: &[],
};
/// SIG_HOW
pub static SIG_HOW: EnumSet = EnumSet {
    prefix: "SIG_HOW_",
    long: false,
    values: &[],
};
/// SOCK
pub static SOCK: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SOCKETCALL
pub static SOCKETCALL: EnumSet = EnumSet {
    prefix: "SOCKETCALL_",
    long: false,
    values: &[],
};
/// SOCK_FLAGS
pub static SOCK_FLAGS: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SOL
pub static SOL: EnumSet = EnumSet {
    prefix: "SOL_",
    long: false,
    values: &[],
};
/// SPLICE
pub static SPLICE: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// STATX
pub static STATX: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// SYNC_FILE_RANGE
pub static SYNC_FILE_RANGE: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// TFD
pub static TFD: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// TFD_TIMER
pub static TFD_TIMER: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// TIMER
pub static TIMER: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// UMOUNT
pub static UMOUNT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// WAIT
pub static WAIT: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
/// XATTR
pub static XATTR: FlagSet = FlagSet {
    prefix: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};
