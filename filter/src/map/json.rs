//! Maps, differences, findings and explanations as JSON.
//!
//! Words of 64 bits are strings, in hexadecimal, as many readers of JSON keep only 53 bits of a number; so are architecture
//! words, to read better. System call numbers, errno and indices are numbers.
//!
//! | key of | meaning |
//! |---|---|
//! | a section: `name`, `abi`, `arch` | what it is called; the ABI's name or null; the architecture's name or null |
//! | `arches` | the condition on the architecture word |
//! | `regions` | numbers that are treated in one way: `numbers` (a condition), `calls` (`nr`, `name`), `unknown` (`[low, high]`), `rules` |
//! | a rule: `when` | `always`, `any` (one list of `conditions` holds as a whole), `otherwise`, `irregular` (`conditions` is a call for which it counts) |
//! | `then` | `action`, `data`, `text`; of a difference, `from` and `to` |
//! | a condition: `field`, `negated`, `text` | with `bits`, `signed` and `ranges` (of the low bits), or `patterns` (`mask`, `value`), or `irregular` |

use everycall_arch::AbiId;
use serde_json::{Value, json};

use super::names::{Numbers, arch_name, numbers, outcome_name, space_name};
use super::rules::{Rule, When};
use super::sections::{Region, Section, Space};
use super::set::{Range, Set, Test};
use super::{Change, Explanation, Field, Finding, Level, Outcome, Step};
use crate::SeccompData;
use crate::action::Action;

/// A map's table: a list of sections.
#[must_use]
pub fn map(sections: &[Section<Outcome>]) -> Value {
    list(sections, |section| tell(section, |then| outcome(*then)))
}

/// A difference's table: a list of sections.
#[must_use]
pub fn difference(sections: &[Section<Change>]) -> Value {
    list(sections, |section| {
        tell(
            section,
            |change| json!({ "from": outcome(change.from), "to": outcome(change.to) }),
        )
    })
}

/// What happens: an action with its data, or where it is not known.
#[must_use]
pub fn outcome(outcome: Outcome) -> Value {
    let text = outcome_name(outcome);
    let (action, data) = match outcome {
        Outcome::Undecided(at) => {
            let at = json!({ "filter": at.filter, "pc": at.pc, "origin": at.origin });
            return json!({ "action": null, "undecided": at, "text": text });
        }
        Outcome::Action(action) => match action {
            Action::KillProcess => ("kill_process", None),
            Action::KillThread => ("kill_thread", None),
            Action::Trap(data) => ("trap", Some(data)),
            Action::Errno(data) => ("errno", Some(data)),
            Action::UserNotif => ("user_notif", None),
            Action::Trace(data) => ("trace", Some(data)),
            Action::Log => ("log", None),
            Action::Allow => ("allow", None),
            Action::Unknown(_) => ("unknown", None),
        },
    };
    json!({ "action": action, "data": data, "text": text })
}

/// A call.
#[must_use]
pub fn call(data: &SeccompData) -> Value {
    json!({
        "arch": format!("{:#010x}", data.arch),
        "nr": data.nr,
        "instruction_pointer": hex(data.instruction_pointer),
        "args": data.args.map(hex),
    })
}

/// The way of a call through a program.
#[must_use]
pub fn explanation(told: &Explanation) -> Value {
    let step = |step: &Step| {
        json!({
            "pc": step.pc,
            "code": step.insn.code,
            "jt": step.insn.jt,
            "jf": step.insn.jf,
            "k": step.insn.k,
            "a": step.a,
            "x": step.x,
            "holds": step.holds,
            "next": step.next,
            "meaning": step.meaning,
        })
    };
    json!({
        "call": call(&told.data),
        "steps": list(&told.steps, step),
        "outcome": outcome(Outcome::Action(told.action)),
    })
}

/// What is to be said of a filter.
#[must_use]
pub fn findings(found: &[Finding]) -> Value {
    list(found, |finding| {
        let numbers = finding.numbers.ranges();
        let numbers: Vec<[u32; 2]> = numbers
            .map(|range| [*range.start(), *range.end()])
            .collect();
        json!({
            "kind": finding.kind.code(),
            "level": match finding.kind.level() {
                Level::Fault => "fault",
                Level::Note => "note",
            },
            "abi": finding.abi.map(AbiId::name),
            "numbers": numbers,
            "names": finding.names,
            "instructions": finding.instructions,
            "example": finding.example.as_ref().map(call),
            "text": finding.text,
        })
    })
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}

fn list<T>(items: &[T], of: impl Fn(&T) -> Value) -> Value {
    items.iter().map(of).collect()
}

fn tell<T>(section: &Section<T>, then: impl Fn(&T) -> Value) -> Value {
    let (abi, arches) = match &section.space {
        Space::Abi(id) => (
            Some(id.name()),
            Test::equal(Field::Arch, id.abi().audit_arch.into()),
        ),
        Space::Others(test) => (None, test.clone()),
    };
    let regions: Vec<Value> = section
        .regions
        .iter()
        .map(|region| tell_region(&section.space, region, &then))
        .collect();
    json!({
        "name": space_name(&section.space),
        "abi": abi,
        "arches": condition(&arches),
        "arch": only_arch(&arches),
        "regions": regions,
    })
}

/// The name of the only architecture word for which a condition holds.
fn only_arch(test: &Test) -> Option<&'static str> {
    match (&test.set, test.negated) {
        (Set::Ranges(_, ranges), false) => match ranges[..] {
            [Range { low, high }] if low == high => arch_name(low as u32),
            _ => None,
        },
        _ => None,
    }
}

fn tell_region<T>(space: &Space, region: &Region<T>, then: &impl Fn(&T) -> Value) -> Value {
    let mut calls = Vec::new();
    let mut unknown = Vec::new();
    for item in numbers(space, &region.numbers) {
        match item {
            Numbers::Call(call) => calls.push(json!({ "nr": call.nr, "name": call.name })),
            Numbers::Unknown(low, high) => unknown.push([low, high]),
            Numbers::When(_) => {}
        }
    }
    let rule = |rule: &Rule<T>| {
        let (when, any) = match &rule.when {
            When::Always => ("always", None),
            When::Otherwise => ("otherwise", None),
            When::Any(terms) => ("any", Some(list(terms, |term| list(term, condition)))),
            When::Irregular { example } => ("irregular", Some(call(example))),
        };
        json!({ "when": when, "conditions": any, "text": rule.when.to_string(), "then": then(&rule.then) })
    };
    json!({
        "numbers": condition(&region.numbers),
        "calls": calls,
        "unknown": unknown,
        "rules": list(&region.rules, rule),
    })
}

/// A condition on one field.
#[must_use]
pub fn condition(test: &Test) -> Value {
    let mut told = json!({
        "field": test.field.name(),
        "negated": test.negated,
        "text": test.to_string(),
    });
    let signed = |value: i128| match value < 0 {
        true => format!("-{:#x}", value.unsigned_abs()),
        false => format!("{value:#x}"),
    };
    match &test.set {
        Set::Ranges(view, ranges) => {
            told["bits"] = view.bits.into();
            told["signed"] = view.signed.into();
            told["ranges"] = list(ranges, |range| {
                json!([signed(range.low), signed(range.high)])
            });
        }
        Set::Masked(patterns) => {
            told["patterns"] = list(
                patterns,
                |one| json!({ "mask": hex(one.mask), "value": hex(one.value) }),
            );
        }
        Set::Irregular { count, example } => {
            told["irregular"] = json!({ "count": count.to_string(), "example": hex(*example) });
        }
    }
    told
}
