//! The scoreboard that is committed has the shape of one that is made today, whatever its numbers are.

use std::path::Path;

use super::TOLD;
use crate::report::tests::{report, written};
use crate::report::{Format, Report};

fn committed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scoreboard.md");
    std::fs::read_to_string(path).expect("docs/scoreboard.md")
}

/// The lines that no run changes: headings, sentences, the heads of tables of fixed width.
fn frame(text: &str) -> Vec<&str> {
    let varies = |line: &&str| {
        let row = line.starts_with('|') && !FIXED.contains(line);
        let told = line.starts_with("    - ") || number(line).is_some();
        !(line.is_empty() || row || told)
    };
    text.lines().filter(varies).collect()
}

const FIXED: [&str; 2] = [
    "| kernel | machine | date | everycall |",
    "| tracer | version | cases | right | wrong |",
];

/// The number of a telling failure.
fn number(line: &str) -> Option<usize> {
    line.split_once(". **")?.0.parse().ok()
}

fn is_well_shaped(text: &str) {
    let mut width = None;
    for line in text.lines() {
        let columns = line
            .starts_with('|')
            .then(|| line.replace("\\|", "").matches('|').count());
        if let (Some(before), Some(now)) = (width, columns) {
            assert_eq!(before, now, "{line}");
        }
        width = columns;
    }
    let numbers: Vec<usize> = text.lines().filter_map(number).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<usize>>());
    assert!(numbers.len() <= TOLD);
    for what in [
        "expected: `",
        "seen: `",
        "again: `everycall check --tracer ",
    ] {
        let lines = text
            .lines()
            .filter(|line| line.starts_with(&format!("    - {what}")));
        assert_eq!(lines.count(), numbers.len(), "{what}");
    }
}

#[test]
fn what_is_made_and_what_is_committed_have_one_shape() {
    let made = written(&report(), Format::Markdown);
    let committed = committed();
    is_well_shaped(&made);
    is_well_shaped(&committed);
    assert_eq!(frame(&made), frame(&committed));
    assert_eq!(committed.lines().filter_map(number).count(), TOLD);
}

#[test]
fn every_reproduction_of_the_committed_one_is_a_command_of_ours() {
    for line in committed().lines() {
        if let Some(command) = line
            .strip_prefix("    - again: `")
            .and_then(|rest| rest.strip_suffix('`'))
        {
            let words = shlex::split(command).expect("a command");
            assert_eq!(words[..2], ["everycall", "check"]);
            assert!(crate::cli::is_usable(&words[2..]), "{command}");
        }
    }
}

#[test]
fn tracers_that_are_not_here_and_all_results_are_told() {
    let made = written(&report(), Format::Markdown);
    for part in [
        "| lurk | not here: no such file | | | |",
        "| ectrace/seccomp | 0.1 | 4 | 2 | 2 |",
        "| x86_64 | numbers | 1 of 3 |",
        "| i386 | numbers | 1 of 1 |",
        "known why",
    ] {
        assert!(made.contains(part), "{part}: {made}");
    }
    let nothing = written(&Report::default(), Format::Markdown);
    is_well_shaped(&nothing);
}
