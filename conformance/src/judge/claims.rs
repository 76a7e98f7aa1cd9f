//! What is claimed of calls beforehand: whether it came so, and what of it a tracer can see.

use super::text;
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
    claims
        .filter_map(|(slot, claim, volatile)| match ledger.slot(slot) {
            Some(call) if holds(claim, call) => None,
            Some(call) => Some(format!("{} is not {claim:?}", text::made(call))),
            // What varies may not even be made.
            None if volatile => None,
            None => Some(format!("call {slot} is not made, which is {claim:?}")),
        })
        .next()
}

fn holds(claim: Claim, call: &Made) -> bool {
    let result = call.result.map(|raw| text::signed(call.abi, raw));
    match claim {
        Claim::Returns(value) | Claim::Interrupted { got: value, .. } => result == Some(value),
        Claim::Succeeds | Claim::Unseen => {
            result.is_some_and(|value| text::error_of(value).is_none())
        }
        Claim::Never | Claim::Leaves(_) => result.is_none(),
        Claim::NotExecuted => result.is_some(),
    }
}

/// The ledger with the results that a tracer sees in the place of those that the program got.
pub(super) fn as_seen(run: &Run, ledger: &Ledger) -> Ledger {
    let mut ledger = ledger.clone();
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

/// Whether a line without a result is right all the same.
pub(super) fn may_lack_result(run: &Run, call: &Made, line: &Seen) -> bool {
    line.result == SeenResult::None && of(run, call) == Some(Claim::Unseen)
}

/// What is wrong with a line's result beyond what the ledger tells.
pub(super) fn difference(run: &Run, call: &Made, line: &Seen) -> Option<String> {
    let invented = of(run, call) == Some(Claim::NotExecuted) && line.result != SeenResult::None;
    invented.then(|| "shown with a result, but it was not executed".to_owned())
}
