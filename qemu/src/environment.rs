//! Which of the host's variables go into a machine: what cargo and the tests say to each other, and no more.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use everycall_init::message::Bytes;

use crate::shares;

/// Beginnings of their names.
const PASSED: [&str; 6] = [
    "RUST_",
    "INSTA_",
    "EVERYCALL_",
    "CARGO_",
    "PROPTEST_",
    "NEXTEST",
];

/// Whole names.
const NAMES: [&str; 5] = ["TERM", "NO_COLOR", "CLICOLOR_FORCE", "CI", "TZ"];

/// Places of the host that mean nothing in a machine.
const KEPT: [&str; 4] = [
    "CARGO_HOME",
    "RUSTUP_HOME",
    "EVERYCALL_CACHE",
    "RUST_RECURSION_COUNT",
];

/// By this insta finds a workspace's snapshots where there is no cargo to ask.
const SNAPSHOTS: &str = "INSTA_WORKSPACE_ROOT";

/// Those that go in, for a program that is started in this directory.
pub(crate) fn passed(dir: &Path) -> Vec<(Bytes, Bytes)> {
    let bytes = |text: OsString| Bytes::from(text.into_vec());
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, _)| goes_in(name.as_bytes()))
        .collect();
    if let Some(workspace) = shares::workspace(dir)
        && !variables.iter().any(|(name, _)| name == SNAPSHOTS)
    {
        variables.push((SNAPSHOTS.into(), workspace.into()));
    }
    let variables = variables.into_iter();
    variables
        .map(|(name, value)| (bytes(name), bytes(value)))
        .collect()
}

fn goes_in(name: &[u8]) -> bool {
    let whole = |names: &[&str]| names.iter().any(|known| name == known.as_bytes());
    let begins = PASSED
        .iter()
        .any(|start| name.starts_with(start.as_bytes()));
    // Tokens for registries stand in CARGO_* too.
    let secret = name.ends_with(b"_TOKEN") || name.ends_with(b"_CREDENTIAL_PROVIDER");
    (begins || whole(&NAMES)) && !whole(&KEPT) && !secret
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{SNAPSHOTS, goes_in, passed};

    #[test]
    fn a_workspace_says_where_its_snapshots_are() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let told = |dir: &Path| {
            let variables = passed(dir);
            let mut found = variables.into_iter();
            found.find(|(name, _)| **name == *SNAPSHOTS.as_bytes())
        };
        let (_, workspace) = told(here).expect("it is told");
        let workspace = String::from_utf8_lossy(&workspace).into_owned();
        assert!(Path::new(&workspace).join("Cargo.lock").is_file());
        if std::env::var_os(SNAPSHOTS).is_none() {
            assert!(told(Path::new("/")).is_none());
        }
    }

    #[test]
    fn the_tests_variables_go_in_and_the_hosts_do_not() {
        for name in [
            "RUST_LOG",
            "INSTA_UPDATE",
            "EVERYCALL_SILENT",
            "CARGO_BIN_EXE_x",
            "TERM",
        ] {
            assert!(goes_in(name.as_bytes()), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "LD_LIBRARY_PATH",
            "CARGO_HOME",
            "CARGO_REGISTRY_TOKEN",
        ] {
            assert!(!goes_in(name.as_bytes()), "{name}");
        }
    }
}
