//! Readers of tracers' output, one a grammar. Input is hostile: no reader panics, and what it
//! cannot read it says.

mod json;
mod lexer;
mod number;
mod perf;
mod strace;
mod tracexec;

use everycall_arch::AbiId;
use serde::Deserialize;

use crate::observe::Output;

/// The form of a tracer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grammar {
    /// strace's text.
    Strace,
    /// The text of `perf trace`.
    Perf,
    /// Our own JSON lines.
    Json,
    /// The JSON lines of `tracexec collect`.
    Tracexec,
    /// One of these: JSON lines when the first byte is a brace.
    Detect,
}

/// What must be known beforehand of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The grammar.
    pub grammar: Grammar,
    /// Text: whether arguments are the raw words (`-e raw=all`).
    pub raw: bool,
    /// Text: the ABI of the calls before the first line that tells one. `None` when the tracer
    /// never tells: then no ABI is compared.
    pub start: Option<AbiId>,
    /// Text: what lines begin with that tell of no call, besides those of strace.
    pub notes: Vec<String>,
    /// Text: the machine's own ABI; a line that tells "32 bit mode" means its 32-bit sibling.
    pub machine: AbiId,
}

/// Reads a whole output.
#[must_use]
pub fn read(output: &[u8], reading: Reading) -> Output {
    let begins_as_json = output.trim_ascii_start().first() == Some(&b'{');
    match reading.grammar {
        Grammar::Json => json::read(output),
        Grammar::Detect if begins_as_json => json::read(output),
        Grammar::Perf => perf::read(output, reading),
        Grammar::Tracexec => tracexec::read(output),
        Grammar::Strace | Grammar::Detect => strace::read(output, reading),
    }
}
