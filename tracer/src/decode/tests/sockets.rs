//! Socket addresses, as strace 6.1 printed them.

use rstest::rstest;

use super::{X, line, returned};
use crate::config::{Names, Style};
use crate::testing::{Pieces, call};

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
