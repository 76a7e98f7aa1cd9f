//! That the cases are what they are called, and are decided each once.

use std::collections::BTreeSet;

use everycall_arch::AbiId;

use super::*;
use crate::case::{Ask, Claim};

const ABIS: [AbiId; 5] = AbiId::ALL;

fn cases(abi: AbiId) -> Vec<String> {
    super::cases(abi, |_| true)
}

fn all(abi: AbiId) -> Vec<Run> {
    let names = cases(abi);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    runs(abi, &names).expect("the probes are built")
}

fn run_of(abi: AbiId, case: &str) -> Run {
    let mut runs = runs(abi, &[case]).expect("the probe is built");
    assert_eq!(runs.len(), 1, "{case}");
    runs.remove(0)
}

#[test]
fn each_case_is_decided_once() {
    for abi in ABIS {
        let names: BTreeSet<String> = cases(abi).into_iter().collect();
        assert_eq!(names.len(), cases(abi).len(), "a name is there twice");
        let runs = all(abi);
        let decided: Vec<&String> = runs
            .iter()
            .flat_map(|run| &run.cases)
            .map(|case| &case.name)
            .collect();
        assert_eq!(decided.len(), names.len(), "{abi:?}");
        assert_eq!(decided.into_iter().cloned().collect::<BTreeSet<_>>(), names);
        for run in &runs {
            assert_eq!(run.shown.len(), run.notes.len());
            assert!(run.cases.is_sorted_by_key(|case| case.first));
            let last = run.cases.last().expect("a run has a case");
            assert!(last.first + last.count <= run.shown.len());
        }
        println!("{}: {} cases, {} runs", abi.name(), names.len(), runs.len());
    }
}

#[test]
fn the_same_names_give_the_same_runs() {
    let wanted = ["openat/only", "pause/class:signal", "hole-337/scatter"];
    let twice = [0, 1].map(|_| runs(AbiId::X86_64, &wanted).expect("the probes are built"));
    assert_eq!(twice[0].len(), 3);
    for (a, b) in twice[0].iter().zip(&twice[1]) {
        assert_eq!((&a.elf, &a.shown, &a.ask), (&b.elf, &b.shown, &b.ask));
    }
}

#[test]
fn a_way_asks_what_its_name_says() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let x86 = AbiId::X86_64;
    assert_eq!(
        run_of(x86, "openat/only").ask,
        Ask::Names(names(&["openat"]))
    );
    assert_eq!(
        run_of(x86, "openat/except").ask,
        Ask::Except(names(&["openat"]))
    );
    assert_eq!(
        run_of(x86, "openat/class:file").ask,
        Ask::Class("file".into())
    );
    assert_eq!(
        run_of(x86, "hole-337/only").ask,
        Ask::Names(names(&["getppid"]))
    );
    let Ask::Names(scatter) = run_of(x86, "openat/scatter").ask else {
        panic!("a scatter asks for names");
    };
    assert!(scatter.len() > 40 && scatter.contains(&"openat".to_owned()));
}

#[test]
fn something_must_be_silent_and_a_case_is_shown_or_silent_as_it_is_called() {
    for abi in ABIS {
        for run in all(abi) {
            let both = run.shown.contains(&true) && run.shown.contains(&false);
            assert!(both, "{abi:?} {:?}", run.ask);
        }
    }
    // The call itself, and the one that opens the ledger.
    let counted = |case| {
        let shown = run_of(AbiId::X86_64, case).shown;
        let yes = shown.iter().filter(|shown| **shown).count();
        (yes, shown.len() - yes)
    };
    assert_eq!(counted("openat/only").0, 2);
    assert_eq!(counted("openat/except").1, 2);
}

#[test]
fn the_end_of_a_child_may_interrupt_who_waits_for_it() {
    for case in ["fork/only", "exit/only", "pause/only"] {
        let mut notes = run_of(AbiId::X86_64, case).notes.into_iter();
        let waits = notes.any(|note| note.claim == Some(Claim::MayRestart(-512)));
        assert!(waits, "{case}");
    }
}
