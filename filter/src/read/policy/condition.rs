//! Conditions on words, written as `everycall filter map` tells them: `arg0 & 0xff == 4`, `(i32) arg1 >= -1`.

use crate::map::{Field, Masked, Range, Set, Test, View};

/// What a condition may look like.
const WANTED: &str = "`arg0 == 5`, `(i32) arg1 >= -1`, `arg2 & 0xff == 4`, `arg3 in 1..=9` and `arg4 not in {1, 5..}` are conditions";

/// A condition that makes no sense: where in its text, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// A byte of the text.
    pub(super) at: usize,
    pub(super) what: String,
}

/// A text, and how far it was read.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// The condition that a text is.
pub(super) fn parse(text: &str) -> Result<Test, Wrong> {
    let mut cursor = Cursor { text, at: 0 };
    let test = cursor.condition()?;
    match cursor.rest().is_empty() {
        true => Ok(test),
        false => Err(cursor.wrong("something stands behind the condition")),
    }
}

impl Cursor<'_> {
    /// What is left, without the spaces before it.
    fn rest(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn wrong(&mut self, what: &str) -> Wrong {
        self.rest();
        Wrong {
            at: self.at,
            what: format!("{what}: {WANTED}"),
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// A word of letters and digits.
    fn word(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let word = word.to_owned();
        self.at += word.len();
        word
    }

    fn number(&mut self) -> Result<i128, Wrong> {
        let negative = self.take("-");
        let start = self.at;
        let digits = self.word();
        let value = match digits.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let Ok(value) = value else {
            self.at = start;
            return Err(self.wrong("there is no number of 64 bits here"));
        };
        let value = i128::from(value);
        Ok(if negative { -value } else { value })
    }

    fn condition(&mut self) -> Result<Test, Wrong> {
        let cast = match self.take("(") {
            false => None,
            true => {
                let view = match self.word().as_str() {
                    "u8" => (8, false),
                    "i8" => (8, true),
                    "u16" => (16, false),
                    "i16" => (16, true),
                    "u32" => (32, false),
                    "i32" => (32, true),
                    "u64" => (64, false),
                    "i64" => (64, true),
                    _ => return Err(self.wrong("before this stands none of u8, i8, .. u64, i64")),
                };
                if !self.take(")") {
                    return Err(self.wrong("`)` is missing"));
                }
                Some(view)
            }
        };
        let name = self.word();
        let field = (Field::ALL.into_iter().skip(2)).find(|field| field.name() == name);
        let Some(field) = field else {
            return Err(self.wrong("before this stands none of arg0 to arg5 and ip"));
        };
        let (bits, signed) = cast.unwrap_or((64, false));
        let view = View { bits, signed };
        if self.take("&") {
            return self.masked(field, view);
        }
        let (negated, ranges) = self.values(view)?;
        let set = Set::Ranges(view, ranges);
        Ok(Test {
            field,
            negated,
            set,
        })
    }

    /// What stands behind `arg0 &`.
    fn masked(&mut self, field: Field, view: View) -> Result<Test, Wrong> {
        let most = u64::MAX >> (64 - view.bits);
        let mask = self.number()?;
        let negated = match (self.take("=="), self.take("!=")) {
            (true, _) => false,
            (_, true) => true,
            _ => return Err(self.wrong("`==` or `!=` is missing")),
        };
        let value = self.number()?;
        let fits = |value: i128| u64::try_from(value).ok().filter(|&value| value <= most);
        let (Some(mask), Some(value)) = (fits(mask), fits(value)) else {
            return Err(self.wrong("the mask or the value has more bits than the word"));
        };
        if value & !mask != 0 {
            return Err(self.wrong("the value has bits that the mask has not, so it never is this"));
        }
        Ok(Test {
            field,
            negated,
            set: Set::Masked(vec![Masked { mask, value }]),
        })
    }

    /// A comparison, as ranges and whether they are the ones that are not wanted.
    fn values(&mut self, view: View) -> Result<(bool, Vec<Range>), Wrong> {
        let ends = view.ends();
        for (sign, negated) in [("==", false), ("!=", true)] {
            if self.take(sign) {
                let value = self.value(view)?;
                return Ok((
                    negated,
                    vec![Range {
                        low: value,
                        high: value,
                    }],
                ));
            }
        }
        for (sign, at_most, negated) in [
            ("<=", true, false),
            (">=", false, false),
            ("<", false, true),
            (">", true, true),
        ] {
            if self.take(sign) {
                let value = self.value(view)?;
                let range = match at_most {
                    true => Range {
                        low: ends.low,
                        high: value,
                    },
                    false => Range {
                        low: value,
                        high: ends.high,
                    },
                };
                return Ok((negated, vec![range]));
            }
        }
        let negated = self.take("not");
        if !self.take("in") {
            return Err(self.wrong("no comparison stands here"));
        }
        let mut ranges = Vec::new();
        if self.take("{") {
            loop {
                ranges.push(self.range(view)?);
                if self.take("}") {
                    break;
                }
                if !self.take(",") {
                    return Err(self.wrong("`,` or `}` is missing"));
                }
            }
        } else {
            ranges.push(self.range(view)?);
        }
        ranges.sort_by_key(|range| range.low);
        Ok((negated, melted(ranges)))
    }

    /// `5`, `1..=9` or `5..`.
    fn range(&mut self, view: View) -> Result<Range, Wrong> {
        let low = self.value(view)?;
        if self.take("..=") {
            let high = self.value(view)?;
            if high < low {
                return Err(self.wrong("the range is empty"));
            }
            return Ok(Range { low, high });
        }
        let high = if self.take("..") {
            view.ends().high
        } else {
            low
        };
        Ok(Range { low, high })
    }

    /// A value that the word can have.
    fn value(&mut self, view: View) -> Result<i128, Wrong> {
        let start = self.at;
        let value = self.number()?;
        let ends = view.ends();
        if (ends.low..=ends.high).contains(&value) {
            return Ok(value);
        }
        self.at = start;
        Err(self.wrong(match value < 0 {
            true if !view.signed => "the word is looked at without a sign, so it is never negative; `(i64) arg0` has one",
            _ => "the word never has this value",
        }))
    }
}

/// Ascending ranges that are apart.
fn melted(ranges: Vec<Range>) -> Vec<Range> {
    let mut melted: Vec<Range> = Vec::new();
    for range in ranges {
        match melted.last_mut() {
            Some(last) if range.low <= last.high.saturating_add(1) => {
                last.high = last.high.max(range.high);
            }
            _ => melted.push(range),
        }
    }
    melted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_map_tells_is_understood() {
        for text in [
            "arg1 <= 4095",
            "arg1 != 5",
            "(u32) arg1 == 5",
            "(i32) arg1 == -100",
            "arg2 & 0x7e020000 == 0",
            "arg2 & 0x7e020000 != 0x20000",
            "(i64) arg1 in -5..=10",
            "arg1 in {1..=2, 4, 6..}",
            "arg5 not in {1, 5, 9}",
            "ip >= 0x10000",
        ] {
            let told = parse(text).unwrap().to_string();
            assert_eq!(parse(&told), parse(text), "{text} is told as {told}");
        }
        assert_eq!(parse("arg0<5").unwrap().holds(4), Some(true));
        assert_eq!(parse("arg0<5").unwrap().holds(5), Some(false));
        assert_eq!(
            parse("(i32) arg0 > -2").unwrap().holds(0xffff_ffff),
            Some(true)
        );
        assert_eq!(parse("arg0 in {9, 1..=3, 4}").unwrap().holds(4), Some(true));
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (text, at, part) in [
            ("", 0, "none of arg0"),
            ("arg6 == 1", 5, "none of arg0"),
            ("arg0 == -1", 8, "without a sign"),
            ("(u8) arg0 == 256", 13, "never has this value"),
            ("(u8 arg0", 4, "`)`"),
            ("arg0 = 5", 5, "no comparison"),
            ("arg0 == 5 6", 10, "behind"),
            ("arg0 & 3 == 4", 13, "bits that the mask has not"),
            ("arg0 in 9..=1", 13, "empty"),
            ("arg0 in {1, 2", 13, "`}`"),
            ("arg0 == 0x1ffffffffffffffff", 8, "no number"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.what.contains(part), "{text}: {}", wrong.what);
            assert_eq!(wrong.at, at, "{text}: {}", wrong.what);
        }
    }
}
