//! Bytes of a tracee as printable ASCII: nothing a tracee says reaches a terminal as it is.

use crate::config::HexStrings;

/// Appends `bytes` in double quotes, escaped as strace does: what is printable as it is, the usual
/// letters for blanks, and octal (or hexadecimal) numbers for all the rest.
pub fn quote(out: &mut String, bytes: &[u8], hex: HexStrings) {
    out.push('"');
    body(out, bytes, hex);
    out.push('"');
}

fn body(out: &mut String, bytes: &[u8], hex: HexStrings) {
    let all = match hex {
        HexStrings::All => true,
        HexStrings::NonAscii => !bytes.iter().all(|&byte| plain(byte)),
        HexStrings::Never | HexStrings::Escapes => false,
    };
    if all {
        bytes.iter().for_each(|&byte| hex_escape(out, byte));
        return;
    }
    for (at, &byte) in bytes.iter().enumerate() {
        match letter(byte) {
            Some(letter) => out.extend(['\\', letter]),
            None if printable(byte) => out.push(char::from(byte)),
            None if hex == HexStrings::Escapes => hex_escape(out, byte),
            None => octal_escape(out, byte, bytes.get(at + 1).copied()),
        }
    }
}

fn printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

fn plain(byte: u8) -> bool {
    printable(byte) || (0x09..=0x0d).contains(&byte)
}

fn letter(byte: u8) -> Option<char> {
    Some(match byte {
        b'"' => '"',
        b'\\' => '\\',
        b'\t' => 't',
        b'\n' => 'n',
        0x0b => 'v',
        0x0c => 'f',
        b'\r' => 'r',
        _ => return None,
    })
}

fn hex_escape(out: &mut String, byte: u8) {
    out.push_str("\\x");
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from_digit(digit.into(), 16).unwrap_or('?'));
    }
}

/// As few digits as can be: three when a digit follows that would be read as one more.
fn octal_escape(out: &mut String, byte: u8, next: Option<u8>) {
    let digits = [byte >> 6, byte >> 3 & 7, byte & 7];
    let long = next.is_some_and(|next| (b'0'..=b'7').contains(&next));
    let skip = if long {
        0
    } else {
        digits[..2].iter().take_while(|&&digit| digit == 0).count()
    };
    out.push('\\');
    for &digit in &digits[skip..] {
        out.push(char::from(b'0' + digit));
    }
}

/// A text of unknown origin (a file name, a tracee's name) in a message: escaped, without quotes.
#[must_use]
pub fn plain_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if printable(byte) {
            out.push(char::from(byte));
        } else {
            hex_escape(&mut out, byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// What strace 6.1 printed for these bytes.
    #[rstest]
    #[case(
        b"\x001\x012\n\t\r\x0b\x0c\\\"\x1b[31m\x7f\x80\xffa\x01a\0",
        r#""\0001\0012\n\t\r\v\f\\\"\33[31m\177\200\377a\1a\0""#
    )]
    #[case(b"\x01\x023\x019\x018\x007\0", r#""\1\0023\19\18\0007\0""#)]
    #[case(b"caf\xc3\xa9", r#""caf\303\251""#)]
    #[case(b"", r#""""#)]
    fn octal(#[case] bytes: &[u8], #[case] text: &str) {
        let mut out = String::new();
        quote(&mut out, bytes, HexStrings::Never);
        assert_eq!(out, text);
    }

    #[rstest]
    #[case(HexStrings::All, b"a\"b", r#""\x61\x22\x62""#)]
    #[case(HexStrings::NonAscii, b"a\"\tb", r#""a\"\tb""#)]
    #[case(HexStrings::NonAscii, b"caf\xc3", r#""\x63\x61\x66\xc3""#)]
    #[case(HexStrings::Escapes, b"caf\xc3\n", r#""caf\xc3\n""#)]
    fn hexadecimal(#[case] hex: HexStrings, #[case] bytes: &[u8], #[case] text: &str) {
        let mut out = String::new();
        quote(&mut out, bytes, hex);
        assert_eq!(out, text);
    }

    /// Reads an octal-escaped string back, by the rules of C.
    fn unquote(text: &str) -> Vec<u8> {
        let text = text.as_bytes();
        let text = &text[1..text.len() - 1];
        let (mut out, mut at) = (Vec::new(), 0);
        while at < text.len() {
            if text[at] != b'\\' {
                out.push(text[at]);
                at += 1;
                continue;
            }
            at += 1;
            let digits = text[at..]
                .iter()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            if digits > 0 {
                let number = std::str::from_utf8(&text[at..at + digits]).unwrap();
                out.push(u8::from_str_radix(number, 8).unwrap());
                at += digits;
            } else {
                out.push(match text[at] {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    b'r' => b'\r',
                    other => other,
                });
                at += 1;
            }
        }
        out
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_all_is_printable(bytes: Vec<u8>) {
            let mut out = String::new();
            quote(&mut out, &bytes, HexStrings::Never);
            prop_assert!(out.bytes().all(printable));
            prop_assert_eq!(unquote(&out), bytes);
        }
    }
}
