//! Known failures and cases that cannot be asked: one entry and one reason each.

use std::collections::BTreeSet;

use everycall_arch::AbiId;
use serde::Deserialize;

use crate::case::Verdict;
use crate::host;
use crate::suite::catalogue;

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
    /// Only where this is the kernel's own ABI, by name: a call of `arm` is another thing on a kernel for
    /// aarch64.
    #[serde(default)]
    machine: Option<String>,
    /// Only where the suite, and our own tracer with it, is a program with words of so many bits.
    #[serde(default)]
    bits: Option<u32>,
}

/// Where, and of what, an entry may hold.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The subject's version.
    pub version: String,
    /// The kernel's own ABI.
    pub machine: AbiId,
    /// How wide the suite's own words are.
    pub bits: u32,
    /// The ABIs whose calls can be made: an entry of another one is none that a case should have needed.
    pub abis: Vec<AbiId>,
}

impl Situation {
    /// This machine, and a subject of this version.
    #[must_use]
    pub fn here(version: &str) -> Situation {
        Situation {
            version: version.to_owned(),
            machine: host::native(),
            bits: usize::BITS,
            abis: catalogue::abis(),
        }
    }
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
        if let Some(machine) = &self.machine
            && AbiId::from_name(machine).is_none()
        {
            return Err(format!("'{machine}' is the ABI of no machine"));
        }
        for pattern in expand(&self.case)? {
            if pattern.split("::").count() != 3 {
                return Err(format!("'{pattern}' is not of the form abi::group::case"));
            }
        }
        Ok(())
    }

    fn is_for(&self, here: &Situation) -> bool {
        let bound = |bound: &Option<String>| bound.as_deref().map(numbers);
        let version = numbers(&here.version);
        let machine = self.machine.as_deref();
        bound(&self.below).is_none_or(|below| version < below)
            && bound(&self.from).is_none_or(|from| version >= from)
            && machine.is_none_or(|machine| machine == here.machine.name())
            && self.bits.is_none_or(|bits| bits == here.bits)
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
    /// Those of `entries` that hold here.
    #[must_use]
    pub fn new(entries: &'a [Entry], here: &Situation) -> Expectations<'a> {
        let made_here = |pattern: &String| {
            let abi = pattern.split("::").next().unwrap_or_default();
            here.abis.iter().any(|own| matches(abi, own.name()))
        };
        let (mut held, mut patterns) = (Vec::new(), Vec::new());
        for entry in entries.iter().filter(|entry| entry.is_for(here)) {
            // What cannot be expanded was refused when the entry was read.
            let mut own = expand(&entry.case).unwrap_or_default();
            own.retain(made_here);
            if !own.is_empty() {
                let at = held.len();
                held.push(entry);
                patterns.extend(own.into_iter().map(|pattern| (pattern, at)));
            }
        }
        Expectations {
            patterns,
            entries: held,
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
            machine: None,
            bits: None,
        }
    }

    fn on(machine: AbiId, version: &str) -> Situation {
        Situation {
            version: version.into(),
            machine,
            bits: 64,
            abis: vec![AbiId::X86_64, AbiId::I386, AbiId::X32],
        }
    }

    #[test]
    fn a_machine_and_its_abis_bound_an_entry() {
        let mut own = entry("{i386,arm}::numbers::a");
        own.machine = Some("x86_64".into());
        let entries = [own, entry("arm::numbers::*")];
        let here = Expectations::new(&entries, &on(AbiId::X86_64, "1"));
        let held: Vec<&str> = here.unused().map(|entry| entry.case.as_str()).collect();
        assert_eq!(held, ["{i386,arm}::numbers::a"]);
        let narrow = Entry {
            bits: Some(32),
            ..entry("i386::numbers::a")
        };
        assert!(!narrow.is_for(&on(AbiId::X86_64, "1")));
        let elsewhere = Expectations::new(&entries, &on(AbiId::I386, "1"));
        assert_eq!(elsewhere.unused().count(), 0);
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
        let mut expectations = Expectations::new(&entries, &on(AbiId::X86_64, "1"));
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
            assert!(bounded.is_for(&on(AbiId::X86_64, version)), "{version}");
        }
        for version in ["5.2", "6.2", "6.10", "7.2-3", "4"] {
            assert!(!bounded.is_for(&on(AbiId::X86_64, version)), "{version}");
        }
    }

    #[test]
    fn what_no_case_needs_is_told() {
        let entries = [entry("x86_64::numbers::hole-*"), entry("i386::numbers::*")];
        let mut expectations = Expectations::new(&entries, &on(AbiId::X86_64, "1"));
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
