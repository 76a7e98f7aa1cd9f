//! From a subject's template to the command that is run.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use everycall_arch::class;

use super::Subject;
use crate::case::Ask;

/// How our own tracer is started: a program and its first arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours(pub Vec<OsString>);

impl Ours {
    /// The variable that names another program to be used as our own tracer.
    pub const VARIABLE: &str = "EVERYCALL_ECTRACE";

    /// What [`Ours::VARIABLE`] names; else `everycall trace`, of the running program itself, so that
    /// no second program needs to be found.
    ///
    /// # Errors
    /// When the system does not say which program is running.
    pub fn find() -> std::io::Result<Ours> {
        if let Some(program) = std::env::var_os(Ours::VARIABLE) {
            return Ok(Ours(vec![program]));
        }
        let this = std::env::current_exe()?;
        Ok(Ours(vec![this.into_os_string(), "trace".into()]))
    }
}

/// What is put into a template.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// For `{ours}`.
    pub ours: &'a Ours,
    /// For `{out}`.
    pub out: &'a Path,
    /// For `{set}`.
    pub ask: &'a Ask,
    /// For `{cmd}`.
    pub cmd: &'a [OsString],
}

impl Subject {
    /// The command that runs `words.cmd` under this subject.
    #[must_use]
    pub fn argv(&self, words: &Words<'_>) -> Vec<OsString> {
        let set = self.set(words.ask);
        let mut argv = Vec::new();
        for word in &self.command {
            match word.as_str() {
                "{ours}" => argv.extend(words.ours.0.iter().cloned()),
                "{cmd}" => argv.extend(words.cmd.iter().cloned()),
                _ => argv.push(fill(&word.replace("{set}", &set), words.out.as_os_str())),
            }
        }
        argv
    }

    /// What it is asked, in the syntax of strace's `-e trace=`.
    #[must_use]
    pub fn set(&self, ask: &Ask) -> String {
        let mark = if self.optional_names { "?" } else { "" };
        let list = |names: &[String]| {
            let names = names.iter().map(|name| format!("{mark}{}", only(name)));
            names.collect::<Vec<String>>().join(",")
        };
        match ask {
            Ask::All => "all".to_owned(),
            Ask::Class(class) => format!("%{class}"),
            Ask::Names(names) if names.is_empty() => "none".to_owned(),
            Ask::Except(names) if names.is_empty() => "all".to_owned(),
            Ask::Names(names) => list(names),
            Ask::Except(names) => format!("!{}", list(names)),
        }
    }
}

/// The question for one name. A name that is a class's, too (`ipc`, `signal`), means the class, as old
/// command lines have it: as a regular expression it means the call.
fn only(name: &str) -> String {
    match class::names().contains(&name) {
        true => format!("/^{name}$"),
        false => name.to_owned(),
    }
}

/// The word with the path in the place of `{out}`: a path need not be text.
fn fill(word: &str, out: &OsStr) -> OsString {
    let mut filled = OsString::new();
    for (at, part) in word.split("{out}").enumerate() {
        if at > 0 {
            filled.push(out);
        }
        filled.push(part);
    }
    filled
}
