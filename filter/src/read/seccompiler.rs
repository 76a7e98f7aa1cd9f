//! rust-vmm's seccompiler: filters in JSON, one for each kind of thread, with the meaning that its crate gives them.
//!
//! Its docs/json_format.md describes the format, src/frontend/json.rs and src/backend/{filter,condition}.rs what is done
//! with it: another architecture than the filter's kills the process, x32's numbers are numbers like others, and of a call that is
//! there with and without conditions only the conditions count.

use std::collections::BTreeMap;

use everycall_arch::{AbiId, table};
use serde::Deserialize;

use super::Options;
use super::error::{Fault, shown};
use super::rules::{Rules, arch, listed, numbers};
use crate::RangeSet;
use crate::action::{Action, DATA_MASK};
use crate::map::{Field, Range, Set, Term, Test, View};

/// All filters of a document.
pub(super) type Document = BTreeMap<String, Thread>;

/// The filter of one kind of thread.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thread {
    #[serde(alias = "default_action")]
    mismatch_action: Answer,
    #[serde(alias = "filter_action")]
    match_action: Answer,
    filter: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Allow,
    Errno(u32),
    KillThread,
    KillProcess,
    Log,
    Trace(u32),
    Trap,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    syscall: String,
    args: Option<Vec<Condition>>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    index: u8,
    #[serde(rename = "type")]
    width: Width,
    op: Operator,
    val: u64,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Width {
    Dword,
    Qword,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operator {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
    MaskedEq(u64),
    Ne,
}

/// The rules of one of a document's filters.
pub(super) fn read(document: Document, options: &Options) -> Result<Rules, Fault> {
    let (name, thread) = chosen(document, options.thread.as_deref())?;
    if !matches!(options.abi, AbiId::X86_64 | AbiId::Aarch64) {
        return Err(Fault::whole(format!(
            "seccompiler knows no {}: say --abi x86_64 or aarch64",
            options.abi.name()
        )));
    }
    let (default, matched) = (
        thread.mismatch_action.action(),
        thread.match_action.action(),
    );
    if thread.mismatch_action == thread.match_action {
        let what = "mismatch_action and match_action are the same, which seccompiler does not take";
        return Err(Fault::key(shown(&name), what));
    }
    let named = Named::of(&thread, &name, options.abi)?;
    let word = options.abi.abi().audit_arch;
    let mut rules = Vec::new();
    for (&nr, terms) in &named.conditional {
        let here = [arch(word), Test::equal(Field::Nr, nr.into())];
        rules.extend(terms.iter().map(|term| {
            let term = here.iter().chain(term).cloned().collect();
            (term, matched)
        }));
        rules.push((here.to_vec(), default));
    }
    rules.push((vec![arch(word), numbers(&named.unconditional)], matched));
    rules.push((vec![arch(word)], default));
    Ok(Rules {
        rules,
        default: Action::KillProcess,
        first: word,
        notes: named.notes(options.abi),
    })
}

/// The calls that a filter names.
struct Named {
    /// Those without conditions.
    unconditional: RangeSet,
    /// Those with alternatives of conditions.
    conditional: BTreeMap<u32, Vec<Term>>,
}

impl Named {
    fn of(thread: &Thread, name: &str, abi: AbiId) -> Result<Named, Fault> {
        let mut named = Named {
            unconditional: RangeSet::new(),
            conditional: BTreeMap::new(),
        };
        for (at, rule) in thread.filter.iter().enumerate() {
            let path = format!("{}.filter[{at}]", shown(name));
            let Some(call) = table::by_name(abi, &rule.syscall) else {
                let what = format!("{} has no call '{}'", abi.name(), shown(&rule.syscall));
                return Err(Fault::key(path, what));
            };
            let Some(args) = &rule.args else {
                named.unconditional.insert(call.nr);
                continue;
            };
            if args.is_empty() {
                let what = "`args` is empty, which seccompiler does not take: leave it out";
                return Err(Fault::key(path, what));
            }
            let term: Result<Term, Fault> = args.iter().map(|arg| arg.test(&path)).collect();
            named.conditional.entry(call.nr).or_default().push(term?);
        }
        Ok(named)
    }

    fn notes(&self, abi: AbiId) -> Vec<String> {
        let both = self
            .conditional
            .keys()
            .filter(|&&nr| self.unconditional.contains(nr));
        let names: Vec<&str> = both
            .filter_map(|&nr| Some(table::by_nr(abi, nr)?.name))
            .collect();
        if names.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "with and without conditions are there: {}; seccompiler lets only the conditions count",
            listed(&names)
        )]
    }
}

/// The filter that is meant.
fn chosen(mut document: Document, thread: Option<&str>) -> Result<(String, Thread), Fault> {
    let names: Vec<String> = document.keys().map(|name| shown(name)).collect();
    match thread {
        Some(name) => document.remove_entry(name).ok_or_else(|| {
            Fault::whole(format!(
                "there is no filter '{}': there are {}",
                shown(name),
                listed(&names)
            ))
        }),
        None => {
            let single = document.len() == 1;
            document.pop_first().filter(|_| single).ok_or_else(|| {
                Fault::whole(format!(
                    "it has filters for several kinds of threads; say --thread with one of {}",
                    listed(&names)
                ))
            })
        }
    }
}

impl Answer {
    fn action(self) -> Action {
        let data = |value: u32| (value & DATA_MASK) as u16;
        match self {
            Answer::Allow => Action::Allow,
            Answer::Errno(errno) => Action::Errno(data(errno)),
            Answer::KillThread => Action::KillThread,
            Answer::KillProcess => Action::KillProcess,
            Answer::Log => Action::Log,
            Answer::Trace(message) => Action::Trace(data(message)),
            Answer::Trap => Action::Trap(0),
        }
    }
}

impl Condition {
    fn test(&self, path: &str) -> Result<Test, Fault> {
        if self.index > 5 {
            return Err(Fault::key(
                path,
                format!("index {}: there are words 0 to 5", self.index),
            ));
        }
        let bits = match self.width {
            Width::Dword => 32,
            Width::Qword => 64,
        };
        let field = Field::Arg(self.index);
        let most = u64::MAX >> (64 - bits);
        // It compares the low half of the constant, too.
        let value = self.val & most;
        let (negated, low, high) = match self.op {
            Operator::MaskedEq(mask) => {
                let mask = mask & most;
                return Ok(Test::masked(field, mask, value & mask));
            }
            Operator::Eq => (false, value, value),
            Operator::Ne => (true, value, value),
            Operator::Ge => (false, value, most),
            Operator::Lt => (true, value, most),
            Operator::Le => (false, 0, value),
            Operator::Gt => (true, 0, value),
        };
        let range = Range {
            low: low.into(),
            high: high.into(),
        };
        let view = View {
            bits,
            signed: false,
        };
        Ok(Test {
            field,
            negated,
            set: Set::Ranges(view, vec![range]),
        })
    }
}
