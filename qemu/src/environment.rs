//! Which of the host's variables go into a machine: what cargo and the tests say to each other, and no more.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use everycall_init::message::Bytes;

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

/// Those that go in.
pub(crate) fn passed() -> Vec<(Bytes, Bytes)> {
    let bytes = |text: OsString| Bytes::from(text.into_vec());
    std::env::vars_os()
        .filter(|(name, _)| goes_in(name.as_bytes()))
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
    use super::goes_in;

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
