//! How answers are written: text, in colour on a terminal, or JSON.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::CliError;
use super::input::Chain;
use crate::map::render::Style;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON value
    Json,
}

/// How an answer is to look.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// The form of the answer
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

/// How tables are to look.
#[derive(Debug, Args)]
pub(super) struct Looks {
    /// Show each call's number beside its name
    #[arg(long)]
    numbers: bool,
    /// Show at most this many names of each region
    #[arg(long, value_name = "COUNT")]
    names: Option<usize>,
    /// How many columns a line has
    #[arg(
        long,
        value_name = "COLUMNS",
        env = "COLUMNS",
        default_value = "100",
        hide_env = true
    )]
    width: usize,
}

impl Looks {
    pub(super) fn style(&self) -> Style {
        Style {
            width: self.width.max(40),
            numbers: self.numbers,
            names: self.names,
            ..style()
        }
    }
}

/// How text looks where nothing was said: colours are taken away again where they are not wanted.
pub(super) fn style() -> Style {
    Style {
        colour: true,
        ..Style::default()
    }
}

/// Writes text, without its colours where there is no terminal for them or none are wanted.
pub(super) fn text(text: &str) -> Result<(), CliError> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::Write)
}

/// Writes one JSON value.
pub(super) fn json(value: &Value) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value:#}")
        .and_then(|()| out.flush())
        .map_err(CliError::Write)
}

/// Says what the readers of a chain had to say, where it does not disturb the answer.
pub(super) fn notes(chain: &Chain) {
    for filter in &chain.filters {
        for note in &filter.filter.notes {
            // Whoever does not read it misses no answer.
            let _ = writeln!(io::stderr(), "everycall filter: {}: {note}", filter.name);
        }
    }
}
