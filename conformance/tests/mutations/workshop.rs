//! A copy of the sources that can be broken, and the tracer built from it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mutation::Edit;

/// What mutations change, and what else the workspace wants optimized.
const PLAIN: [&str; 6] = [
    "everycall-arch",
    "everycall-filter",
    "everycall-tracer",
    "nix",
    "serde",
    "serde_json",
];

/// Where the copy is and where it is built.
pub(crate) struct Workshop {
    root: PathBuf,
    copy: PathBuf,
    target: PathBuf,
}

impl Workshop {
    pub(crate) fn new() -> Workshop {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        // Below the target directory of the build that this test is part of.
        let target = match std::env::current_exe() {
            Ok(this) => this.ancestors().nth(3).map(Path::to_owned),
            Err(_) => None,
        };
        let mutants = target
            .unwrap_or_else(|| root.join("target"))
            .join("mutants");
        Workshop {
            root,
            copy: mutants.join("src"),
            target: mutants.join("target"),
        }
    }

    /// Builds the tracer with these edits, and returns its program.
    pub(crate) fn build(&self, edits: &[Edit]) -> Result<OsString, String> {
        let mut sources = BTreeMap::new();
        read(&self.root, Path::new(""), &mut sources).map_err(|e| format!("sources: {e}"))?;
        for edit in edits {
            apply(edit, &mut sources)?;
        }
        self.write(&sources)
            .map_err(|e| format!("{}: {e}", self.copy.display()))?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--offline",
                "-p",
                "everycall-tracer",
                "--bin",
                "ectrace",
            ])
            // Each is built for a few dozen cases: what a build saves is more than what they cost.
            .args(PLAIN.iter().flat_map(|package| {
                [
                    "--config".to_owned(),
                    format!("profile.dev.package.{package}.opt-level=0"),
                ]
            }))
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.target)
            // Nobody debugs a mutant, and most of a build would be for that.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            // Whatever the build of this test is: each mutant differs from the one before in a line or two.
            .env("CARGO_INCREMENTAL", "1")
            .env_remove("CARGO_PROFILE_DEV_CODEGEN_UNITS")
            // A mutation may leave something unused.
            .env("RUSTFLAGS", "--cap-lints=warn")
            .output()
            .map_err(|e| format!("cargo: {e}"))?;
        if !output.status.success() {
            return Err(format!(
                "the mutated tracer does not build:\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok(self.target.join("debug/ectrace").into_os_string())
    }

    /// Writes what differs, so that only that is built again, and removes what is no longer there.
    fn write(&self, sources: &BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
        let mut there = BTreeMap::new();
        if self.copy.exists() {
            read(&self.copy, Path::new(""), &mut there)?;
        }
        for path in there.keys().filter(|path| !sources.contains_key(*path)) {
            fs::remove_file(self.copy.join(path))?;
        }
        for (path, bytes) in sources {
            if there.get(path) != Some(bytes) {
                let to = self.copy.join(path);
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(to, bytes)?;
            }
        }
        Ok(())
    }
}

fn apply(edit: &Edit, sources: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), String> {
    let wrong = |what: &str| format!("{}: {what}: {:?}", edit.file, edit.find);
    let bytes = sources
        .get_mut(Path::new(&edit.file))
        .ok_or_else(|| format!("{}: no such file", edit.file))?;
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is no text"))?;
    match text.matches(&edit.find).count() {
        1 => {
            *bytes = text.replace(&edit.find, &edit.replace).into_bytes();
            Ok(())
        }
        0 => Err(wrong("the text is not there")),
        more => Err(wrong(&format!("the text is there {more} times"))),
    }
}

/// Reads the workspace's files: what is hidden and what is built is none of it.
fn read(root: &Path, below: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        let built = below.as_os_str().is_empty() && name == "target";
        if hidden || built {
            continue;
        }
        let path = below.join(&name);
        if entry.file_type()?.is_dir() {
            read(root, &path, files)?;
        } else if entry.file_type()?.is_file() {
            files.insert(path.clone(), fs::read(root.join(path))?);
        }
    }
    Ok(())
}
