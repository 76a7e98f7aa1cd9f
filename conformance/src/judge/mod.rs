//! The judge: a pure function from what was asked, what was done and what was said to verdicts.
//!
//! It trusts the ledger alone. What a tracer said is held against the ledger of the very run that it
//! watched; that ledger is held against the one of the untraced run.

mod align;
mod altered;
mod asked;
pub(crate) mod claims;
mod compare;
mod crowd;
mod free;
mod prototypes;
mod text;
mod threads;
mod told;
mod trouble;

use everycall_arch::AbiId;

use crate::case::{Run, Verdict};
use crate::ledger::{Ledger, Made};
use crate::observe::{End, Output};
use crate::report::verdict_name;

use threads::Threads;

pub use asked::asked;

/// One execution of a probe.
#[derive(Clone, Copy, Debug)]
pub struct Execution<'a> {
    /// What the probe did.
    pub ledger: &'a Ledger,
    /// How the program that was started ended: the probe itself, or the tracer around it.
    pub end: End,
    /// What it printed on standard error, for the report.
    pub stderr: &'a str,
    /// How many processes of it there were that did not end, and had to be killed.
    pub left_behind: u32,
}

/// What is known of a tracer, and is no fault of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Its tables may be older than the kernel: a number that it has no name for it shows, bare,
    /// whatever it was asked for.
    pub shows_unknown: bool,
    /// It says that it stops only at calls that it was asked for.
    pub filters: bool,
    /// Calls that the kernel hides from how it observes them: it may miss these.
    pub unseen: Vec<(AbiId, u32)>,
    /// It shows the execve that starts the program whatever it was asked for, and perhaps more than once.
    pub shows_start: bool,
    /// Calls, by name, whose results it leaves out.
    pub mute: Vec<String>,
}

/// What was decided of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What became of it.
    pub verdict: Verdict,
    /// What had to be seen; empty when it passed.
    pub expected: String,
    /// What was seen, and what is wrong with it; empty when it passed.
    pub observed: String,
}

impl Decision {
    fn passed() -> Decision {
        Decision {
            verdict: Verdict::Passed,
            expected: String::new(),
            observed: String::new(),
        }
    }
}

/// Something wrong, at a call of the ledger.
struct Finding {
    /// The call, by its slot.
    at: usize,
    verdict: Verdict,
    expected: String,
    observed: String,
}

/// Decides each case of a run, in the order of `run.cases`. `None`: this run cannot tell, because
/// another case of it may be the guilty one; the case must be run again in smaller company.
#[must_use]
pub fn judge(
    run: &Run,
    native: Execution<'_>,
    traced: Execution<'_>,
    output: &Output,
    traits: &Traits,
) -> Vec<Option<Decision>> {
    match &run.terms.trouble {
        Some(trouble) => {
            let decision = trouble::judge(run, trouble, native, traced, output, traits);
            alone_or_nobody(run, decision)
        }
        None => decide_ordinarily(run, native, traced, output, traits),
    }
}

/// As when nothing befalls the tracer.
fn decide_ordinarily(
    run: &Run,
    native: Execution<'_>,
    traced: Execution<'_>,
    output: &Output,
    traits: &Traits,
) -> Vec<Option<Decision>> {
    if let Some(bad_end) = bad_end(run, native, traced, output) {
        return alone_or_nobody(run, bad_end);
    }
    let missing = altered::missing(run, native.ledger, traced.ledger);
    let mut findings = altered::findings(run, native, traced);
    findings.extend(said(run, traced.ledger, output, traits));
    // The first call that was not made is a finding; what comes after it was not reached.
    let guilty = missing.first().map(|slot| owner(run, *slot));
    let unreached: Vec<usize> = missing.iter().map(|slot| owner(run, *slot)).collect();
    (0..run.cases.len())
        .map(|case| {
            if guilty != Some(case) && unreached.contains(&case) {
                return None;
            }
            let own = findings.iter().filter(|f| owner(run, f.at) == case);
            let own: Vec<&Finding> = own.collect();
            let alone = run.cases.len() == 1;
            if !alone && !own.is_empty() && own.iter().all(|f| may_be_unmade(run, traced.ledger, f))
            {
                return None;
            }
            Some(decide(&own))
        })
        .collect()
}

/// Whether a call that was missed may not have been made: the probe writes what it is about to do, and
/// a thread that another one ends may be gone before it does. Run again, it will have been.
fn may_be_unmade(run: &Run, ledger: &Ledger, finding: &Finding) -> bool {
    finding.verdict == Verdict::Missed
        && ledger
            .slot(finding.at)
            .is_some_and(|call| is_doubtful(run, call))
}

/// Whether the ledger has a call that may not have been made.
#[must_use]
pub fn has_unmade(run: &Run, ledger: &Ledger) -> bool {
    ledger.calls.iter().any(|call| is_doubtful(run, call))
}

fn is_doubtful(run: &Run, call: &Made) -> bool {
    let volatile = run.notes.get(call.slot).is_some_and(|note| note.volatile);
    volatile && call.result.is_none()
}

/// The case that answers for a call: its own; for a call between cases, the one before; for one
/// before all cases, the first.
fn owner(run: &Run, slot: usize) -> usize {
    let after = run.cases.partition_point(|case| case.first <= slot);
    after.saturating_sub(1)
}

/// What is wrong with the output.
fn said(run: &Run, ledger: &Ledger, output: &Output, traits: &Traits) -> Vec<Finding> {
    let (mut findings, calls) = crowd::split(run, &output.calls);
    findings.extend(free::finding(run, ledger).filter(|_| traits.filters));
    let threads = Threads::of(run, ledger, &calls);
    let as_seen = claims::as_seen(run, ledger, &calls);
    findings.extend(align::findings(run, &as_seen, &threads, &calls, traits));
    for finding in &mut findings {
        if finding.verdict == Verdict::Missed && !output.lost.is_empty() {
            finding.verdict = Verdict::Lost;
            finding.observed = format!("the tracer says: {}", text::some(&output.lost));
        }
    }
    // Neither belongs to a call, so the first case of the run answers for it.
    let first = run.cases.first().map_or(0, |case| case.first);
    if !output.lost.is_empty() && !findings.iter().any(|f| f.verdict == Verdict::Lost) {
        findings.push(Finding {
            at: first,
            verdict: Verdict::Lost,
            expected: "no loss".into(),
            observed: format!("the tracer says: {}", text::some(&output.lost)),
        });
    }
    if !output.unreadable.is_empty() {
        findings.push(Finding {
            at: first,
            verdict: Verdict::MisDecoded,
            expected: "lines of the tracer's own format".into(),
            observed: format!("cannot be read: {}", text::some(&output.unreadable)),
        });
    }
    findings
}

/// One decision from all that is wrong with a case: the gravest verdict, at its first call. Of each
/// other kind the first is told as well.
fn decide(findings: &[&Finding]) -> Decision {
    let Some(worst) = findings.iter().min_by_key(|f| (gravity(f.verdict), f.at)) else {
        return Decision::passed();
    };
    let mut observed = worst.observed.clone();
    let mut told = vec![worst.verdict];
    for finding in findings {
        if !told.contains(&finding.verdict) {
            told.push(finding.verdict);
            let kind = verdict_name(finding.verdict);
            observed.push_str(&format!("; also {kind}: {}", finding.observed));
        }
    }
    let more = findings.len() - told.len();
    if more > 0 {
        observed.push_str(&format!(" (and {more} more)"));
    }
    Decision {
        verdict: worst.verdict,
        expected: worst.expected.clone(),
        observed,
    }
}

/// The gravest is 0.
pub(crate) fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Hung | Verdict::Crashed => 0,
        Verdict::Altered => 1,
        Verdict::Lost => 2,
        Verdict::Missed => 3,
        Verdict::Invented => 4,
        Verdict::MisDecoded => 5,
        Verdict::Passed => 6,
    }
}

/// An end of the tracer from which nothing more can be read.
fn bad_end(
    run: &Run,
    native: Execution<'_>,
    traced: Execution<'_>,
    output: &Output,
) -> Option<Decision> {
    let verdict = match traced.end {
        End::TimedOut => Verdict::Hung,
        // A tracer ends as its tracee did.
        end if text::same_end(native.end, end) => return None,
        // The probe went another way, and the tracer says so truly: that is not a crash of it.
        End::Exited(_) | End::Killed(_)
            if !output.calls.is_empty()
                && !altered::missing(run, native.ledger, traced.ledger).is_empty() =>
        {
            return None;
        }
        End::Exited(_) | End::Killed(_) => Verdict::Crashed,
    };
    Some(Decision {
        verdict,
        expected: format!("the tracer ends as the probe does: {}", native.end),
        observed: format!(
            "the tracer {}, after {} of {} calls{}",
            traced.end,
            traced.ledger.calls.len(),
            native.ledger.calls.len(),
            text::said(traced.stderr)
        ),
    })
}

/// Only a case that ran alone can be blamed for what befell the whole run.
fn alone_or_nobody(run: &Run, decision: Decision) -> Vec<Option<Decision>> {
    match run.cases.as_slice() {
        [_] => vec![Some(decision)],
        cases => vec![None; cases.len()],
    }
}

#[cfg(test)]
mod tests;
