//! Known failures and cases that cannot be asked: one entry and one reason each.

use std::collections::BTreeSet;

use everycall_arch::AbiId;
use serde::{Deserialize, Serialize};

use super::pattern::{expand, matches};
use crate::case::Verdict;
use crate::host;
use crate::suite::catalogue;

/// One entry of a subject's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which cases, as `abi::group::case`. `*` stands for anything, `{a,b}` for either, `{3..5}` for each
    /// of these numbers.
    pub case: String,
    /// The verdict that is expected; none for a case that is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    /// Why.
    pub reason: String,
    /// Only for versions below this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<String>,
    /// Only for this version and later ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Only where this is the kernel's own ABI, by name: a call of `arm` is another thing on a kernel for
    /// aarch64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    /// Only where the suite, and our own tracer with it, is a program with words of so many bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

    /// Whether calls of a pattern's ABI can be made.
    fn makes(&self, pattern: &str) -> bool {
        let abi = pattern.split("::").next().unwrap_or_default();
        self.abis.iter().any(|own| matches(abi, own.name()))
    }
}

impl Entry {
    /// One that holds everywhere.
    #[must_use]
    pub fn new(case: String, verdict: Option<Verdict>, reason: String) -> Entry {
        Entry {
            case,
            verdict,
            reason,
            below: None,
            from: None,
            machine: None,
            bits: None,
        }
    }

    /// Whether some of it may hold only elsewhere: for other versions, machines or ABIs.
    pub(super) fn is_for_others(&self, here: &Situation) -> bool {
        let Entry {
            below,
            from,
            machine,
            bits,
            ..
        } = self;
        let bounded = below.is_some() || from.is_some() || machine.is_some() || bits.is_some();
        let own = expand(&self.case).unwrap_or_default();
        bounded || !own.iter().all(|pattern| here.makes(pattern))
    }

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
        let (mut held, mut patterns) = (Vec::new(), Vec::new());
        for entry in entries.iter().filter(|entry| entry.is_for(here)) {
            // What cannot be expanded was refused when the entry was read.
            let mut own = expand(&entry.case).unwrap_or_default();
            own.retain(|pattern| here.makes(pattern));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(case: &str) -> Entry {
        Entry::new(case.into(), Some(Verdict::Missed), "known".into())
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
    fn alternatives_are_one_entry() {
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
