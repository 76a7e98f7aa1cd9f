//! `--keep`: the probes themselves, and the commands that run them under each tracer.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::CheckError;
use super::select::Selection;
use crate::ledger;
use crate::subject::{Ours, Words};
use crate::suite::catalogue;

/// Writes them: for each run a directory with the probe, an empty ledger, and a script for each tracer.
pub(super) fn write(dir: &Path, selection: &Selection, ours: &Ours) -> Result<(), CheckError> {
    let runs = catalogue::runs(&selection.cases).map_err(CheckError::Probe)?;
    let failed = |error: io::Error| CheckError::Io {
        what: format!("failed to write to {}", dir.display()),
        error,
    };
    for (at, run) in runs.iter().enumerate() {
        let own = dir.join(format!("{}-{}-{at}", run.abi.name(), run.group));
        fs::create_dir_all(&own).map_err(failed)?;
        let probe = own.join("probe");
        fs::write(&probe, &run.elf).map_err(failed)?;
        executable(&probe).map_err(failed)?;
        fs::write(own.join("cases"), names(run)).map_err(failed)?;
        for subject in selection.subjects.iter().filter(|s| s.in_group(run.group)) {
            let subject = subject.showing(!run.terms.told.is_empty());
            let argv = subject.argv(&Words {
                ours,
                out: Path::new("out"),
                ask: &run.ask,
                cmd: &["./probe".into()],
            });
            let argv: Vec<String> = argv
                .iter()
                .map(|word| word.to_string_lossy().into())
                .collect();
            let command = shlex::try_join(argv.iter().map(String::as_str))
                .map_err(|error| failed(io::Error::other(error)))?;
            let script = own.join(format!("under-{}", file_name(&subject.id)));
            let text = format!(
                "#!/bin/sh\n# The probe writes what it did to ./ledger, the tracer what it saw to ./out.\n\
                 cd \"$(dirname \"$0\")\" && truncate -s 0 ledger && truncate -s {} ledger && \
                 printf '\\001' | dd of=ledger bs=1 seek={} conv=notrunc status=none && exec {command}\n",
                ledger::bytes(run.shown.len()),
                ledger::GATE,
            );
            fs::write(&script, text).map_err(failed)?;
            executable(&script).map_err(failed)?;
        }
    }
    Ok(())
}

/// The names of a run's cases, one a line, with their places in the ledger.
fn names(run: &crate::case::Run) -> String {
    let line = |case: &crate::case::Case| {
        format!(
            "{} records {}..{}\n",
            case.name,
            case.first,
            case.first + case.count
        )
    };
    run.cases.iter().map(line).collect()
}

fn file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    id.chars().take(60).map(plain).collect()
}

fn executable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, PermissionsExt::from_mode(0o755))
}
