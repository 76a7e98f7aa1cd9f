//! Ledgers and outputs written by hand, one for every verdict and for every way to be right.

use everycall_arch::AbiId;

use super::*;
use crate::case::{Ask, Case, Note};
use crate::ledger::Made;
use crate::observe::{Seen, SeenArg, SeenResult, SeenWord};
use crate::terms::Terms;

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
        texts: Vec::new(),
        line: format!("the line of number {}", made.nr),
    }
}

/// Three unknown numbers, one case each; all are asked for, except where `shown` says otherwise.
fn made() -> Vec<Made> {
    (0..3)
        .map(|n| call(AbiId::X86_64, 600 + n, [n + 1, 2, 3, 4, 5, 6]))
        .collect()
}

pub(super) fn run_of(calls: &[Made]) -> Run {
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
        terms: Terms::default(),
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
    traits: Traits,
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
            traits: Traits::default(),
        }
    }

    fn decide(&self) -> Vec<Option<Decision>> {
        let native = ledger(&self.native);
        let traced = ledger(&self.traced);
        let execution = |ledger, end| Execution {
            ledger,
            end,
            stderr: "it went wrong",
            left_behind: 0,
        };
        judge(
            &self.run,
            execution(&native, self.native_end),
            execution(&traced, self.end),
            &self.output,
            &self.traits,
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

mod claims;
mod decoded;
mod said;
mod trouble;
mod went;

const PASSED: Option<Verdict> = Some(Verdict::Passed);
