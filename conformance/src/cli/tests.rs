//! What can be typed, and what comes of it before anything runs.

use clap::CommandFactory;
use everycall_arch::AbiId;

use super::*;
use crate::suite::catalogue;

fn select(args: &[&str]) -> Result<select::Selection, CheckError> {
    let args = Args::try_parse_from(std::iter::once("check").chain(args.iter().copied()));
    select::Selection::of(&args.expect("the arguments are right").choice)
}

#[test]
fn the_command_line_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn the_help_has_examples() {
    let help = Args::command().render_help().to_string();
    for part in ["{out}", "Exit status", "strace-seccomp"] {
        assert!(help.contains(part), "{part}");
    }
}

#[test]
fn everything_is_selected_when_nothing_is_said() {
    let all = select(&[]).expect("cases");
    assert!(all.whole && all.subjects.len() >= 4);
    let abi = catalogue::abis()[0];
    // A native 32-bit kernel has no other.
    let one = select(&["--abi", abi.name(), "--group", "numbers"]).expect("cases");
    assert!(!one.whole && one.cases.len() < all.cases.len());
    assert!(one.cases.iter().all(|case| case.abi == abi));
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let here = catalogue::abis();
    let elsewhere = AbiId::ALL.into_iter().find(|abi| !here.contains(abi));
    let elsewhere = elsewhere
        .expect("no machine makes the calls of all ABIs")
        .name();
    for (args, part) in [
        (["--abi", "vax"], "vax"),
        (["--abi", elsewhere], elsewhere),
        (["--group", "nosuch"], "nosuch"),
        (["--tracer", "nosuch"], "nosuch"),
        (["--case", "no such case"], "no case"),
    ] {
        let error = select(&args).expect_err("refused").to_string();
        assert!(error.contains(part), "{args:?}: {error}");
    }
}

#[test]
fn tracers_are_named_once_however_often_they_are_typed() {
    let both = select(&["--tracer", "ectrace", "--tracer", "ectrace/ptrace"]).expect("cases");
    assert_eq!(both.subjects.len(), 2);
}
