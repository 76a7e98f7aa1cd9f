//! The group `numbers`: every number of every table, its holes, what lies beyond its end, and the
//! edges, each asked for in several ways.

mod forms;
mod items;
mod perform;
mod ways;

use std::collections::{BTreeMap, HashSet};

use everycall_arch::AbiId;

use crate::case::{Case, Run};
use crate::judge::asked;
use crate::probe::{ProbeError, Target};
use crate::terms::Terms;

use perform::{Script, Scripted};
use ways::{Batch, Plan};

/// The group's name.
pub const GROUP: &str = "numbers";

/// The names of all cases of an ABI, in an order that does not change: those whose calls are made by
/// programs of which `runs` says that they can be had.
#[must_use]
pub fn cases(abi: AbiId, runs: impl Fn(Target) -> bool) -> Vec<String> {
    plans(abi)
        .iter()
        .filter(|plan| runs(plan.gate.target))
        .flat_map(|plan| plan.cases().into_iter().map(|(name, _, _)| name))
        .collect()
}

/// The runs that decide these cases of an ABI, as few as can be: each case is in exactly one of them.
/// Names of no case are passed over. The same names always give the same runs.
///
/// # Errors
/// When a probe cannot be built.
pub fn runs(abi: AbiId, wanted: &[&str]) -> Result<Vec<Run>, ProbeError> {
    let wanted: HashSet<&str> = wanted.iter().copied().collect();
    let mut runs = Vec::new();
    for plan in plans(abi) {
        let mut batches: BTreeMap<Batch, Vec<(String, Vec<usize>)>> = BTreeMap::new();
        for (name, way, items) in plan.cases() {
            if wanted.contains(name.as_str()) {
                let batch = plan.batch(way, &items);
                batches.entry(batch).or_default().push((name, items));
            }
        }
        for (batch, cases) in batches {
            runs.push(run(&plan, batch, &cases)?);
        }
    }
    Ok(runs)
}

/// Why a call is not made with sentinel words, or why its result is not compared between runs; `None`
/// for the many calls of which neither is true.
#[must_use]
pub fn reason(call: &str) -> Option<&'static str> {
    forms::of(call).map(|row| row.reason)
}

fn plans(abi: AbiId) -> Vec<Plan> {
    items::gates(abi).into_iter().map(Plan::new).collect()
}

/// One run: each case's items, each with a sentinel call before it, one more at the end, and near
/// each item one that is not asked for, which must be silent (or, with `Except`, shown).
fn run(plan: &Plan, batch: Batch, wanted: &[(String, Vec<usize>)]) -> Result<Run, ProbeError> {
    let under_test: Vec<usize> = wanted
        .iter()
        .flat_map(|(_, items)| items)
        .copied()
        .collect();
    let ask = plan.ask(batch, &under_test);
    let mut script = Script::new(plan.gate)?;
    let mut cases = Vec::new();
    for (name, items) in wanted {
        let first = script.len();
        for item in items.iter().flat_map(|at| plan.company(batch, *at, &ask)) {
            script.sentinel()?;
            script.item(item)?;
        }
        cases.push(Case {
            name: name.clone(),
            first,
            count: script.len() - first,
        });
    }
    script.sentinel()?;
    let Scripted { elf, notes, calls } = script.finish()?;
    let shown = calls
        .iter()
        .map(|call| asked(&ask, call.abi, call.nr))
        .collect();
    if let [case] = cases.as_mut_slice() {
        // Alone, it answers for everything.
        (case.first, case.count) = (0, calls.len());
    }
    Ok(Run {
        abi: plan.gate.abi,
        group: GROUP,
        ask,
        elf,
        shown,
        notes,
        cases,
        terms: Terms::default(),
    })
}

#[cfg(test)]
mod tests;
