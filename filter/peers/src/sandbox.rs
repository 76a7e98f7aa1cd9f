//! A small sandbox with conditions on arguments, the same for both libraries.

/// A call that is allowed when all tests hold. Of several rules of one call one must hold.
pub struct Rule {
    pub name: &'static str,
    pub tests: &'static [Test],
}

/// A condition on one of the words 0 to 5, as a whole: 64 bits.
pub enum Test {
    Equal(u32, u64),
    AtMost(u32, u64),
    Masked(u32, u64, u64),
}

const AF_UNIX: u64 = 1;
const PROT_EXEC: u64 = 4;
const TCGETS: u64 = 0x5401;
const FIONREAD: u64 = 0x541b;
const CLONE_NAMESPACES: u64 = 0x7e02_0000;

#[rustfmt::skip]
static ALWAYS: [&str; 34] = [
    "access", "brk", "clock_gettime", "close", "dup", "epoll_ctl", "epoll_wait", "exit", "exit_group", "fcntl", "fstat",
    "futex", "getdents64", "getpid", "getrandom", "gettid", "lseek", "madvise", "munmap", "nanosleep", "newfstatat", "openat",
    "pipe2", "poll", "pread64", "read", "readlink", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
    "sigaltstack", "statx", "writev",
];

/// The rules.
pub fn rules() -> impl Iterator<Item = Rule> {
    let always = ALWAYS.into_iter().map(|name| Rule { name, tests: &[] });
    let sometimes: [(&str, &[Test]); 9] = [
        ("write", &[Test::AtMost(0, 2)]),
        ("socket", &[Test::Equal(0, AF_UNIX)]),
        ("ioctl", &[Test::Equal(1, TCGETS)]),
        ("ioctl", &[Test::Equal(1, FIONREAD)]),
        ("mmap", &[Test::Masked(2, PROT_EXEC, 0)]),
        ("mprotect", &[Test::Masked(2, PROT_EXEC, 0)]),
        ("clone", &[Test::Masked(0, CLONE_NAMESPACES, 0)]),
        ("personality", &[Test::Equal(0, 0xffff_ffff)]),
        (
            "pwrite64",
            &[Test::Equal(0, 1), Test::AtMost(3, 0x1_0000_0000)],
        ),
    ];
    always.chain(sometimes.map(|(name, tests)| Rule { name, tests }))
}
