//! Words, numbers and signs of a text, each with its place.

use super::error::{Fault, Place, shown};

/// What begins a comment, beside `/* .. */`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comments {
    /// `;`, and `#` at the beginning of a line.
    Semicolon,
    /// `#`.
    Hash,
    /// `//`, and `#` at the beginning of a line.
    Slashes,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name; it may begin with a digit where it is no number.
    Word,
    /// A number without a sign.
    Number,
    /// A sign, of one or two characters.
    Sign,
}

/// A piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The pieces of a text, and which comes next.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    all: Vec<Token<'a>>,
    at: usize,
    end: Place,
}

/// Signs of two characters.
const PAIRS: &[&str] = &[
    "==", "!=", ">=", "<=", "<<", ">>", "+=", "-=", "*=", "/=", "|=", "&=", "^=",
];

impl<'a> Token<'a> {
    pub(super) fn place(&self) -> Place {
        Place::Line(self.line, self.column)
    }

    /// Whether it is this word or sign, whatever its case.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }

    pub(super) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.place(), what)
    }

    /// That something else was expected here.
    pub(super) fn unexpected(&self, wanted: &str) -> Fault {
        self.fault(format!("'{}' is unexpected: {wanted}", shown(self.text)))
    }

    /// The value of a number.
    pub(super) fn value(&self) -> Result<u32, Fault> {
        let text = self.text.trim_end_matches(['u', 'U', 'l', 'L']);
        let lower = text.to_ascii_lowercase();
        let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
            (digits, 16)
        } else if let Some(digits) = lower.strip_prefix("0b") {
            (digits, 2)
        } else if lower.len() > 1 && lower.starts_with('0') {
            (lower.get(1..).unwrap_or_default(), 8)
        } else {
            (lower.as_str(), 10)
        };
        u32::from_str_radix(digits, radix).map_err(|_| {
            self.fault(format!(
                "'{}' is no number from 0 to 0xffffffff",
                shown(self.text)
            ))
        })
    }
}

impl<'a> Tokens<'a> {
    /// The pieces of a text.
    pub(super) fn of(text: &'a str, comments: Comments) -> Result<Tokens<'a>, Fault> {
        let mut all = Vec::new();
        let mut open: Option<Place> = None;
        let mut line = 0;
        for content in text.lines() {
            line += 1;
            let mut scanner = Scanner {
                content,
                at: 0,
                line,
                comments,
            };
            while let Some(token) = scanner.next(&mut open)? {
                all.push(token);
            }
        }
        if let Some(place) = open {
            return Err(Fault::new(
                place,
                "this comment does not end: '*/' is missing",
            ));
        }
        Ok(Tokens {
            all,
            at: 0,
            end: Place::Line(line.max(1), 1),
        })
    }

    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.all.get(self.at).copied()
    }

    /// The one behind the next.
    pub(super) fn peek_second(&self) -> Option<Token<'a>> {
        self.all.get(self.at + 1).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    /// The next, which must be there.
    pub(super) fn some(&mut self, wanted: &str) -> Result<Token<'a>, Fault> {
        let end = self.end.clone();
        self.next()
            .ok_or_else(|| Fault::new(end, format!("the text ends too early: {wanted}")))
    }

    /// Takes the next if it is this.
    pub(super) fn take(&mut self, text: &str) -> Option<Token<'a>> {
        let token = self.peek().filter(|token| token.is(text))?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next, which must be this.
    pub(super) fn expect(&mut self, text: &str, wanted: &str) -> Result<Token<'a>, Fault> {
        let token = self.some(wanted)?;
        match token.is(text) {
            true => Ok(token),
            false => Err(token.unexpected(wanted)),
        }
    }

    /// Takes a number, perhaps with a sign before it.
    pub(super) fn number(&mut self, wanted: &str) -> Result<u32, Fault> {
        let minus = self.take("-").is_some();
        if !minus {
            self.take("+");
        }
        let token = self.some(wanted)?;
        if token.kind != Kind::Number {
            return Err(token.unexpected(wanted));
        }
        let value = token.value()?;
        if minus && value > 1 << 31 {
            return Err(token.fault("a negative number is at least -0x80000000"));
        }
        Ok(match minus {
            true => value.wrapping_neg(),
            false => value,
        })
    }
}

/// One line, and how far it was read.
struct Scanner<'a> {
    content: &'a str,
    at: usize,
    line: usize,
    comments: Comments,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.content.get(self.at..).unwrap_or_default()
    }

    fn place(&self) -> Place {
        Place::Line(self.line, self.column())
    }

    fn column(&self) -> usize {
        self.content
            .get(..self.at)
            .map_or(1, |before| before.chars().count() + 1)
    }

    /// The next piece of the line. `open` is where a comment began that has not ended.
    fn next(&mut self, open: &mut Option<Place>) -> Result<Option<Token<'a>>, Fault> {
        loop {
            if open.is_some() {
                let Some(end) = self.rest().find("*/") else {
                    return Ok(None);
                };
                self.at += end + 2;
                *open = None;
            }
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            if rest.is_empty() || self.is_comment(rest) {
                return Ok(None);
            }
            if rest.starts_with("/*") {
                *open = Some(self.place());
                self.at += 2;
                continue;
            }
            return self.token(rest).map(Some);
        }
    }

    /// Whether the rest of the line is a comment.
    fn is_comment(&self, rest: &str) -> bool {
        let alone = rest.starts_with('#')
            && (self.content.get(..self.at)).is_some_and(|before| before.trim().is_empty());
        match self.comments {
            Comments::Semicolon => rest.starts_with(';') || alone,
            Comments::Hash => rest.starts_with('#'),
            Comments::Slashes => rest.starts_with("//") || alone,
        }
    }

    fn token(&mut self, rest: &'a str) -> Result<Token<'a>, Fault> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let long = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
        let (kind, length) = match rest.chars().next() {
            Some(first) if word(first) => {
                let text = rest.get(..long).unwrap_or_default();
                let number = first.is_ascii_digit() && is_number(text);
                (if number { Kind::Number } else { Kind::Word }, long)
            }
            Some(first) if first.is_ascii_punctuation() => {
                let pair = PAIRS.iter().any(|pair| rest.starts_with(pair));
                (Kind::Sign, if pair { 2 } else { 1 })
            }
            _ => {
                let what = format!("'{}' is nothing that a program has", shown(rest));
                return Err(Fault::new(self.place(), what));
            }
        };
        let (line, column) = (self.line, self.column());
        self.at += length;
        Ok(Token {
            kind,
            text: rest.get(..length).unwrap_or_default(),
            line,
            column,
        })
    }
}

/// Whether a word that begins with a digit is a number.
fn is_number(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['u', 'l']);
    match digits.strip_prefix("0x") {
        Some(digits) => !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => {
            let digits = digits.strip_prefix("0b").unwrap_or(digits);
            !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
        }
    }
}
