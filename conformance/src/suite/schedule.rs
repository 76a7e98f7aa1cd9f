//! The order of work: batches first, halves of a batch that cannot be decided as a whole, single
//! cases in the end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use everycall_arch::table;

use super::natives::Natives;
use super::{Bench, CaseName, Done};
use crate::case::{Ask, Run, Verdict};
use crate::grammar;
use crate::judge::{Decision, Execution, asked, has_unmade, judge};
use crate::ledger::Ledger;
use crate::subject::Subject;

/// How often a single case is run whose probe may not have made the call that was missed: a thread
/// that another one ends may be gone between writing what it is about to do and doing it.
const ATTEMPTS: usize = 5;

/// Says that no more work is to be begun.
#[derive(Clone, Debug, Default)]
pub struct Stop(pub Arc<AtomicBool>);

impl Stop {
    /// Whether it was said.
    #[must_use]
    pub fn said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Hears how the work goes on.
pub trait Progress: Sync {
    /// So many cases of so many are decided; the newest is one of this subject.
    fn decided(&self, done: usize, of: usize, subject: &str);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn decided(&self, _done: usize, _of: usize, _subject: &str) {}
}

/// What was found of one case with one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was judged.
    Decided(Decision),
    /// Its probe does not do untraced what it claims.
    Fault(String),
}

/// Some cases of one subject, to be run.
struct Job {
    subject: usize,
    run: Run,
}

struct Queue {
    jobs: VecDeque<Job>,
    /// Workers that may still bring more jobs.
    busy: usize,
    /// By subject and name.
    found: Vec<(usize, CaseName, Found)>,
}

struct Work<'a> {
    bench: &'a dyn Bench,
    subjects: &'a [&'a Subject],
    natives: Natives,
    queue: Mutex<Queue>,
    more: Condvar,
    stop: &'a Stop,
    progress: &'a dyn Progress,
    total: usize,
}

/// Decides each case with each subject: `cases` holds, for each subject, the cases that apply to it.
/// What is left out when `stop` is said is not in the answer.
pub(super) fn decide(
    bench: &dyn Bench,
    work: &[(&Subject, Vec<CaseName>)],
    workers: usize,
    stop: &Stop,
    progress: &dyn Progress,
) -> Vec<(usize, CaseName, Found)> {
    let subjects: Vec<&Subject> = work.iter().map(|(subject, _)| *subject).collect();
    let mut queue = Queue {
        jobs: VecDeque::new(),
        busy: 0,
        found: Vec::new(),
    };
    for (subject, (_, cases)) in work.iter().enumerate() {
        queue.add(bench, subject, cases);
    }
    let work = Work {
        bench,
        subjects: &subjects,
        natives: Natives::default(),
        queue: Mutex::new(queue),
        more: Condvar::new(),
        stop,
        progress,
        total: work.iter().map(|(_, cases)| cases.len()).sum(),
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| work.work());
        }
    });
    let queue = work.queue.into_inner();
    queue.unwrap_or_else(PoisonError::into_inner).found
}

impl Queue {
    /// Adds the runs of these cases, before what is there already: what was begun is finished first.
    fn add(&mut self, bench: &dyn Bench, subject: usize, cases: &[CaseName]) {
        match bench.runs(cases) {
            Ok(runs) => {
                for run in runs.into_iter().rev() {
                    self.jobs.push_front(Job { subject, run });
                }
            }
            Err(what) => {
                for case in cases {
                    self.found
                        .push((subject, case.clone(), Found::Fault(what.clone())));
                }
            }
        }
    }
}

impl Work<'_> {
    fn work(&self) {
        while let Some(job) = self.next() {
            let answer = self.run(&job);
            self.done(&job, answer);
        }
    }

    /// The next job; none when all is done or no more is to be begun.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.stop.said() {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                queue.busy += 1;
                return Some(job);
            }
            if queue.busy == 0 {
                return None;
            }
            queue = self
                .more
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What each case of the job came to; none for one that must be run in smaller company.
    fn run(&self, job: &Job) -> Vec<Option<Found>> {
        let run = &job.run;
        let all = |found: &dyn Fn() -> Option<Found>| run.cases.iter().map(|_| found()).collect();
        let alone = run.cases.len() == 1;
        let subject = self.subjects[job.subject];
        let native = self.natives.of(run, subject, self.bench);
        let native = match native.get() {
            Some(Ok(native)) => native,
            Some(Err(what)) if alone => return all(&|| Some(Found::Fault(what.clone()))),
            Some(Err(_)) | None => return all(&|| None),
        };
        let other;
        let run = match (subject.selects(), subject.shows_only()) {
            (true, _) => run,
            (false, names) => {
                other = match names {
                    None => of_everything(run),
                    Some(names) => of_some(run, names, &ledger_of(native)),
                };
                &other
            }
        };
        let mut decisions = self.judged(run, subject, native);
        for _ in 1..ATTEMPTS {
            match &decisions {
                Ok((_, true)) if alone => decisions = self.judged(run, subject, native),
                _ => break,
            }
        }
        match decisions {
            Ok((decisions, _)) => decisions
                .into_iter()
                .map(|decision| decision.map(Found::Decided))
                .collect(),
            Err(what) if alone => all(&|| Some(Found::Decided(crashed(&what)))),
            Err(_) => all(&|| None),
        }
    }

    /// Runs the subject once; what each case came to, and whether a call that was missed may not have
    /// been made at all.
    fn judged(
        &self,
        run: &Run,
        subject: &Subject,
        native: &Done,
    ) -> Result<(Vec<Option<Decision>>, bool), String> {
        let subject = &subject.showing(!run.terms.told.is_empty());
        let traced = self.bench.traced(run, subject)?;
        let mut output = grammar::read(&traced.output, subject.reading());
        output.lost.retain(|told| !subject.may_lose(told));
        let (native_ledger, traced_ledger) = (ledger_of(native), ledger_of(&traced));
        let decisions = judge(
            run,
            execution(native, &native_ledger),
            execution(&traced, &traced_ledger),
            &output,
            &subject.traits(),
        );
        let missed = decisions
            .iter()
            .flatten()
            .any(|decision| decision.verdict == Verdict::Missed);
        let unsure = missed && has_unmade(run, &traced_ledger);
        Ok((decisions, unsure))
    }

    fn done(&self, job: &Job, answer: Vec<Option<Found>>) {
        let mut undecided = Vec::new();
        let mut decided = Vec::new();
        for (case, found) in job.run.cases.iter().zip(answer) {
            let name = CaseName {
                abi: job.run.abi,
                group: job.run.group,
                case: case.name.clone(),
            };
            match found {
                Some(found) => decided.push((job.subject, name, found)),
                None => undecided.push(name),
            }
        }
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if undecided.len() == job.run.cases.len() {
            // Nothing was learnt: halves are.
            let (left, right) = undecided.split_at(undecided.len() / 2);
            queue.add(self.bench, job.subject, right);
            queue.add(self.bench, job.subject, left);
        } else if !undecided.is_empty() {
            queue.add(self.bench, job.subject, &undecided);
        }
        queue.found.extend(decided);
        queue.busy -= 1;
        let done = queue.found.len();
        drop(queue);
        self.more.notify_all();
        let subject = self.subjects[job.subject];
        self.progress.decided(done, self.total, &subject.id);
    }
}

/// The run for a tracer that cannot be asked for only some calls: it must show all.
fn of_everything(run: &Run) -> Run {
    Run {
        ask: Ask::All,
        shown: vec![true; run.shown.len()],
        ..run.clone()
    }
}

/// The run for a tracer of only some calls: it must show these, whatever else the run is about.
fn of_some(run: &Run, names: &[String], native: &Ledger) -> Run {
    let ask = Ask::Names(names.to_vec());
    let is_asked = |slot: usize| {
        let call = native.slot(slot);
        // Of numbers without a name such a tracer says nothing.
        let known = call.filter(|call| table::by_nr(call.abi, call.nr as u32).is_some());
        known.is_some_and(|call| asked(&ask, call.abi, call.nr as u32))
    };
    let shown = (0..run.shown.len()).map(is_asked).collect();
    Run {
        shown,
        ask,
        ..run.clone()
    }
}

/// A ledger that cannot be read is one in which nothing stands.
fn ledger_of(done: &Done) -> Ledger {
    done.ledger.clone().unwrap_or_default()
}

fn execution<'a>(done: &'a Done, ledger: &'a Ledger) -> Execution<'a> {
    Execution {
        ledger,
        end: done.end,
        stderr: &done.stderr,
        left_behind: done.left_behind,
    }
}

fn crashed(what: &str) -> Decision {
    Decision {
        verdict: Verdict::Crashed,
        expected: "the tracer runs".into(),
        observed: what.to_owned(),
    }
}
