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

/// One argument's text as a word. Raw words vouch for all their bits; of a decoded text only
/// hexadecimal does, as a decimal is usually an `int` cut out of its register.
pub(super) fn word(text: &str, raw: bool) -> Option<SeenWord> {
    let text = text.trim();
    let value = parse(text)?;
    let whole = raw || text.starts_with("0x");
    Some(SeenWord {
        value,
        bits: if whole { 64 } else { 32 },
    })
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
    fn a_decoded_decimal_vouches_for_half_a_word() {
        assert_eq!(word(" -1 ", false).map(|w| w.bits), Some(32));
        assert_eq!(word("0x1", false).map(|w| w.bits), Some(64));
        assert_eq!(word("-1", true).map(|w| w.bits), Some(64));
    }
}
