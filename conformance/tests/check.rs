//! Every case with every subject as a trial of its own, named `<subject>::<abi>::<group>::<case>`, so
//! that a substring picks any slice. What is picked is run in batches when the first of it is wanted.
//! `EVERYCALL_CHECK` has options of `everycall check` that leave a part of them out, for a slow machine.

mod common;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use common::ours;
use everycall_conformance::choice::{self, Choice};
use everycall_conformance::host;
use everycall_conformance::report::Outcome;
use everycall_conformance::sandbox::serve_if_worker;
use everycall_conformance::subject::{Expectations, Found, Ours, Situation, Subject};
use everycall_conformance::suite::{
    self, CaseName, Finished, Manner, Sandboxes, Silent, Stop, Taker, catalogue,
};
use libtest_mimic::{Arguments, Failed, Trial};

/// So many trials are told by one character each, unless a format is asked for.
const MANY: usize = 1000;

fn main() -> ExitCode {
    serve_if_worker();
    let mut args = Arguments::from_args();
    let trials = match trials(&args) {
        Ok(trials) => trials,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::FAILURE;
        }
    };
    // A line for each of tens of thousands of trials tells nobody anything; failures are told whole.
    let named = trials.iter().filter(|trial| picks(&args, trial.name()));
    if args.format.is_none() && !args.list && named.count() > MANY {
        args.quiet = true;
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// What is run, once: the picked cases of each subject.
struct Picked {
    bench: Sandboxes,
    /// A subject, and its cases that were picked.
    work: Vec<(Taker, Vec<CaseName>)>,
    /// Whether everything was picked, so that expectations without a case are stale.
    whole: bool,
    results: OnceLock<Results>,
}

struct Results {
    /// By subject and case.
    outcomes: HashMap<(String, CaseName), Outcome>,
    stale: Vec<(String, String)>,
}

impl Picked {
    fn results(&self) -> &Results {
        self.results.get_or_init(|| {
            let mut outcomes = HashMap::new();
            let mut stale = Vec::new();
            for (taker, cases) in &self.work {
                let finished = self.run(taker, cases);
                stale.extend(finished.stale);
                for entry in finished.entries {
                    let case = CaseName {
                        abi: entry.abi,
                        group: entry.group,
                        case: entry.case,
                    };
                    outcomes.insert((entry.subject, case), entry.outcome);
                }
            }
            Results { outcomes, stale }
        })
    }

    fn run(&self, taker: &Taker, cases: &[CaseName]) -> Finished {
        let manner = Manner {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            ignore_expected: false,
            whole: self.whole,
            stop: &Stop::default(),
            progress: &Silent,
        };
        suite::run(&self.bench, std::slice::from_ref(taker), cases, manner)
    }
}

fn trials(args: &Arguments) -> Result<Vec<Trial>, String> {
    let ours = ours();
    if !args.list && ours.is_none() {
        return Err(format!(
            "our own tracer is not built: run `cargo build` first, or name it in {}",
            Ours::VARIABLE
        ));
    }
    let ours = ours.unwrap_or(Ours(Vec::new()));
    let choice = Choice::of_environment().map_err(|error| error.to_string())?;
    let cases = choice.cases().map_err(|error| error.to_string())?;
    let subjects = choice.subjects().map_err(|error| error.to_string())?;
    tell_left_out(&subjects, &cases)?;
    let picks = |name: &str| picks(args, name);
    let mut picked = Picked {
        bench: Sandboxes::new(choice.privilege(), ours.clone()),
        work: Vec::new(),
        whole: args.filter.is_none() && args.skip.is_empty() && choice.has_all_cases(),
        results: OnceLock::new(),
    };
    let mut planned: Vec<(String, Plan)> = Vec::new();
    for subject in subjects {
        // Listing looks for nothing.
        let found = match args.list {
            true => Found::Version(String::new()),
            false => subject.look(&ours),
        };
        let here = presence(&subject, found)?;
        let version = here.as_deref().unwrap_or_default();
        let mut skip = Expectations::new(&subject.skip, &Situation::here(version));
        let own = cases.iter().filter(|case| subject.in_group(case.group));
        let mut run = Vec::new();
        for case in own {
            let name = format!("{}::{case}", subject.id);
            let own = skip
                .find(&case.to_string())
                .map(|entry| entry.reason.clone());
            let not_run = catalogue::lacking(case).or(own);
            let plan = match (&here, not_run) {
                (Err(reason), _) => Plan::Ignored(reason.clone()),
                (Ok(_), Some(reason)) => Plan::Ignored(reason),
                (Ok(_), None) => Plan::Case(subject.id.clone(), case.clone()),
            };
            // What is skipped is not run; it tells that the entry which skips it has a case.
            if here.is_ok() && picks(&name) {
                run.push(case.clone());
            }
            planned.push((name, plan));
        }
        if let Ok(version) = here {
            let name = format!("{}::expectations", subject.id);
            planned.push((name, Plan::Expectations(subject.id.clone())));
            picked.work.push((Taker { subject, version }, run));
        }
    }
    if !args.list {
        tell_ignored(&planned);
    }
    let picked = Arc::new(picked);
    let trial = |(name, plan)| trial(name, plan, &picked);
    Ok(planned.into_iter().map(trial).collect())
}

/// Says which programs cannot be had here, and how much of what could be run [`choice::VARIABLE`] leaves out.
fn tell_left_out(subjects: &[Subject], cases: &[CaseName]) -> Result<(), String> {
    for tried in host::tried() {
        if let Some(reason) = &tried.refused {
            println!("programs of {} are not run here: {reason}", tried.target);
        }
    }
    let all = Choice::default()
        .subjects()
        .map_err(|error| error.to_string())?;
    let all = all.len() * catalogue::all().len();
    let left = all.saturating_sub(subjects.len() * cases.len());
    if left > 0 {
        let text = std::env::var_os(choice::VARIABLE).unwrap_or_default();
        println!(
            "left out by {}={}: {left} of {all}",
            choice::VARIABLE,
            text.display()
        );
    }
    Ok(())
}

/// Says what is not run, and why: a terse report of the trials would not.
fn tell_ignored(planned: &[(String, Plan)]) {
    let mut reasons: HashMap<&str, usize> = HashMap::new();
    for (_, plan) in planned {
        if let Plan::Ignored(reason) = plan {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    for (reason, count) in reasons {
        println!("not run, {count}: {reason}");
    }
}

/// What a trial is to do.
enum Plan {
    /// Nothing, for this reason.
    Ignored(String),
    /// Tell what came of the case with the subject.
    Case(String, CaseName),
    /// Tell whether the subject's file has entries without a case.
    Expectations(String),
}

fn trial(name: String, plan: Plan, picked: &Arc<Picked>) -> Trial {
    let picked = Arc::clone(picked);
    match plan {
        Plan::Ignored(reason) => Trial::test(name, || Ok(()))
            .with_kind(reason)
            .with_ignored_flag(true),
        Plan::Case(subject, case) => Trial::test(name, move || {
            told(picked.results().outcomes.get(&(subject, case)))
        }),
        Plan::Expectations(subject) => {
            Trial::test(name, move || expectations(&subject, picked.results()))
        }
    }
}

fn told(outcome: Option<&Outcome>) -> Result<(), Failed> {
    match outcome {
        Some(Outcome::Passed | Outcome::Known { .. }) => Ok(()),
        Some(Outcome::Failed(decision)) => Err(format!(
            "{:?}\nexpected: {}\nobserved: {}",
            decision.verdict, decision.expected, decision.observed
        )
        .into()),
        Some(Outcome::Skipped(reason)) => Err(reason.into()),
        None => Err("it was not run".into()),
    }
}

/// Every entry of the subject's file must have had a case.
fn expectations(subject: &str, results: &Results) -> Result<(), Failed> {
    let own = results.stale.iter().filter(|(of, _)| of == subject);
    let stale: Vec<&str> = own.map(|(_, pattern)| pattern.as_str()).collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("no case is of these patterns: {}", stale.join(", ")).into())
}

/// The version of a subject that is here, or why it is not; an error when it must be.
fn presence(subject: &Subject, found: Found) -> Result<Result<String, String>, String> {
    match found {
        Found::Version(version) => Ok(Ok(version)),
        Found::Absent(reason) if subject.required => {
            Err(format!("{} cannot be started: {reason}", subject.id))
        }
        Found::Absent(reason) => Ok(Err(format!("not here: {reason}"))),
    }
}

/// What libtest would pick.
fn picks(args: &Arguments, name: &str) -> bool {
    let is = |pattern: &String| match args.exact {
        true => name == pattern,
        false => name.contains(pattern.as_str()),
    };
    args.filter.as_ref().is_none_or(is) && !args.skip.iter().any(is)
}
