//! Which kernel entry point stands behind a name of a table, where they differ.

use crate::AbiId;

/// (name in the table, entry point), sorted.
type Entries = &'static [(&'static str, &'static str)];

/// On every ABI.
const COMMON: Entries = &[
    ("_sysctl", "sysctl"),
    ("fstat", "newfstat"),
    ("lstat", "newlstat"),
    ("stat", "newstat"),
    ("umount2", "umount"),
    ("uname", "newuname"),
];

/// Where `long` is 64 bits in the kernel's eyes: x86-64, x32 and AArch64.
const BITS_64: Entries = &[("sendfile", "sendfile64")];

/// x32's block 512..547 runs compat entry points; of these the positioned vector calls take one 64-bit offset.
const X32: Entries = &[
    ("preadv", "preadv64"),
    ("preadv2", "preadv64v2"),
    ("pwritev", "pwritev64"),
    ("pwritev2", "pwritev64v2"),
];

/// `clone` has another order of arguments (`CONFIG_CLONE_BACKWARDS`, so have i386 and ARM); `fadvise64` is the
/// call whose length is an `loff_t`; 32-bit personalities are refused where no core runs 32-bit code.
const AARCH64: Entries = &[
    ("clone", "clone_backwards"),
    ("fadvise64", "fadvise64_64"),
    ("personality", "arm64_personality"),
];

/// ARM's own entry points: the order of arguments avoids a seventh word, and System V IPC takes no `IPC_64`.
const ARM: Entries = &[
    ("fadvise64_64", "arm_fadvise64_64"),
    ("msgctl", "old_msgctl"),
    ("semctl", "old_semctl"),
    ("shmctl", "old_shmctl"),
];

/// i386 and ARM: 16-bit ids, 32-bit times, one pointer instead of many arguments; the later numbers run the
/// entry points that 64-bit ABIs have always had.
const BITS_32: Entries = &[
    ("_llseek", "llseek"),
    ("_newselect", "select"),
    ("adjtimex", "adjtimex_time32"),
    ("chown", "chown16"),
    ("chown32", "chown"),
    ("clock_adjtime", "clock_adjtime32"),
    ("clock_adjtime64", "clock_adjtime"),
    ("clock_getres", "clock_getres_time32"),
    ("clock_getres_time64", "clock_getres"),
    ("clock_gettime", "clock_gettime32"),
    ("clock_gettime64", "clock_gettime"),
    ("clock_nanosleep", "clock_nanosleep_time32"),
    ("clock_nanosleep_time64", "clock_nanosleep"),
    ("clock_settime", "clock_settime32"),
    ("clock_settime64", "clock_settime"),
    ("clone", "clone_backwards"),
    ("fchown", "fchown16"),
    ("fchown32", "fchown"),
    ("futex", "futex_time32"),
    ("futex_time64", "futex"),
    ("futimesat", "futimesat_time32"),
    ("getegid", "getegid16"),
    ("getegid32", "getegid"),
    ("geteuid", "geteuid16"),
    ("geteuid32", "geteuid"),
    ("getgid", "getgid16"),
    ("getgid32", "getgid"),
    ("getgroups", "getgroups16"),
    ("getgroups32", "getgroups"),
    ("getresgid", "getresgid16"),
    ("getresgid32", "getresgid"),
    ("getresuid", "getresuid16"),
    ("getresuid32", "getresuid"),
    ("getrlimit", "old_getrlimit"),
    ("getuid", "getuid16"),
    ("getuid32", "getuid"),
    ("io_getevents", "io_getevents_time32"),
    ("io_pgetevents", "io_pgetevents_time32"),
    ("io_pgetevents_time64", "io_pgetevents"),
    ("lchown", "lchown16"),
    ("lchown32", "lchown"),
    ("mmap", "old_mmap"),
    ("mmap2", "mmap_pgoff"),
    ("mq_timedreceive", "mq_timedreceive_time32"),
    ("mq_timedreceive_time64", "mq_timedreceive"),
    ("mq_timedsend", "mq_timedsend_time32"),
    ("mq_timedsend_time64", "mq_timedsend"),
    ("nanosleep", "nanosleep_time32"),
    ("oldfstat", "fstat"),
    ("oldlstat", "lstat"),
    ("oldolduname", "olduname"),
    ("oldstat", "stat"),
    ("olduname", "uname"),
    ("ppoll", "ppoll_time32"),
    ("ppoll_time64", "ppoll"),
    ("pselect6", "pselect6_time32"),
    ("pselect6_time64", "pselect6"),
    ("readdir", "old_readdir"),
    ("recvmmsg", "recvmmsg_time32"),
    ("recvmmsg_time64", "recvmmsg"),
    ("rt_sigtimedwait", "rt_sigtimedwait_time32"),
    ("rt_sigtimedwait_time64", "rt_sigtimedwait"),
    ("sched_rr_get_interval", "sched_rr_get_interval_time32"),
    ("sched_rr_get_interval_time64", "sched_rr_get_interval"),
    ("select", "old_select"),
    ("semtimedop", "semtimedop_time32"),
    ("semtimedop_time64", "semtimedop"),
    ("setfsgid", "setfsgid16"),
    ("setfsgid32", "setfsgid"),
    ("setfsuid", "setfsuid16"),
    ("setfsuid32", "setfsuid"),
    ("setgid", "setgid16"),
    ("setgid32", "setgid"),
    ("setgroups", "setgroups16"),
    ("setgroups32", "setgroups"),
    ("setregid", "setregid16"),
    ("setregid32", "setregid"),
    ("setresgid", "setresgid16"),
    ("setresgid32", "setresgid"),
    ("setresuid", "setresuid16"),
    ("setresuid32", "setresuid"),
    ("setreuid", "setreuid16"),
    ("setreuid32", "setreuid"),
    ("setuid", "setuid16"),
    ("setuid32", "setuid"),
    ("stime", "stime32"),
    ("time", "time32"),
    ("timer_gettime", "timer_gettime32"),
    ("timer_gettime64", "timer_gettime"),
    ("timer_settime", "timer_settime32"),
    ("timer_settime64", "timer_settime"),
    ("timerfd_gettime", "timerfd_gettime32"),
    ("timerfd_gettime64", "timerfd_gettime"),
    ("timerfd_settime", "timerfd_settime32"),
    ("timerfd_settime64", "timerfd_settime"),
    ("ugetrlimit", "getrlimit"),
    ("umount", "oldumount"),
    ("utime", "utime32"),
    ("utimensat", "utimensat_time32"),
    ("utimensat_time64", "utimensat"),
    ("utimes", "utimes_time32"),
];

/// The entry point, without `sys_`, that runs for a call of this displayed name.
pub(super) fn of(abi: AbiId, name: &'static str) -> &'static str {
    let tables: &[Entries] = match abi {
        AbiId::X86_64 => &[BITS_64, COMMON],
        AbiId::X32 => &[X32, BITS_64, COMMON],
        AbiId::Aarch64 => &[AARCH64, BITS_64, COMMON],
        AbiId::I386 => &[BITS_32, COMMON],
        AbiId::Arm => &[ARM, BITS_32, COMMON],
    };
    tables
        .iter()
        .find_map(|table| {
            let at = table.binary_search_by_key(&name, |(shown, _)| shown).ok()?;
            table.get(at).map(|(_, entry)| *entry)
        })
        .unwrap_or(name)
}
