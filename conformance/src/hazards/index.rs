//! The index of hazards (`rows.toml`): for each id the cases and tests that show it, or why there are none. It is held
//! against what there is, and `docs/hazards.md` is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use everycall_arch::AbiId;
use serde::Deserialize;

use super::*;
use crate::numbers;
use crate::subject::pattern::{expand, matches};

const ROWS: &str = include_str!("rows.toml");

/// What shows a hazard beside the cases of its own name.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    /// Patterns of cases.
    cases: Vec<String>,
    /// `file: function`.
    tests: Vec<String>,
    /// Why there is no case, or no more.
    none: Option<String>,
}

/// The kinds of hazards, by the beginning of their ids.
const KINDS: [(&str, &str); 9] = [
    ("filt", "Filters of tracers"),
    (
        "inst",
        "How a filter is installed, inherited, and lives beside others",
    ),
    ("stop", "Stops"),
    ("abi", "What a call is"),
    ("mem", "Memory"),
    ("load", "Crowds"),
    ("hostile", "Tracers in trouble"),
    ("render", "What is written"),
    ("be", "Other ways of observing, and work without calls"),
];

/// A table of TOML cannot have the same key twice.
fn rows() -> BTreeMap<String, Row> {
    toml::from_str(ROWS).expect("rows.toml is read")
}

/// The id that a scenario's name begins with.
fn id(scenario: &Scenario) -> &'static str {
    scenario.name.split('/').next().unwrap_or(scenario.name)
}

/// The ids that have cases of their own name, and their groups.
fn own() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut own: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for group in ALL {
        for scenario in group.scenarios {
            own.entry(id(scenario)).or_default().insert(group.name);
        }
    }
    own
}

/// The names of all cases that any machine has.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    for abi in AbiId::ALL {
        let mut add = |group: &str, cases: Vec<String>| {
            let name = |case| format!("{}::{group}::{case}", abi.name());
            names.extend(cases.into_iter().map(name));
        };
        add(numbers::GROUP, numbers::cases(abi, |_| true));
        for group in GROUPS {
            add(group, cases(group, abi, |_| true));
        }
    }
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn file() -> PathBuf {
    root().join("docs/hazards.md")
}

fn text() -> String {
    let rows = rows();
    let own = own();
    let mut text = String::from(
        "# Hazards\n\n\
         Do not edit: `cargo test -p everycall-conformance --lib -- --ignored record_the_index` writes it from\n\
         `conformance/src/hazards/rows.toml`.\n\n\
         How a tracer may miss a call, tell it wrongly or change the program, and what shows whether it does: patterns of\n\
         cases (`everycall check --case` takes them), tests elsewhere, or why there is no case.\n",
    );
    for (kind, title) in KINDS {
        let of_kind = |id: &String| id.split('-').next() == Some(kind);
        write!(text, "\n## {title}\n\n| id | shown by |\n|---|---|\n").expect("text is written");
        for (id, row) in rows.iter().filter(|(id, _)| of_kind(id)) {
            let groups = own.get(id.as_str()).into_iter().flatten();
            let cases = groups.map(|group| format!("`*::{group}::*{id}/*`"));
            let others = row.cases.iter().map(|pattern| format!("`{pattern}`"));
            let tests = row.tests.iter().map(|test| match test.split_once(": ") {
                Some((file, function)) => format!("test `{function}` in `{file}`"),
                None => test.clone(),
            });
            let shown: Vec<String> = cases
                .chain(others)
                .chain(tests)
                .chain(row.none.clone())
                .collect();
            writeln!(text, "| `{id}` | {} |", shown.join("; ")).expect("text is written");
        }
    }
    text
}

#[test]
fn every_scenario_has_a_row_and_every_row_something_to_show() {
    let (rows, own) = (rows(), own());
    for id in own.keys() {
        assert!(rows.contains_key(*id), "{id} has no row");
    }
    for (id, row) in &rows {
        let shown = own.contains_key(id.as_str()) || !row.cases.is_empty() || !row.tests.is_empty();
        assert!(
            shown || row.none.is_some(),
            "nothing shows {id}, and nothing says why"
        );
        assert!(
            KINDS
                .iter()
                .any(|(kind, _)| id.split('-').next() == Some(kind)),
            "{id}"
        );
    }
}

#[test]
fn patterns_are_those_of_cases_that_there_are() {
    let names = names();
    for (id, row) in rows() {
        for pattern in row.cases {
            for one in expand(&pattern).expect("a pattern") {
                let any = names.iter().any(|name| matches(&one, name));
                assert!(any, "{id}: no case is of {one}");
            }
        }
    }
}

#[test]
fn tests_elsewhere_are_there() {
    for (id, row) in rows() {
        for test in row.tests {
            let (file, function) = test.split_once(": ").expect("file: function");
            let source = fs::read_to_string(root().join(file)).expect(file);
            let is_there = source.contains(&format!("fn {function}("));
            assert!(is_there, "{id}: {file} has no {function}");
        }
    }
}

#[test]
fn the_document_is_made_of_the_rows() {
    let written = fs::read_to_string(file()).expect("docs/hazards.md");
    assert!(
        written == text(),
        "docs/hazards.md is old: record_the_index writes it anew"
    );
}

#[test]
#[ignore = "writes docs/hazards.md"]
fn record_the_index() {
    fs::write(file(), text()).expect("docs/hazards.md is written");
}
