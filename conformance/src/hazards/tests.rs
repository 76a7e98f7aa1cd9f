//! That the scenarios are what they are called, and that each can be built.

use std::collections::BTreeSet;

use everycall_arch::AbiId;

use super::*;
use crate::case::Thread;

fn all(group: &'static str, abi: AbiId) -> Vec<Run> {
    let names = cases(group, abi, |_| true);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    runs(group, abi, &names).expect("the probes are built")
}

#[test]
fn each_case_has_a_run_of_its_own_and_something_to_be_silent_about() {
    for group in GROUPS {
        for abi in AbiId::ALL {
            let names: BTreeSet<String> = cases(group, abi, |_| true).into_iter().collect();
            let runs = all(group, abi);
            assert_eq!(names.len(), runs.len(), "{group} {}", abi.name());
            for run in runs {
                let [case] = &run.cases[..] else {
                    panic!("{} cases in a run", run.cases.len());
                };
                assert!(names.contains(&case.name));
                assert_eq!((case.first, case.count), (0, run.shown.len()));
                assert_eq!(run.notes.len(), run.shown.len());
                assert!(run.shown.contains(&true) && run.shown.contains(&false));
                let unknown = |note: &crate::case::Note| note.thread == Thread::Unknown;
                assert!(!run.notes.iter().any(unknown), "{}", case.name);
            }
        }
    }
}

#[test]
fn groups_are_those_that_are_listed() {
    let mut listed: Vec<&str> = ALL.iter().map(|group| group.name).collect();
    listed.dedup();
    assert_eq!(listed, GROUPS);
    let mut names = BTreeSet::new();
    for group in ALL {
        for scenario in group.scenarios {
            let new = names.insert((group.name, scenario.name));
            assert!(new, "{} is there twice in {}", scenario.name, group.name);
            assert!(scenario.asked.contains(&"getppid"), "{}", scenario.name);
        }
    }
}

#[test]
fn the_same_names_give_the_same_probes() {
    let [first, second] = [0, 1].map(|_| all("lifecycle", AbiId::I386));
    for (a, b) in first.iter().zip(&second) {
        assert_eq!((&a.elf, &a.ask), (&b.elf, &b.ask));
    }
}
