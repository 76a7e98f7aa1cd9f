//! What is claimed of calls beforehand: whether it came so, and what of it a tracer can see.

use super::{compare, text};
use crate::case::{Claim, Run};
use crate::ledger::{Ledger, Made};
use crate::observe::{Seen, SeenResult};

/// What is claimed of a call of a run.
pub(super) fn of(run: &Run, call: &Made) -> Option<Claim> {
    run.notes.get(call.slot)?.claim
}

/// The first claim that did not come true on the bare kernel.
pub(crate) fn broken(run: &Run, ledger: &Ledger) -> Option<String> {
    let notes = run.notes.iter().enumerate();
    let claims = notes.filter_map(|(slot, note)| Some((slot, note.claim?, note.volatile)));
    { claims }.find_map(|(slot, claim, volatile)| match ledger.slot(slot) {
        Some(call) if holds(claim, call) => None,
        Some(call) => Some(format!("{} is not {claim:?}", text::made(call))),
        // What varies may not even be made.
        None if volatile => None,
        None => Some(format!("call {slot} is not made, which is {claim:?}")),
    })
}

/// Whether a call came to what is claimed.
pub(super) fn holds(claim: Claim, call: &Made) -> bool {
    let result = call.result.map(|raw| text::signed(call.abi, raw));
    match claim {
        Claim::Returns(value) | Claim::Number(value) | Claim::Interrupted { got: value, .. } => {
            result == Some(value)
        }
        Claim::Succeeds | Claim::Unseen | Claim::MayRestart(_) => {
            result.is_some_and(|value| text::error_of(value).is_none())
        }
        Claim::MayRestartOrFail { error, .. } => {
            result.is_some_and(|value| value == error || text::error_of(value).is_none())
        }
        Claim::Cut => result.is_none_or(|value| text::error_of(value).is_none()),
        Claim::Never | Claim::Leaves(_) => result.is_none(),
        Claim::NotExecuted | Claim::Dispatched => result.is_some(),
    }
}

/// What a tracer sees of it all: other results than those that the program got, not what is handed back to
/// it, and more than once what began anew.
pub(super) fn as_seen(run: &Run, ledger: &Ledger, seen: &[Seen]) -> Ledger {
    let mut ledger = ledger.clone();
    ledger
        .calls
        .retain(|call| of(run, call) != Some(Claim::Dispatched));
    let mut calls = Vec::new();
    for call in &ledger.calls {
        let begun = interrupted(run, call, seen);
        let seq = match begun.is_empty() {
            true => call.seq,
            false => next(run, &ledger, call),
        };
        calls.extend(begun);
        calls.push(Made { seq, ..*call });
    }
    // What has the same place in time stays in this order: that of its thread.
    ledger.calls = calls;
    for call in &mut ledger.calls {
        match of(run, call) {
            Some(Claim::Leaves(value)) if call.result.is_none() => {
                call.result = Some(value as u64);
            }
            Some(Claim::Interrupted { seen, .. }) if call.result.is_some() => {
                call.result = Some(seen as u64);
            }
            Some(Claim::NotExecuted) => call.result = None,
            _ => {}
        }
    }
    ledger
}

/// Where a call stands that began anew: before the next one of its own flow, and behind what the handlers did
/// that interrupted it.
fn next(run: &Run, ledger: &Ledger, call: &Made) -> u64 {
    let flow = |call: &Made| run.notes.get(call.slot).map(|note| note.flow);
    let later = ledger
        .calls
        .iter()
        .filter(|other| flow(other) == flow(call) && other.seq > call.seq);
    later.map(|other| other.seq).min().unwrap_or(u64::MAX)
}

/// The call as it is shown by the lines that say it was interrupted: as many as there are.
fn interrupted(run: &Run, call: &Made, seen: &[Seen]) -> Vec<Made> {
    let code = match of(run, call) {
        Some(Claim::MayRestart(code) | Claim::MayRestartOrFail { restart: code, .. }) => code,
        _ => return Vec::new(),
    };
    let call = Made {
        result: Some(code as u64),
        ..*call
    };
    let is = |line: &&Seen| compare::score(&call, line) == compare::BEST;
    vec![call; seen.iter().filter(is).count()]
}

/// Whether a line without a result is right all the same.
pub(super) fn may_lack_result(run: &Run, call: &Made, line: &Seen) -> bool {
    line.result == SeenResult::None && of(run, call) == Some(Claim::Unseen)
}

/// Whether a tracer may not have seen the call at all.
pub(super) fn may_lack_line(run: &Run, call: &Made) -> bool {
    call.result.is_none() && of(run, call) == Some(Claim::Cut)
}

/// What is wrong with a line's result beyond what the ledger tells.
pub(super) fn difference(run: &Run, call: &Made, line: &Seen) -> Option<String> {
    match (of(run, call)?, &line.result) {
        (Claim::NotExecuted, result) if *result != SeenResult::None => {
            Some("shown with a result, but it was not executed".to_owned())
        }
        (Claim::Number(value), SeenResult::Error(name)) => Some(format!(
            "shown as the error {name}, but the call cannot fail: {:#x} is a number",
            value as u32
        )),
        _ => None,
    }
}
