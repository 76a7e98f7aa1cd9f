//! The schedule on a bench of wood: probes that are only names, tracers that only pretend.

use std::collections::BTreeSet;
use std::sync::Mutex;

use everycall_arch::AbiId;

use super::*;
use crate::case::{Ask, Case, Verdict};
use crate::ledger::Made;
use crate::report::{Entry, Outcome};
use crate::subject;

/// Cases by their numbers; a tracer that hangs on some, misses some, and a kernel that kills some.
#[derive(Default)]
struct Wood {
    hangs: BTreeSet<u64>,
    misses: BTreeSet<u64>,
    faulty: BTreeSet<u64>,
    /// How many cases each execution had: untraced, traced.
    natives: Mutex<Vec<usize>>,
    traced: Mutex<Vec<usize>>,
}

fn number(case: &str) -> u64 {
    case.parse().expect("a number")
}

impl Wood {
    fn done(&self, run: &Run) -> Done {
        let calls = run.cases.iter().enumerate().map(|(slot, case)| Made {
            abi: AbiId::X86_64,
            nr: 600 + number(&case.name),
            words: [1, 2, 3, 4, 5, 6],
            result: Some(0),
            slot,
            seq: slot as u64 + 1,
        });
        Done {
            ledger: Ok(Ledger {
                calls: calls.collect(),
            }),
            end: End::Exited(0),
            output: Vec::new(),
            stderr: String::new(),
            left_behind: 0,
        }
    }
}

impl Bench for Wood {
    fn runs(&self, cases: &[CaseName]) -> Result<Vec<Run>, String> {
        let names = cases.iter().enumerate();
        let cases = names.map(|(first, name)| Case {
            name: name.case.clone(),
            first,
            count: 1,
        });
        let cases: Vec<Case> = cases.collect();
        let elf = cases
            .iter()
            .flat_map(|c| c.name.bytes().chain([b',']))
            .collect();
        Ok(vec![Run {
            abi: AbiId::X86_64,
            group: "numbers",
            ask: Ask::Names(Vec::new()),
            elf,
            shown: vec![true; cases.len()],
            notes: Vec::new(),
            cases,
            terms: crate::terms::Terms::default(),
        }])
    }

    fn native(&self, run: &Run, _subject: &Subject) -> Result<Done, String> {
        self.natives.lock().unwrap().push(run.cases.len());
        let mut done = self.done(run);
        if run
            .cases
            .iter()
            .any(|c| self.faulty.contains(&number(&c.name)))
        {
            done.end = End::Killed(31);
        }
        Ok(done)
    }

    fn traced(&self, run: &Run, subject: &Subject) -> Result<Done, String> {
        match subject.shows_only() {
            Some(names) => assert_eq!(run.ask, Ask::Names(names.to_vec())),
            None => assert!(subject.selects() || run.ask == Ask::All),
        }
        self.traced.lock().unwrap().push(run.cases.len());
        let mut done = self.done(run);
        if run
            .cases
            .iter()
            .any(|c| self.hangs.contains(&number(&c.name)))
        {
            done.end = End::TimedOut;
            return Ok(done);
        }
        for case in &run.cases {
            let nr = number(&case.name);
            if !self.misses.contains(&nr) {
                let line = format!(
                    "7 syscall_{:#x}(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = 0\n",
                    600 + nr
                );
                done.output.extend_from_slice(line.as_bytes());
            }
        }
        Ok(done)
    }
}

fn cases(count: u64) -> Vec<CaseName> {
    let name = |n: u64| CaseName {
        abi: AbiId::X86_64,
        group: "numbers",
        case: n.to_string(),
    };
    (0..count).map(name).collect()
}

/// What a subject is without its command.
const DESCRIPTION: &str = "id = \"t\"\ntracer = \"t\"\nbackend = \"none\"\ngrammar = \"strace\"\nraw = true\n\
                           groups = [\"numbers\"]\n";

/// A subject with these known failures: pattern and verdict.
fn taker(expected: &[(&str, &str)]) -> Taker {
    let mut text =
        format!("{DESCRIPTION}command = [\"t\", \"{{out}}\", \"{{set}}\", \"{{cmd}}\"]\n");
    for (case, verdict) in expected {
        text += &format!(
            "[[expected]]\ncase = \"{case}\"\nverdict = \"{verdict}\"\nreason = \"why\"\n"
        );
    }
    described(&text)
}

fn described(text: &str) -> Taker {
    Taker {
        subject: subject::Subject::parse("t", text).expect("right"),
        version: "1".into(),
    }
}

fn finish(wood: &Wood, takers: &[Taker], count: u64, ignore_expected: bool) -> Finished {
    let manner = Manner {
        workers: 2,
        ignore_expected,
        whole: true,
        stop: &Stop::default(),
        progress: &Silent,
    };
    run(wood, takers, &cases(count), manner)
}

fn verdict(entry: &Entry) -> Option<Verdict> {
    match &entry.outcome {
        Outcome::Passed => None,
        Outcome::Failed(decision) | Outcome::Known { decision, .. } => Some(decision.verdict),
        Outcome::Skipped(_) => panic!("skipped: {entry:?}"),
    }
}

/// The cases that did not pass, with their verdicts.
fn bad(finished: &Finished) -> Vec<(String, Verdict)> {
    let bad = |entry: &Entry| Some((entry.case.clone(), verdict(entry)?));
    finished.entries.iter().filter_map(bad).collect()
}

#[test]
fn a_batch_that_passes_is_one_execution() {
    let wood = Wood::default();
    let finished = finish(&wood, &[taker(&[])], 100, false);
    assert_eq!(finished.entries.len(), 100);
    assert_eq!(bad(&finished), []);
    assert_eq!(*wood.traced.lock().unwrap(), [100]);
}

#[test]
fn a_hang_is_put_to_the_case_that_hangs_and_to_no_other() {
    let wood = Wood {
        hangs: [37, 38].into(),
        misses: [90].into(),
        ..Wood::default()
    };
    let finished = finish(&wood, &[taker(&[])], 100, false);
    let expected = [
        ("37", Verdict::Hung),
        ("38", Verdict::Hung),
        ("90", Verdict::Missed),
    ];
    assert_eq!(
        bad(&finished),
        expected.map(|(case, v)| (case.to_owned(), v))
    );
    let executions = wood.traced.lock().unwrap().len();
    assert!(executions < 32, "halves, not single cases: {executions}");
}

#[test]
fn each_probe_runs_untraced_once_whatever_the_number_of_subjects() {
    let wood = Wood::default();
    let finished = finish(&wood, &[taker(&[]), taker(&[]), taker(&[])], 10, false);
    assert_eq!(finished.entries.len(), 30);
    assert_eq!(*wood.natives.lock().unwrap(), [10]);
    assert_eq!(wood.traced.lock().unwrap().len(), 3);
}

#[test]
fn a_faulty_probe_is_a_fault_of_the_suite_told_once() {
    let wood = Wood {
        faulty: [3].into(),
        ..Wood::default()
    };
    let finished = finish(&wood, &[taker(&[]), taker(&[])], 8, false);
    assert_eq!(finished.faults.len(), 1);
    assert_eq!(finished.faults[0].case, "x86_64::numbers::3");
    let skipped = finished
        .entries
        .iter()
        .filter(|e| matches!(e.outcome, Outcome::Skipped(_)));
    assert_eq!(skipped.count(), 2);
    assert_eq!(
        finished
            .entries
            .iter()
            .filter(|e| e.outcome == Outcome::Passed)
            .count(),
        14
    );
}

#[test]
fn known_failures_cut_both_ways() {
    let wood = Wood {
        misses: [1, 2].into(),
        ..Wood::default()
    };
    let known = [taker(&[
        ("*::numbers::1", "missed"),
        ("*::numbers::2", "missed"),
    ])];
    let finished = finish(&wood, &known, 4, false);
    let known_ones = finished
        .entries
        .iter()
        .filter(|e| matches!(e.outcome, Outcome::Known { .. }));
    assert_eq!(known_ones.count(), 2);
    assert!(finished.stale.is_empty());

    // One that passes, one that fails otherwise, one that is no case.
    let wrong = [taker(&[
        ("*::*::3", "missed"),
        ("*::*::1", "hung"),
        ("*::numbers::none", "missed"),
    ])];
    let finished = finish(&wood, &wrong, 4, false);
    let failed: Vec<(String, Verdict)> = bad(&finished);
    assert_eq!(
        failed,
        [
            ("1".to_owned(), Verdict::Missed),
            ("2".to_owned(), Verdict::Missed),
            ("3".to_owned(), Verdict::Passed)
        ]
    );
    assert!(
        finished
            .entries
            .iter()
            .all(|e| !matches!(e.outcome, Outcome::Known { .. }))
    );
    assert_eq!(
        finished.stale,
        [("t".to_owned(), "*::numbers::none".to_owned())]
    );
}

#[test]
fn ignored_expectations_are_failures() {
    let wood = Wood {
        misses: [1].into(),
        ..Wood::default()
    };
    let finished = finish(&wood, &[taker(&[("*::*::1", "missed")])], 4, true);
    let failed = finished
        .entries
        .iter()
        .filter(|e| matches!(e.outcome, Outcome::Failed(_)));
    assert_eq!(failed.count(), 1);
    assert!(finished.stale.is_empty());
}

#[test]
fn nothing_is_begun_when_stop_is_said() {
    let wood = Wood::default();
    let stop = Stop::default();
    stop.0.store(true, std::sync::atomic::Ordering::Relaxed);
    let manner = Manner {
        workers: 2,
        ignore_expected: false,
        whole: true,
        stop: &stop,
        progress: &Silent,
    };
    let finished = run(&wood, &[taker(&[])], &cases(4), manner);
    assert_eq!(finished, Finished::default());
    assert!(wood.traced.lock().unwrap().is_empty());
}

#[test]
fn a_tracer_that_cannot_be_asked_must_show_everything() {
    let wood = Wood::default();
    let subject = subject::named("t -e raw=all {out} {cmd}")
        .expect("a command")
        .remove(0);
    let asked = Taker {
        subject,
        version: "1".into(),
    };
    assert_eq!(bad(&finish(&wood, &[asked], 4, false)), []);
}

#[test]
fn a_tracer_of_some_calls_is_judged_by_them_and_by_the_harm_it_does() {
    let only = described(&format!(
        "{DESCRIPTION}shows = [\"execve\"]\ncommand = [\"t\", \"{{out}}\", \"{{cmd}}\"]\n"
    ));
    let wood = Wood {
        hangs: [3].into(),
        misses: (0..10).filter(|n| *n != 5).collect(),
        ..Wood::default()
    };
    let finished = finish(&wood, &[only], 10, false);
    let expected = [("3", Verdict::Hung), ("5", Verdict::Invented)];
    assert_eq!(
        bad(&finished),
        expected.map(|(case, v)| (case.to_owned(), v))
    );
}
