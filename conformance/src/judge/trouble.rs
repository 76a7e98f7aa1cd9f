//! A tracer in trouble: whether it stood it as well as it must. The oracle is the same for every tracer: what the
//! program did went as untraced, nothing of it was left behind stopped, and what was lost was not lost in silence.

use super::{Decision, Execution, Traits, altered, claims, decide_ordinarily, text};
use crate::case::{Run, Verdict};
use crate::ledger::Made;
use crate::observe::{End, Output};
use crate::terms::{Stands, Trouble};

/// Decides the one case of a run.
pub(super) fn judge(
    run: &Run,
    trouble: &Trouble,
    native: Execution<'_>,
    traced: Execution<'_>,
    output: &Output,
    traits: &Traits,
) -> Decision {
    let failed = |verdict, expected: &str, observed: String| Decision {
        verdict,
        expected: expected.to_owned(),
        observed: format!("{observed}{}", text::said(traced.stderr)),
    };
    let made = traced.ledger.calls.len();
    if traced.end == End::TimedOut || traced.left_behind > 0 {
        let observed = format!(
            "the tracer {}; {} processes were left behind; {made} calls were made",
            traced.end, traced.left_behind
        );
        return failed(Verdict::Hung, "all runs, or ends", observed);
    }
    if let Some(wrong) = harm(run, native, traced) {
        return failed(Verdict::Altered, "what is done goes as untraced", wrong);
    }
    let stands = trouble.stands();
    if stands == Stands::Gone {
        return Decision::passed();
    }
    let ordinary = decide_ordinarily(run, native, traced, output, traits);
    let ordinary = ordinary.into_iter().flatten().next();
    let ordinary = ordinary.unwrap_or_else(Decision::passed);
    if ordinary.verdict == Verdict::Passed {
        return ordinary;
    }
    let says = !traced.stderr.trim().is_empty() || !output.lost.is_empty();
    let refused = made == 0 && says && matches!(traced.end, End::Exited(1..));
    let whole = altered::missing(run, native.ledger, traced.ledger).is_empty();
    let stood = match stands {
        Stands::Right => false,
        Stands::RightOrRefuses => refused,
        Stands::ProgramRuns => says && whole,
        Stands::NoHarm => says,
        Stands::Gone => true,
    };
    match stood {
        true => Decision::passed(),
        false if stands == Stands::ProgramRuns && !whole => failed(
            Verdict::Altered,
            "the program runs to its end",
            format!("the tracer {}, after {made} calls", traced.end),
        ),
        false => ordinary,
    }
}

/// The first call that came back otherwise than it does untraced.
fn harm(run: &Run, native: Execution<'_>, traced: Execution<'_>) -> Option<String> {
    let returned = traced.ledger.calls.iter().filter(|c| c.result.is_some());
    let wrong = |call: &&Made| match claims::of(run, call) {
        Some(claim) => !claims::holds(claim, call),
        None => native
            .ledger
            .slot(call.slot)
            .is_some_and(|own| altered::differs(run, own, call)),
    };
    let call = { returned }.find(wrong)?;
    Some(format!("{} does not", text::made(call)))
}
