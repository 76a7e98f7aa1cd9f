//! Renderings, each as strace 6.1 printed it on x86-64 for the same call, and what no input may do.

mod hostile;
mod sockets;

use everycall_arch::AbiId;
use rstest::rstest;

use super::*;
use crate::config::{Names, Style};
use crate::select::Selection;
use crate::testing::{Pieces, call, numbered};

const X: AbiId = AbiId::X86_64;

fn returned(value: i64) -> Outcome {
    Outcome::Returned {
        value,
        error: (-4095..0).contains(&value),
    }
}

/// `name(arguments) = result`, as one line would be.
fn line(style: &Style, call: &Call, outcome: Outcome, before: &Pieces, after: &Pieces) -> String {
    let decoder = Decoder::new(style.clone());
    let mut rendered = decoder.enter(call, before);
    decoder.exit(call, &mut rendered, outcome, after);
    let parts: Vec<&str> = rendered
        .parts
        .iter()
        .map(|part| part.text.as_deref().unwrap_or("?"))
        .collect();
    format!(
        "{} = {}",
        parts.join(", "),
        decoder.result(&rendered, call, outcome)
    )
}

fn shown(name: &str, words: &[u64], outcome: Outcome, memory: &Pieces) -> String {
    line(
        &Style::default(),
        &call(X, name, words),
        outcome,
        memory,
        memory,
    )
}

/// A page at 0x1000, and nothing behind it.
fn page_edge(end: &[u8]) -> Pieces {
    let mut page = vec![b'x'; 4096];
    page[4096 - end.len()..].copy_from_slice(end);
    Pieces::default().with(0x1000, page)
}

#[rstest]
#[case(&[0x1ffc], b"abc\0", "\"abc\" = -1 ENOENT (No such file or directory)")]
#[case(&[0x1ffc], b"abcd", "0x1ffc = -1 ENOENT (No such file or directory)")]
#[case(&[0x2000], b"", "0x2000 = -1 ENOENT (No such file or directory)")]
#[case(&[0], b"", "NULL = -1 ENOENT (No such file or directory)")]
#[case(&[1], b"", "0x1 = -1 ENOENT (No such file or directory)")]
fn paths(#[case] words: &[u64], #[case] end: &[u8], #[case] expected: &str) {
    assert_eq!(
        shown("chdir", words, returned(-2), &page_edge(end)),
        expected
    );
}

#[test]
fn a_path_is_shown_whole_but_not_endless() {
    let long = Pieces::default().with(0x1000, vec![b'x'; 9000]);
    let text = shown("chdir", &[0x1000], returned(-36), &long);
    assert_eq!(
        text,
        format!(
            "\"{}\"... = -1 ENAMETOOLONG (File name too long)",
            "x".repeat(4095)
        )
    );
}

#[rstest]
#[case(0x1000, 5, "-1, \"xxxxx\", 5")]
#[case(0x1000, 32, "-1, \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", 32")]
#[case(0x1000, 33, "-1, \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., 33")]
#[case(
    0x1000,
    u64::MAX,
    "-1, \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., 18446744073709551615"
)]
#[case(0x1ffa, 100, "-1, 0x1ffa, 100")]
#[case(0x2000, 0, "-1, \"\", 0")]
#[case(0, 0, "-1, NULL, 0")]
#[case(0, 5, "-1, NULL, 5")]
fn buffers(#[case] addr: u64, #[case] len: u64, #[case] expected: &str) {
    let text = shown(
        "write",
        &[u64::MAX, addr, len],
        returned(-9),
        &page_edge(b""),
    );
    assert_eq!(text, format!("{expected} = -1 EBADF (Bad file descriptor)"));
}

#[rstest]
#[case(5, "7, \"xxxxx\"..., 100 = 1")]
#[case(0, "7, \"\"..., 100 = 1")]
fn a_limit_cuts_before_memory_is_read(#[case] limit: usize, #[case] expected: &str) {
    let style = Style {
        limit,
        ..Style::default()
    };
    // The upper half of an `int` does not count.
    let call = call(X, "write", &[0x1_0000_0007, 0x1ffa, 100]);
    let memory = page_edge(b"");
    assert_eq!(line(&style, &call, returned(1), &memory, &memory), expected);
}

#[rstest]
#[case("read", &[3, 0x1000, 10], returned(5), "3, \"hello\", 10 = 5")]
#[case("read", &[3, 0x1000, 10], returned(0), "3, \"\", 10 = 0")]
#[case("read", &[3, 0x1000, 10], returned(-9), "3, 0x1000, 10 = -1 EBADF (Bad file descriptor)")]
#[case("read", &[3, 0x9000, 10], returned(5), "3, 0x9000, 10 = 5")]
#[case("read", &[3, 0x1000, 10], Outcome::Unknown("why"), "3, 0x1000, 10 = ? (why)")]
#[case("read", &[3, 0x1000, 10], returned(-512), "3, 0x1000, 10 = ? ERESTARTSYS (To be restarted if SA_RESTART is set)")]
#[case("read", &[3, 0x1000, 10], returned(-4000), "3, 0x1000, 10 = -1 (errno 4000)")]
#[case("exit", &[u64::MAX], Outcome::Ended, "-1 = ?")]
#[case("openat", &[0xffff_ff9c, 0x1000, 0o102, 0o1644], returned(5), "AT_FDCWD, \"hello\", O_RDWR|O_CREAT, 01644 = 5")]
#[case("openat", &[3, 0x1000, 3, 0o644], returned(6), "3, \"hello\", O_ACCMODE = 6")]
#[case("chmod", &[0x1000, 0], returned(0), "\"hello\", 000 = 0")]
#[case("umask", &[0o22], returned(0o777), "022 = 0777")]
#[case("umask", &[0o22], returned(0), "022 = 000")]
#[case("chown", &[0x1000, u64::MAX, 4_294_967_290], returned(0), "\"hello\", -1, 4294967290 = 0")]
#[case("kill", &[0, 9], returned(0), "0, SIGKILL = 0")]
#[case("kill", &[0xfff0_bdc0, 99], returned(-22), "-1000000, 99 = -1 EINVAL (Invalid argument)")]
#[case("kill", &[0, 32], returned(0), "0, SIGRTMIN = 0")]
#[case("kill", &[0, 34], returned(0), "0, SIGRT_2 = 0")]
#[case("lseek", &[0, (-5_i64) as u64, 1], returned(7), "0, -5, SEEK_CUR = 7")]
#[case("lseek", &[0, 5, 9], returned(-22), "0, 5, 0x9 /* SEEK_??? */ = -1 EINVAL (Invalid argument)")]
#[case("brk", &[0], returned(0x55a1_7016_c000), "NULL = 0x55a17016c000")]
#[case("munmap", &[u64::MAX, 5], returned(-22), "0xffffffffffffffff, 5 = -1 EINVAL (Invalid argument)")]
#[case("alarm", &[0xffff_ffff], returned(0), "4294967295 = 0")]
fn calls(
    #[case] name: &str,
    #[case] words: &[u64],
    #[case] outcome: Outcome,
    #[case] expected: &str,
) {
    let memory = Pieces::default().with(0x1000, b"hello\0and more");
    assert_eq!(shown(name, words, outcome, &memory), expected);
}

#[test]
fn pairs_of_descriptors() {
    let memory = Pieces::default().with(0x1000, [3, 0, 0, 0, 4, 0, 0, 0]);
    assert_eq!(shown("pipe", &[0x1000], returned(0), &memory), "[3, 4] = 0");
    let cut = Pieces::default().with(0x1000, [3, 0, 0, 0, 4, 0]);
    assert_eq!(
        shown("pipe", &[0x1000], returned(0), &cut),
        "[3, ... /* 0x1004 */] = 0"
    );
    assert_eq!(
        shown("pipe", &[0], returned(-14), &memory),
        "NULL = -1 EFAULT (Bad address)"
    );
}

const V: u64 = 0x5000;

fn strings() -> Pieces {
    Pieces::default()
        .with(V, b"v\0")
        .with(0x6000, [&[b'q'; 50][..], b"\0"].concat())
}

#[rstest]
#[case(0, "NULL", "NULL")]
#[case(1, "0x1", "0x1")]
#[case(0x1000, "[\"v\"]", "0x1000 /* 1 var */")]
#[case(0x1008, "[]", "0x1008 /* 0 vars */")]
#[case(
    0x2000,
    "[\"v\", 0x1, \"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\"...]",
    "0x2000 /* 3 vars */"
)]
#[case(
    0x2ff0,
    "[\"v\", \"v\", ... /* 0x3000 */]",
    "0x2ff0 /* 2 vars, unterminated */"
)]
fn vectors(#[case] addr: u64, #[case] argv: &str, #[case] envp: &str) {
    let memory = strings()
        .words(0x1000, &[V, 0])
        .words(0x2000, &[V, 1, 0x6000, 0])
        .words(0x2ff0, &[V, V]);
    let text = shown("execve", &[V, addr, addr], returned(-2), &memory);
    assert_eq!(
        text,
        format!("\"v\", {argv}, {envp} = -1 ENOENT (No such file or directory)")
    );
}

#[test]
fn vectors_are_cut_unless_everything_is_asked_for() {
    let memory = strings().words(0x1000, &[[V; 99].as_slice(), &[0]].concat());
    let call = call(X, "execve", &[V, 0x1000, 0x1000]);
    let list = |count: usize, end: &str| format!("[{}{end}]", vec!["\"v\""; count].join(", "));
    let enter = |style: Style| {
        let rendered = Decoder::new(style).enter(&call, &memory);
        rendered
            .parts
            .into_iter()
            .map(|part| part.text.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        enter(Style::default())[1..],
        [list(32, ", ..."), "0x1000 /* 99 vars */".into()]
    );
    assert_eq!(
        enter(Style {
            limit: 5,
            ..Style::default()
        })[1],
        list(5, ", ...")
    );
    assert_eq!(
        enter(Style {
            whole: true,
            ..Style::default()
        })[1..],
        [list(99, ""), list(99, "")]
    );
}

#[test]
fn vectors_of_32_bit_programs_have_32_bit_addresses() {
    let memory = strings().with(0x1000, [0, 0x50, 0, 0, 0, 0, 0, 0]);
    let call = call(AbiId::I386, "execve", &[V, 0x1000, 0x1000]);
    let text = line(&Style::default(), &call, returned(0), &memory, &memory);
    assert_eq!(text, "\"v\", [\"v\"], 0x1000 /* 1 var */ = 0");
}

#[rstest]
#[case(Names::Raw, "-100, \"x\", 0x80000042, 0644")]
#[case(
    Names::Verbose,
    "-100 /* AT_FDCWD */, \"x\", 0x80000042 /* O_RDWR|O_CREAT|0x80000000 */, 0644"
)]
fn names_in_numbers(#[case] names: Names, #[case] expected: &str) {
    let memory = Pieces::default().with(0x1000, b"x\0");
    let call = call(X, "openat", &[0xffff_ff9c, 0x1000, 0x8000_0042, 0o644]);
    let text = line(
        &Style {
            names,
            ..Style::default()
        },
        &call,
        returned(3),
        &memory,
        &memory,
    );
    assert_eq!(text, format!("{expected} = 3"));
}

#[test]
fn raw_calls_show_their_words_and_a_raw_result() {
    let style = Style {
        raw: Some(Selection::All),
        ..Style::default()
    };
    let none = Pieces::default();
    let raw = |call: &Call, outcome| line(&style, call, outcome, &none, &none);
    let write = call(X, "write", &[0x1_0000_0007, 0x1000, 0, 9]);
    assert_eq!(raw(&write, returned(5)), "0x100000007, 0x1000, 0 = 0x5");
    assert_eq!(
        raw(&write, returned(-9)),
        "0x100000007, 0x1000, 0 = -1 EBADF (Bad file descriptor)"
    );
    // Two words make one offset on i386: both are shown, and on arm the one between them too.
    let words = [0xffff_ffff, 1, 5, 0x1122_3344, 0x5566_7788, 9];
    let pread = call(AbiId::I386, "pread64", &words);
    assert_eq!(
        raw(&pread, returned(0)),
        "0xffffffff, 0x1, 0x5, 0x11223344, 0x55667788 = 0"
    );
    let pread = call(AbiId::Arm, "pread64", &words);
    assert_eq!(
        raw(&pread, returned(0)),
        "0xffffffff, 0x1, 0x5, 0x11223344, 0x55667788, 0x9 = 0"
    );
}

#[test]
fn unknown_calls_show_six_words() {
    let call = numbered(X, 0x3fff_ffff, &[1, 0, u64::MAX]);
    let none = Pieces::default();
    let text = line(&Style::default(), &call, returned(-38), &none, &none);
    assert_eq!(
        text,
        "0x1, 0, 0xffffffffffffffff, 0, 0, 0 = -1 ENOSYS (Function not implemented)"
    );
}

/// Any user id is a user id, on words of 32 bits also those that look like errors.
#[test]
fn what_cannot_fail_has_not_failed() {
    let none = Pieces::default();
    let outcome = Outcome::Returned {
        value: -16,
        error: true,
    };
    let shown = |abi, name| {
        line(
            &Style::default(),
            &call(abi, name, &[]),
            outcome,
            &none,
            &none,
        )
    };
    assert_eq!(shown(AbiId::I386, "geteuid32"), " = 4294967280");
    assert_eq!(shown(AbiId::Arm, "geteuid32"), " = 4294967280");
    // Here no user id reaches that far: somebody's filter made this an error.
    assert_eq!(shown(X, "geteuid"), " = -1 EBUSY (Device or resource busy)");
    // The kernel does not call this an error, so it is a value.
    let value = Outcome::Returned {
        value: -16,
        error: false,
    };
    let lseek = call(X, "lseek", &[3, 0, 0]);
    assert_eq!(
        line(&Style::default(), &lseek, value, &none, &none),
        "3, 0, SEEK_SET = -16"
    );
}

#[test]
fn addresses_of_32_bit_programs_are_not_negative() {
    let mmap = call(AbiId::I386, "mmap2", &[]);
    let outcome = Outcome::Returned {
        value: i64::from(0xf7f0_0000_u32 as i32),
        error: false,
    };
    let none = Pieces::default();
    let text = line(&Style::default(), &mmap, outcome, &none, &none);
    assert!(text.ends_with(" = 0xf7f00000"), "{text}");
}
