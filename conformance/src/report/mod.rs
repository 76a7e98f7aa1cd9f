//! What came of it all: results, their summary, and the forms in which they are told.

mod hidden;
mod html;
mod human;
mod json;
mod junit;
mod kinds;
mod markdown;

use std::io::{self, Write};

use everycall_arch::AbiId;

use crate::case::Verdict;
use crate::judge::Decision;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// One JSON object.
    Json,
    /// JUnit's XML, for CI systems.
    Junit,
    /// One page for a browser, which needs nothing else.
    Html,
    /// A scoreboard in Markdown, with the most telling failures.
    Markdown,
}

/// What came of one case with one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All as it must be.
    Passed,
    /// It failed, and nobody expected it.
    Failed(Decision),
    /// It failed as it is known to.
    Known {
        /// How.
        decision: Decision,
        /// Why that is expected.
        reason: String,
    },
    /// It was not run.
    Skipped(String),
}

/// One case with one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The subject's id.
    pub subject: String,
    /// What `--tracer` must say to have it.
    pub asked_as: String,
    /// Its tracer.
    pub tracer: String,
    /// Its backend.
    pub backend: String,
    /// The ABI of the case.
    pub abi: AbiId,
    /// The group of the case.
    pub group: &'static str,
    /// The name of the case.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// A case whose probe does not do on the bare kernel what it claims.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// `abi::group::case`.
    pub case: String,
    /// What is wrong.
    pub what: String,
}

/// A subject that took part, or did not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Taker {
    /// Its id.
    pub tracer: String,
    /// Its version; none when it is absent.
    pub version: Option<String>,
    /// Why it is absent.
    pub absent: Option<String>,
    /// The command, of one that a user gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Everything that a report tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The running kernel's release.
    pub kernel: String,
    /// The kernel's machine, as `uname -m` has it.
    pub machine: String,
    /// When it was found, in UTC.
    pub date: String,
    /// Who took part.
    pub takers: Vec<Taker>,
    /// Results, in the order of subjects, ABIs, groups and cases.
    pub entries: Vec<Entry>,
    /// Entries of a subject's file that no case needed: subject and pattern.
    pub stale: Vec<(String, String)>,
    /// Faults of the suite itself.
    pub faults: Vec<Fault>,
}

/// One line of the matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// The tracer.
    pub tracer: String,
    /// Its backend.
    pub backend: String,
    /// The ABI.
    pub abi: String,
    /// The group.
    pub group: String,
    /// How many cases there are.
    pub cases: usize,
    /// How many passed.
    pub passed: usize,
    /// How many failed unexpectedly.
    pub failed: usize,
    /// How many failed as they are known to.
    pub expected_failures: usize,
    /// How many were not run.
    pub skipped: usize,
}

impl Report {
    /// The matrix, in the order of the entries.
    #[must_use]
    pub fn summary(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for entry in &self.entries {
            match rows.iter_mut().rev().find(|row| row.is_of(entry)) {
                Some(row) => row.count(&entry.outcome),
                None => {
                    let mut row = Row {
                        tracer: entry.tracer.clone(),
                        backend: entry.backend.clone(),
                        abi: entry.abi.name().to_owned(),
                        group: entry.group.to_owned(),
                        ..Row::default()
                    };
                    row.count(&entry.outcome);
                    rows.push(row);
                }
            }
        }
        rows
    }

    /// The cases that failed unexpectedly.
    pub fn failures(&self) -> impl Iterator<Item = (&Entry, &Decision)> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.outcome {
                Outcome::Failed(decision) => Some((entry, decision)),
                Outcome::Passed | Outcome::Known { .. } | Outcome::Skipped(_) => None,
            })
    }

    /// Whether anything went otherwise than expected.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failures().next().is_some() || !self.stale.is_empty() || !self.faults.is_empty()
    }

    /// The subjects that have results, in the order of the entries: id, tracer, backend.
    fn subjects(&self) -> Vec<(&str, &str, &str)> {
        let mut subjects: Vec<(&str, &str, &str)> = Vec::new();
        for entry in &self.entries {
            let own = (
                entry.subject.as_str(),
                entry.tracer.as_str(),
                entry.backend.as_str(),
            );
            if !subjects.contains(&own) {
                subjects.push(own);
            }
        }
        subjects
    }

    /// What came of a taker's cases, of all ABIs and groups.
    fn total(&self, taker: &Taker) -> Row {
        let mut total = Row::default();
        for entry in &self.entries {
            if entry.subject == taker.tracer {
                total.count(&entry.outcome);
            }
        }
        total
    }

    /// Writes it.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Human => human::write(self, out),
            Format::Json => json::write(self, out),
            Format::Junit => junit::write(self, out),
            Format::Html => html::write(self, out),
            Format::Markdown => markdown::write(self, out),
        }
    }

    /// Writes for a person what went otherwise than expected.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write_unexpected(&self, out: &mut dyn Write) -> io::Result<()> {
        human::unexpected(self, out)
    }
}

impl Row {
    /// Whether the entry is counted here.
    fn is_of(&self, entry: &Entry) -> bool {
        self.tracer == entry.tracer
            && self.backend == entry.backend
            && self.abi == entry.abi.name()
            && self.group == entry.group
    }

    fn count(&mut self, outcome: &Outcome) {
        self.cases += 1;
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Known { .. } => self.expected_failures += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }
}

impl Entry {
    /// The command that runs this case alone, and tells it as a failure.
    #[must_use]
    pub fn reproduce(&self) -> String {
        let word = |text: &str| shlex::try_quote(text).map_or_else(|_| text.to_owned(), Into::into);
        let known = match self.outcome {
            Outcome::Known { .. } => " --ignore-expected",
            Outcome::Passed | Outcome::Failed(_) | Outcome::Skipped(_) => "",
        };
        let case = format!("{}::{}::{}", self.abi.name(), self.group, self.case);
        format!(
            "everycall check --tracer {}{known} --case {}",
            word(&self.asked_as),
            word(&case)
        )
    }
}

/// The verdict as reports name it.
pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Missed => "missed",
        Verdict::Invented => "invented",
        Verdict::MisDecoded => "mis-decoded",
        Verdict::Altered => "altered",
        Verdict::Hung => "hung",
        Verdict::Crashed => "crashed",
        Verdict::Lost => "lost",
    }
}

#[cfg(test)]
mod tests;
