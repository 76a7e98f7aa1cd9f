//! Filters that others make for the same sets, recorded: see fixtures/strategies/README.md.

use std::fs;
use std::path::Path;

use everycall_filter::{ByteOrder, Program};

/// Who made them.
pub(crate) static PEERS: [&str; 4] = [
    "strace",
    "libseccomp-linear",
    "libseccomp-tree",
    "seccompiler",
];

/// The filter that a peer makes for a set.
pub(crate) fn program(peer: &str, set: &str) -> Result<Program, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/strategies")
        .join(peer)
        .join(format!("{set}.bpf"));
    let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Program::from_bytes(&bytes, ByteOrder::Little)
        .map_err(|error| format!("{}: {error}", path.display()))
}
