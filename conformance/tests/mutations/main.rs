//! Does the suite find a broken tracer? Each mutation of `fixtures/mutations` breaks our own tracer on
//! purpose; the suite, which is not broken, must say what is wrong.
//!
//! The sources are copied below `target/mutants`, where each mutation is applied, built and taken
//! back; what is built there stays for the next time.

mod mutation;
mod workshop;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use everycall_arch::table;
use everycall_conformance::case::Case;
use everycall_conformance::report::{Entry, Outcome};
use everycall_conformance::sandbox::{Privilege, serve_if_worker};
use everycall_conformance::subject::{self, Ours};
use everycall_conformance::suite::{
    self, Bench, CaseName, Finished, Manner, Sandboxes, Silent, Stop, Taker, catalogue,
};
use libtest_mimic::{Arguments, Failed, Trial};

use mutation::{Mutation, Slice};
use workshop::Workshop;

fn main() -> ExitCode {
    serve_if_worker();
    let args = Arguments::from_args();
    let mutations = match mutation::all() {
        Ok(mutations) => mutations,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::FAILURE;
        }
    };
    // In a machine there is nothing to build with: the host's own run of this judges the mutations.
    let unbuildable = std::env::var_os("EVERYCALL_IN_MACHINE").is_some();
    if unbuildable {
        println!(
            "not run in a machine, which has no compiler: every mutation is judged on the host"
        );
    }
    // One at a time: they share the sources that they break.
    let workshop = Arc::new(Mutex::new(Workshop::new()));
    let slices: Vec<Slice> = mutations.iter().map(|m| m.slice.clone()).collect();
    let shop = Arc::clone(&workshop);
    let mut trials = vec![Trial::test("none", move || {
        let shop = shop.lock().unwrap_or_else(PoisonError::into_inner);
        unbroken(&shop, &slices)
    })];
    for mutation in mutations {
        let shop = Arc::clone(&workshop);
        trials.push(Trial::test(mutation.name.clone(), move || {
            let shop = shop.lock().unwrap_or_else(PoisonError::into_inner);
            broken(&shop, &mutation)
        }));
    }
    let trials = trials
        .into_iter()
        .map(|trial| trial.with_ignored_flag(unbuildable))
        .collect();
    libtest_mimic::run(&args, trials).exit_code()
}

/// Unbroken, every slice passes: what the mutations find is not there without them.
fn unbroken(shop: &Workshop, slices: &[Slice]) -> Result<(), Failed> {
    let ours = Ours(vec![shop.build(&[])?]);
    for slice in slices {
        let finished = judge(slice, &ours)?;
        if let Some(bad) = finished
            .entries
            .iter()
            .find(|e| e.outcome != Outcome::Passed)
        {
            return Err(format!("unbroken, {} does not pass: {:?}", bad.case, bad.outcome).into());
        }
    }
    Ok(())
}

fn broken(shop: &Workshop, mutation: &Mutation) -> Result<(), Failed> {
    let ours = Ours(vec![shop.build(&mutation.edits)?]);
    if let Some(line) = &mutation.says {
        says(&mutation.slice, &ours, line)?;
    }
    if let Some(text) = &mutation.writes {
        writes(&mutation.slice, &ours, text)?;
    }
    let finished = judge(&mutation.slice, &ours)?;
    for expect in &mutation.expect {
        let told = |entry: &Entry| match &entry.outcome {
            Outcome::Failed(decision) => {
                decision.verdict == expect.verdict && decision.observed.contains(&expect.observed)
            }
            Outcome::Passed | Outcome::Known { .. } | Outcome::Skipped(_) => false,
        };
        if !finished.entries.iter().any(told) {
            return Err(format!(
                "no case is {:?} with '{}' in what was observed, but: {}",
                expect.verdict,
                expect.observed,
                verdicts(&finished)
            )
            .into());
        }
    }
    let unharmed = |entry: &&Entry| entry.outcome != Outcome::Passed;
    match finished.entries.iter().find(unharmed) {
        Some(entry) if mutation.harmless => {
            Err(format!("{} does not pass: {:?}", entry.case, entry.outcome).into())
        }
        _ => Ok(()),
    }
}

/// The tracer says this line, once, in every run of the slice.
fn says(slice: &Slice, ours: &Ours, line: &str) -> Result<(), Failed> {
    let taker = taker(slice)?;
    let bench = Sandboxes::new(Privilege::of_caller(), ours.clone());
    for run in bench.runs(&cases(slice)?)? {
        let done = bench.traced(&run, &taker.subject)?;
        let found = done.stderr.lines().filter(|own| own.contains(line)).count();
        if found != 1 {
            return Err(format!("'{line}' is said {found} times: {}", done.stderr).into());
        }
    }
    Ok(())
}

/// The tracer writes this of a call of the slice, in every run with a call that the running kernel has.
fn writes(slice: &Slice, ours: &Ours, text: &str) -> Result<(), Failed> {
    let taker = taker(slice)?;
    let bench = Sandboxes::new(Privilege::of_caller(), ours.clone());
    let mut real = 0;
    for run in bench.runs(&cases(slice)?)? {
        let bare = bench.native(&run, &taker.subject)?.ledger?;
        let has = |case: &&Case| {
            let name = case.name.split('/').next().unwrap_or_default();
            let own = table::by_name(run.abi, name).map(|call| u64::from(call.nr));
            let mut made = (case.first..case.first + case.count).filter_map(|slot| bare.slot(slot));
            made.any(|call| {
                Some(call.nr) == own && call.result.is_some_and(|raw| raw as i32 != -libc::ENOSYS)
            })
        };
        real += run.cases.iter().filter(has).count();
        let output = bench.traced(&run, &taker.subject)?.output;
        if !String::from_utf8_lossy(&output).contains(text) {
            return Err(format!(
                "'{text}' is not written:\n{}",
                String::from_utf8_lossy(&output)
            )
            .into());
        }
    }
    match real {
        0 => Err("the running kernel has none of the calls".into()),
        _ => Ok(()),
    }
}

fn judge(slice: &Slice, ours: &Ours) -> Result<Finished, Failed> {
    let manner = Manner {
        workers: std::thread::available_parallelism().map_or(2, usize::from),
        ignore_expected: true,
        whole: false,
        stop: &Stop::default(),
        progress: &Silent,
    };
    let bench = Sandboxes::new(Privilege::of_caller(), ours.clone());
    let cases = cases(slice)?;
    let finished = suite::run(&bench, &[taker(slice)?], &cases, manner);
    match finished.entries.len() {
        decided if decided == cases.len() => Ok(finished),
        decided => Err(format!("only {decided} of {} cases were decided", cases.len()).into()),
    }
}

fn taker(slice: &Slice) -> Result<Taker, Failed> {
    let subject = subject::named(&slice.tracer)
        .map_err(|error| error.to_string())?
        .into_iter()
        .find(|subject| subject.id == slice.tracer)
        .ok_or_else(|| format!("{} is not one subject", slice.tracer))?;
    Ok(Taker {
        subject,
        version: String::new(),
    })
}

fn cases(slice: &Slice) -> Result<Vec<CaseName>, Failed> {
    let mut cases = catalogue::all();
    cases.retain(|case| {
        slice
            .cases
            .iter()
            .any(|part| case.to_string().contains(part))
    });
    match cases.is_empty() {
        true => Err(format!("no case has one of {:?} in its name", slice.cases).into()),
        false => Ok(cases),
    }
}

fn verdicts(finished: &Finished) -> String {
    let told = finished.entries.iter().map(|entry| match &entry.outcome {
        Outcome::Passed => format!("{}: passed", entry.case),
        Outcome::Failed(d) | Outcome::Known { decision: d, .. } => {
            format!("{}: {:?}, {}", entry.case, d.verdict, d.observed)
        }
        Outcome::Skipped(reason) => format!("{}: skipped, {reason}", entry.case),
    });
    told.collect::<Vec<_>>().join("\n")
}
