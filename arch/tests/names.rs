//! How flags, errors, signals and classes are written, against lines that strace 6.1 wrote.

use everycall_arch::AbiId::{Aarch64, Arm, I386, X32, X86_64};
use everycall_arch::{class, errno, flags, signal, table};

#[test]
fn flags_are_written_as_strace_does() {
    let open = |abi, value| flags::OPEN.format(abi, value);
    assert_eq!(open(X86_64, 0), "O_RDONLY");
    assert_eq!(open(X86_64, 0o2_000_000), "O_RDONLY|O_CLOEXEC");
    assert_eq!(open(X86_64, 0o1102), "O_RDWR|O_CREAT|O_TRUNC");
    assert_eq!(open(X86_64, 3), "O_ACCMODE");
    assert_eq!(open(X86_64, 0x1000_0000), "O_RDONLY|0x10000000");
    assert_eq!(
        open(X86_64, 0xffff_ffff),
        "O_ACCMODE|O_CREAT|O_EXCL|O_NOCTTY|O_TRUNC|O_APPEND|O_NONBLOCK|O_SYNC|O_DIRECT|O_LARGEFILE|O_NOFOLLOW\
         |O_NOATIME|O_CLOEXEC|O_PATH|O_TMPFILE|FASYNC|0xff80003c"
    );
    // `open`'s flags are an `int`: the upper half of the word is not looked at.
    assert_eq!(open(X86_64, 0xdead_beef_0000_0001), "O_WRONLY");
    // O_DIRECTORY is O_DIRECT elsewhere, and the other way round.
    for abi in [X86_64, X32, I386] {
        assert_eq!(open(abi, 0o40000), "O_RDONLY|O_DIRECT");
        assert_eq!(open(abi, 0o200_000), "O_RDONLY|O_DIRECTORY");
    }
    for abi in [Arm, Aarch64] {
        assert_eq!(open(abi, 0o40000), "O_RDONLY|O_DIRECTORY");
        assert_eq!(open(abi, 0o200_000), "O_RDONLY|O_DIRECT");
        assert_eq!(open(abi, 0o20_040_002), "O_RDWR|O_TMPFILE");
    }
}

#[test]
fn fields_and_zeros() {
    assert_eq!(flags::PROT.format(X86_64, 0), "PROT_NONE");
    assert_eq!(flags::PROT.format(X86_64, 3), "PROT_READ|PROT_WRITE");
    assert_eq!(flags::MAP.format(X86_64, 0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
    assert_eq!(flags::MAP.format(X86_64, 0), "MAP_FILE");
    assert_eq!(flags::MAP.format(X86_64, 0xf), "0xf /* MAP_??? */");
    assert_eq!(flags::MAP.format(X86_64, 0x42), "MAP_PRIVATE|MAP_32BIT");
    assert_eq!(flags::MAP.format(Arm, 0x42), "MAP_PRIVATE|0x40");
    assert_eq!(flags::ACCESS.format(X86_64, 0), "F_OK");
    assert_eq!(flags::ACCESS.format(X86_64, 7), "R_OK|W_OK|X_OK");
    assert_eq!(flags::ACCESS.format(X86_64, 8), "0x8 /* ?_OK */");
    assert_eq!(
        flags::SOCK.format(X86_64, 0x80801),
        "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"
    );
    assert_eq!(flags::SOCK.format(X86_64, 0), "0");
    assert_eq!(flags::AT.format(X86_64, 0), "0");
    assert_eq!(flags::AT.format(X86_64, 0x1000), "AT_EMPTY_PATH");
    assert_eq!(flags::CLONE.format(X86_64, 17), "SIGCHLD");
    assert_eq!(
        flags::CLONE.format(X86_64, 0x0120_0011),
        "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"
    );
    assert_eq!(flags::BITS32.format(X86_64, 0xf_0000_0010), "0x10");
    assert_eq!(
        flags::SPLICE.format(X86_64, 0xffff_ffff),
        "SPLICE_F_MOVE|SPLICE_F_NONBLOCK|SPLICE_F_MORE|SPLICE_F_GIFT|0xfffffff0"
    );
}

#[test]
fn values_are_written_as_strace_does() {
    assert_eq!(flags::SEEK.format(X86_64, 2), "SEEK_END");
    assert_eq!(
        flags::SEEK.format(X86_64, 0xffff_ffff),
        "0xffffffff /* SEEK_??? */"
    );
    assert_eq!(flags::FCNTL.format(X86_64, 1030), "F_DUPFD_CLOEXEC");
    assert_eq!(flags::AF.format(X86_64, 1), "AF_UNIX");
    assert_eq!(flags::RUSAGE.format(X86_64, u64::MAX), "RUSAGE_CHILDREN");
    assert_eq!(flags::FUTEX.format(X86_64, 129), "FUTEX_WAKE_PRIVATE");
    assert_eq!(flags::PTRACE.format(X86_64, 12), "PTRACE_GETREGS");
    assert_eq!(flags::PTRACE.format(Aarch64, 12), "0xc /* PTRACE_??? */");
}

#[test]
fn errors() {
    assert_eq!(errno::name(2), Some("ENOENT"));
    assert_eq!(errno::text(2), Some("No such file or directory"));
    assert_eq!(
        errno::text(512),
        Some("To be restarted if SA_RESTART is set")
    );
    assert_eq!(errno::name(516), Some("ERESTART_RESTARTBLOCK"));
    assert_eq!(errno::name(133), Some("EHWPOISON"));
    assert_eq!(errno::name(41), None);
    assert_eq!(errno::name(0), None);
    assert_eq!(errno::from_name("EWOULDBLOCK"), Some(11));
    let known = (1..600).filter_map(|errno| Some((errno, errno::name(errno)?)));
    for (errno, name) in known {
        assert_eq!(errno::from_name(name), Some(errno));
        assert!(errno::text(errno).is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn signals() {
    assert_eq!(signal::name(2).as_deref(), Some("SIGINT"));
    assert_eq!(signal::name(32).as_deref(), Some("SIGRTMIN"));
    assert_eq!(signal::name(33).as_deref(), Some("SIGRT_1"));
    assert_eq!(signal::name(64).as_deref(), Some("SIGRT_32"));
    assert_eq!((signal::name(0), signal::name(65)), (None, None));
    for text in ["SIGINT", "int", "sigInt", "2"] {
        assert_eq!(signal::from_name(text), Some(2), "{text}");
    }
    for text in ["", "SIG", "0", "65", "-1", "+2", "99999999999", "INTERRUPT"] {
        assert_eq!(signal::from_name(text), None, "{text}");
    }
    for signal in 1..=64 {
        let name = signal::name(signal).expect("has a name");
        assert_eq!(signal::from_name(&name), Some(signal));
    }
}

#[test]
fn classes_have_only_calls_that_some_table_has() {
    assert!(class::names().is_sorted());
    let open = table::by_name(X86_64, "openat").expect("is there");
    assert_eq!(class::contains("file", open), Some(true));
    assert_eq!(class::contains("net", open), Some(false));
    assert_eq!(class::contains("nonsense", open), None);
    for class in class::names() {
        let members = |abi| {
            table::all(abi)
                .iter()
                .filter(|call| class::contains(class, call) == Some(true))
        };
        assert!(members(X86_64).count() > 0, "{class}");
        for abi in [X86_64, I386, X32, Aarch64, Arm] {
            for call in members(abi) {
                assert_eq!(class::contains(class, call), Some(true));
            }
        }
    }
}
