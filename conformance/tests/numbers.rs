//! Every probe of the group `numbers` on the bare kernel, as root of a namespace and as a user: each
//! ends by itself, leaves nothing behind, and tells the same twice. `EVERYCALL_CHECK` leaves out those of
//! the cases that it leaves out of `everycall check`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use everycall_arch::{AbiId, table};
use everycall_conformance::case::Run;
use everycall_conformance::choice::{self, Choice};
use everycall_conformance::host;
use everycall_conformance::ledger::{Ledger, Made};
use everycall_conformance::numbers;
use everycall_conformance::runner::Runner;
use everycall_conformance::sandbox::{Privilege, serve_if_worker};
use everycall_conformance::suite::{CaseName, catalogue};
use libtest_mimic::{Arguments, Failed, Trial};

const TIMEOUT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    serve_if_worker();
    for tried in host::tried() {
        if let Some(reason) = &tried.refused {
            println!("programs of {} are not run here: {reason}", tried.target);
        }
    }
    let choice = Choice::of_environment();
    let chosen = choice.and_then(|choice| Ok((choice.cases()?, choice.has_all_cases())));
    let (cases, whole) = match chosen {
        Ok(chosen) => chosen,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for abi in catalogue::abis() {
        let names = names(&cases, abi);
        if names.is_empty() {
            println!("{} is left out by {}", abi.name(), choice::VARIABLE);
        }
        for privilege in [Privilege::NamespaceRoot, Privilege::User] {
            let name = format!("{}::{privilege:?}", abi.name());
            let names = names.clone();
            let none = names.is_empty();
            let trial = Trial::test(name, move || bare(abi, &names, whole, privilege));
            trials.push(trial.with_ignored_flag(none));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The group's cases of an ABI.
fn names(chosen: &[CaseName], abi: AbiId) -> Vec<String> {
    let own = chosen
        .iter()
        .filter(|case| case.abi == abi && case.group == numbers::GROUP);
    own.map(|case| case.case.clone()).collect()
}

/// One run for each distinct probe.
fn probes(abi: AbiId, names: &[String]) -> Result<Vec<Run>, Failed> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    let mut runs = numbers::runs(abi, &names)?;
    runs.retain(|run| seen.insert(run.elf.clone()));
    Ok(runs)
}

/// Of the whole group, every call of the table must be made; else those that have a case.
fn bare(abi: AbiId, names: &[String], whole: bool, privilege: Privilege) -> Result<(), Failed> {
    let mut runner = Runner::start(privilege)?;
    let mut made = BTreeSet::new();
    for run in probes(abi, names)? {
        let [first, second] = [native(&mut runner, &run)?, native(&mut runner, &run)?];
        compare(&run, &first, &second)?;
        made.extend(first.calls.iter().map(|call| (call.abi, call.nr)));
    }
    let labels: BTreeSet<&str> = names.iter().filter_map(|n| n.split('/').next()).collect();
    let demanded = |name: &str| whole || labels.contains(name);
    for call in table::all(abi).iter().filter(|c| demanded(c.name)) {
        if !made.contains(&(abi, u64::from(call.nr))) {
            return Err(format!("{} is never called", call.name).into());
        }
    }
    Ok(())
}

fn native(runner: &mut Runner, run: &Run) -> Result<Ledger, Failed> {
    let ran = runner.native(&run.elf, run.shown.len(), TIMEOUT)?;
    let what = || run.cases.first().map_or("", |case| case.name.as_str());
    if ran.ended.status != Some(0) || ran.ended.left_behind != 0 {
        let last = ran
            .ledger
            .ok()
            .and_then(|ledger| ledger.calls.last().copied());
        return Err(format!("{}...: {:?}, last call {last:x?}", what(), ran.ended).into());
    }
    Ok(ran.ledger?)
}

/// Two ledgers of one probe: the same, but for what is said to differ.
fn compare(run: &Run, first: &Ledger, second: &Ledger) -> Result<(), Failed> {
    let key = |made: &Made| (made.slot, made.abi, made.nr);
    let keys = |ledger: &Ledger| ledger.calls.iter().map(key).collect::<Vec<_>>();
    if keys(first) != keys(second) {
        return Err("another run makes other calls".into());
    }
    let order: Vec<u64> = first.calls.iter().map(|made| made.seq).collect();
    if !order.is_sorted() {
        return Err("the calls are not made in the order of their description".into());
    }
    for (a, b) in first.calls.iter().zip(&second.calls) {
        let volatile = run.notes[a.slot].volatile;
        let same = (a.words, a.result) == (b.words, b.result);
        if !volatile && !same || a.result.is_some() != b.result.is_some() {
            return Err(format!("not twice the same: {a:x?} {b:x?}").into());
        }
    }
    Ok(())
}
