//! Known failures and cases that cannot be asked: one entry and one reason each.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::case::Verdict;

/// One entry of a subject's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which cases, as `abi::group::case`. `*` stands for anything, `{a,b}` for either, `{3..5}` for each
    /// of these numbers.
    pub case: String,
    /// The verdict that is expected; none for a case that is skipped.
    #[serde(default)]
    verdict: Option<Verdict>,
    /// Why.
    pub reason: String,
    /// Only for versions below this one.
    #[serde(default)]
    below: Option<String>,
    /// Only for this version and later ones.
    #[serde(default)]
    from: Option<String>,
}

impl Entry {
    /// What is wrong with the entry itself.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.reason.trim().is_empty() {
            return Err(format!("'{}' has no reason", self.case));
        }
        if self.verdict == Some(Verdict::Passed) {
            return Err(format!("'{}' cannot expect to pass", self.case));
        }
        for pattern in expand(&self.case)? {
            if pattern.split("::").count() != 3 {
                return Err(format!("'{pattern}' is not of the form abi::group::case"));
            }
        }
        Ok(())
    }

    fn is_for(&self, version: &str) -> bool {
        let bound = |bound: &Option<String>| bound.as_deref().map(numbers);
        let version = numbers(version);
        bound(&self.below).is_none_or(|below| version < below)
            && bound(&self.from).is_none_or(|from| version >= from)
    }
}

/// The numbers of a version: `6.1+deb12u1` is 6, 1.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split('.')
        .map_while(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
        .collect()
}

/// The entries of one kind that hold for one version of a subject, and which of them were needed.
#[derive(Debug)]
pub struct Expectations<'a> {
    entries: Vec<&'a Entry>,
    /// Patterns without alternatives, and whose entry's they are.
    patterns: Vec<(String, usize)>,
    used: BTreeSet<usize>,
}

impl<'a> Expectations<'a> {
    /// Those of `entries` that hold for `version`.
    #[must_use]
    pub fn new(entries: &'a [Entry], version: &str) -> Expectations<'a> {
        let entries: Vec<&Entry> = entries.iter().filter(|e| e.is_for(version)).collect();
        let patterns = entries.iter().enumerate().flat_map(|(at, entry)| {
            // What cannot be expanded was refused when the entry was read.
            let patterns = expand(&entry.case).unwrap_or_default();
            patterns.into_iter().map(move |pattern| (pattern, at))
        });
        Expectations {
            patterns: patterns.collect(),
            entries,
            used: BTreeSet::new(),
        }
    }

    /// The entry for a case, named `abi::group::case`. It counts as needed from now on.
    pub fn find(&mut self, case: &str) -> Option<&'a Entry> {
        let found = self
            .patterns
            .iter()
            .find(|(pattern, _)| matches(pattern, case));
        let at = found?.1;
        self.used.insert(at);
        self.entries.get(at).copied()
    }

    /// The entries that no case needed.
    pub fn unused(&self) -> impl Iterator<Item = &'a Entry> {
        let all = self.entries.iter().enumerate();
        all.filter(|(at, _)| !self.used.contains(at))
            .map(|(_, entry)| *entry)
    }
}

impl Entry {
    /// Whether this verdict is the one that is known.
    #[must_use]
    pub fn expects(&self, verdict: Verdict) -> bool {
        self.verdict
            .map_or(verdict != Verdict::Passed, |own| own == verdict)
    }

    /// The verdict that is known, for a message.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }
}

/// The patterns that one with alternatives stands for.
fn expand(pattern: &str) -> Result<Vec<String>, String> {
    /// More than any table has numbers.
    const MOST: usize = 10_000;
    let Some((before, rest)) = pattern.split_once('{') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let (inside, after) = rest
        .split_once('}')
        .ok_or_else(|| format!("'{pattern}' has a brace that is not closed"))?;
    let mut choices = Vec::new();
    for choice in inside.split(',') {
        let range = choice.split_once("..");
        match range.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?))) {
            Some((low, high)) if low <= high && high - low < MOST => {
                choices.extend((low..=high).map(|n: usize| n.to_string()));
            }
            Some(_) => return Err(format!("'{choice}' is no range of numbers")),
            None => choices.push(choice.to_owned()),
        }
    }
    let tails = expand(after)?;
    if choices.len().saturating_mul(tails.len()) > MOST {
        return Err(format!("'{pattern}' stands for too many"));
    }
    let both = |choice: &String| -> Vec<String> {
        let whole = |tail: &String| format!("{before}{choice}{tail}");
        tails.iter().map(whole).collect()
    };
    Ok(choices.iter().flat_map(both).collect())
}

/// Whether `text` is of the pattern, in which `*` stands for any text.
#[must_use]
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or("");
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(case: &str) -> Entry {
        Entry {
            case: case.into(),
            verdict: Some(Verdict::Missed),
            reason: "known".into(),
            below: None,
            from: None,
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("*", "abc"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("a*b*c", "aXbYc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a", "ba"),
            ("", "a"),
            ("a*c", "abcd"),
            ("a*a", "a"),
            ("*b*b", "ab"),
            ("a*b*c", "acb"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn alternatives() {
        let expanded = |pattern| expand(pattern).expect(pattern);
        assert_eq!(expanded("a::b"), ["a::b"]);
        assert_eq!(
            expanded("x{,y}-{1..3,7}*"),
            [
                "x-1*", "x-2*", "x-3*", "x-7*", "xy-1*", "xy-2*", "xy-3*", "xy-7*"
            ]
        );
        for wrong in ["{a", "{3..1}", "{0..99999}", "{1..999}{1..999}"] {
            assert!(expand(wrong).is_err(), "{wrong}");
        }
        let entries = [entry("{i386,x32}::numbers::hole-{1..2}/only")];
        let mut expectations = Expectations::new(&entries, "1");
        assert!(expectations.find("x32::numbers::hole-2/only").is_some());
        assert!(expectations.find("x32::numbers::hole-3/only").is_none());
    }

    #[test]
    fn versions_bound_an_entry() {
        let bounded = Entry {
            below: Some("6.2".into()),
            from: Some("5.3".into()),
            ..entry("*::*::*")
        };
        for version in ["5.3", "6.1", "6.1+deb12u1", "5.10.1"] {
            assert!(bounded.is_for(version), "{version}");
        }
        for version in ["5.2", "6.2", "6.10", "7.2-3", "4"] {
            assert!(!bounded.is_for(version), "{version}");
        }
    }

    #[test]
    fn what_no_case_needs_is_told() {
        let entries = [entry("x86_64::numbers::hole-*"), entry("i386::numbers::*")];
        let mut expectations = Expectations::new(&entries, "1");
        assert!(
            expectations
                .find("x86_64::numbers::hole-336/only")
                .is_some()
        );
        assert!(expectations.find("x86_64::numbers::getpid/only").is_none());
        let unused: Vec<&str> = expectations.unused().map(|e| e.case.as_str()).collect();
        assert_eq!(unused, ["i386::numbers::*"]);
    }
}
