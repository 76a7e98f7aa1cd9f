//! From what was found to what is reported: known failures, skipped cases, and expectations that no
//! longer hold.

use std::collections::HashMap;

use super::schedule::{Found, Progress, Stop, decide};
use super::{Bench, CaseName};
use crate::case::Verdict;
use crate::judge::Decision;
use crate::report::{Entry, Fault, Outcome};
use crate::subject::{Expectations, Situation, Subject};

/// A subject that takes part.
#[derive(Clone, Debug)]
pub struct Taker {
    /// The subject.
    pub subject: Subject,
    /// Its version.
    pub version: String,
}

/// What a run of the suite came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// Results, by subject and then in the order of the cases.
    pub entries: Vec<Entry>,
    /// Entries of subjects' files that no case needed: subject and pattern.
    pub stale: Vec<(String, String)>,
    /// Faults of the suite.
    pub faults: Vec<Fault>,
}

/// How a run of the suite is to be done.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// How many probes run at a time.
    pub workers: usize,
    /// Whether known failures are told as failures.
    pub ignore_expected: bool,
    /// Whether the cases are whole groups, so that an entry that no case needs is stale.
    pub whole: bool,
    /// Says that no more work is to be begun.
    pub stop: &'a Stop,
    /// Hears how the work goes on.
    pub progress: &'a dyn Progress,
}

/// Judges every taker by every case of the groups that apply to it.
pub fn run(
    bench: &dyn Bench,
    takers: &[Taker],
    cases: &[CaseName],
    manner: Manner<'_>,
) -> Finished {
    let mut known: Vec<Known<'_>> = takers.iter().map(Known::of).collect();
    let work: Vec<(&Subject, Vec<CaseName>)> = takers
        .iter()
        .zip(&mut known)
        .map(|(taker, known)| (&taker.subject, known.runnable(bench, &taker.subject, cases)))
        .collect();
    let found = decide(bench, &work, manner.workers, manner.stop, manner.progress);
    let mut finished = Finished::default();
    for (at, (taker, mut known)) in takers.iter().zip(known).enumerate() {
        let own = found.iter().filter(|(subject, ..)| *subject == at);
        let own: HashMap<&CaseName, &Found> = own.map(|(_, case, found)| (case, found)).collect();
        for case in cases {
            if let Some(entry) = known.entry(taker, case, &own, manner, &mut finished.faults) {
                finished.entries.push(entry);
            }
        }
        if manner.whole && !manner.stop.said() {
            finished.stale.extend(known.stale(&taker.subject));
        }
    }
    finished
}

/// What is known of a subject beforehand.
struct Known<'a> {
    expected: Expectations<'a>,
    skip: Expectations<'a>,
    skipped: HashMap<CaseName, String>,
}

impl<'a> Known<'a> {
    fn of(taker: &'a Taker) -> Known<'a> {
        let here = Situation::here(&taker.version);
        Known {
            expected: Expectations::new(&taker.subject.expected, &here),
            skip: Expectations::new(&taker.subject.skip, &here),
            skipped: HashMap::new(),
        }
    }

    /// The cases that the subject can be asked.
    fn runnable(
        &mut self,
        bench: &dyn Bench,
        subject: &Subject,
        cases: &[CaseName],
    ) -> Vec<CaseName> {
        let mut run = Vec::new();
        for case in cases.iter().filter(|case| subject.in_group(case.group)) {
            let own = self.skip.find(&case.to_string());
            let lacking = bench.lacking(case);
            if lacking.is_some() {
                // There is the case, so an entry for it is not stale.
                self.expected.find(&case.to_string());
            }
            match lacking.or_else(|| own.map(|entry| entry.reason.clone())) {
                Some(reason) => {
                    self.skipped.insert(case.clone(), reason);
                }
                None => run.push(case.clone()),
            }
        }
        run
    }

    fn entry(
        &mut self,
        taker: &Taker,
        case: &CaseName,
        found: &HashMap<&CaseName, &Found>,
        manner: Manner<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Entry> {
        let outcome = match (self.skipped.get(case), found.get(case)) {
            (Some(reason), _) => Outcome::Skipped(reason.clone()),
            (None, Some(Found::Decided(decision))) => self.outcome(case, decision, manner),
            (None, Some(Found::Fault(what))) => {
                let fault = Fault {
                    case: case.to_string(),
                    what: what.clone(),
                };
                // The same probe is at fault for every subject: it is told once.
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
                Outcome::Skipped(format!("a fault of the suite: {what}"))
            }
            (None, None) => return None,
        };
        Some(Entry {
            subject: taker.subject.id.clone(),
            asked_as: taker.subject.asked_as().to_owned(),
            tracer: taker.subject.tracer.clone(),
            backend: taker.subject.backend.clone(),
            abi: case.abi,
            group: case.group,
            case: case.case.clone(),
            outcome,
        })
    }

    fn outcome(&mut self, case: &CaseName, decision: &Decision, manner: Manner<'_>) -> Outcome {
        let entry = self.expected.find(&case.to_string());
        let passed = decision.verdict == Verdict::Passed;
        match entry.filter(|_| !manner.ignore_expected) {
            None if passed => Outcome::Passed,
            None => Outcome::Failed(decision.clone()),
            Some(entry) if entry.expects(decision.verdict) => Outcome::Known {
                decision: decision.clone(),
                reason: entry.reason.clone(),
            },
            Some(entry) if passed => Outcome::Failed(Decision {
                verdict: Verdict::Passed,
                expected: format!("to fail, because: {}", entry.reason),
                observed: format!(
                    "it passes: remove '{}' from the file of known failures, or narrow it",
                    entry.case
                ),
            }),
            Some(entry) => Outcome::Failed(Decision {
                observed: format!(
                    "{} (another failure than the known one, '{}')",
                    decision.observed, entry.case
                ),
                ..decision.clone()
            }),
        }
    }

    fn stale(&self, subject: &Subject) -> Vec<(String, String)> {
        let unused = self.expected.unused().chain(self.skip.unused());
        unused
            .map(|entry| (subject.id.clone(), entry.case.clone()))
            .collect()
    }
}
