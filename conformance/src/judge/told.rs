//! What the texts of arguments say, held against what must be true of them.

use super::text;
use crate::case::Run;
use crate::ledger::Made;
use crate::observe::Seen;
use crate::terms::Text;

/// What is wrong with the texts of a line that is this call; nothing is where it shows none.
pub(super) fn difference(run: &Run, call: &Made, line: &Seen) -> Option<String> {
    if line.texts.is_empty() {
        return None;
    }
    let own = run.terms.told.iter().filter(|told| told.slot == call.slot);
    let wrong = own.filter_map(|told| {
        let Some(shown) = line.texts.get(told.arg) else {
            return Some(format!("it shows no argument {}", told.arg));
        };
        let other = told.or_arg.and_then(|arg| line.texts.get(arg));
        let is = |shown: &String| is_true(&told.is, call, shown);
        (!is(shown) && !other.is_some_and(is)).then(|| {
            let must = describe(&told.is);
            format!("argument {} is told as {shown}, but is {must}", told.arg)
        })
    });
    wrong.reduce(|all, more| format!("{all}; {more}"))
}

fn is_true(text: &Text, call: &Made, shown: &str) -> bool {
    match text {
        Text::Number(number) => parse(shown) == Some(*number as u64),
        Text::String(contents) => {
            let quoted = quoted(shown);
            quoted.is_some_and(|quoted| contents.iter().any(|content| quoted.is(content)))
        }
        Text::Strings(contents) => strings(shown).is_some_and(|(all, cut)| {
            let right = all.iter().zip(contents).all(|(own, must)| own.is(must));
            right && (all.len() == contents.len() || cut && all.len() < contents.len())
        }),
        Text::Address => is_address(call, shown),
        Text::Memory(bytes) => {
            let begins = |quoted: Quoted| bytes.starts_with(&quoted.bytes);
            is_address(call, shown) || quoted(shown).is_some_and(begins)
        }
    }
}

fn describe(text: &Text) -> String {
    let lossy = |bytes: &Vec<u8>| format!("{:?}", String::from_utf8_lossy(bytes));
    let all = |contents: &[Vec<u8>]| contents.iter().map(lossy).collect::<Vec<String>>();
    match text {
        Text::Number(number) => number.to_string(),
        Text::String(contents) => all(contents).join(" or "),
        Text::Strings(contents) => format!("[{}]", all(contents).join(", ")),
        Text::Address => "an address where nothing can be read".to_owned(),
        Text::Memory(bytes) => format!("its address, or the beginning of {}", lossy(bytes)),
    }
}

/// One of the call's own words, as a number.
fn is_address(call: &Made, shown: &str) -> bool {
    let mask = text::mask(call.abi);
    let is = |value: u64| call.words.iter().any(|word| word & mask == value & mask);
    match shown {
        "NULL" => is(0),
        _ => parse(shown).is_some_and(is),
    }
}

/// A number, in any of the notations that tracers use.
fn parse(text: &str) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

/// A string in quotes.
struct Quoted {
    bytes: Vec<u8>,
    /// Whether it says that there is more.
    cut: bool,
}

impl Quoted {
    fn is(&self, content: &[u8]) -> bool {
        match self.cut {
            true => content.starts_with(&self.bytes) && content.len() > self.bytes.len(),
            false => content == self.bytes,
        }
    }
}

/// A text that is one string and nothing else.
fn quoted(text: &str) -> Option<Quoted> {
    let (quoted, rest) = string(text)?;
    rest.is_empty().then_some(quoted)
}

/// `["a", "b", ...]`: the strings, and whether it says that there are more.
fn strings(text: &str) -> Option<(Vec<Quoted>, bool)> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut all = Vec::new();
    while !rest.is_empty() {
        if rest == "..." {
            return Some((all, true));
        }
        let (one, more) = string(rest)?;
        all.push(one);
        rest = match more.strip_prefix(", ") {
            Some(more) => more,
            None if more.is_empty() => more,
            None => return None,
        };
    }
    Some((all, false))
}

/// The string that a text begins with, and what follows it. C's escapes; what is not printable must not stand
/// there as it is.
fn string(text: &str) -> Option<(Quoted, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    let mut chars = inside.char_indices().peekable();
    let end = loop {
        match chars.next()? {
            (at, '"') => break at,
            (_, '\\') => {
                let (at, letter) = chars.next()?;
                let (byte, length) = escape(inside.get(at..)?, letter)?;
                bytes.push(byte);
                for _ in 1..length {
                    chars.next();
                }
            }
            (_, plain @ ' '..='~') => bytes.push(u8::try_from(plain).ok()?),
            _ => return None,
        }
    };
    let rest = inside.get(end + 1..)?;
    let (cut, rest) = match rest.strip_prefix("...") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    Some((Quoted { bytes, cut }, rest))
}

/// What stands behind a backslash: the byte, and how many characters that takes.
fn escape(text: &str, letter: char) -> Option<(u8, usize)> {
    let named = match letter {
        'n' => Some(b'\n'),
        't' => Some(b'\t'),
        'r' => Some(b'\r'),
        'v' => Some(0x0b),
        'f' => Some(0x0c),
        'a' => Some(7),
        'b' => Some(8),
        'e' => Some(0x1b),
        '"' | '\\' | '\'' => u8::try_from(letter).ok(),
        _ => None,
    };
    if let Some(byte) = named {
        return Some((byte, 1));
    }
    let digits = |text: &str, radix: u32, most: usize| {
        text.chars()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .count()
    };
    if letter == 'x' {
        let count = digits(text.get(1..)?, 16, 2);
        let byte = u8::from_str_radix(text.get(1..=count)?, 16).ok()?;
        return Some((byte, 1 + count));
    }
    let count = digits(text, 8, 3);
    let byte = u8::from_str_radix(text.get(..count)?, 8).ok()?;
    Some((byte, count))
}

#[cfg(test)]
mod tests {
    use everycall_arch::AbiId;

    use super::*;
    use crate::judge::tests::{call, line, run_of};
    use crate::terms::Told;

    fn holds(text: &Text, shown: &str) -> bool {
        is_true(
            text,
            &call(AbiId::I386, 5, [0x6000_fffc, 7, 0, 0, 0, 0]),
            shown,
        )
    }

    #[test]
    fn strings_are_read_back() {
        let content = b"a\"\\\n\x01\x7f\xff2\0z".to_vec();
        let text = Text::String(vec![content]);
        for right in [
            r#""a\"\\\n\1\177\3772\0z""#,
            r#""a\"\\\x0a\x01\x7f\xff2\x00z""#,
            r#""a\"\\\n"..."#,
        ] {
            assert!(holds(&text, right), "{right}");
        }
        for wrong in [
            "\"a\\\"\\\\\n\\1\\177\\3772\\0z\"",
            r#""a\"\\\n\1\177\3772\0z"..."#,
            r#""a\"\\\n""#,
            r#""a\"\\\n"#,
            r#""b"..."#,
            "",
            "0x6000fffc",
        ] {
            assert!(!holds(&text, wrong), "{wrong}");
        }
    }

    #[test]
    fn arrays_are_read_back() {
        let text = Text::Strings(vec![b"a, b".to_vec(), b"]\"".to_vec()]);
        for right in [r#"["a, b", "]\""]"#, r#"["a, b", ...]"#, "[...]"] {
            assert!(holds(&text, right), "{right}");
        }
        for wrong in [
            r#"["a, b"]"#,
            r#"["a, b", "]\"", "c"]"#,
            "[",
            r#"["a, b" "]\""]"#,
        ] {
            assert!(!holds(&text, wrong), "{wrong}");
        }
    }

    #[test]
    fn numbers_and_addresses() {
        assert!(holds(&Text::Number(-2), "-2"));
        assert!(!holds(&Text::Number(-2), "4294967294"));
        assert!(holds(&Text::Address, "0x6000fffc"));
        assert!(holds(&Text::Address, "NULL"), "one of the words is");
        assert!(!holds(&Text::Address, "0x6000fff0"));
        assert!(!holds(&Text::Address, "\"abc\""));
        let memory = Text::Memory(b"abc".to_vec());
        assert!(holds(&memory, "0x6000fffc") && holds(&memory, "\"ab\"..."));
        assert!(!holds(&memory, "\"b\""));
    }

    #[test]
    fn an_argument_may_stand_where_the_c_library_has_it() {
        let made = call(AbiId::Arm, 270, [7, 0, 5, 0, 6, 0]);
        let mut run = run_of(&[made]);
        run.terms.told = [(2, 5), (3, 6)]
            .map(|(arg, value)| Told {
                slot: made.slot,
                arg,
                or_arg: Some(arg - 1),
                is: Text::Number(value),
            })
            .to_vec();
        let told = |texts: [&str; 4]| {
            let mut line = line(&made);
            line.texts = texts.map(str::to_owned).to_vec();
            difference(&run, &made, &line)
        };
        assert_eq!(told(["7", "0", "5", "6"]), None);
        assert_eq!(told(["7", "5", "6", "NORMAL"]), None);
        assert!(told(["5", "6", "7", "NORMAL"]).is_some());
        assert!(told(["7", "6", "5", "0"]).is_some());
    }
}
