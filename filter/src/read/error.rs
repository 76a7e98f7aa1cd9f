//! Why something is no filter: where, and what would be right.

use std::fmt;

/// Where in the input something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// As a whole.
    Whole,
    /// A line and a column of a text, counted from 1.
    Line(usize, usize),
    /// A byte, counted from 0.
    Byte(usize),
    /// A part of a JSON document or of a policy, as a path of keys.
    Key(String),
}

/// Input that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}{place}: {what}")]
pub struct ReadError {
    /// What the input is called: a path, as a rule.
    pub name: String,
    /// Where it is wrong.
    pub place: Place,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// What is wrong with a text whose name is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(place: Place, what: impl Into<String>) -> Fault {
        Fault {
            place,
            what: what.into(),
        }
    }

    pub(super) fn whole(what: impl Into<String>) -> Fault {
        Fault::new(Place::Whole, what)
    }

    pub(super) fn key(path: impl Into<String>, what: impl Into<String>) -> Fault {
        Fault::new(Place::Key(path.into()), what)
    }

    pub(super) fn of(self, name: &str) -> ReadError {
        ReadError {
            name: name.to_owned(),
            place: self.place,
            what: self.what,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Whole => Ok(()),
            Place::Line(line, column) => write!(f, ":{line}:{column}"),
            Place::Byte(at) => write!(f, ": byte {at}"),
            Place::Key(path) => write!(f, ": {path}"),
        }
    }
}

/// Something that a person typed or a file has, made fit to be shown in one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push_str("..");
    }
    shown
}
