//! Whether the traced program did what it does untraced.

use super::{Execution, Finding, text};
use crate::case::{Run, Verdict};
use crate::ledger::{Ledger, Made};

/// The slots of calls that are made untraced, but not traced, in the order of time.
pub(super) fn missing(run: &Run, native: &Ledger, traced: &Ledger) -> Vec<usize> {
    let mut missing: Vec<&Made> = native
        .calls
        .iter()
        .filter(|call| traced.slot(call.slot).is_none() && !is_volatile(run, call))
        .collect();
    missing.sort_by_key(|call| call.seq);
    missing.iter().map(|call| call.slot).collect()
}

/// Each call that went otherwise.
pub(super) fn findings(run: &Run, native: Execution<'_>, traced: Execution<'_>) -> Vec<Finding> {
    let end = end(native, traced);
    let (native, traced) = (native.ledger, traced.ledger);
    let both = native
        .calls
        .iter()
        .filter_map(|call| Some((call, traced.slot(call.slot)?)));
    let mut findings: Vec<Finding> = both
        .filter_map(|(native, traced)| difference(run, native, traced))
        .collect();
    findings.extend(
        missing(run, native, traced)
            .first()
            .and_then(|slot| native.slot(*slot))
            .map(|call| absent(call, &end)),
    );
    let more = traced
        .calls
        .iter()
        .filter(|call| native.slot(call.slot).is_none() && !is_volatile(run, call));
    findings.extend(more.map(additional));
    findings
}

/// Whether the call differs between two runs on the bare kernel too; it need not even be made in both.
fn is_volatile(run: &Run, call: &Made) -> bool {
    run.notes.get(call.slot).is_some_and(|note| note.volatile)
}

/// How the tracer ended where the program went another way: it may have been killed, and by what is half of why.
fn end(native: Execution<'_>, traced: Execution<'_>) -> String {
    if text::same_end(native.end, traced.end) {
        return String::new();
    }
    let said = text::said(traced.stderr);
    format!(
        "; untraced, the program {}; the tracer {}{said}",
        native.end, traced.end
    )
}

fn absent(call: &Made, end: &str) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::Altered,
        expected: format!("untraced: {}", text::made(call)),
        observed: format!("traced, the program does not make this call{end}"),
    }
}

fn additional(call: &Made) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::Altered,
        expected: "untraced, the program does not make this call".into(),
        observed: format!("traced, the program calls {}", text::made(call)),
    }
}

/// Whether the call went otherwise.
pub(super) fn differs(run: &Run, native: &Made, traced: &Made) -> bool {
    difference(run, native, traced).is_some()
}

fn difference(run: &Run, native: &Made, traced: &Made) -> Option<Finding> {
    let volatile = is_volatile(run, native);
    let what = if (native.abi, native.nr) != (traced.abi, traced.nr) {
        "number"
    } else if !volatile && native.words != traced.words {
        "words"
    } else if !same_result(volatile, native, traced) {
        "result"
    } else {
        return None;
    };
    Some(Finding {
        at: native.slot,
        verdict: Verdict::Altered,
        expected: format!("untraced: {}", text::made(native)),
        observed: format!("traced, another {what}: {}", text::made(traced)),
    })
}

/// Of a call that varies from run to run, "failed, and how" is compared, if it returned in both.
fn same_result(volatile: bool, native: &Made, traced: &Made) -> bool {
    let (Some(a), Some(b)) = (native.result, traced.result) else {
        return volatile || native.result == traced.result;
    };
    let error = |raw| text::error_of(text::signed(native.abi, raw));
    a == b || (volatile && error(a) == error(b))
}
