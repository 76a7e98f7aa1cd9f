//! getopt_long's habits: clusters of short options, values behind them or after them, long options
//! by any prefix that means one option, `--`, and an end at the first word that is no option.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::UsageError;

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
    /// Long options only, and only behind a `=`.
    Perhaps,
}

/// The options of a program, each meaning an `O`.
#[derive(Clone, Copy)]
pub(super) struct Options<O: 'static> {
    pub(super) short: &'static [(u8, Takes, O)],
    pub(super) long: &'static [(&'static str, Takes, O)],
}

/// One option as it was typed.
#[derive(Debug)]
pub(super) struct Typed<O> {
    pub(super) option: O,
    /// As in messages: `-s`, `--string-limit`.
    pub(super) spelled: String,
    pub(super) value: Option<OsString>,
}

/// Words that are still to be read.
pub(super) struct Words<O: 'static> {
    options: Options<O>,
    words: VecDeque<OsString>,
    /// What is left of a cluster of short options.
    cluster: Vec<u8>,
}

impl<O: Copy + PartialEq> Words<O> {
    pub(super) fn new(options: Options<O>, words: impl Iterator<Item = OsString>) -> Words<O> {
        Words {
            options,
            words: words.collect(),
            cluster: Vec::new(),
        }
    }

    /// The next option, or `None` where the command begins.
    pub(super) fn next(&mut self) -> Result<Option<Typed<O>>, UsageError> {
        if self.cluster.is_empty() {
            let Some(word) = self.words.front().map(|word| word.as_bytes()) else {
                return Ok(None);
            };
            if word == b"--" {
                self.words.pop_front();
                return Ok(None);
            }
            if word.len() < 2 || word[0] != b'-' {
                return Ok(None);
            }
            let word = self.words.pop_front().unwrap_or_default().into_vec();
            if let Some(long) = word.strip_prefix(b"--") {
                return self.long(long).map(Some);
            }
            self.cluster = word[1..].to_vec();
        }
        self.short().map(Some)
    }

    /// The command and its arguments.
    pub(super) fn rest(self) -> Vec<OsString> {
        self.words.into()
    }

    fn short(&mut self) -> Result<Typed<O>, UsageError> {
        let letter = self.cluster.remove(0);
        let shown = crate::escape::plain_text(&[letter]);
        let known = self
            .options
            .short
            .iter()
            .find(|(known, ..)| *known == letter);
        let &(_, takes, option) =
            known.ok_or_else(|| UsageError::new(format!("invalid option -- '{shown}'")))?;
        let value = match takes {
            Takes::Nothing | Takes::Perhaps => None,
            Takes::Value if self.cluster.is_empty() => {
                Some(self.words.pop_front().ok_or_else(|| {
                    UsageError::new(format!("option requires an argument -- '{shown}'"))
                })?)
            }
            Takes::Value => Some(OsString::from_vec(std::mem::take(&mut self.cluster))),
        };
        Ok(Typed {
            option,
            spelled: format!("-{shown}"),
            value,
        })
    }

    fn long(&mut self, word: &[u8]) -> Result<Typed<O>, UsageError> {
        let (name, value) = match word.iter().position(|&byte| byte == b'=') {
            Some(at) => (
                &word[..at],
                Some(OsStr::from_bytes(&word[at + 1..]).to_owned()),
            ),
            None => (word, None),
        };
        let &(name, takes, option) = self.find(name)?;
        let spelled = format!("--{name}");
        let value = match (takes, value) {
            (Takes::Nothing, Some(_)) => {
                let text = format!("option '{spelled}' doesn't allow an argument");
                return Err(UsageError::new(text));
            }
            (Takes::Value, None) => Some(self.words.pop_front().ok_or_else(|| {
                UsageError::new(format!("option '{spelled}' requires an argument"))
            })?),
            (_, value) => value,
        };
        Ok(Typed {
            option,
            spelled,
            value,
        })
    }

    fn find(&self, name: &[u8]) -> Result<&'static (&'static str, Takes, O), UsageError> {
        let shown = crate::escape::plain_text(name);
        let all = self.options.long;
        if let Some(exact) = all.iter().find(|(known, ..)| known.as_bytes() == name) {
            return Ok(exact);
        }
        let mut found = all
            .iter()
            .filter(|(known, ..)| known.as_bytes().starts_with(name));
        let Some(first) = found.next() else {
            return Err(UsageError::new(format!("unrecognized option '--{shown}'")));
        };
        let others: Vec<&str> = found
            .filter(|other| (other.1, other.2) != (first.1, first.2))
            .map(|(known, ..)| *known)
            .collect();
        if others.is_empty() {
            return Ok(first);
        }
        let mut text = format!(
            "option '--{shown}' is ambiguous; possibilities: '--{}'",
            first.0
        );
        others
            .iter()
            .for_each(|other| text.push_str(&format!(" '--{other}'")));
        Err(UsageError::new(text))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OPTIONS: Options<u8> = Options {
        short: &[
            (b'f', Takes::Nothing, 1),
            (b'q', Takes::Nothing, 2),
            (b'o', Takes::Value, 3),
        ],
        long: &[
            ("follow-forks", Takes::Nothing, 1),
            ("output", Takes::Value, 3),
            ("output-append-mode", Takes::Nothing, 4),
            ("quiet", Takes::Perhaps, 2),
            ("silent", Takes::Perhaps, 2),
            ("silence", Takes::Perhaps, 2),
        ],
    };

    fn read(words: &str) -> Result<String, String> {
        let mut words = Words::new(OPTIONS, words.split_whitespace().map(OsString::from));
        let mut out = String::new();
        while let Some(typed) = words.next().map_err(|error| error.to_string())? {
            let value = typed.value.map(|value| format!("={}", value.display()));
            out += &format!("{}{} ", typed.option, value.unwrap_or_default());
        }
        let rest: Vec<String> = words
            .rest()
            .iter()
            .map(|word| word.display().to_string())
            .collect();
        Ok(out + "| " + &rest.join(" "))
    }

    #[rstest]
    #[case("-fqo file cmd -f", "1 2 3=file | cmd -f")]
    #[case("-ofile -q -- -f", "3=file 2 | -f")]
    #[case("-o=x", "3==x | ")]
    #[case(
        "--output=file --output file --foll --quiet=x --quiet x",
        "3=file 3=file 1 2=x 2 | x"
    )]
    #[case("--sil=x cmd", "2=x | cmd")]
    #[case("- x", "| - x")]
    #[case("-o -f", "3=-f | ")]
    fn accepts(#[case] words: &str, #[case] meaning: &str) {
        assert_eq!(read(words).as_deref(), Ok(meaning));
    }

    #[rstest]
    #[case("-fQ", "invalid option -- 'Q'")]
    #[case("-o", "option requires an argument -- 'o'")]
    #[case(
        "--outp",
        "option '--outp' is ambiguous; possibilities: '--output' '--output-append-mode'"
    )]
    #[case("--output", "option '--output' requires an argument")]
    #[case("--bogus=3", "unrecognized option '--bogus'")]
    #[case(
        "--follow-forks=yes",
        "option '--follow-forks' doesn't allow an argument"
    )]
    fn refuses(#[case] words: &str, #[case] message: &str) {
        assert_eq!(read(words).unwrap_err(), message);
    }
}
