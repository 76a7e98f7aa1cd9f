//! What was typed: strace's options, and a few of our own, made into a [`Config`].
//!
//! An option that strace has and that is not here yet is refused by name, never ignored.

mod getopt;
mod options;
mod resolve;
mod sets;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use getopt::{Typed, Words};
use options::Opt;

use crate::config::{
    Backend, Config, Format, HexStrings, Names, Output, Quiet, Status, StatusSet, Style,
};
use crate::select::Selection;

/// What is to be done.
#[derive(Debug)]
pub enum Invocation {
    /// Trace.
    Run(Box<Config>),
    /// Print [`crate::help::text`] on standard output.
    Help,
    /// Print the version on standard output.
    Version,
}

/// What was typed cannot be done: one line, and strace's exit status, which is 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

impl UsageError {
    fn new(text: impl Into<String>) -> UsageError {
        UsageError(text.into())
    }
}

/// The longest string that strace can be asked to show.
const LONGEST: u32 = u32::MAX >> 2;

/// The last column that can be asked for: lines are never padded beyond it.
const LAST_COLUMN: u32 = 1 << 16;

/// What the options say so far.
struct Reading {
    attach: Vec<i32>,
    follow: usize,
    backend: Option<Backend>,
    seccomp_bpf: bool,
    kill_on_exit: bool,
    calls: Selection,
    filtered: bool,
    signals: u128,
    env: Vec<OsString>,
    user: Option<String>,
    quiet: Asked,
    hex: usize,
    /// Bit 0: `-z` was given. Bit 1: `-Z`.
    status_flags: u8,
    output: Output,
}

/// How quiet was asked for: by `-q`s, or by name.
#[derive(Clone, Copy)]
enum Asked {
    Times(usize),
    Named(Quiet),
}

/// Reads the words behind the program's name.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Invocation, UsageError> {
    let mut words = Words::new(options::OPTIONS, args);
    let mut reading = Reading::new();
    while let Some(typed) = words.next()? {
        match typed.option {
            Opt::Help => return Ok(Invocation::Help),
            Opt::Version => return Ok(Invocation::Version),
            _ => reading.option(typed)?,
        }
    }
    reading
        .resolve(words.rest())
        .map(|config| Invocation::Run(Box::new(config)))
}

fn text(value: Option<&OsStr>) -> String {
    value
        .map(|value| value.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn bad_value(spelled: &str, value: &str) -> UsageError {
    let value = crate::escape::plain_text(value.as_bytes());
    UsageError::new(format!("invalid {spelled} argument: '{value}'"))
}

fn number(spelled: &str, value: &str, most: u32) -> Result<usize, UsageError> {
    let number = value
        .trim_start()
        .parse::<u32>()
        .ok()
        .filter(|&number| number <= most);
    number
        .map(|number| number as usize)
        .ok_or_else(|| bad_value(spelled, value))
}

/// One of some words, as the value of an option.
fn word<T: Copy>(spelled: &str, value: &str, known: &[(&str, T)]) -> Result<T, UsageError> {
    let found = known.iter().find(|(word, _)| *word == value);
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| bad_value(spelled, value))
}

impl Reading {
    fn new() -> Reading {
        Reading {
            attach: Vec::new(),
            follow: 0,
            backend: None,
            seccomp_bpf: false,
            kill_on_exit: false,
            calls: Selection::All,
            filtered: false,
            signals: u128::MAX,
            env: Vec::new(),
            user: None,
            quiet: Asked::Times(0),
            hex: 0,
            status_flags: 0,
            output: Output::default(),
        }
    }

    fn option(&mut self, typed: Typed<Opt>) -> Result<(), UsageError> {
        let spelled = typed.spelled.as_str();
        let value = text(typed.value.as_deref());
        match typed.option {
            Opt::Attach => self.attach.extend(resolve::pids(&value)?),
            Opt::Follow => self.follow += 1,
            Opt::KillOnExit => self.kill_on_exit = true,
            Opt::SeccompBpf => self.seccomp_bpf = true,
            Opt::Env => self.env.extend(typed.value),
            Opt::User => self.user = Some(value),
            Opt::Backend => {
                let known = [
                    ("auto", Backend::Auto),
                    ("ptrace", Backend::Ptrace),
                    ("seccomp", Backend::Seccomp),
                ];
                self.backend = Some(word(spelled, &value, &known)?);
            }
            Opt::Expr => return self.expression(&value),
            Opt::Trace | Opt::Raw | Opt::Signal | Opt::Status => {
                self.qualify(typed.option, &value)?;
            }
            Opt::Quiet if typed.value.is_some() => self.qualify(typed.option, &value)?,
            Opt::Quiet => self.quieter()?,
            Opt::NotYet(what) => {
                let more = if what.len() > 1 && !spelled.starts_with("--") {
                    what
                } else {
                    ""
                };
                return Err(UsageError::new(format!(
                    "option {spelled}{more} is not supported yet"
                )));
            }
            _ => self.output_option(&typed, &value)?,
        }
        Ok(())
    }

    fn output_option(&mut self, typed: &Typed<Opt>, value: &str) -> Result<(), UsageError> {
        let (spelled, output) = (typed.spelled.as_str(), &mut self.output);
        match typed.option {
            Opt::Columns => output.line.column = number(spelled, value, LAST_COLUMN)?,
            Opt::Limit => output.style.limit = number(spelled, value, LONGEST)?,
            Opt::Number => output.line.numbers = true,
            Opt::Whole => output.style.whole = true,
            Opt::Summary => output.summary = true,
            Opt::Strings if typed.value.is_some() => {
                let known = [
                    ("none", HexStrings::Never),
                    ("non-ascii-chars", HexStrings::Escapes),
                    ("non-ascii", HexStrings::NonAscii),
                    ("all", HexStrings::All),
                ];
                output.style.hex = word(spelled, value, &known)?;
            }
            Opt::Strings => {
                self.hex += if spelled == "-x" { 1 } else { 2 };
                output.style.hex = if self.hex > 1 {
                    HexStrings::All
                } else {
                    HexStrings::NonAscii
                };
            }
            Opt::Names => {
                let known = [
                    ("abbrev", Names::Abbrev),
                    ("raw", Names::Raw),
                    ("verbose", Names::Verbose),
                ];
                output.style.names = word(spelled, value, &known)?;
            }
            Opt::Format => {
                let known = [("text", Format::Text), ("json", Format::Json)];
                output.format = word(spelled, value, &known)?;
            }
            Opt::Successful | Opt::FailedOnly => {
                let (bit, status) = match typed.option {
                    Opt::Successful => (1, Status::Successful),
                    _ => (2, Status::Failed),
                };
                self.status_flags |= bit;
                output.line.status = StatusSet::NONE.with(status);
            }
            _ => output.path = typed.value.clone().map(PathBuf::from),
        }
        Ok(())
    }

    /// `-e EXPR`.
    fn expression(&mut self, expression: &str) -> Result<(), UsageError> {
        let known = expression.split_once('=');
        let known = known.and_then(|(word, set)| Some((word, options::qualifier(word)?, set)));
        match known {
            None => self.qualify(Opt::Trace, expression),
            Some((word, Opt::NotYet(_), _)) => Err(UsageError::new(format!(
                "option -e {word}= is not supported yet"
            ))),
            Some((_, option, set)) => self.qualify(option, set),
        }
    }

    fn qualify(&mut self, option: Opt, set: &str) -> Result<(), UsageError> {
        match option {
            Opt::Raw => self.output.style.raw = Some(sets::calls(set)?),
            Opt::Signal => self.signals = sets::signals(set)?,
            Opt::Status => self.output.line.status = sets::statuses(set)?,
            Opt::Quiet => {
                let quiet = sets::quiet(set)?;
                if matches!(self.quiet, Asked::Times(1..)) {
                    return Err(quiet_twice());
                }
                self.quiet = Asked::Named(quiet);
            }
            _ => {
                self.calls = sets::calls(set)?;
                self.filtered = true;
            }
        }
        Ok(())
    }

    fn quieter(&mut self) -> Result<(), UsageError> {
        match &mut self.quiet {
            Asked::Times(times) => *times += 1,
            Asked::Named(_) => return Err(quiet_twice()),
        }
        Ok(())
    }
}

fn quiet_twice() -> UsageError {
    UsageError::new("-q and -e quiet/--quiet cannot be provided simultaneously")
}

/// The style, without what was asked for as raw when that is nothing.
fn tidy(mut style: Style) -> Style {
    style.raw = style
        .raw
        .filter(|raw| !matches!(raw, Selection::Known(set) if set.is_empty()));
    style
}
