//! `everycall filter run`: whether the running kernel does what the map says.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};

use super::input::Input;
use super::output::{self, Format, Output};
use super::{CliError, FAILED, OK};
use crate::map::json;
use crate::map::names::{call_name, outcome_name, words_told};
use crate::run::{Observed, Plan, Report, compare};

/// How many differences are told one by one.
const MOST: usize = 20;

/// Load a filter into the kernel, in a child, and compare its verdicts with the map
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter run sandbox.bpf
  everycall filter run --calls 100000 old.bpf new.bpf --format json

No call is executed. What is asked are the limits of every range of numbers, every call that has a name, and words on both
sides of every condition, for the ABIs that this program can call. Exit status: 0 when kernel and map agree, 1 when not, or when the
kernel refuses the filter; 2 for usage.")]
pub(super) struct Run {
    #[command(flatten)]
    input: Input,
    /// How many calls are asked about at most
    #[arg(long, value_name = "COUNT", default_value = "20000")]
    calls: usize,
    #[command(flatten)]
    output: Output,
}

impl Run {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let chain = self.input.load()?;
        output::notes(&chain);
        let map = chain.map()?;
        let filters = chain.filters.iter();
        let programs: Vec<_> = filters.map(|named| named.filter.program.clone()).collect();
        let plan = Plan::of(&programs, &map, self.calls);
        let report = compare(&programs, &map, &plan).map_err(|error| CliError::Run {
            name: chain.name.clone(),
            error,
        })?;
        match self.output.format {
            Format::Text => output::text(&text(&report))?,
            Format::Json => output::json(&told(&report))?,
        }
        Ok(if report.agrees() { OK } else { FAILED })
    }
}

/// What the kernel did, in the words of the map.
fn observed(observed: Observed) -> String {
    match observed {
        Observed::Trace(data) => format!("TRACE({data:#x})"),
        Observed::Errno(errno) => format!("ERRNO({errno})"),
        Observed::Trap(data) => format!("TRAP({data})"),
        other => other.name().to_owned(),
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for (abi, count) in &report.compared {
        let _ = writeln!(text, "{:8} {count} calls", abi.name());
    }
    for (abi, why) in &report.skipped {
        let _ = writeln!(text, "{:8} not asked: {why}", abi.name());
    }
    for (what, count) in &report.observed {
        let _ = writeln!(text, "{count:>8} times {what}");
    }
    for mismatch in report.mismatches.iter().take(MOST) {
        let _ = writeln!(
            text,
            "different: {}{}: the kernel's answer is {}, the map's {}",
            call_name(&mismatch.data),
            words_told(&mismatch.data),
            observed(mismatch.observed),
            outcome_name(mismatch.expected)
        );
    }
    let _ = match report.mismatches.len() {
        0 => writeln!(text, "kernel and map agree"),
        count => writeln!(text, "kernel and map disagree about {count} calls"),
    };
    text
}

fn told(report: &Report) -> Value {
    let compared = report
        .compared
        .iter()
        .map(|(abi, count)| json!({ "abi": abi.name(), "calls": count }));
    let skipped = report
        .skipped
        .iter()
        .map(|(abi, why)| json!({ "abi": abi.name(), "why": why }));
    let mismatches = report.mismatches.iter().map(|mismatch| {
        json!({
            "call": json::call(&mismatch.data),
            "map": json::outcome(mismatch.expected),
            "kernel": observed(mismatch.observed),
        })
    });
    json!({
        "agrees": report.agrees(),
        "compared": compared.collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "observed": report.observed,
        "mismatches": mismatches.collect::<Vec<_>>(),
    })
}
