//! Our own policies: a small TOML.
//!
//! ```toml
//! abis = ["x86_64", "i386"]      # by default that of --abi, or the host's
//! default = "errno(EPERM)"       # what no rule names
//! other-abis = "kill_process"    # calls of all other ABIs; this is the default
//!
//! [[rule]]                       # the first rule that holds counts
//! calls = ["%file", "read", 231, "400-410"]
//! not = ["execve"]
//! action = "allow"
//!
//! [[rule]]
//! calls = ["socket"]
//! abis = ["x86_64"]
//! when = ["arg0 in {1, 2, 10}", "arg1 & 0xf == 1"]   # all of them
//! action = "allow"
//!
//! [[rule]]
//! calls = ["unknown"]            # numbers that no call has; "known" and "all" are there too
//! action = "errno(ENOSYS)"
//! ```
//!
//! Actions are those of seccomp(2): `allow`, `log`, `trace(1)`, `notify`, `errno(EPERM)`, `trap(0)`, `kill_thread`,
//! `kill_process`.

mod condition;
mod shape;

use everycall_arch::{AbiId, class, errno, table};
use toml::Spanned;

use super::Options;
use super::error::{Fault, Place, shown};
use super::rules::{Rules, arch, numbers};
use crate::RangeSet;
use crate::action::Action;

use shape::{Calls, Rule, parsed, place};

/// The rules that a policy is.
pub(super) fn read(text: &str, options: &Options) -> Result<Rules, Fault> {
    let policy = parsed(text)?;
    let reader = Reader { text };
    let abis = match &policy.abis {
        None => vec![options.abi],
        Some(names) => reader.abis(names)?,
    };
    let default = reader.action(&policy.default)?;
    let other = match &policy.other_abis {
        Some(action) => reader.action(action)?,
        None => Action::KillProcess,
    };
    let mut rules = Vec::new();
    for rule in &policy.rules {
        let action = reader.action(&rule.action)?;
        let terms = reader.conditions(rule)?;
        for (abi, set) in reader.rule(rule, &abis)? {
            let here = [arch(abi.abi().audit_arch), numbers(&set)];
            let term = here.into_iter().chain(terms.iter().cloned()).collect();
            rules.push((term, action));
        }
    }
    for &abi in &abis {
        let here = [arch(abi.abi().audit_arch), numbers(&space(abi))];
        rules.push((here.to_vec(), default));
    }
    let first = abis.first().copied().unwrap_or(options.abi);
    Ok(Rules {
        rules,
        default: other,
        first: first.abi().audit_arch,
        notes: Vec::new(),
    })
}

/// All numbers that are calls of an ABI: x86-64 and x32 share an architecture.
fn space(abi: AbiId) -> RangeSet {
    match abi {
        AbiId::X86_64 => [0..=0x3fff_ffff, 0x8000_0000..=u32::MAX]
            .into_iter()
            .collect(),
        AbiId::X32 => [0x4000_0000..=0x7fff_ffff].into_iter().collect(),
        AbiId::I386 | AbiId::Aarch64 | AbiId::Arm => RangeSet::full(),
    }
}

/// The numbers of a set that are also in another.
fn both(one: &RangeSet, other: &RangeSet) -> RangeSet {
    let mut outside = one.complement();
    for range in other.complement().ranges() {
        outside.insert_range(range);
    }
    outside.complement()
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn fault<T>(&self, at: &Spanned<T>, what: impl Into<String>) -> Fault {
        Fault::new(self.place(at), what)
    }

    fn place<T>(&self, at: &Spanned<T>) -> Place {
        place(self.text, at.span().start)
    }

    fn abis(&self, names: &[Spanned<String>]) -> Result<Vec<AbiId>, Fault> {
        let mut abis = Vec::new();
        for name in names {
            let abi = AbiId::from_name(name.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = AbiId::ALL.into_iter().map(AbiId::name).collect();
                let what = format!(
                    "'{}' is no ABI: {} are",
                    shown(name.get_ref()),
                    known.join(", ")
                );
                self.fault(name, what)
            })?;
            if !abis.contains(&abi) {
                abis.push(abi);
            }
        }
        Ok(abis)
    }

    fn action(&self, text: &Spanned<String>) -> Result<Action, Fault> {
        let wrong = || {
            let what = format!(
                "'{}' is no action: allow, log, trace(1), notify, errno(EPERM), trap(0), kill_thread and kill_process are",
                shown(text.get_ref())
            );
            self.fault(text, what)
        };
        let (name, data) = match text.get_ref().split_once('(') {
            None => (text.get_ref().as_str(), None),
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or_else(wrong)?.trim())),
        };
        let number = |most: u16| -> Result<u16, Fault> {
            let Some(data) = data else {
                return Ok(0);
            };
            let value = match data.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => data.parse().ok().or_else(|| errno::from_name(data)),
            };
            let value = value.and_then(|value| u16::try_from(value).ok());
            value.filter(|&value| value <= most).ok_or_else(|| {
                let what = format!(
                    "'{}' is neither an error's name nor a number from 0 to {most}",
                    shown(data)
                );
                self.fault(text, what)
            })
        };
        Ok(match (name.trim(), data) {
            ("allow", None) => Action::Allow,
            ("log", None) => Action::Log,
            ("notify", None) => Action::UserNotif,
            ("kill_process", None) => Action::KillProcess,
            ("kill_thread", None) => Action::KillThread,
            ("trace", _) => Action::Trace(number(u16::MAX)?),
            ("trap", _) => Action::Trap(number(u16::MAX)?),
            // The kernel makes greater ones 4095.
            ("errno", Some(_)) => Action::Errno(number(4095)?),
            ("errno", None) => return Err(self.fault(text, "which error? errno(EPERM) is one")),
            _ => return Err(wrong()),
        })
    }

    fn conditions(&self, rule: &Rule) -> Result<Vec<crate::map::Test>, Fault> {
        let mut terms = Vec::new();
        for text in rule.when.iter().flatten() {
            let test = condition::parse(text.get_ref()).map_err(|wrong| {
                // A quotation mark stands before the text.
                let at = text.span().start + 1 + wrong.at;
                Fault::new(place(self.text, at), wrong.what)
            })?;
            terms.push(test);
        }
        Ok(terms)
    }

    /// The numbers that a rule is about, for each ABI that has any of them.
    fn rule(&self, rule: &Rule, abis: &[AbiId]) -> Result<Vec<(AbiId, RangeSet)>, Fault> {
        let abis = match &rule.abis {
            None => abis.to_vec(),
            Some(names) => {
                let own = self.abis(names)?;
                let missing = own.iter().position(|abi| !abis.contains(abi));
                if let Some(name) = missing.and_then(|at| names.get(at)) {
                    return Err(self.fault(name, "the policy's own `abis` have not this one"));
                }
                own
            }
        };
        if rule.calls.get_ref().is_empty() {
            return Err(self.fault(
                &rule.calls,
                "the rule is about no call: \"all\" is about every number",
            ));
        }
        let calls = self.sets(rule.calls.get_ref(), &abis)?;
        let except = self.sets(rule.except.as_deref().unwrap_or_default(), &abis)?;
        let left = calls
            .into_iter()
            .zip(except)
            .map(|((abi, calls), (_, except))| {
                let set = both(&both(&calls, &except.complement()), &space(abi));
                (abi, set)
            });
        Ok(left.filter(|(_, set)| !set.is_empty()).collect())
    }

    /// The numbers of all these calls, for each ABI.
    fn sets(
        &self,
        calls: &[Spanned<Calls>],
        abis: &[AbiId],
    ) -> Result<Vec<(AbiId, RangeSet)>, Fault> {
        let mut sets: Vec<(AbiId, RangeSet)> =
            abis.iter().map(|&abi| (abi, RangeSet::new())).collect();
        for call in calls {
            let mut found = false;
            for (abi, set) in &mut sets {
                let numbers = match call.get_ref() {
                    Calls::Number(nr) => self.number(call, *nr)?,
                    Calls::Name(name) => self.named(call, name, *abi)?,
                };
                found |= !numbers.is_empty();
                numbers.ranges().for_each(|range| set.insert_range(range));
            }
            if let Calls::Name(name) = call.get_ref()
                && !found
            {
                let what = format!(
                    "no ABI here has a call '{}': a name, a number, a range (\"400-410\"), a class (\"%file\"), \"all\", \"known\" or \
                     \"unknown\" is right",
                    shown(name)
                );
                return Err(self.fault(call, what));
            }
        }
        Ok(sets)
    }

    fn number(&self, at: &Spanned<Calls>, nr: i64) -> Result<RangeSet, Fault> {
        let nr = u32::try_from(nr).or_else(|_| i32::try_from(nr).map(i32::cast_unsigned));
        let nr = nr.map_err(|_| self.fault(at, "a number has 32 bits"))?;
        Ok([nr..=nr].into_iter().collect())
    }

    /// The numbers of an ABI that a word means; none where it means none.
    fn named(&self, at: &Spanned<Calls>, name: &str, abi: AbiId) -> Result<RangeSet, Fault> {
        let of = |wanted: &dyn Fn(&everycall_arch::Syscall) -> bool| -> RangeSet {
            let calls = table::all(abi).iter().filter(|call| wanted(call));
            calls.map(|call| call.nr).collect()
        };
        if let Some(class) = name.strip_prefix('%') {
            if !class::names().contains(&class) {
                let what = format!(
                    "there is no class %{}: the classes are %{}",
                    shown(class),
                    class::names().join(", %")
                );
                return Err(self.fault(at, what));
            }
            return Ok(of(&|call| class::contains(class, call) == Some(true)));
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.range(at, name);
        }
        Ok(match name {
            "all" => RangeSet::full(),
            "known" => of(&|_| true),
            "unknown" => of(&|_| true).complement(),
            _ => table::by_name(abi, name)
                .map(|call| call.nr)
                .into_iter()
                .collect(),
        })
    }

    /// `400-410`, or a number as a text.
    fn range(&self, at: &Spanned<Calls>, text: &str) -> Result<RangeSet, Fault> {
        let number = |text: &str| match text.trim().strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => text.trim().parse(),
        };
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        match (number(low), number(high)) {
            (Ok(low), Ok(high)) if low <= high => Ok([low..=high].into_iter().collect()),
            _ => {
                let what = format!(
                    "'{}' is no range of numbers: \"400-410\" is one",
                    shown(text)
                );
                Err(self.fault(at, what))
            }
        }
    }
}
