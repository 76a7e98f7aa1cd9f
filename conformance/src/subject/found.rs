//! Whether a subject is installed, and which version of it.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::{Ours, Subject, VersionCommand};
use crate::sandbox::Privilege;

/// What was found of a subject on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there, in this version.
    Version(String),
    /// It is not there, for this reason.
    Absent(String),
}

impl Subject {
    /// Looks for it.
    #[must_use]
    pub fn look(&self, ours: &Ours) -> Found {
        if self.observes_system && !Privilege::can_observe() {
            let text = "it observes the whole system, which only the system's own root may";
            return Found::Absent(text.into());
        }
        match &self.version {
            None => Found::Version("unknown".into()),
            Some(version) => version.run(ours),
        }
    }
}

impl VersionCommand {
    fn run(&self, ours: &Ours) -> Found {
        let mut argv: Vec<OsString> = Vec::new();
        for word in &self.command {
            match word.as_str() {
                "{ours}" => argv.extend(ours.0.iter().cloned()),
                _ => argv.push(word.into()),
            }
        }
        let Some((program, args)) = argv.split_first() else {
            return Found::Absent("its description has no command".into());
        };
        let shown = program.to_string_lossy();
        let run = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .output();
        let output = match run {
            Ok(output) => output,
            Err(error) => return Found::Absent(format!("{shown}: {error}")),
        };
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let first = stderr.lines().next().unwrap_or("");
            return Found::Absent(format!("{shown}: {}: {first}", output.status));
        }
        match self.version_in(&stdout) {
            Some(version) => Found::Version(version.to_owned()),
            None => Found::Absent(format!("{shown}: it does not tell its version")),
        }
    }

    fn version_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let line = text.lines().find(|line| !line.trim().is_empty())?;
        match &self.after {
            Some(after) => line.split_once(after.as_str())?.1.split_whitespace().next(),
            None => line.split_whitespace().last(),
        }
    }
}
