//! The checks, one for each kind of finding or two.

use std::collections::BTreeMap;

use everycall_arch::{AbiId, table};

use super::abis::{AbiView, Abis};
use super::{Finding, Kind};
use crate::RangeSet;
use crate::action::Action;
use crate::bdd::{Bdd, FALSE, Full, NO_VAR, Node, TRUE};
use crate::map::exec::Flow;
use crate::map::names::{arch_name, arch_words, outcome_name};
use crate::map::rules::example;
use crate::map::space::{Field, masked};
use crate::map::{Map, Outcome};

/// How many names or ranges are told in a sentence.
const MAX_TOLD: usize = 6;

/// The greatest error that the kernel lets a filter return.
const MAX_ERRNO: u16 = 4095;

/// What could not be found out.
pub(super) fn undecided(map: &Map) -> Vec<Finding> {
    let told = |at| {
        let text = format!(
            "some calls are {}: the map says which",
            outcome_name(Outcome::Undecided(at))
        );
        Finding {
            instructions: vec![at.pc],
            ..Finding::new(Kind::Undecided, text)
        }
    };
    map.undecided().into_iter().map(told).collect()
}

/// Actions that are not what they seem, or not on every kernel.
pub(super) fn odd_actions(map: &Map) -> Vec<Finding> {
    let mut actions: Vec<Action> = map
        .outcomes()
        .filter_map(|outcome| match outcome {
            Outcome::Action(action) => Some(action),
            Outcome::Undecided(_) => None,
        })
        .collect();
    actions.sort_by_key(|action| action.to_ret());
    let mut odd: Vec<Finding> = Vec::new();
    for action in actions {
        let what = match action {
            Action::Errno(0) => "the call is not executed, and returns 0 as if it had been",
            Action::Errno(errno) if errno > MAX_ERRNO => "the kernel makes it 4095",
            Action::Unknown(_) => {
                "no kernel defines it: the process is killed, before Linux 4.14 the thread"
            }
            Action::UserNotif => "there since Linux 5.0; older kernels kill",
            Action::KillProcess => "there since Linux 4.14; older kernels kill only the thread",
            Action::Log => "there since Linux 4.14; older kernels kill",
            _ => continue,
        };
        // A filter may return any number of values that nobody knows: the first tells it.
        let again = |finding: &Finding| finding.text.ends_with(what);
        if !odd.iter().any(again) {
            let text = format!("{}: {what}", outcome_name(Outcome::Action(action)));
            odd.push(Finding::new(Kind::OddAction, text));
        }
    }
    odd
}

/// Whether a diagram asks a bit of a field.
fn asks(bdd: &Bdd, node: Node, field: Field) -> bool {
    bdd.parts(node)
        .into_iter()
        .any(|part| (field.start()..field.end()).contains(&bdd.top(part)))
}

/// What is wrong with architectures.
pub(super) fn arches(map: &Map, bdd: &mut Bdd) -> Result<Option<Finding>, Full> {
    let mut allowed = bdd.replace(map.root, NO_VAR, &mut |part| {
        let outcome = part.value().and_then(|leaf| map.outcomes.get(leaf));
        Node::truth(matches!(
            outcome,
            Some(Outcome::Action(Action::Allow | Action::Log))
        ))
    })?;
    if !asks(bdd, map.root, Field::Arch) {
        let text =
            "the architecture is not looked at: one number is another call on each".to_owned();
        let shown = (allowed != FALSE).then(|| example(bdd, allowed));
        return Ok(Some(Finding {
            example: shown,
            ..Finding::new(Kind::ArchNotChecked, text)
        }));
    }
    // An architecture that has a name may well be meant.
    for word in arch_words() {
        let arch = masked(bdd, Field::Arch, u64::from(u32::MAX), word.into())?;
        allowed = bdd.without(allowed, arch)?;
    }
    if allowed == FALSE {
        return Ok(None);
    }
    // Whether it is said of all numbers, or of some.
    let some = allowed != TRUE && asks(bdd, allowed, Field::Nr);
    let text = format!(
        "{} of architectures that do not exist are allowed: the filter allows what it does not name",
        if some { "some calls" } else { "all calls" }
    );
    Ok(Some(Finding {
        example: Some(example(bdd, allowed)),
        ..Finding::new(Kind::ForeignArchAllowed, text)
    }))
}

/// What is wrong with numbers.
pub(super) fn numbers(abis: &Abis) -> Vec<Finding> {
    let mut found: Vec<Finding> = abis.irregular.iter().map(|&id| irregular(id)).collect();
    for view in &abis.views {
        if view.is_open() {
            let text = format!("every call of {} is allowed", view.id.name());
            found.push(Finding {
                abi: Some(view.id),
                example: Some(view.call(view.id.abi().nr_base)),
                ..Finding::new(Kind::AbiAllowed, text)
            });
        } else if view.distinguishes {
            // One treatment for a whole ABI is a decision about the ABI, not about its numbers.
            found.extend(unknown(view));
            found.extend(of_words(view));
        }
    }
    found
}

fn irregular(id: AbiId) -> Finding {
    let text = format!(
        "the numbers of {} are told apart in too many ranges to look at them one by one: nothing else is said of them",
        id.name()
    );
    Finding {
        abi: Some(id),
        ..Finding::new(Kind::Irregular, text)
    }
}

/// What is wrong with numbers that no call has, and with -1.
fn unknown(view: &AbiView) -> Vec<Finding> {
    let (holes, above) = view.unknown(&view.allowed);
    let either = |set| {
        let (mut holes, above) = view.unknown(set);
        above.ranges().for_each(|range| holes.insert_range(range));
        holes
    };
    let minus_one: RangeSet = [u32::MAX]
        .into_iter()
        .filter(|&nr| view.killed.contains(nr))
        .collect();
    let checks = [
        (
            Kind::HoleAllowed,
            holes,
            "are allowed, though no call has them",
        ),
        (
            Kind::UnknownAllowed,
            above,
            "are allowed, though we know no such call: a newer kernel may have one",
        ),
        (
            Kind::UnknownKilled,
            either(&view.killed),
            "are killed, though no call has them: the kernel would answer ENOSYS, and a program that asks whether a call \
             is there dies",
        ),
        (
            Kind::UnknownRefused,
            either(&view.refused),
            "get another error than ENOSYS, though no call has them: a program that asks whether a call is there is misled",
        ),
        (
            Kind::MinusOneKilled,
            minus_one,
            "(-1) are killed: a tracer that skips a call by this number kills its tracee",
        ),
    ];
    checks
        .into_iter()
        .filter_map(|(kind, numbers, what)| about(view, kind, &numbers, what))
        .collect()
}

/// What is wrong with the words of calls. The kernel shows a filter all 64 bits of the registers, and gives a 32-bit
/// call their low halves.
fn of_words(view: &AbiView) -> Option<Finding> {
    let what = "are treated by the high half of a word, which the call does not have: 64-bit code that uses int $0x80 chooses it";
    match view.id {
        AbiId::I386 => about(view, Kind::HighHalf, &view.by_high_half, what),
        _ => None,
    }
}

/// A finding about numbers, if there are any.
fn about(view: &AbiView, kind: Kind, numbers: &RangeSet, what: &str) -> Option<Finding> {
    let first = numbers.ranges().next()?;
    let ranges = numbers
        .ranges()
        .map(|range| match (range.start(), range.end()) {
            (low, high) if low == high => shown(*low),
            (low, high) => format!("{}-{}", shown(*low), shown(*high)),
        });
    let text = format!("{} numbers {} {what}", view.id.name(), list(ranges));
    Some(Finding {
        abi: Some(view.id),
        numbers: numbers.clone(),
        example: Some(view.call(*first.start())),
        ..Finding::new(kind, text)
    })
}

fn shown(nr: u32) -> String {
    match nr {
        0..0x1_0000 => nr.to_string(),
        _ => format!("{nr:#x}"),
    }
}

/// The first of a list, and how many more there are.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    let more = items.len().saturating_sub(MAX_TOLD);
    items.truncate(MAX_TOLD);
    let told = items.join(", ");
    match more {
        0 => told,
        _ => format!("{told} and {more} more"),
    }
}

/// Calls that are allowed in one ABI and not in another that the same machine runs.
pub(super) fn names(abis: &Abis) -> Vec<Finding> {
    const TOGETHER: [(AbiId, AbiId); 4] = [
        (AbiId::X86_64, AbiId::I386),
        (AbiId::X86_64, AbiId::X32),
        (AbiId::I386, AbiId::X32),
        (AbiId::Aarch64, AbiId::Arm),
    ];
    let view = |id| abis.views.iter().find(|view| view.id == id);
    let mut found = Vec::new();
    for (one, other) in TOGETHER {
        if let (Some(one), Some(other)) = (view(one), view(other)) {
            found.extend(allowed_in(one, other));
            found.extend(allowed_in(other, one));
        }
    }
    found
}

/// Calls that are allowed in `here` and never in `there`.
fn allowed_in(here: &AbiView, there: &AbiView) -> Option<Finding> {
    if !here.distinguishes || !there.distinguishes {
        return None;
    }
    let mut calls: BTreeMap<u32, &'static str> = BTreeMap::new();
    for call in table::all(here.id) {
        let twin = table::by_name(there.id, call.name);
        if here.allowed.contains(call.nr)
            && twin.is_some_and(|twin| !there.allowed.contains(twin.nr))
        {
            calls.insert(call.nr, call.name);
        }
    }
    let first = *calls.keys().next()?;
    let (kind, how) = match (here.id, there.id) {
        (AbiId::X32, AbiId::X86_64) => (
            Kind::X32Forgotten,
            "with x32's bit 30 set, and not without it",
        ),
        _ => (Kind::AbiMismatch, "and not in the other"),
    };
    let text = format!(
        "allowed in {} {how} ({}): {}",
        here.id.name(),
        there.id.name(),
        list(calls.values().map(|&name| name.to_owned()))
    );
    Some(Finding {
        abi: Some(here.id),
        numbers: calls.keys().copied().collect(),
        names: calls.into_values().collect(),
        example: Some(here.call(first)),
        ..Finding::new(kind, text)
    })
}

/// Instructions that no call executes.
pub(super) fn dead(flow: &Flow) -> Option<Finding> {
    let dead: Vec<usize> = flow
        .reach
        .iter()
        .enumerate()
        .filter_map(|(pc, &reach)| (reach == FALSE).then_some(pc))
        .collect();
    let first = dead.first()?;
    let text = match dead.len() {
        1 => format!("no call there can be executes instruction {first}"),
        count => format!(
            "no call there can be executes {count} instructions: {}",
            list(dead.iter().map(usize::to_string))
        ),
    };
    Some(Finding {
        instructions: dead,
        ..Finding::new(Kind::DeadInstruction, text)
    })
}

/// An instruction that is executed for some numbers of all architectures, in a filter that looks at the architecture.
pub(super) fn late(map: &Map, flow: &Flow) -> Option<Finding> {
    if !asks(&map.bdd, map.root, Field::Arch) {
        return None;
    }
    let early =
        |&reach: &Node| asks(&map.bdd, reach, Field::Nr) && !asks(&map.bdd, reach, Field::Arch);
    let pc = flow.reach.iter().position(early)?;
    let text = format!(
        "instruction {pc} is executed for some numbers whatever the architecture: the number is looked at first"
    );
    Some(Finding {
        instructions: vec![pc],
        ..Finding::new(Kind::ArchCheckedLate, text)
    })
}

/// Comparisons of the architecture with constants that are none, as they come about where the load of the number is forgotten.
pub(super) fn confused(flow: &Flow) -> Option<Finding> {
    let strange = |&&(_, with): &&(usize, u32)| arch_name(with).is_none();
    let found: Vec<(usize, u32)> = flow.arch_compared.iter().filter(strange).copied().collect();
    let &(first, with) = found.first()?;
    let text = format!(
        "instruction {first} compares the architecture with {with:#x}, which is none: was the number to be loaded before?"
    );
    Some(Finding {
        instructions: found.into_iter().map(|(pc, _)| pc).collect(),
        ..Finding::new(Kind::ArchConfused, text)
    })
}

/// Shifts that depend on the machine.
pub(super) fn wide_shifts(flow: &Flow) -> Option<Finding> {
    let first = flow.wide_shifts.first()?;
    let text = format!(
        "instruction {first} may shift by 32 or more: here the low five bits of X count, as eBPF has it, but not every \
         kernel and machine does that"
    );
    Some(Finding {
        instructions: flow.wide_shifts.clone(),
        ..Finding::new(Kind::WideShift, text)
    })
}
