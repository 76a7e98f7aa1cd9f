//! `everycall filter explain`: the way of one call through a filter.

use std::fmt::Write;

use clap::Args;
use everycall_arch::{AbiId, table};
use serde_json::json;

use super::input::{Input, Named};
use super::output::{self, Format, Output};
use super::{CliError, OK};
use crate::SeccompData;
use crate::map::names::{call_name, outcome_name, words_told};
use crate::map::{Explanation, Outcome, execute, explain_in, json};
use crate::read::host;

/// Follow one call through a filter, instruction by instruction
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter explain sandbox.bpf --call openat --arg 2=0x241
  everycall filter explain sandbox.bpf --abi i386 --call 102 --arg 0=1
  everycall filter explain sandbox.bpf --arch 0xc00000f3 --call 56
  sudo everycall filter explain --pid 1234 --call clone3

Words that are not given are 0. A negative word is one of 64 bits: --arg 0=-100 is AT_FDCWD as a long.
Exit status: 0; 1 if the kernel would not take the filter; 2 for usage.")]
pub(super) struct Explain {
    #[command(flatten)]
    input: Input,
    /// The call: a name or a number
    #[arg(long, value_name = "NAME|NUMBER", allow_hyphen_values = true)]
    call: String,
    /// A word of the call: its index and its value; may be repeated
    #[arg(long, value_name = "INDEX=VALUE", value_parser = word)]
    arg: Vec<(usize, u64)>,
    /// The instruction pointer
    #[arg(long, value_name = "ADDRESS", value_parser = value, default_value = "0")]
    ip: u64,
    /// The architecture word, where it is none of an ABI that we know
    #[arg(long, value_name = "WORD|NAME", value_parser = arch, conflicts_with = "abi")]
    arch: Option<u32>,
    #[command(flatten)]
    output: Output,
}

/// A number with a sign perhaps, in any of the usual bases.
fn value(text: &str) -> Result<u64, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let parsed = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let value = parsed.map_err(|_| format!("'{text}' is no number of 64 bits"))?;
    if negative && value > 1 << 63 {
        return Err(format!("'{text}' is no number of 64 bits"));
    }
    Ok(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

fn word(text: &str) -> Result<(usize, u64), String> {
    let (index, word) = text
        .split_once('=')
        .ok_or("an index, `=` and a value are right: 2=0x241")?;
    let index: usize = index.parse().map_err(|_| "the index is 0 to 5")?;
    if index > 5 {
        return Err("the index is 0 to 5".to_owned());
    }
    Ok((index, value(word)?))
}

fn arch(text: &str) -> Result<u32, String> {
    let number = || u32::try_from(value(text).ok()?).ok();
    crate::map::names::arch_named(text)
        .or_else(number)
        .ok_or_else(|| format!("'{text}' is no architecture: 0xc000003e or x86_64 is one"))
}

impl Explain {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let data = self.data()?;
        let chain = self.input.load()?;
        output::notes(&chain);
        let mut told = Vec::new();
        for named in &chain.filters {
            named.check()?;
            let way = explain_in(&named.filter.program, &data, named.filter.order);
            told.push((named, way.map_err(|error| named.invalid(error))?));
        }
        // Checked programs do not go wrong.
        let decided = execute(&chain.programs(), &data)
            .map_err(|error| CliError::Usage(format!("{}: {error}", chain.name)))?;
        let decided = Outcome::Action(decided);
        match self.output.format {
            Format::Text => {
                let mut text = format!("{}{}\n", call_name(&data), words_told(&data));
                text += &ways(&told);
                if told.len() > 1 {
                    let _ = writeln!(text, "all filters together: {}", outcome_name(decided));
                }
                output::text(&text)?;
            }
            Format::Json => {
                let filters = told.iter().map(|(named, way)| {
                    let mut way = json::explanation(way);
                    way["name"] = named.name.clone().into();
                    way
                });
                let filters: Vec<_> = filters.collect();
                output::json(&json!({ "filters": filters, "outcome": json::outcome(decided) }))?;
            }
        }
        Ok(OK)
    }

    /// The call that is asked about.
    fn data(&self) -> Result<SeccompData, CliError> {
        let abi = self.input.reading.abi.unwrap_or_else(host);
        let named = |abi: AbiId| {
            let call = table::by_name(abi, &self.call)?;
            Some(call.nr)
        };
        // x32's numbers may be written without their bit.
        let number = value(&self.call).ok().and_then(|value| {
            let negative = i32::try_from(value.cast_signed())
                .ok()
                .map(i32::cast_unsigned);
            u32::try_from(value).ok().or(negative)
        });
        let name = self.arch.is_none().then(|| named(abi)).flatten();
        let Some(nr) = name.or(number) else {
            let what = match self.arch {
                Some(_) => "with --arch the call is a number".to_owned(),
                None => format!("{} has no call '{}'", abi.name(), self.call),
            };
            return Err(CliError::Usage(format!("--call: {what}")));
        };
        let mut data = SeccompData::of_call(self.arch.unwrap_or(abi.abi().audit_arch), nr);
        data.instruction_pointer = self.ip;
        for &(index, word) in &self.arg {
            data.args[index] = word;
        }
        Ok(data)
    }
}

/// The ways through all filters.
fn ways(told: &[(&Named, Explanation)]) -> String {
    let mut text = String::new();
    for (named, way) in told {
        if told.len() > 1 {
            let _ = writeln!(text, "{}", named.name);
        }
        text += &way.to_string();
    }
    text
}
