//! Builds PID 1 for a machine, by the cargo that builds everything else. It costs little when there is nothing to do.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::Machine;

/// Why there is no PID 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error(
        "the machine's PID 1 is built from this project's source, which is no longer at {0}; {INIT} can name a built one"
    )]
    NoSource(PathBuf),
    #[error("cannot run cargo to build the machine's PID 1: {0}")]
    NoCargo(io::Error),
    #[error(
        "cargo could not build the machine's PID 1 for {target} (its message is above); `rustup target add {target}` and a linker for it are needed"
    )]
    Build { target: &'static str },
}

/// The variable that names a built PID 1.
const INIT: &str = "EVERYCALL_INIT";

/// Variables with which an outer cargo, or its user, speaks of another build than this one.
const OTHERS: [&str; 4] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
];

/// The path of a machine's PID 1, built now if need be.
pub(crate) fn build(machine: &Machine, cache: &Path) -> Result<PathBuf, InitError> {
    if let Some(built) = std::env::var_os(INIT) {
        return Ok(PathBuf::from(built));
    }
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/init"));
    if !source.is_dir() {
        return Err(InitError::NoSource(source.to_owned()));
    }
    let target = machine.targets[0];
    // Not the workspace's own target directory: an outer cargo may hold its lock.
    let dir = cache.join("init");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "everycall-init",
        ])
        .args(["--target", target])
        .arg("--target-dir")
        .arg(&dir)
        .current_dir(source);
    for variable in OTHERS {
        command.env_remove(variable);
    }
    let status = command.status().map_err(InitError::NoCargo)?;
    if !status.success() {
        return Err(InitError::Build { target });
    }
    Ok(dir.join(target).join("release/everycall-init"))
}
