//! `--baseline` and `--write-baseline`: a tracer held to what it is known to do, though nothing here
//! describes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::CheckError;
use super::select::Selection;
use crate::case::Verdict;
use crate::report::{Outcome, Report};
use crate::subject::{Baseline, Known, Situation, Subject, UNEXPLAINED};
use crate::suite::catalogue;

/// The two options.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Options {
    /// Known failures of the one tracer, beside those that are described; see --write-baseline
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the failures of the one tracer, as known ones, into this file; with --baseline, what it says
    /// of them is kept
    #[arg(long, value_name = "FILE", conflicts_with = "ignore_expected")]
    write_baseline: Option<PathBuf>,
}

/// A tracer's baseline, as it is before the run.
#[derive(Debug)]
pub(super) struct Held {
    old: Baseline,
    /// All cases that there are of the tracer, by name; filled when a file is to be written.
    all: Vec<String>,
    /// What the old one knows of them.
    known: BTreeMap<String, Known>,
    write: Option<PathBuf>,
}

impl Held {
    /// Reads what is to be read, and adds it to what is known of the subject.
    pub(super) fn of(
        options: &Options,
        selection: &mut Selection,
    ) -> Result<Option<Held>, CheckError> {
        let Some(named) = options
            .baseline
            .as_ref()
            .or(options.write_baseline.as_ref())
        else {
            return Ok(None);
        };
        let [subject] = selection.subjects.as_mut_slice() else {
            let many = selection.subjects.len();
            return Err(wrong(
                named,
                format!("it is of one --tracer, and here are {many}"),
            ));
        };
        let old = match &options.baseline {
            Some(path) => Baseline::read(path).map_err(|error| wrong(path, error))?,
            None => Baseline::default(),
        };
        subject.expected.extend(old.expected.iter().cloned());
        subject.skip.extend(old.skip.iter().cloned());
        let mut held = Held {
            old,
            all: Vec::new(),
            known: BTreeMap::new(),
            write: options.write_baseline.clone(),
        };
        if let Some(path) = &options.write_baseline {
            held.prepare(path, options.baseline.as_deref(), subject)?;
        }
        Ok(Some(held))
    }

    /// Refuses, before anything runs, to write over what would be lost.
    fn prepare(
        &mut self,
        path: &Path,
        read: Option<&Path>,
        subject: &Subject,
    ) -> Result<(), CheckError> {
        if read.is_none() && path.exists() {
            return Err(wrong(
                path,
                "it is there already: name it with --baseline, too, so that its reasons are kept",
            ));
        }
        let here = Situation::here("");
        if let Some(entry) = self.old.elsewhere(&here) {
            let text = format!(
                "'{}' holds for other machines or versions, too, which a file that is written here would lose",
                entry.case
            );
            return Err(wrong(path, text));
        }
        let all = catalogue::all();
        let own = all.iter().filter(|case| subject.in_group(case.group));
        self.all = own.map(ToString::to_string).collect();
        self.known = self.old.known(&self.all, &here);
        Ok(())
    }

    /// Makes known failures of what failed and writes them, if that is wanted.
    pub(super) fn write(&self, report: &mut Report, subject: &Subject) -> Result<(), CheckError> {
        let Some(path) = &self.write else {
            return Ok(());
        };
        let mut known = self.known.clone();
        for entry in &mut report.entries {
            let case = format!("{}::{}::{}", entry.abi.name(), entry.group, entry.case);
            entry.outcome = self.learn(&case, entry.outcome.clone(), &mut known);
        }
        let old: Vec<&str> = self.old_patterns().collect();
        report
            .stale
            .retain(|(_, pattern)| !old.contains(&pattern.as_str()));
        let mut new = Baseline::of(&known, &self.all);
        new.skip.clone_from(&self.old.skip);
        let about = about(subject, report);
        new.write(path, &about)
            .map_err(|error| wrong(path, error))?;
        eprintln!(
            "{}: {} known failures in {} entries",
            path.display(),
            known.len(),
            new.expected.len()
        );
        Ok(())
    }

    /// What is known of the case from now on, and what the report says of it.
    fn learn(&self, case: &str, outcome: Outcome, known: &mut BTreeMap<String, Known>) -> Outcome {
        match outcome {
            Outcome::Failed(decision) if decision.verdict == Verdict::Passed => {
                match known.remove(case) {
                    Some(_) => Outcome::Passed,
                    None => Outcome::Failed(decision),
                }
            }
            Outcome::Failed(decision) => {
                let reason = UNEXPLAINED.to_owned();
                known.insert(case.to_owned(), (Some(decision.verdict), reason.clone()));
                Outcome::Known { decision, reason }
            }
            Outcome::Passed | Outcome::Known { .. } | Outcome::Skipped(_) => outcome,
        }
    }

    fn old_patterns(&self) -> impl Iterator<Item = &str> {
        let entries = self.old.expected.iter().chain(&self.old.skip);
        entries.map(|entry| entry.case.as_str())
    }
}

/// What stands at the head of the file.
fn about(subject: &Subject, report: &Report) -> Vec<String> {
    let version = report
        .takers
        .iter()
        .find_map(|taker| taker.version.as_deref());
    vec![
        format!("Known failures of: {}", subject.asked_as()),
        format!(
            "as found with version {} on Linux {}, by everycall {}.",
            version.unwrap_or("unknown"),
            report.kernel,
            env!("CARGO_PKG_VERSION")
        ),
        "In `case`, * stands for anything, {a,b} for either, {3..5} for each of these numbers. Say why in".into(),
        "`reason`; it is kept when the file is written anew. Without `verdict`, any failure is the known one.".into(),
    ]
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it takes errors and texts alike"
)]
fn wrong(path: &Path, what: impl ToString) -> CheckError {
    CheckError::Baseline {
        path: path.display().to_string(),
        what: what.to_string(),
    }
}
