//! Which cases, with which tracers, as whom: what `everycall check` is told by its options, and `cargo test` by
//! a variable.

use clap::{Args, Parser, ValueEnum};
use everycall_arch::AbiId;

use crate::sandbox::Privilege;
use crate::subject::{self, Subject, SubjectError};
use crate::suite::{CaseName, catalogue};

/// The variable that has the same options for `cargo test`: a row of a matrix asks for a part of the cases.
pub const VARIABLE: &str = "EVERYCALL_CHECK";

/// What was chosen. Nothing means everything.
#[derive(Clone, Debug, Default, Args)]
pub struct Choice {
    /// A tracer by name (see --list-tracers), or a command with {out} and {cmd}, or `all`; without it, ours and
    /// strace; may be repeated
    #[arg(long, value_name = "NAME|COMMAND")]
    pub tracer: Vec<String>,

    /// Only calls of this ABI: x86_64, i386, x32, aarch64, arm; may be repeated
    #[arg(long)]
    pub abi: Vec<String>,

    /// Only this group of cases; may be repeated
    #[arg(long)]
    pub group: Vec<String>,

    /// Only cases whose abi::group::case has this in it
    #[arg(long, value_name = "SUBSTRING")]
    pub case: Option<String>,

    /// Who tracers and probes are: root of a namespace, or a user; without it, as the caller is
    #[arg(long, value_enum)]
    pub privilege: Option<Who>,
}

/// Who tracers and probes are.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Who {
    /// Root of a namespace.
    Root,
    /// A user without privileges.
    User,
}

/// Why nothing can be chosen so.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The tracer.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A name that is none.
    #[error("there is no {what} '{name}' (there are: {known})")]
    Unknown {
        /// Of what kind.
        what: &'static str,
        /// What was typed.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// No case is left.
    #[error("no case is selected: --list shows those that there are")]
    NoCase,
    /// The variable's text is not options.
    #[error("{VARIABLE}='{text}': {what}")]
    Variable {
        /// The text.
        text: String,
        /// What is wrong with it.
        what: String,
    },
}

/// The variable's text as a command line.
#[derive(Debug, Parser)]
#[command(name = VARIABLE, no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    choice: Choice,
}

impl Choice {
    /// What [`VARIABLE`] says; everything without it.
    ///
    /// # Errors
    /// When it is not made of the options.
    pub fn of_environment() -> Result<Choice, ChoiceError> {
        match std::env::var_os(VARIABLE) {
            Some(text) => Choice::parse(&text.to_string_lossy()),
            None => Ok(Choice::default()),
        }
    }

    /// Options as they are typed.
    ///
    /// # Errors
    /// When they are none.
    pub fn parse(text: &str) -> Result<Choice, ChoiceError> {
        let wrong = |what: String| ChoiceError::Variable {
            text: text.to_owned(),
            what,
        };
        let words = shlex::split(text).ok_or_else(|| wrong("a quote is not closed".into()))?;
        match Line::try_parse_from(words) {
            Ok(line) => Ok(line.choice),
            Err(error) => Err(wrong(
                error.to_string().lines().next().unwrap_or("").to_owned(),
            )),
        }
    }

    /// The tracers.
    ///
    /// # Errors
    /// When there is none of a name.
    pub fn subjects(&self) -> Result<Vec<Subject>, SubjectError> {
        if self.is_all_tracers() {
            return subject::all();
        }
        if self.tracer.is_empty() {
            let mut usual = subject::all()?;
            usual.retain(|subject| !subject.only_named);
            return Ok(usual);
        }
        let mut subjects: Vec<Subject> = Vec::new();
        for name in &self.tracer {
            for mut subject in subject::named(name)? {
                let same = |known: &Subject| known.asked_as() == subject.asked_as();
                if !subjects.iter().any(same) {
                    tell_apart(&mut subject, &subjects);
                    subjects.push(subject);
                }
            }
        }
        Ok(subjects)
    }

    /// Whether every tracer that is described was asked for, as far as it is here.
    #[must_use]
    pub fn is_all_tracers(&self) -> bool {
        self.tracer.iter().any(|name| name == "all")
    }

    /// The cases.
    ///
    /// # Errors
    /// When there is no such ABI or group here, or no case.
    pub fn cases(&self) -> Result<Vec<CaseName>, ChoiceError> {
        let groups = self.groups()?;
        let mut cases = Vec::new();
        for abi in self.abis()? {
            for group in &groups {
                cases.extend(catalogue::cases(abi, group));
            }
        }
        let wanted = self.case.as_deref().unwrap_or("");
        cases.retain(|case| case.to_string().contains(wanted));
        match cases.is_empty() {
            true => Err(ChoiceError::NoCase),
            false => Ok(cases),
        }
    }

    /// Whether the cases are all of their groups, on all ABIs.
    #[must_use]
    pub fn has_all_cases(&self) -> bool {
        self.abi.is_empty() && self.group.is_empty() && self.case.is_none()
    }

    /// Who tracers and probes are.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        match self.privilege {
            None => Privilege::of_caller(),
            Some(Who::Root) => Privilege::NamespaceRoot,
            Some(Who::User) => Privilege::User,
        }
    }

    fn abis(&self) -> Result<Vec<AbiId>, ChoiceError> {
        let all = catalogue::abis();
        if self.abi.is_empty() {
            return Ok(all);
        }
        let mut abis: Vec<AbiId> = Vec::new();
        for name in &self.abi {
            let abi = AbiId::from_name(name).filter(|abi| all.contains(abi));
            let known = || {
                let names: Vec<&str> = all.iter().map(|abi| abi.name()).collect();
                names.join(", ")
            };
            let abi = abi.ok_or_else(|| ChoiceError::Unknown {
                what: "ABI whose calls this machine can make",
                name: name.clone(),
                known: known(),
            })?;
            if !abis.contains(&abi) {
                abis.push(abi);
            }
        }
        Ok(abis)
    }

    fn groups(&self) -> Result<Vec<&'static str>, ChoiceError> {
        let all = &catalogue::GROUPS;
        if let Some(name) = self.group.iter().find(|name| !all.contains(&name.as_str())) {
            return Err(ChoiceError::Unknown {
                what: "group",
                name: name.clone(),
                known: all.join(", "),
            });
        }
        let wanted = |group: &&&str| match self.group.is_empty() {
            true => catalogue::is_usual(group),
            false => self.group.iter().any(|name| name == **group),
        };
        Ok(all.iter().filter(wanted).copied().collect())
    }
}

/// A name of its own for a user's command: several may begin with one program.
fn tell_apart(subject: &mut Subject, others: &[Subject]) {
    let name = subject.id.clone();
    let taken = |subject: &Subject| {
        let same = |other: &Subject| other.id == subject.id || other.tracer == subject.tracer;
        subject.typed.is_some() && others.iter().any(same)
    };
    let mut number = 2;
    while taken(subject) {
        subject.id = format!("{name}#{number}");
        subject.tracer.clone_from(&subject.id);
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_options_is_read() {
        let choice = Choice::parse("--tracer ectrace/seccomp --abi x86_64 --privilege user");
        let choice = choice.expect("it is right");
        assert_eq!(choice.tracer, ["ectrace/seccomp"]);
        assert_eq!(choice.privilege(), Privilege::User);
        assert!(!choice.has_all_cases());
        assert_eq!(choice.subjects().expect("it is there").len(), 1);
        assert!(
            Choice::parse("")
                .expect("nothing is everything")
                .has_all_cases()
        );
    }

    #[test]
    fn commands_of_one_program_are_told_apart() {
        let choice = Choice {
            tracer: [
                "strace",
                "a/strace {cmd} {out}",
                "strace {out} {cmd}",
                "strace {out} {cmd}",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Choice::default()
        };
        let subjects = choice.subjects().expect("they are right");
        let ids: Vec<&str> = subjects.iter().map(|subject| subject.id.as_str()).collect();
        assert_eq!(ids, ["strace", "strace#2", "strace#3"]);
        assert_eq!(subjects[1].asked_as(), "a/strace {cmd} {out}");
    }

    #[test]
    fn what_is_judged_only_by_name_is_judged_with_all() {
        let of = |text: &str| Choice::parse(text).and_then(|choice| Ok(choice.subjects()?));
        let count = |text: &str| of(text).expect("subjects").len();
        assert!(count("") < count("--tracer all"));
        assert_eq!(count("--tracer perf-trace"), 1);
        assert_eq!(count("--tracer all"), subject::all().expect("all").len());
    }

    #[test]
    fn what_cannot_be_chosen_says_why() {
        for (text, why) in [
            ("--abi", "--abi"),
            ("--nosuch", "--nosuch"),
            ("one", "'one'"),
            ("--case 'x", "quote"),
        ] {
            let error = Choice::parse(text).expect_err(text).to_string();
            assert!(error.contains(why) && error.contains(VARIABLE), "{error}");
        }
        for (text, why) in [
            ("--abi x87", "x87"),
            ("--group nosuch", "numbers"),
            ("--case nosuch", "no case"),
        ] {
            let choice = Choice::parse(text).expect(text);
            let error = choice.cases().expect_err(text).to_string();
            assert!(error.contains(why), "{error}");
        }
        let usual = Choice::default().cases().expect("there are some");
        assert!(usual.iter().all(|case| case.group != "stress"));
        let asked = Choice::parse("--group stress").expect("it is a group");
        assert!(!asked.cases().expect("there are some").is_empty());
        let choice = Choice::parse("--tracer nosuch").expect("a name");
        assert!(choice.subjects().is_err());
    }
}
