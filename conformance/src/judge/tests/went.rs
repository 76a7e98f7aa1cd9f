//! How the run itself went: altered, hung, crashed, lost, and in which order.

use super::*;
#[test]
fn unreadable_lines_fail_the_first_case() {
    let mut trial = Trial::perfect(made());
    trial.output.unreadable.push("garbage".into());
    let all = trial.decide();
    let first = all[0].clone().expect("decided");
    assert_eq!(first.verdict, Verdict::MisDecoded);
    assert!(first.observed.contains("garbage"));
}

#[test]
fn altered_result() {
    let mut trial = Trial::perfect(made());
    trial.traced[1].result = Some(0);
    trial.output.calls[1].result = SeenResult::Value(0);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Altered);
    assert!(observed.contains("another result"), "{observed}");
}

#[test]
fn results_that_vary_untraced_may_vary_traced() {
    let mut calls = made();
    calls[1] = Made {
        result: Some(100),
        ..call(AbiId::X86_64, 39, [1, 2, 3, 4, 5, 6])
    };
    let mut trial = Trial::perfect(calls);
    trial.traced[1].words[0] = 77;
    trial.traced[1].result = Some(102);
    trial.output.calls[1] = line(&trial.traced[1]);
    assert_eq!(trial.middle().0, Verdict::Altered);
    let volatile = Note {
        flow: 0,
        volatile: true,
        ..Note::default()
    };
    trial.run.notes = vec![Note::default(), volatile, Note::default()];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.traced[1].result = Some(ENOSYS);
    trial.output.calls[1].result = SeenResult::Error("ENOSYS".into());
    assert_eq!(trial.middle().0, Verdict::Altered);
}

#[test]
fn a_program_that_ends_early_is_altered_and_the_rest_is_undecided() {
    let mut trial = Trial::perfect(made());
    trial.traced.truncate(1);
    trial.output.calls.truncate(1);
    trial.end = End::Killed(31);
    assert_eq!(trial.verdicts(), [PASSED, Some(Verdict::Altered), None]);
    let middle = trial.decide()[1].clone().expect("decided");
    assert!(middle.observed.contains("signal 31"), "{middle:?}");
}

#[test]
fn a_program_that_makes_another_call_is_altered() {
    let mut trial = Trial::perfect(made());
    trial.native.truncate(2);
    assert_eq!(trial.verdicts(), [PASSED, PASSED, Some(Verdict::Altered)]);
}

#[test]
fn hung_and_crashed_blame_a_case_only_when_it_ran_alone() {
    for (end, verdict) in [
        (End::TimedOut, Verdict::Hung),
        (End::Killed(6), Verdict::Crashed),
        (End::Exited(101), Verdict::Crashed),
    ] {
        let mut trial = Trial::perfect(made());
        trial.end = end;
        assert_eq!(trial.verdicts(), [None; 3]);
        let mut alone = Trial::perfect(made().into_iter().take(1).collect());
        alone.end = end;
        let decision = alone.decide()[0].clone().expect("decided");
        assert_eq!(decision.verdict, verdict);
        assert!(decision.observed.contains("it went wrong"), "{decision:?}");
    }
}

#[test]
fn a_tracer_ends_as_its_tracee_does() {
    let mut trial = Trial::perfect(made());
    trial.native_end = End::Killed(9);
    trial.end = End::Exited(137);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.end = End::Killed(9);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.end = End::Exited(0);
    assert_eq!(trial.verdicts(), [None; 3]);
}

#[test]
fn lost_is_not_missed() {
    let mut trial = Trial::perfect(made());
    trial.output.calls.remove(1);
    trial.output.lost.push("1 event".into());
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Lost);
    assert!(observed.contains("1 event"));
    let mut trial = Trial::perfect(made());
    trial.output.lost.push("1 event".into());
    assert_eq!(trial.verdicts()[0], Some(Verdict::Lost));
}

#[test]
fn an_output_of_nonsense_does_no_harm() {
    let mut trial = Trial::perfect(made());
    for seen in &mut trial.output.calls {
        seen.nr = None;
        seen.name = None;
        seen.words = vec![None; 40];
    }
    assert!(trial.verdicts().iter().all(|v| *v != PASSED));
}

#[test]
fn the_order_between_threads_is_free_and_within_a_thread_it_is_not() {
    let calls: Vec<Made> = (0..4)
        .map(|n| call(AbiId::X86_64, 600 + n, [n + 1, 2, 3, 4, 5, 6]))
        .collect();
    let mut trial = Trial::perfect(calls);
    trial.output.calls.swap(1, 2);
    assert_ne!(
        trial.verdicts(),
        [PASSED; 4],
        "one thread's calls are in order"
    );
    trial.output.calls[1].tid = Some(2);
    assert_eq!(trial.verdicts(), [PASSED; 4]);
}

#[test]
fn the_order_of_description_is_not_that_of_time() {
    let trial = Trial::perfect(made());
    let mut native = ledger(&trial.native);
    for (call, seq) in native.calls.iter_mut().zip([3, 1, 2]) {
        call.seq = seq;
    }
    let mut output = trial.output.clone();
    output.calls.rotate_left(1);
    let execution = Execution {
        ledger: &native,
        end: End::Exited(0),
        stderr: "",
        left_behind: 0,
    };
    let decisions = judge(
        &trial.run,
        execution,
        execution,
        &output,
        &Traits::default(),
    );
    assert!(
        decisions
            .iter()
            .all(|d| d.as_ref().map(|d| d.verdict) == PASSED),
        "{decisions:?}"
    );
}

#[test]
fn a_volatile_call_need_not_be_made_in_both_runs() {
    let volatile = Note {
        flow: 1,
        volatile: true,
        ..Note::default()
    };
    let mut trial = Trial::perfect(made());
    trial.traced.truncate(2);
    trial.output.calls.truncate(2);
    assert_eq!(trial.verdicts()[2], Some(Verdict::Altered));
    trial.run.notes = vec![Note::default(), Note::default(), volatile];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn a_call_that_may_not_have_been_made_is_run_again() {
    let mut calls = made();
    calls[1].result = None;
    let mut trial = Trial::perfect(calls);
    trial.output.calls.remove(1);
    assert_eq!(trial.middle().0, Verdict::Missed);
    let volatile = Note {
        flow: 1,
        volatile: true,
        ..Note::default()
    };
    trial.run.notes = vec![Note::default(), volatile, Note::default()];
    assert_eq!(trial.verdicts(), [PASSED, None, PASSED]);
    // Alone, it answers.
    trial.run.cases = vec![trial.run.cases.remove(1)];
    assert_eq!(trial.verdicts(), [Some(Verdict::Missed)]);
}
