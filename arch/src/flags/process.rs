//! Flags of processes, threads, their limits and signals.

use super::{EnumSet, Field, FlagSet, Named};
use crate::AbiId::{I386, X32, X86_64};

/// `clone`'s flags; the low byte is the signal to the parent.
pub static CLONE: FlagSet = FlagSet {
    unknown: "CLONE_???",
    long: true,
    field: Some(Field {
        mask: 0xff,
        values: &[
            (1, "SIGHUP"),
            (2, "SIGINT"),
            (3, "SIGQUIT"),
            (4, "SIGILL"),
            (5, "SIGTRAP"),
            (6, "SIGABRT"),
            (7, "SIGBUS"),
            (8, "SIGFPE"),
            (9, "SIGKILL"),
            (0xa, "SIGUSR1"),
            (0xb, "SIGSEGV"),
            (0xc, "SIGUSR2"),
            (0xd, "SIGPIPE"),
            (0xe, "SIGALRM"),
            (0xf, "SIGTERM"),
            (0x10, "SIGSTKFLT"),
            (0x11, "SIGCHLD"),
            (0x12, "SIGCONT"),
            (0x13, "SIGSTOP"),
            (0x14, "SIGTSTP"),
            (0x15, "SIGTTIN"),
            (0x16, "SIGTTOU"),
            (0x17, "SIGURG"),
            (0x18, "SIGXCPU"),
            (0x19, "SIGXFSZ"),
            (0x1a, "SIGVTALRM"),
            (0x1b, "SIGPROF"),
            (0x1c, "SIGWINCH"),
            (0x1d, "SIGIO"),
            (0x1e, "SIGPWR"),
            (0x1f, "SIGSYS"),
        ],
        last: true,
    }),
    bits: &[
        (0x100, "CLONE_VM"),
        (0x200, "CLONE_FS"),
        (0x400, "CLONE_FILES"),
        (0x800, "CLONE_SIGHAND"),
        (0x1000, "CLONE_PIDFD"),
        (0x2000, "CLONE_PTRACE"),
        (0x4000, "CLONE_VFORK"),
        (0x8000, "CLONE_PARENT"),
        (0x10000, "CLONE_THREAD"),
        (0x20000, "CLONE_NEWNS"),
        (0x40000, "CLONE_SYSVSEM"),
        (0x80000, "CLONE_SETTLS"),
        (0x100000, "CLONE_PARENT_SETTID"),
        (0x200000, "CLONE_CHILD_CLEARTID"),
        (0x800000, "CLONE_UNTRACED"),
        (0x1000000, "CLONE_CHILD_SETTID"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
        (0x80000000, "CLONE_IO"),
    ],
    abi_bits: &[],
};

/// `unshare`'s flags.
pub static UNSHARE: FlagSet = FlagSet {
    unknown: "CLONE_???",
    long: true,
    field: None,
    bits: &[
        (0x80, "CLONE_NEWTIME"),
        (0x100, "CLONE_VM"),
        (0x200, "CLONE_FS"),
        (0x400, "CLONE_FILES"),
        (0x800, "CLONE_SIGHAND"),
        (0x10000, "CLONE_THREAD"),
        (0x20000, "CLONE_NEWNS"),
        (0x40000, "CLONE_SYSVSEM"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
    ],
    abi_bits: &[],
};

/// `setns`'s type.
pub static SETNS: FlagSet = FlagSet {
    unknown: "CLONE_???",
    long: false,
    field: None,
    bits: &[
        (0x80, "CLONE_NEWTIME"),
        (0x20000, "CLONE_NEWNS"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
    ],
    abi_bits: &[],
};

/// `wait4`'s and `waitid`'s options.
pub static WAIT: FlagSet = FlagSet {
    unknown: "W???",
    long: false,
    field: None,
    bits: &[
        (1, "WNOHANG"),
        (4, "WEXITED"),
        (2, "WSTOPPED"),
        (8, "WCONTINUED"),
        (0x1000000, "WNOWAIT"),
        (0x80000000, "__WCLONE"),
        (0x40000000, "__WALL"),
        (0x20000000, "__WNOTHREAD"),
    ],
    abi_bits: &[],
};

/// `waitid`'s which.
pub static P: EnumSet = EnumSet {
    unknown: "P_???",
    long: false,
    values: &[(0, "P_ALL"), (1, "P_PID"), (2, "P_PGID"), (3, "P_PIDFD")],
    abi_values: &[],
};

/// `kcmp`'s type.
pub static KCMP: EnumSet = EnumSet {
    unknown: "KCMP_???",
    long: false,
    values: &[
        (0, "KCMP_FILE"),
        (1, "KCMP_VM"),
        (2, "KCMP_FILES"),
        (3, "KCMP_FS"),
        (4, "KCMP_SIGHAND"),
        (5, "KCMP_IO"),
        (6, "KCMP_SYSVSEM"),
        (7, "KCMP_EPOLL_TFD"),
    ],
    abi_values: &[],
};

/// `ptrace`'s request.
pub static PTRACE: EnumSet = EnumSet {
    unknown: "PTRACE_???",
    long: true,
    values: &[
        (0, "PTRACE_TRACEME"),
        (1, "PTRACE_PEEKTEXT"),
        (2, "PTRACE_PEEKDATA"),
        (3, "PTRACE_PEEKUSER"),
        (4, "PTRACE_POKETEXT"),
        (5, "PTRACE_POKEDATA"),
        (6, "PTRACE_POKEUSER"),
        (7, "PTRACE_CONT"),
        (8, "PTRACE_KILL"),
        (9, "PTRACE_SINGLESTEP"),
        (0x10, "PTRACE_ATTACH"),
        (0x11, "PTRACE_DETACH"),
        (0x18, "PTRACE_SYSCALL"),
        (0x4200, "PTRACE_SETOPTIONS"),
        (0x4201, "PTRACE_GETEVENTMSG"),
        (0x4202, "PTRACE_GETSIGINFO"),
        (0x4203, "PTRACE_SETSIGINFO"),
        (0x4204, "PTRACE_GETREGSET"),
        (0x4205, "PTRACE_SETREGSET"),
        (0x4206, "PTRACE_SEIZE"),
        (0x4207, "PTRACE_INTERRUPT"),
        (0x4208, "PTRACE_LISTEN"),
        (0x4209, "PTRACE_PEEKSIGINFO"),
        (0x420a, "PTRACE_GETSIGMASK"),
        (0x420b, "PTRACE_SETSIGMASK"),
        (0x420c, "PTRACE_SECCOMP_GET_FILTER"),
        (0x420d, "PTRACE_SECCOMP_GET_METADATA"),
        (0x420e, "PTRACE_GET_SYSCALL_INFO"),
        (0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"),
    ],
    abi_values: &[(X86_64, X86_PTRACE), (X32, X86_PTRACE), (I386, X86_PTRACE)],
};

const X86_PTRACE: &[Named] = &[
    (0xc, "PTRACE_GETREGS"),
    (0xd, "PTRACE_SETREGS"),
    (0xe, "PTRACE_GETFPREGS"),
    (0xf, "PTRACE_SETFPREGS"),
    (0x12, "PTRACE_GETFPXREGS"),
    (0x13, "PTRACE_SETFPXREGS"),
    (0x15, "PTRACE_OLDSETOPTIONS"),
    (0x19, "PTRACE_GET_THREAD_AREA"),
    (0x1a, "PTRACE_SET_THREAD_AREA"),
    (0x1e, "PTRACE_ARCH_PRCTL"),
    (0x1f, "PTRACE_SYSEMU"),
    (0x20, "PTRACE_SYSEMU_SINGLESTEP"),
    (0x21, "PTRACE_SINGLEBLOCK"),
];

/// `prctl`'s option.
pub static PR: EnumSet = EnumSet {
    unknown: "PR_???",
    long: false,
    values: &[
        (1, "PR_SET_PDEATHSIG"),
        (2, "PR_GET_PDEATHSIG"),
        (3, "PR_GET_DUMPABLE"),
        (4, "PR_SET_DUMPABLE"),
        (5, "PR_GET_UNALIGN"),
        (6, "PR_SET_UNALIGN"),
        (7, "PR_GET_KEEPCAPS"),
        (8, "PR_SET_KEEPCAPS"),
        (9, "PR_GET_FPEMU"),
        (0xa, "PR_SET_FPEMU"),
        (0xb, "PR_GET_FPEXC"),
        (0xc, "PR_SET_FPEXC"),
        (0xd, "PR_GET_TIMING"),
        (0xe, "PR_SET_TIMING"),
        (0xf, "PR_SET_NAME"),
        (0x10, "PR_GET_NAME"),
        (0x13, "PR_GET_ENDIAN"),
        (0x14, "PR_SET_ENDIAN"),
        (0x15, "PR_GET_SECCOMP"),
        (0x16, "PR_SET_SECCOMP"),
        (0x17, "PR_CAPBSET_READ"),
        (0x18, "PR_CAPBSET_DROP"),
        (0x19, "PR_GET_TSC"),
        (0x1a, "PR_SET_TSC"),
        (0x1b, "PR_GET_SECUREBITS"),
        (0x1c, "PR_SET_SECUREBITS"),
        (0x1d, "PR_SET_TIMERSLACK"),
        (0x1e, "PR_GET_TIMERSLACK"),
        (0x1f, "PR_TASK_PERF_EVENTS_DISABLE"),
        (0x20, "PR_TASK_PERF_EVENTS_ENABLE"),
        (0x21, "PR_MCE_KILL"),
        (0x22, "PR_MCE_KILL_GET"),
        (0x23, "PR_SET_MM"),
        (0x24, "PR_SET_CHILD_SUBREAPER"),
        (0x25, "PR_GET_CHILD_SUBREAPER"),
        (0x26, "PR_SET_NO_NEW_PRIVS"),
        (0x27, "PR_GET_NO_NEW_PRIVS"),
        (0x28, "PR_GET_TID_ADDRESS"),
        (0x29, "PR_SET_THP_DISABLE"),
        (0x2a, "PR_GET_THP_DISABLE"),
        (0x2b, "PR_MPX_ENABLE_MANAGEMENT"),
        (0x2c, "PR_MPX_DISABLE_MANAGEMENT"),
        (0x2d, "PR_SET_FP_MODE"),
        (0x2e, "PR_GET_FP_MODE"),
        (0x2f, "PR_CAP_AMBIENT"),
        (0x32, "PR_SVE_SET_VL"),
        (0x33, "PR_SVE_GET_VL"),
        (0x34, "PR_GET_SPECULATION_CTRL"),
        (0x35, "PR_SET_SPECULATION_CTRL"),
        (0x36, "PR_PAC_RESET_KEYS"),
        (0x37, "PR_SET_TAGGED_ADDR_CTRL"),
        (0x38, "PR_GET_TAGGED_ADDR_CTRL"),
        (0x39, "PR_SET_IO_FLUSHER"),
        (0x3a, "PR_GET_IO_FLUSHER"),
        (0x3b, "PR_SET_SYSCALL_USER_DISPATCH"),
        (0x3c, "PR_PAC_SET_ENABLED_KEYS"),
        (0x3d, "PR_PAC_GET_ENABLED_KEYS"),
        (0x3e, "PR_SCHED_CORE"),
        (0x3f, "PR_SME_SET_VL"),
        (0x40, "PR_SME_GET_VL"),
    ],
    abi_values: &[],
};

/// `arch_prctl`'s option.
pub static ARCH: EnumSet = EnumSet {
    unknown: "ARCH_???",
    long: false,
    values: &[
        (0x1001, "ARCH_SET_GS"),
        (0x1002, "ARCH_SET_FS"),
        (0x1003, "ARCH_GET_FS"),
        (0x1004, "ARCH_GET_GS"),
        (0x1011, "ARCH_GET_CPUID"),
        (0x1012, "ARCH_SET_CPUID"),
        (0x1021, "ARCH_GET_XCOMP_SUPP"),
        (0x1022, "ARCH_GET_XCOMP_PERM"),
        (0x1023, "ARCH_REQ_XCOMP_PERM"),
        (0x2001, "ARCH_MAP_VDSO_X32"),
        (0x2002, "ARCH_MAP_VDSO_32"),
        (0x2003, "ARCH_MAP_VDSO_64"),
        (0x5001, "ARCH_SHSTK_ENABLE"),
        (0x5002, "ARCH_SHSTK_DISABLE"),
        (0x5003, "ARCH_SHSTK_LOCK"),
        (0x5004, "ARCH_SHSTK_UNLOCK"),
        (0x5005, "ARCH_SHSTK_STATUS"),
    ],
    abi_values: &[],
};

/// `getrlimit`'s resource.
pub static RLIMIT: EnumSet = EnumSet {
    unknown: "RLIMIT_???",
    long: false,
    values: &[
        (0, "RLIMIT_CPU"),
        (1, "RLIMIT_FSIZE"),
        (2, "RLIMIT_DATA"),
        (3, "RLIMIT_STACK"),
        (4, "RLIMIT_CORE"),
        (5, "RLIMIT_RSS"),
        (6, "RLIMIT_NPROC"),
        (7, "RLIMIT_NOFILE"),
        (8, "RLIMIT_MEMLOCK"),
        (9, "RLIMIT_AS"),
        (0xa, "RLIMIT_LOCKS"),
        (0xb, "RLIMIT_SIGPENDING"),
        (0xc, "RLIMIT_MSGQUEUE"),
        (0xd, "RLIMIT_NICE"),
        (0xe, "RLIMIT_RTPRIO"),
        (0xf, "RLIMIT_RTTIME"),
    ],
    abi_values: &[],
};

/// `getrusage`'s who.
pub static RUSAGE: EnumSet = EnumSet {
    unknown: "RUSAGE_???",
    long: false,
    values: &[
        (0, "RUSAGE_SELF"),
        (1, "RUSAGE_THREAD"),
        (0xfffffffe, "RUSAGE_BOTH"),
        (0xffffffff, "RUSAGE_CHILDREN"),
    ],
    abi_values: &[],
};

/// `futex`'s operation, with the modifiers it is used with.
pub static FUTEX: EnumSet = EnumSet {
    unknown: "FUTEX_???",
    long: false,
    values: &[
        (0, "FUTEX_WAIT"),
        (1, "FUTEX_WAKE"),
        (2, "FUTEX_FD"),
        (3, "FUTEX_REQUEUE"),
        (4, "FUTEX_CMP_REQUEUE"),
        (5, "FUTEX_WAKE_OP"),
        (6, "FUTEX_LOCK_PI"),
        (7, "FUTEX_UNLOCK_PI"),
        (8, "FUTEX_TRYLOCK_PI"),
        (9, "FUTEX_WAIT_BITSET"),
        (0xa, "FUTEX_WAKE_BITSET"),
        (0xb, "FUTEX_WAIT_REQUEUE_PI"),
        (0xc, "FUTEX_CMP_REQUEUE_PI"),
        (0xd, "FUTEX_LOCK_PI2"),
        (0x80, "FUTEX_WAIT_PRIVATE"),
        (0x81, "FUTEX_WAKE_PRIVATE"),
        (0x82, "FUTEX_FD_PRIVATE"),
        (0x83, "FUTEX_REQUEUE_PRIVATE"),
        (0x84, "FUTEX_CMP_REQUEUE_PRIVATE"),
        (0x85, "FUTEX_WAKE_OP_PRIVATE"),
        (0x86, "FUTEX_LOCK_PI_PRIVATE"),
        (0x87, "FUTEX_UNLOCK_PI_PRIVATE"),
        (0x88, "FUTEX_TRYLOCK_PI_PRIVATE"),
        (0x89, "FUTEX_WAIT_BITSET_PRIVATE"),
        (0x8a, "FUTEX_WAKE_BITSET_PRIVATE"),
        (0x8b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE"),
        (0x8c, "FUTEX_CMP_REQUEUE_PI_PRIVATE"),
        (0x8d, "FUTEX_LOCK_PI2_PRIVATE"),
        (0x100, "FUTEX_WAIT|FUTEX_CLOCK_REALTIME"),
        (0x109, "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME"),
        (0x10b, "FUTEX_WAIT_REQUEUE_PI|FUTEX_CLOCK_REALTIME"),
        (0x10d, "FUTEX_LOCK_PI2|FUTEX_CLOCK_REALTIME"),
        (0x180, "FUTEX_WAIT_PRIVATE|FUTEX_CLOCK_REALTIME"),
        (0x189, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"),
        (0x18b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE|FUTEX_CLOCK_REALTIME"),
        (0x18d, "FUTEX_LOCK_PI2_PRIVATE|FUTEX_CLOCK_REALTIME"),
    ],
    abi_values: &[],
};

/// `sched_setscheduler`'s policy.
pub static SCHED: EnumSet = EnumSet {
    unknown: "SCHED_???",
    long: false,
    values: &[
        (0, "SCHED_OTHER"),
        (1, "SCHED_FIFO"),
        (2, "SCHED_RR"),
        (3, "SCHED_BATCH"),
        (4, "SCHED_ISO"),
        (5, "SCHED_IDLE"),
        (6, "SCHED_DEADLINE"),
        (7, "SCHED_EXT"),
    ],
    abi_values: &[],
};

/// `getpriority`'s which.
pub static PRIO: EnumSet = EnumSet {
    unknown: "PRIO_???",
    long: false,
    values: &[(0, "PRIO_PROCESS"), (1, "PRIO_PGRP"), (2, "PRIO_USER")],
    abi_values: &[],
};

/// `seccomp`'s operation.
pub static SECCOMP: EnumSet = EnumSet {
    unknown: "SECCOMP_SET_MODE_???",
    long: false,
    values: &[
        (0, "SECCOMP_SET_MODE_STRICT"),
        (1, "SECCOMP_SET_MODE_FILTER"),
        (2, "SECCOMP_GET_ACTION_AVAIL"),
        (3, "SECCOMP_GET_NOTIF_SIZES"),
    ],
    abi_values: &[],
};

/// `rt_sigprocmask`'s how.
pub static SIG_HOW: EnumSet = EnumSet {
    unknown: "SIG_???",
    long: false,
    values: &[(0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK")],
    abi_values: &[],
};

/// `getrandom`'s flags.
pub static GETRANDOM: FlagSet = FlagSet {
    unknown: "GRND_???",
    long: false,
    field: None,
    bits: &[
        (1, "GRND_NONBLOCK"),
        (2, "GRND_RANDOM"),
        (4, "GRND_INSECURE"),
    ],
    abi_bits: &[],
};
