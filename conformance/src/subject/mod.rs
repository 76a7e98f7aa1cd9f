//! Subjects: tracers under test, described by data. Adding one is adding one file.

mod baseline;
mod command;
mod compress;
mod expected;
mod found;
mod other_user;
pub(crate) mod pattern;
mod read;

use std::borrow::Cow;

use everycall_arch::AbiId;
use serde::Deserialize;

use crate::grammar::{Grammar, Reading};
use crate::host;
use crate::judge::Traits;

pub use baseline::{Baseline, BaselineError, Known, UNEXPLAINED};
pub use command::{Ours, Words};
pub use expected::{Entry, Expectations, Situation};
pub use found::Found;
pub use other_user::OtherUser;

/// The descriptions that are compiled in, so that the installed program works alone. Sorted as reports
/// list them.
const DESCRIPTIONS: &[(&str, &str)] = &[
    (
        "bpftrace.toml",
        include_str!("../../../fixtures/subjects/bpftrace.toml"),
    ),
    (
        "ectrace-ptrace.toml",
        include_str!("../../../fixtures/subjects/ectrace-ptrace.toml"),
    ),
    (
        "ectrace-seccomp.toml",
        include_str!("../../../fixtures/subjects/ectrace-seccomp.toml"),
    ),
    (
        "gdb.toml",
        include_str!("../../../fixtures/subjects/gdb.toml"),
    ),
    (
        "lurk.toml",
        include_str!("../../../fixtures/subjects/lurk.toml"),
    ),
    (
        "perf-trace.toml",
        include_str!("../../../fixtures/subjects/perf-trace.toml"),
    ),
    (
        "strace.toml",
        include_str!("../../../fixtures/subjects/strace.toml"),
    ),
    (
        "strace-seccomp.toml",
        include_str!("../../../fixtures/subjects/strace-seccomp.toml"),
    ),
    (
        "tracexec.toml",
        include_str!("../../../fixtures/subjects/tracexec.toml"),
    ),
];

/// A tracer under test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What `--tracer` and the names of trials say: `ectrace/seccomp`.
    pub id: String,
    /// Which tracer it is; several subjects may be one tracer.
    pub tracer: String,
    /// How it observes calls.
    pub backend: String,
    /// Whether its absence is an error.
    #[serde(default)]
    pub required: bool,
    /// Whether it takes part only when it is named, or all are: it is slow, or needs what few machines have.
    #[serde(default)]
    pub only_named: bool,
    /// Whether it observes the whole system, which only the system's own root may.
    #[serde(default)]
    pub observes_system: bool,
    /// How it is started. `{ours}`: our own tracer; `{out}`: the file to write; `{set}`: what to
    /// trace, as strace's `-e trace=` has it; `{cmd}`: the program and its arguments.
    pub command: Vec<String>,
    /// How it is started where the texts of arguments are judged, if otherwise.
    #[serde(default)]
    decoded: Option<Vec<String>>,
    /// The words by which it attaches to the process `{pid}` besides.
    #[serde(default)]
    attach: Vec<String>,
    /// What its output looks like.
    pub grammar: Grammar,
    /// Whether its text shows raw words.
    #[serde(default)]
    raw: bool,
    /// The ABI of calls before the first line that tells one.
    #[serde(default)]
    start: Option<Start>,
    /// What lines of its text begin with that tell of no call.
    #[serde(default)]
    notes: Vec<String>,
    /// Whether it shows every call, so that its command has no `{set}`.
    #[serde(default)]
    shows_all: bool,
    /// The calls that are all that it can show, by name; nothing for a tracer of all calls. Of other calls it is judged
    /// only by whether they go as untraced.
    #[serde(default)]
    shows: Vec<String>,
    /// How it runs a program as another user.
    #[serde(default)]
    pub other_user: Option<OtherUser>,
    /// Whether names that it may not know must be marked (`?name`).
    #[serde(default)]
    optional_names: bool,
    /// Whether it shows numbers that its tables do not have, bare, whatever it is asked for.
    #[serde(default)]
    shows_unknown: bool,
    /// Whether it shows the execve that starts the program whatever it is asked for.
    #[serde(default)]
    shows_start: bool,
    /// Calls that the kernel hides from its backend.
    #[serde(default)]
    unseen: Vec<Unseen>,
    /// Calls whose results it leaves out. It is a fault, but one that would hide all others: they are part of
    /// nearly every probe.
    #[serde(default)]
    mute: Vec<Mute>,
    /// What it says that it loses, and has nothing to do with calls.
    #[serde(default)]
    loses: Vec<Loss>,
    /// The groups of cases that apply to it.
    pub groups: Vec<String>,
    /// How its version is found. A user's command has none: it is taken as it is.
    #[serde(default)]
    version: Option<VersionCommand>,
    /// Cases that it cannot be asked.
    #[serde(default)]
    pub skip: Vec<Entry>,
    /// Cases that are known to fail.
    #[serde(default)]
    pub expected: Vec<Entry>,
    /// The user's command, as it was typed; nothing for a tracer that is described.
    #[serde(skip)]
    pub typed: Option<String>,
}

/// Where a tracer's text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Start {
    /// With calls of the machine's own ABI.
    Native,
}

/// Calls that nobody can observe by a backend.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unseen {
    /// Their ABI's name.
    abi: String,
    numbers: Vec<u32>,
    /// Why not.
    reason: String,
}

/// Calls of which a tracer shows no result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mute {
    calls: Vec<String>,
    /// Why not.
    reason: String,
}

/// A loss that a tracer tells of, and that no case is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Loss {
    /// A part of what it says.
    text: String,
    /// Why it cannot be otherwise.
    reason: String,
}

/// A command whose first line of output tells a version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionCommand {
    command: Vec<String>,
    /// The version is the word after this text; without it, the last word of the line.
    #[serde(default)]
    after: Option<String>,
}

/// Why a subject cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// A description is wrong: a fault of the suite.
    #[error("{file}: {what}")]
    Description {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// A user's command cannot be used.
    #[error("--tracer '{command}': {what}")]
    Command {
        /// What was typed.
        command: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No subject has this name.
    #[error(
        "there is no tracer '{name}' (there are: {known}; or give a command with {{out}} and {{cmd}})"
    )]
    Unknown {
        /// What was typed.
        name: String,
        /// The names that there are.
        known: String,
    },
}

/// Every subject that is described.
///
/// # Errors
/// When a description is wrong, which the tests rule out for those compiled in.
pub fn all() -> Result<Vec<Subject>, SubjectError> {
    DESCRIPTIONS
        .iter()
        .map(|(file, text)| Subject::parse(file, text))
        .collect()
}

/// The subjects that `--tracer` names: by id, by tracer, or by a command.
///
/// # Errors
/// When there is none, or the command cannot be used.
pub fn named(name: &str) -> Result<Vec<Subject>, SubjectError> {
    if name.contains("{cmd}") || name.contains("{out}") {
        return Subject::of_command(name).map(|subject| vec![subject]);
    }
    let all = all()?;
    let known: Vec<&str> = all.iter().map(|subject| subject.id.as_str()).collect();
    let known = known.join(", ");
    let found: Vec<Subject> = all
        .into_iter()
        .filter(|subject| subject.id == name || subject.tracer == name)
        .collect();
    if found.is_empty() {
        let name = name.to_owned();
        return Err(SubjectError::Unknown { name, known });
    }
    Ok(found)
}

impl Subject {
    /// What `--tracer` must say to have it.
    #[must_use]
    pub fn asked_as(&self) -> &str {
        self.typed.as_deref().unwrap_or(&self.id)
    }

    /// As it is started where the texts of arguments are judged (`decoded`), or only its words.
    #[must_use]
    pub fn showing(&self, decoded: bool) -> Cow<'_, Subject> {
        match self.decoded.as_ref().filter(|_| decoded) {
            None => Cow::Borrowed(self),
            Some(command) => Cow::Owned(Subject {
                command: command.clone(),
                raw: false,
                ..self.clone()
            }),
        }
    }

    /// As it is started to attach to another process besides, if it can.
    #[must_use]
    pub fn attaching(&self) -> Subject {
        self.with_words(self.attach.iter().cloned())
    }

    /// With more words behind the program, before all else that it is told.
    fn with_words(&self, words: impl IntoIterator<Item = String>) -> Subject {
        let mut subject = self.clone();
        let at = subject.command.len().min(1);
        subject.command.splice(at..at, words);
        subject
    }

    /// Whether it takes part in this group; a user's command takes part in all.
    #[must_use]
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|own| own == group)
    }

    /// What must be known to read its output.
    #[must_use]
    pub fn reading(&self) -> Reading {
        Reading {
            grammar: self.grammar,
            raw: self.raw,
            start: self.start.map(|Start::Native| host::native()),
            notes: self.notes.clone(),
            machine: host::native(),
        }
    }

    /// Whether what it says that it lost has nothing to do with calls.
    #[must_use]
    pub fn may_lose(&self, told: &str) -> bool {
        self.loses.iter().any(|loss| told.contains(&loss.text))
    }

    /// What is known of it, and is no fault.
    #[must_use]
    pub fn traits(&self) -> Traits {
        let calls = |unseen: &Unseen| -> Vec<(AbiId, u32)> {
            let abi = AbiId::from_name(&unseen.abi);
            let of = |abi| unseen.numbers.iter().map(move |nr| (abi, *nr)).collect();
            abi.map(of).unwrap_or_default()
        };
        Traits {
            shows_unknown: self.shows_unknown,
            shows_start: self.shows_start,
            filters: self.backend == "seccomp",
            unseen: self.unseen.iter().flat_map(calls).collect(),
            mute: self
                .mute
                .iter()
                .flat_map(|mute| mute.calls.clone())
                .collect(),
        }
    }

    /// Whether it can be asked for only some calls.
    #[must_use]
    pub fn selects(&self) -> bool {
        self.command.iter().any(|word| word.contains("{set}"))
    }

    /// The calls that are all that it can show; nothing for a tracer of all calls.
    #[must_use]
    pub fn shows_only(&self) -> Option<&[String]> {
        Some(self.shows.as_slice()).filter(|names| !names.is_empty())
    }
}

#[cfg(test)]
mod tests;
