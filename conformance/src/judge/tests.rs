//! Ledgers and outputs written by hand, one for every verdict and for every way to be right.

use everycall_arch::AbiId;

use super::*;
use crate::case::{Ask, Case, Note};
use crate::ledger::Made;
use crate::observe::{Seen, SeenArg, SeenResult, SeenWord};

const ENOSYS: u64 = -38_i64 as u64;

/// A call that fails with ENOSYS.
pub(super) fn call(abi: AbiId, nr: u64, words: [u64; 6]) -> Made {
    Made {
        abi,
        nr,
        words,
        result: Some(ENOSYS),
        slot: 0,
        seq: 1,
    }
}

/// The ledger of these calls, made one after the other.
fn ledger(calls: &[Made]) -> Ledger {
    let numbered = calls.iter().enumerate().map(|(slot, call)| Made {
        slot,
        seq: slot as u64 + 1,
        ..*call
    });
    Ledger {
        calls: numbered.collect(),
    }
}

/// What a perfect tracer that prints numbers says of a call.
pub(super) fn line(made: &Made) -> Seen {
    let word = |value: &u64| {
        Some(SeenWord {
            value: *value,
            bits: 64,
        })
    };
    Seen {
        tid: Some(1),
        abi: Some(made.abi),
        nr: Some(made.nr as u32),
        name: None,
        words: made.words.iter().map(word).collect(),
        raw: true,
        result: match made.result {
            None => SeenResult::None,
            Some(ENOSYS) => SeenResult::Error("ENOSYS".into()),
            Some(value) => SeenResult::Value(value),
        },
        raw_result: None,
        args: None,
        line: format!("the line of number {}", made.nr),
    }
}

/// Three unknown numbers, one case each; all are asked for, except where `shown` says otherwise.
fn made() -> Vec<Made> {
    (0..3)
        .map(|n| call(AbiId::X86_64, 600 + n, [n + 1, 2, 3, 4, 5, 6]))
        .collect()
}

fn run_of(calls: &[Made]) -> Run {
    let case = |at: usize| Case {
        name: format!("case-{at}"),
        first: at,
        count: 1,
    };
    Run {
        abi: AbiId::X86_64,
        group: "numbers",
        ask: Ask::All,
        elf: Vec::new(),
        shown: vec![true; calls.len()],
        notes: Vec::new(),
        cases: (0..calls.len()).map(case).collect(),
    }
}

/// A judgement over `made`, where the tracer said `seen`.
struct Trial {
    run: Run,
    native: Vec<Made>,
    traced: Vec<Made>,
    native_end: End,
    end: End,
    output: Output,
}

impl Trial {
    fn perfect(made: Vec<Made>) -> Trial {
        Trial {
            run: run_of(&made),
            output: Output {
                calls: made.iter().map(line).collect(),
                ..Output::default()
            },
            native: made.clone(),
            traced: made,
            native_end: End::Exited(0),
            end: End::Exited(0),
        }
    }

    fn decide(&self) -> Vec<Option<Decision>> {
        let native = ledger(&self.native);
        let traced = ledger(&self.traced);
        let execution = |ledger, end| Execution {
            ledger,
            end,
            stderr: "it went wrong",
        };
        judge(
            &self.run,
            execution(&native, self.native_end),
            execution(&traced, self.end),
            &self.output,
        )
    }

    fn verdicts(&self) -> Vec<Option<Verdict>> {
        self.decide()
            .into_iter()
            .map(|d| d.map(|d| d.verdict))
            .collect()
    }

    /// The verdict of the middle case, whose neighbours must have passed, and what was seen.
    fn middle(&self) -> (Verdict, String) {
        let all = self.decide();
        let verdict = |at: usize| all[at].as_ref().map(|d| d.verdict);
        assert_eq!(
            (verdict(0), verdict(2)),
            (Some(Verdict::Passed), Some(Verdict::Passed)),
            "{all:?}"
        );
        let middle = all[1].clone().expect("decided");
        (middle.verdict, middle.observed)
    }
}

const PASSED: Option<Verdict> = Some(Verdict::Passed);

#[test]
fn a_perfect_tracer_passes() {
    assert_eq!(Trial::perfect(made()).verdicts(), [PASSED; 3]);
}

#[test]
fn missed() {
    let mut trial = Trial::perfect(made());
    trial.output.calls.remove(1);
    assert_eq!(trial.middle(), (Verdict::Missed, "no line for it".into()));
    let all = trial.decide();
    let expected = &all[1].as_ref().expect("decided").expected;
    assert!(
        expected.contains("601") && expected.contains("ENOSYS"),
        "{expected}"
    );
}

#[test]
fn all_missed() {
    let mut trial = Trial::perfect(made());
    trial.output.calls.clear();
    assert_eq!(trial.verdicts(), [Some(Verdict::Missed); 3]);
}

#[test]
fn invented_for_no_call() {
    let mut trial = Trial::perfect(made());
    let other = line(&call(AbiId::X86_64, 777, [9; 6]));
    trial.output.calls.insert(2, other);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Invented);
    assert!(observed.contains("777"), "{observed}");
}

#[test]
fn invented_twice_the_same() {
    let mut trial = Trial::perfect(made());
    let again = trial.output.calls[1].clone();
    trial.output.calls.insert(2, again);
    assert_eq!(trial.middle().0, Verdict::Invented);
}

#[test]
fn invented_though_not_asked_for() {
    let mut trial = Trial::perfect(made());
    trial.run.shown[1] = false;
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::Invented);
    assert!(observed.contains("not asked for"), "{observed}");
    trial.output.calls.remove(1);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
}

#[test]
fn the_start_of_the_probe_is_nobodys_call() {
    let mut trial = Trial::perfect(made());
    let mut start = line(&Made {
        result: Some(0),
        ..call(AbiId::X86_64, 59, [1, 2, 3, 0, 0, 0])
    });
    trial.output.calls.insert(0, start.clone());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    start.result = SeenResult::Error("ENOENT".into());
    trial.output.calls[0] = start;
    assert_eq!(trial.verdicts()[0], Some(Verdict::Invented));
}

#[test]
fn mis_decoded_number() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].nr = Some(660);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("the number 660"), "{observed}");
}

#[test]
fn mis_decoded_abi() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].abi = Some(AbiId::I386);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("a call of i386"), "{observed}");
}

#[test]
fn mis_decoded_name() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 257, [1, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].name = Some("openat".into());
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].name = Some("mkdirat".into());
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("by the name mkdirat"), "{observed}");
    // Without a number beside it, too.
    trial.output.calls[1].nr = None;
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn a_number_in_place_of_a_name_is_honest() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 257, [1, 2, 3, 4, 5, 6]);
    assert_eq!(Trial::perfect(calls).verdicts(), [PASSED; 3]);
}

#[test]
fn mis_decoded_words() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].words.swap(3, 4);
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(
        observed.contains("word 3 is shown as 0x5, not 0x4"),
        "{observed}"
    );
}

#[test]
fn an_unknown_number_shows_all_its_words() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].words.pop();
    let (verdict, observed) = trial.middle();
    assert_eq!(verdict, Verdict::MisDecoded);
    assert!(observed.contains("5 words of 6"), "{observed}");
}

#[test]
fn words_are_compared_in_the_bits_that_the_abi_has() {
    let mut calls = made();
    calls[1] = call(AbiId::I386, 600, [0xdead_beef_0000_0001, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 1, bits: 64 });
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].words[0] = Some(SeenWord {
        value: 0x8000_0001,
        bits: 64,
    });
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn a_decoded_word_is_compared_as_far_as_it_goes() {
    let mut calls = made();
    calls[1] = call(AbiId::X86_64, 3, [0xffff_ffff_0000_0007, 2, 3, 4, 5, 6]);
    let mut trial = Trial::perfect(calls);
    let close = &mut trial.output.calls[1];
    close.name = Some("close".into());
    close.raw = false;
    close.words = vec![Some(SeenWord { value: 7, bits: 32 }), None];
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].words[0] = Some(SeenWord { value: 8, bits: 32 });
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn mis_decoded_results() {
    let wrong = [
        SeenResult::Error("ENOENT".into()),
        SeenResult::Error("39".into()),
        SeenResult::Value(0),
        SeenResult::None,
    ];
    for result in wrong {
        let mut trial = Trial::perfect(made());
        trial.output.calls[1].result = result.clone();
        let (verdict, observed) = trial.middle();
        assert_eq!(verdict, Verdict::MisDecoded, "{result:?}");
        assert!(observed.contains("its result is shown as"), "{observed}");
    }
    for result in [SeenResult::Error("38".into()), SeenResult::Value(ENOSYS)] {
        let mut trial = Trial::perfect(made());
        trial.output.calls[1].result = result.clone();
        assert_eq!(trial.verdicts(), [PASSED; 3], "{result:?}");
    }
}

#[test]
fn a_success_is_no_error_and_no_other_value() {
    let mut calls = made();
    calls[1].result = Some(5);
    let mut trial = Trial::perfect(calls);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    for wrong in [
        SeenResult::Value(6),
        SeenResult::Error("EIO".into()),
        SeenResult::None,
    ] {
        trial.output.calls[1].result = wrong;
        assert_eq!(trial.middle().0, Verdict::MisDecoded);
    }
}

#[test]
fn what_does_not_return_has_no_result() {
    let mut calls = made();
    calls[1].result = None;
    let mut trial = Trial::perfect(calls);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].result = SeenResult::Value(0);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

#[test]
fn the_number_beside_an_error_is_that_error() {
    let mut trial = Trial::perfect(made());
    trial.output.calls[1].raw_result = Some(-38);
    assert_eq!(trial.verdicts(), [PASSED; 3]);
    trial.output.calls[1].raw_result = Some(-2);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
    // JSON lines owe the error's name.
    trial.output.calls[1].raw_result = Some(-38);
    trial.output.calls[1].result = SeenResult::Value(ENOSYS);
    assert_eq!(trial.middle().0, Verdict::MisDecoded);
}

fn arg(name: &str, words: &[u8], value: u64) -> SeenArg {
    SeenArg {
        name: name.into(),
        words: words.to_vec(),
        value,
    }
}

#[test]
fn arguments_are_made_of_their_words() {
    let mut calls = made();
    calls[1] = call(AbiId::I386, 600, [1, 2, 3, 4, 5, 6]);
    let trial_of = |args: Vec<SeenArg>| {
        let mut trial = Trial::perfect(calls.clone());
        trial.output.calls[1].args = Some(args);
        trial
    };
    let right = vec![arg("a", &[0], 1), arg("b", &[2, 3], 3 | 4 << 32)];
    assert_eq!(trial_of(right).verdicts(), [PASSED; 3]);
    let wrong = [
        (vec![arg("a", &[0], 2)], "shown as 0x2"),
        (vec![arg("a", &[1, 0], 1 | 2 << 32)], "cannot be made of"),
        (vec![arg("a", &[6], 0)], "cannot be made of"),
        (vec![arg("a", &[], 0)], "cannot be made of"),
        (vec![arg("a", &[255, 0], 0)], "cannot be made of"),
        (vec![arg("a", &[1], 2), arg("b", &[0], 1)], "do not ascend"),
    ];
    for (args, text) in wrong {
        let (verdict, observed) = trial_of(args).middle();
        assert_eq!(verdict, Verdict::MisDecoded);
        assert!(observed.contains(text), "{observed}");
    }
}

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
    };
    let decisions = judge(&trial.run, execution, execution, &output);
    assert!(
        decisions
            .iter()
            .all(|d| d.as_ref().map(|d| d.verdict) == PASSED),
        "{decisions:?}"
    );
}
