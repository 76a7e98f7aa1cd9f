//! `everycall filter diff`: where two filters differ.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::input::Reading;
use super::output::{self, Format, Looks, Output};
use super::{CliError, FAILED, OK};
use crate::map::names::{call_name, outcome_name, words_told};
use crate::map::{json, render};

/// Tell where two filters differ
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter diff old.bpf new.bpf
  everycall filter diff docker-24.json docker-25.json --format json
  sudo everycall filter diff pid:1234 wanted.toml

Each is a file or a directory (a chain), or pid:PID. What is told is `what A does -> what B does`; calls of which both do the same are left
out. Exit status: 0 when there is no difference, 1 when there is one, 2 for usage.")]
pub(super) struct Diff {
    /// The one filter
    #[arg(value_name = "A")]
    old: PathBuf,
    /// The other
    #[arg(value_name = "B")]
    new: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    looks: Looks,
}

impl Diff {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let old = self.reading.chain(std::slice::from_ref(&self.old))?;
        let new = self.reading.chain(std::slice::from_ref(&self.new))?;
        output::notes(&old);
        output::notes(&new);
        let difference = old.map()?.difference(&new.map()?);
        let difference = difference.map_err(|error| new.fault(error))?;
        let sections = difference.sections().map_err(|error| new.fault(error))?;
        match self.output.format {
            Format::Text => {
                let mut text = render::difference(&sections, self.looks.style());
                if difference.is_none() {
                    text += "no difference\n";
                }
                if let Some((data, change)) = difference.example() {
                    let _ = writeln!(
                        text,
                        "\nfor example {}{}: {} -> {}",
                        call_name(&data),
                        words_told(&data),
                        outcome_name(change.from),
                        outcome_name(change.to)
                    );
                }
                output::text(&text)?;
            }
            Format::Json => {
                let example = difference.example().map_or(Value::Null, |(data, change)| {
                    let (from, to) = (json::outcome(change.from), json::outcome(change.to));
                    json!({ "call": json::call(&data), "from": from, "to": to })
                });
                output::json(&json!({
                    "equal": difference.is_none(),
                    "example": example,
                    "difference": json::difference(&sections),
                }))?;
            }
        }
        Ok(if difference.is_none() { OK } else { FAILED })
    }
}
