//! From a description, or a user's command, to a subject.

use everycall_arch::AbiId;

use super::{Entry, Subject, SubjectError};
use crate::grammar::Grammar;

impl Subject {
    /// Reads a description.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(file: &str, text: &str) -> Result<Subject, SubjectError> {
        let wrong = |what: String| SubjectError::Description {
            file: file.to_owned(),
            what,
        };
        let subject: Subject = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        subject.check_reasons().map_err(wrong)?;
        subject.check_commands().map_err(wrong)?;
        Ok(subject)
    }

    /// What is excused needs a reason.
    fn check_reasons(&self) -> Result<(), String> {
        let none = |reason: &str| reason.trim().is_empty();
        for unseen in &self.unseen {
            if AbiId::from_name(&unseen.abi).is_none() || none(&unseen.reason) {
                let abi = &unseen.abi;
                return Err(format!(
                    "unseen calls of '{abi}' need a known ABI and a reason"
                ));
            }
        }
        let mut loses = self.loses.iter();
        if loses.any(|loss| loss.text.is_empty() || none(&loss.reason)) {
            return Err("a loss needs its text and a reason".into());
        }
        if self.mute.iter().any(|mute| none(&mute.reason)) {
            return Err("calls without results need a reason".into());
        }
        let as_other = self.other_user.iter().flat_map(|user| &user.expected);
        let mut entries = self.skip.iter().chain(&self.expected).chain(as_other);
        entries.try_for_each(Entry::check)
    }

    fn check_commands(&self) -> Result<(), String> {
        for command in self.decoded.iter().chain([&self.command]) {
            for must in ["{out}", "{cmd}"] {
                if !command.iter().any(|word| word.contains(must)) {
                    return Err(format!("the command has no {must}"));
                }
            }
        }
        let shows = [self.selects(), self.shows_all, self.shows_only().is_some()];
        if shows.into_iter().filter(|is| *is).count() != 1 {
            let text = "the command has {set}, or it shows all calls, or only some by name";
            return Err(text.into());
        }
        Ok(())
    }

    /// A subject from a user's command.
    pub(super) fn of_command(command: &str) -> Result<Subject, SubjectError> {
        let wrong = |what| SubjectError::Command {
            command: command.to_owned(),
            what,
        };
        let words = shlex::split(command).ok_or_else(|| wrong("a quote is not closed"))?;
        if !words.iter().any(|word| word == "{cmd}") {
            return Err(wrong("it has no word {cmd}: where does the program stand?"));
        }
        if !words.iter().any(|word| word.contains("{out}")) {
            return Err(wrong("it has no {out}: which file does it write?"));
        }
        let raw = words.iter().any(|word| word.ends_with("raw=all"));
        let program = words.first().map_or("", String::as_str);
        let name = program.rsplit('/').next().unwrap_or(program).to_owned();
        Ok(Subject {
            id: name.clone(),
            tracer: name,
            backend: "unknown".into(),
            required: true,
            only_named: true,
            observes_system: false,
            command: words,
            decoded: None,
            attach: Vec::new(),
            grammar: Grammar::Detect,
            raw,
            start: None,
            notes: Vec::new(),
            shows_all: false,
            shows: Vec::new(),
            other_user: None,
            optional_names: true,
            shows_unknown: true,
            shows_start: false,
            unseen: Vec::new(),
            mute: Vec::new(),
            loses: Vec::new(),
            groups: Vec::new(),
            version: None,
            skip: Vec::new(),
            expected: Vec::new(),
            typed: Some(command.to_owned()),
        })
    }
}
