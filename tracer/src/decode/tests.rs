//! Renderings, each as strace 6.1 printed it on x86-64 for the same call, and what no input may do.

use everycall_arch::{AbiId, table};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::config::{HexStrings, Names, Style};
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

fn connect(address: &[u8], len: u64, style: &Style) -> String {
    let memory = Pieces::default().with(0x1000, address);
    let call = call(X, "connect", &[7, 0x1000, len]);
    let text = line(style, &call, returned(0), &memory, &memory);
    text.strip_prefix("7, ")
        .unwrap()
        .split(&format!(", {} =", len as i32))
        .next()
        .unwrap()
        .to_owned()
}

const INET: &[u8] = b"\x02\0\0\x35\x01\x02\x03\x04\0\0\0\0\0\0\0\0";
const INET6: &[u8] =
    b"\x0a\0\0\x35\0\0\0\x07\x20\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x63\0\0\0\0\0\0\0";

#[rstest]
#[case(
    b"\x01\0/tmp/sock\0xyz",
    15,
    "{sa_family=AF_UNIX, sun_path=\"/tmp/sock\"}"
)]
#[case(b"\x01\0/tmp/sock", 6, "{sa_family=AF_UNIX, sun_path=\"/tmp\"}")]
#[case(b"\x01\0", 2, "{sa_family=AF_UNIX}")]
#[case(b"\x01\0", 1, "0x1000")]
#[case(b"\x01\0", 0, "0x1000")]
#[case(b"\x01\0", 0xffff_ffff, "0x1000")]
#[case(b"\x01\0", 16, "0x1000")]
#[case(
    b"\x01\0\0abstr\0x",
    10,
    "{sa_family=AF_UNIX, sun_path=@\"abstr\\0x\"}"
)]
#[case(b"\x01\0\0", 3, "{sa_family=AF_UNIX, sun_path=@\"\"}")]
#[case(
    INET,
    16,
    "{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"1.2.3.4\")}"
)]
#[case(INET, 8, "{sa_family=AF_INET, sa_data=\"\\0005\\1\\2\\3\\4\"}")]
#[case(
    INET6,
    28,
    "{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(7), inet_pton(AF_INET6, \"2001::1\", &sin6_addr), sin6_scope_id=99}"
)]
#[case(
    INET6,
    24,
    "{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(7), inet_pton(AF_INET6, \"2001::1\", &sin6_addr)}"
)]
#[case(
    INET6,
    20,
    "{sa_family=AF_INET6, sa_data=\"\\0005\\0\\0\\0\\7 \\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"}"
)]
#[case(
    b"\x10\0\0\0\x0c\0\0\0\x50\0\0\0",
    12,
    "{sa_family=AF_NETLINK, nl_pid=12, nl_groups=0x000050}"
)]
#[case(
    b"\x10\0\x07\0\0\0\0\0\0\0\0\0",
    12,
    "{sa_family=AF_NETLINK, nl_pad=0x7, nl_pid=0, nl_groups=00000000}"
)]
#[case(b"\x63\0abcd", 6, "{sa_family=0x63 /* AF_??? */, sa_data=\"abcd\"}")]
#[case(b"\x11\0a", 3, "{sa_family=AF_PACKET, sa_data=\"a\"}")]
fn socket_addresses(#[case] bytes: &[u8], #[case] len: u64, #[case] expected: &str) {
    assert_eq!(connect(bytes, len, &Style::default()), expected);
}

#[test]
fn a_whole_unix_path_needs_no_end() {
    let bytes = [b"\x01\0".as_slice(), &[b'A'; 126]].concat();
    let expected = format!("{{sa_family=AF_UNIX, sun_path=\"{}\"}}", "A".repeat(108));
    assert_eq!(connect(&bytes, 128, &Style::default()), expected);
}

#[rstest]
#[case(
    Names::Raw,
    "{sa_family=0x2, sin_port=\"\\x00\\x35\", sin_addr=\"\\x01\\x02\\x03\\x04\"}"
)]
#[case(
    Names::Verbose,
    "{sa_family=0x2 /* AF_INET */, sin_port=\"\\x00\\x35\" /* htons(53) */, sin_addr=\"\\x01\\x02\\x03\\x04\" /* inet_addr(\"1.2.3.4\") */}"
)]
fn socket_addresses_in_numbers(#[case] names: Names, #[case] expected: &str) {
    assert_eq!(
        connect(
            INET,
            16,
            &Style {
                names,
                ..Style::default()
            }
        ),
        expected
    );
}

/// The kernel writes no more of an address than there was room for, but says how long it is.
#[rstest]
#[case(
    100,
    16,
    0,
    "{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"1.2.3.4\")}, [100 => 16] = 0"
)]
#[case(
    16,
    16,
    0,
    "{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"1.2.3.4\")}, [16] = 0"
)]
#[case(
    8,
    16,
    0,
    "{sa_family=AF_INET, sa_data=\"\\0005\\1\\2\\3\\4\"}, [8 => 16] = 0"
)]
#[case(1, 16, 0, "0x1000, [1 => 16] = 0")]
#[case(16, 16, -9, "0x1000, [16] = -1 EBADF (Bad file descriptor)")]
fn addresses_that_the_kernel_writes(
    #[case] room: u32,
    #[case] len: u32,
    #[case] result: i64,
    #[case] expected: &str,
) {
    let memory = |len: u32| {
        Pieces::default()
            .with(0x1000, INET)
            .with(0x2000, len.to_le_bytes())
    };
    let call = call(X, "getsockname", &[9, 0x1000, 0x2000]);
    let text = line(
        &Style::default(),
        &call,
        returned(result),
        &memory(room),
        &memory(len),
    );
    assert_eq!(text, format!("9, {expected}"));
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

#[test]
fn an_enormous_vector_is_cut() {
    struct Same;
    impl Memory for Same {
        fn read(&self, _addr: u64, buf: &mut [u8]) -> usize {
            buf.fill(1);
            buf.len()
        }
    }
    let style = Style {
        whole: true,
        limit: 1,
        ..Style::default()
    };
    let rendered = Decoder::new(style).enter(&call(X, "execve", &[1, 1, 1]), &Same);
    assert!(
        rendered.parts[1]
            .text
            .as_deref()
            .unwrap()
            .ends_with(", ...]")
    );
    let rendered = Decoder::default().enter(&call(X, "execve", &[1, 1, 1]), &Same);
    assert_eq!(
        rendered.parts[2].text.as_deref(),
        Some("0x1 /* 65536 vars or more */")
    );
}

fn styles() -> impl Strategy<Value = Style> {
    let hex = prop_oneof![
        Just(HexStrings::Never),
        Just(HexStrings::Escapes),
        Just(HexStrings::NonAscii),
        Just(HexStrings::All)
    ];
    let names = prop_oneof![Just(Names::Abbrev), Just(Names::Raw), Just(Names::Verbose)];
    (hex, names, any::<bool>(), 0..100_usize, any::<bool>()).prop_map(
        |(hex, names, whole, limit, raw)| Style {
            hex,
            names,
            whole,
            limit,
            raw: raw.then_some(Selection::All),
        },
    )
}

/// Words that are likely to hit something: small, near the pieces of memory, at the edges.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..300_u64,
        0xff0..0x1200_u64,
        u64::MAX - 300..=u64::MAX,
        0xffff_ff00..=0x1_0000_0100_u64
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No call with any words, any memory and any end makes more than one printable line.
    #[test]
    fn nothing_breaks_a_line(
        style in styles(),
        abi in prop::sample::select(AbiId::ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        words in prop::array::uniform6(word()),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        value in prop_oneof![any::<i64>(), -5000..300_i64],
        error: bool,
    ) {
        let all = table::all(abi);
        let nr = if all.is_empty() { 0 } else { at.get(all).nr };
        let high = u64::MAX - bytes.len() as u64 / 2;
        let memory = Pieces::default().with(0x1000, &bytes).with(high, &bytes).with(0xffff_ff80, &bytes);
        let call = numbered(abi, nr, &words);
        for outcome in [Outcome::Returned { value, error }, Outcome::Unknown("why")] {
            let text = line(&style, &call, outcome, &memory, &memory);
            prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
        }
    }
}
