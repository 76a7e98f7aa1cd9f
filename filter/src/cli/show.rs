//! `everycall filter show` and `compile`: a program in some form.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::input::Input;
use super::output;
use super::{CliError, OK};
use crate::write::Form;
use crate::{ByteOrder, Program, Strategy, compile_map};

/// Disassemble a filter, or turn it into another form
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter show sandbox.bpf
  everycall filter show sandbox.asm --format raw -o sandbox.bpf
  sudo everycall filter show --pid 1234 --format dump

Several filters stand one behind the other where the form allows it (dump, and the text forms for people).
Exit status: 0; 2 for usage. A filter that the kernel would not take is shown all the same.")]
pub(super) struct Show {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    into: Into,
}

/// Compile a policy or a profile, or any filter anew
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  everycall filter compile sandbox.toml -o sandbox.bpf --format raw
  everycall filter compile profile.json --abi aarch64 --format c
  everycall filter compile slow.bpf --strategy search --format asm

What is written is proven equal to what was read, for every call there can be. Exit status: 0; 1 when there is no program within
the kernel's limits; 2 for usage.")]
pub(super) struct Compile {
    #[command(flatten)]
    input: Input,
    /// How the program decides on the number: auto, linear, search, bitmap
    #[arg(long, value_name = "STRATEGY", default_value = "auto")]
    strategy: Strategy,
    #[command(flatten)]
    into: Into,
}

/// Where a program goes, and how it looks.
#[derive(Debug, Args)]
struct Into {
    /// The form of the program
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    format: FormName,
    /// Where to write it, if not to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormName {
    /// Assembly of bpf_asm
    #[value(alias = "asm")]
    Text,
    /// Instructions of this machine's byte order
    Raw,
    /// Instructions, little-endian
    RawLe,
    /// Instructions, big-endian
    RawBe,
    /// As `seccomp-tools dump` prints it
    Dump,
    /// As `seccomp-tools asm` takes it
    Pseudo,
    /// An array in C
    C,
    /// An array in Rust
    Rust,
    /// bpf_asm's decimal numbers
    Decimal,
    /// JSON
    Json,
}

impl Show {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let chain = self.input.load()?;
        output::notes(&chain);
        let programs: Vec<&Program> = chain
            .filters
            .iter()
            .map(|named| &named.filter.program)
            .collect();
        self.into.write(&programs)
    }
}

impl Compile {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let chain = self.input.load()?;
        output::notes(&chain);
        let map = chain.map()?;
        let first = self.input.reading.abi();
        let program = compile_map(&map, first.abi().audit_arch, self.strategy);
        let program = program.map_err(|error| CliError::Compile {
            name: chain.name.clone(),
            error,
        })?;
        self.into.write(&[&program])
    }
}

impl Into {
    fn form(&self) -> Option<Form> {
        Some(match self.format {
            FormName::Text => Form::Asm,
            FormName::Raw if ByteOrder::NATIVE == ByteOrder::Big => Form::RawBig,
            FormName::Raw | FormName::RawLe => Form::Raw,
            FormName::RawBe => Form::RawBig,
            FormName::Dump => Form::Dump,
            FormName::Pseudo => Form::Pseudo,
            FormName::C => Form::C,
            FormName::Rust => Form::Rust,
            FormName::Decimal => Form::Decimal,
            FormName::Json => return None,
        })
    }

    fn write(&self, programs: &[&Program]) -> Result<u8, CliError> {
        let bytes = match self.form() {
            Some(form @ (Form::Raw | Form::RawBig)) if programs.len() > 1 => {
                let what = format!(
                    "{} filters are no one raw program: `--format dump` keeps them apart",
                    programs.len()
                );
                let _ = form;
                return Err(CliError::Usage(what));
            }
            Some(form) => programs
                .iter()
                .flat_map(|program| program.write(form))
                .collect(),
            None => json(programs),
        };
        let raw = matches!(
            self.format,
            FormName::Raw | FormName::RawLe | FormName::RawBe
        );
        match &self.output {
            Some(path) => fs::write(path, bytes).map_err(|error| CliError::Open {
                name: path.display().to_string(),
                error,
            })?,
            None if raw && io::stdout().is_terminal() => {
                let what = "raw instructions are not for a terminal: say `-o FILE`, or redirect the output";
                return Err(CliError::Usage(what.to_owned()));
            }
            None => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes)
                    .and_then(|()| out.flush())
                    .map_err(CliError::Write)?;
            }
        }
        Ok(OK)
    }
}

fn json(programs: &[&Program]) -> Vec<u8> {
    let programs: Vec<_> = programs
        .iter()
        .map(|program| {
            let insns = program
                .iter()
                .map(|insn| json!([insn.code, insn.jt, insn.jf, insn.k]));
            insns.collect::<serde_json::Value>()
        })
        .collect();
    format!("{:#}\n", json!({ "filters": programs })).into_bytes()
}
