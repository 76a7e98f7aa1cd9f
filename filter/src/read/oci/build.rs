//! A filter as libseccomp builds it: for each architecture its calls with their rules; and runc's stub before it.

use std::collections::BTreeMap;

use everycall_arch::AbiId;

use super::super::Options;
use super::super::error::Fault;
use super::super::rules::{Rules, arch, listed, numbers};
use super::calls::{Way, ways};
use super::condition::Condition;
use super::native;
use crate::RangeSet;
use crate::action::Action;
use crate::map::{Field, Map, Term, Test};

/// What calls of architectures get that are not in the filter (`SCMP_FLTATR_ACT_BADARCH`'s default).
const BAD_ARCH: Action = Action::KillThread;

/// ENOSYS.
const ENOSYS: u16 = 38;

/// What happens to one number.
enum Treatment {
    /// This, whatever the words: what was said before is forgotten, and what comes after does not count.
    Always(Action),
    /// The first of these whose conditions hold.
    When(Vec<(Term, Action)>),
}

/// A filter that is being built.
pub(super) struct Builder {
    default: Action,
    /// The ABIs in the filter: the listed ones, and the native one, which libseccomp always has.
    abis: Vec<AbiId>,
    /// The ABIs that are listed, with the greatest number that the profile names: what runc's stub looks at.
    listed: Vec<(AbiId, u32)>,
    /// Whether there is a stub.
    stub: bool,
    native: AbiId,
    treatments: BTreeMap<(AbiId, u32), Treatment>,
}

impl Builder {
    pub(super) fn new(default: Action, listed: &[AbiId], options: &Options) -> Builder {
        let native = native(options.abi);
        let mut abis = vec![native];
        for &abi in listed {
            if !abis.contains(&abi) {
                abis.push(abi);
            }
        }
        let allows = matches!(default, Action::Allow | Action::Log | Action::Trace(_));
        let mut unique: Vec<(AbiId, u32)> = Vec::new();
        for &abi in listed {
            if unique.iter().all(|&(other, _)| other != abi) {
                unique.push((abi, 0));
            }
        }
        Builder {
            default,
            abis,
            listed: unique,
            stub: options.stub && !allows,
            native,
            treatments: BTreeMap::new(),
        }
    }

    /// Takes note of a name that the profile mentions; whether any ABI has it.
    pub(super) fn mention(&mut self, name: &str) -> bool {
        for (abi, last) in &mut self.listed {
            // libseccomp tells of i386's subcalls no number of their own here.
            let direct = match &ways(*abi, name)[..] {
                [Way::Direct(nr)] => Some(*nr),
                _ => None,
            };
            *last = (*last).max(direct.unwrap_or(0));
        }
        AbiId::ALL
            .into_iter()
            .any(|abi| !ways(abi, name).is_empty())
    }

    /// Adds a rule for a call: `alternatives` of conditions that all hold.
    pub(super) fn rule(&mut self, name: &str, action: Action, alternatives: &[Vec<Condition>]) {
        for &abi in &self.abis {
            for way in ways(abi, name) {
                for conditions in alternatives {
                    add(&mut self.treatments, abi, way, action, conditions);
                }
            }
        }
    }

    /// The rules.
    pub(super) fn finish(self, mut notes: Vec<String>) -> Result<Rules, Fault> {
        let mut rules = Vec::new();
        if self.stub {
            self.add_stub(&mut rules);
        }
        self.add_x32(&mut rules);
        let before = rules.len();
        let mut ambiguous = Vec::new();
        for (&(abi, nr), treatment) in &self.treatments {
            let here = [
                arch(abi.abi().audit_arch),
                Test::equal(Field::Nr, nr.into()),
            ];
            match treatment {
                Treatment::Always(action) => rules.push((here.to_vec(), *action)),
                Treatment::When(all) => {
                    if is_ambiguous(all, self.default)? {
                        ambiguous.push(format!("{} {nr}", abi.name()));
                    }
                    rules.extend(all.iter().map(|(term, action)| {
                        let term = here.iter().chain(term).cloned().collect();
                        (term, *action)
                    }));
                }
            }
        }
        if !ambiguous.is_empty() {
            notes.push(format!(
                "rules with different actions hold for the same words of {}: the first counts here, libseccomp puts them in an order of its \
                 own",
                listed(&ambiguous)
            ));
        }
        rules.splice(before.., together(rules.get(before..).unwrap_or_default()));
        for &abi in &self.abis {
            rules.push((vec![arch(abi.abi().audit_arch)], self.default));
        }
        Ok(Rules {
            rules,
            default: BAD_ARCH,
            first: self.native.abi().audit_arch,
            notes,
        })
    }

    /// Without x32 in the filter, libseccomp treats its numbers as another architecture's, and all above, but for -1.
    fn add_x32(&self, rules: &mut Vec<(Term, Action)>) {
        let has = |abi| self.abis.contains(&abi);
        if has(AbiId::X86_64) && !has(AbiId::X32) {
            let above: RangeSet = [0x4000_0000..=u32::MAX - 1].into_iter().collect();
            let word = arch(AbiId::X86_64.abi().audit_arch);
            rules.push((vec![word, numbers(&above)], BAD_ARCH));
        }
        if has(AbiId::X32) && !has(AbiId::X86_64) {
            let below: RangeSet = [0..=0x3fff_ffff].into_iter().collect();
            let word = arch(AbiId::X32.abi().audit_arch);
            rules.push((vec![word, numbers(&below)], BAD_ARCH));
        }
    }

    /// runc's answer to numbers that are newer than the profile.
    fn add_stub(&self, rules: &mut Vec<(Term, Action)>) {
        const X32_BIT: u64 = 1 << 30;
        let last = |wanted| {
            let found = self
                .listed
                .iter()
                .find(|&&(abi, last)| abi == wanted && last > 0);
            found.map(|&(_, last)| last)
        };
        for &(abi, _) in &self.listed {
            let Some(newest) = last(abi).and_then(|last| last.checked_add(1)) else {
                continue;
            };
            let above: RangeSet = [newest..=u32::MAX].into_iter().collect();
            let mut term = vec![arch(abi.abi().audit_arch), numbers(&above)];
            // It tells x32 apart by the bit alone.
            match abi {
                AbiId::X86_64 => term.push(Test::masked(Field::Nr, X32_BIT, 0)),
                AbiId::X32 => term.push(Test::masked(Field::Nr, X32_BIT, X32_BIT)),
                _ => {}
            }
            rules.push((term, Action::Errno(ENOSYS)));
        }
    }
}

/// Adds a rule to what is there of a number.
fn add(
    treatments: &mut BTreeMap<(AbiId, u32), Treatment>,
    abi: AbiId,
    way: Way,
    action: Action,
    conditions: &[Condition],
) {
    let bits = abi.abi().long_bits;
    let (nr, sub) = match way {
        Way::Direct(nr) => (nr, None),
        Way::Within(nr, sub) => (nr, Some(sub)),
    };
    // The subcall's number takes the place of a condition on the first word.
    let first = |condition: &&Condition| !(sub.is_some() && condition.index == 0);
    let mut term: Term = (conditions.iter().filter(first))
        .map(|condition| condition.test(bits))
        .collect();
    term.extend(sub.map(|sub| Test::masked(Field::Arg(0), u32::MAX.into(), sub)));
    let treatment = treatments
        .entry((abi, nr))
        .or_insert(Treatment::When(Vec::new()));
    match treatment {
        Treatment::Always(_) => {}
        _ if term.is_empty() => *treatment = Treatment::Always(action),
        Treatment::When(all) => all.push((term, action)),
    }
}

/// Whether the order of rules matters.
fn is_ambiguous(all: &[(Term, Action)], default: Action) -> Result<bool, Fault> {
    let mut actions = all.iter().map(|(_, action)| action);
    let first = actions.next();
    if actions.all(|action| Some(action) == first) {
        return Ok(false);
    }
    let reversed: Vec<(Term, Action)> = all.iter().rev().cloned().collect();
    let map = |rules: &[(Term, Action)]| {
        Map::of_rules(rules, default).map_err(|error| Fault::whole(error.to_string()))
    };
    let difference = map(all)?.difference(&map(&reversed)?);
    difference
        .map(|difference| !difference.is_none())
        .map_err(|error| Fault::whole(error.to_string()))
}

/// Rules for one number each, those that say the same of several numbers as one. Each number has its own rules, so their
/// order among numbers does not matter.
fn together(rules: &[(Term, Action)]) -> Vec<(Term, Action)> {
    let mut sets: BTreeMap<(u64, u32), RangeSet> = BTreeMap::new();
    let mut rest = Vec::new();
    for (term, action) in rules {
        let word = |field| {
            let test = term.iter().find(|test| test.field == field)?;
            test.only()
        };
        match (word(Field::Arch), word(Field::Nr), term.len()) {
            (Some(arch), Some(nr), 2) => {
                let set = sets.entry((arch, action.to_ret())).or_default();
                set.insert(nr as u32);
            }
            _ => rest.push((term.clone(), *action)),
        }
    }
    let whole = sets.into_iter().map(|((word, ret), set)| {
        let term = vec![arch(word as u32), numbers(&set)];
        (term, Action::from_ret(ret))
    });
    whole.chain(rest).collect()
}
