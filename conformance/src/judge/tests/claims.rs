//! What is claimed of calls: it must hold untraced, and says what a tracer can see.

use super::*;
use crate::case::{Claim, Note, Thread};
use crate::judge::claims;

fn noted(claim: Claim) -> Note {
    Note {
        claim: Some(claim),
        ..Note::default()
    }
}

/// A trial with this claim of the middle call, which came to this.
fn trial(claim: Claim, result: Option<u64>) -> Trial {
    let mut calls = made();
    calls[1].result = result;
    let mut trial = Trial::perfect(calls);
    trial.run.notes = vec![Note::default(), noted(claim), Note::default()];
    trial
}

#[test]
fn what_does_not_hold_untraced_is_told() {
    const EPERM: Option<u64> = Some(-1_i64 as u64);
    const ECHILD: Option<u64> = Some(-10_i64 as u64);
    for (claim, right, wrong) in [
        (Claim::Returns(-1), EPERM, Some(0)),
        (Claim::Returns(3), Some(3), None),
        (Claim::Succeeds, Some(3), EPERM),
        (Claim::Unseen, Some(3), EPERM),
        (Claim::Never, None, Some(0)),
        (Claim::Leaves(0), None, EPERM),
        (Claim::NotExecuted, Some(110), None),
        (Claim::Cut, None, EPERM),
        (Claim::Cut, Some(3), EPERM),
        (Claim::WAITS, Some(3), ECHILD),
        (Claim::WAITS_FOR_ANY, Some(3), EPERM),
        (Claim::WAITS_FOR_ANY, ECHILD, None),
        (
            Claim::Interrupted {
                seen: -514,
                got: -1,
            },
            EPERM,
            Some(0),
        ),
    ] {
        let broken = |result| {
            let trial = trial(claim, result);
            claims::broken(&trial.run, &ledger(&trial.native))
        };
        assert_eq!(broken(right), None, "{claim:?}");
        assert!(broken(wrong).is_some(), "{claim:?}");
    }
    let mut absent = trial(Claim::Never, None);
    absent.native.remove(1);
    assert!(claims::broken(&absent.run, &ledger(&absent.native)).is_some());
}

#[test]
fn an_execve_must_be_shown_with_its_success() {
    let mut trial = trial(Claim::Leaves(0), None);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    trial.output.calls[1].result = SeenResult::Value(0);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].result = SeenResult::Error("ENOSYS".into());
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn what_was_not_executed_has_no_result() {
    let mut trial = trial(Claim::NotExecuted, Some(110));
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("not executed"), "{observed}");
    trial.output.calls[1].result = SeenResult::None;
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn a_result_that_nobody_sees_may_be_absent_but_not_wrong() {
    let mut trial = trial(Claim::Unseen, Some(7));
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].result = SeenResult::None;
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].result = SeenResult::Value(201);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn what_may_be_cut_off_need_not_be_seen_then_and_only_then() {
    let mut trial = trial(Claim::Cut, None);
    trial.output.calls[1].result = SeenResult::None;
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls.remove(1);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    for calls in [&mut trial.native, &mut trial.traced] {
        calls[1].result = Some(7);
    }
    assert_eq!(trial.middle().0, Verdict::Missed);
}

#[test]
fn an_interrupted_call_has_the_code_that_tracers_see() {
    let claim = Claim::Interrupted {
        seen: -514,
        got: -4,
    };
    let mut trial = trial(claim, Some(-4_i64 as u64));
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    trial.output.calls[1].result = SeenResult::Error("ERESTARTNOHAND".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn what_began_anew_is_shown_for_each_beginning() {
    let mut trial = trial(Claim::MayRestart(-512), Some(7));
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    let mut begun = trial.output.calls[1].clone();
    begun.result = SeenResult::Error("ERESTARTSYS".into());
    for _ in 0..2 {
        trial.output.calls.insert(1, begun.clone());
        assert_eq!(trial.verdicts(), [PASSED; 3]);
    }
    trial.output.calls.remove(3);
    assert_eq!(trial.middle().0, Verdict::Missed);
    let mut other = trial.output.calls[1].clone();
    other.result = SeenResult::Error("ERESTARTNOHAND".into());
    trial.output.calls[1] = other;
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn what_goes_back_to_the_program_is_seen_by_nobody() {
    let mut trial = trial(Claim::Dispatched, Some(600));
    // A line of no call is put to the account of the one before.
    let invented = Some(Verdict::Invented);
    assert_eq!(trial.verdicts(), [invented, PASSED, PASSED]);
    trial.output.calls.remove(1);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

/// The middle call is that of a thread which the first one made; all look alike.
fn threaded() -> Trial {
    let mut calls = made();
    for call in &mut calls {
        call.nr = 600;
        call.words = [0; 6];
        call.result = Some(0);
    }
    calls[0].result = Some(51);
    let mut trial = Trial::perfect(calls);
    let of = |thread| Note {
        thread,
        ..Note::default()
    };
    trial.run.notes = [Thread::First, Thread::Of(0), Thread::First]
        .map(of)
        .to_vec();
    for (line, tid) in trial.output.calls.iter_mut().zip([50, 51, 50]) {
        line.tid = Some(tid);
    }
    trial
}

#[test]
fn a_call_is_its_threads() {
    let mut trial = threaded();
    trial.traced[1].words = [1; 6];
    trial.native[1].words = [1; 6];
    trial.output.calls[1].words = line(&trial.traced[1]).words;
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].tid = Some(50);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("thread 50, not 51"), "{observed}");
}

#[test]
fn threads_have_no_order_among_them() {
    let mut trial = threaded();
    trial.output.calls.swap(1, 2);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls.remove(2);
    assert_eq!(trial.middle().0, Verdict::Missed);
}

#[test]
fn what_ended_before_is_told_before() {
    let mut trial = threaded();
    trial.run.terms.ordered = vec![(1, 2)];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls.swap(1, 2);
    let wrong = Some(Verdict::MisDecoded);
    assert_eq!(trial.verdicts(), [PASSED, PASSED, wrong]);
}
