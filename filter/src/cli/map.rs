//! `everycall filter map`: what a filter does of every call there can be.

use clap::Args;
use serde_json::json;

use super::input::Input;
use super::output::{self, Format, Looks, Output};
use super::{CliError, OK};
use crate::map::{json, render};

/// Tell what a filter does of every call there can be
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter map sandbox.bpf
  everycall filter map --numbers --names 5 profile.asm
  sudo everycall filter map --pid 1234 --format json

Architectures that are not named are `all other architectures`; numbers that no call has stand as numbers. Conditions are
on 64-bit words of the call; `(u32) arg0` is its low half. Exit status: 0; 1 if the kernel would not take the filter; 2 for usage.")]
pub(super) struct Map {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    looks: Looks,
}

impl Map {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let chain = self.input.load()?;
        output::notes(&chain);
        let map = chain.map()?;
        let sections = map.sections().map_err(|error| chain.fault(error))?;
        match self.output.format {
            Format::Text => output::text(&render::map(&sections, self.looks.style()))?,
            Format::Json => {
                let filters = chain.filters.iter().map(|named| {
                    json!({
                        "name": named.name,
                        "instructions": named.filter.program.len(),
                        "notes": named.filter.notes,
                    })
                });
                let filters: Vec<_> = filters.collect();
                output::json(&json!({ "filters": filters, "map": json::map(&sections) }))?;
            }
        }
        Ok(OK)
    }
}
