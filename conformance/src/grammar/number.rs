//! Numbers as tracers write them.

use crate::observe::SeenWord;

/// A number: `0x2a`, `-42`, `052`, `42`. Anything else is none.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x") {
        Some(hex) => unsigned(hex, 16)?,
        None if digits.len() > 1 && digits.starts_with('0') => unsigned(digits, 8)?,
        None => unsigned(digits, 10)?,
    };
    Some(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    })
}

/// Digits only: `from_str_radix` alone would take a sign as well.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// One argument's text as a word. Raw words vouch for all their bits. Of a decoded text nobody knows how
/// wide the argument is: a mode is shown in octal, an old user id in decimal, flags in hexadecimal.
pub(super) fn word(text: &str, raw: bool) -> Option<SeenWord> {
    let text = text.trim();
    let value = parse(text)?;
    let bits = match text {
        _ if raw => 64,
        _ if text.starts_with("0x") => 32,
        _ if text.len() > 1 && text.starts_with('0') => 12,
        _ => 16,
    };
    Some(SeenWord { value, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_notation() {
        assert_eq!(parse("0x2a"), Some(42));
        assert_eq!(parse("42"), Some(42));
        assert_eq!(parse("052"), Some(42));
        assert_eq!(parse("0"), Some(0));
        assert_eq!(parse("-100"), Some(-100_i64 as u64));
        assert_eq!(parse("0xffffffffffffffff"), Some(u64::MAX));
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            "-",
            "0x",
            "--1",
            "0x-1",
            "+1",
            "09",
            "1f",
            "O_RDONLY",
            "18446744073709551616",
            "\u{663}",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_decoded_number_vouches_for_its_low_bits() {
        let bits = |text, raw| word(text, raw).map(|word| word.bits);
        assert_eq!(bits(" -1 ", false), Some(16));
        assert_eq!(bits("0644", false), Some(12));
        assert_eq!(bits("0", false), Some(16));
        assert_eq!(bits("0x1", false), Some(32));
        assert_eq!(bits("-1", true), Some(64));
    }
}
