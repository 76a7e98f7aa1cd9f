//! Getting filters in: raw instructions, text of several kinds, profiles and policies.
//!
//! [`filters`] takes the bytes of a file and gives its programs, the oldest first. What they are is told by their
//! content unless [`Options`] say it. Everything here is hostile input: nothing panics, nothing grows without bounds, and
//! an error says where and what.
//!
//! A program that is read well need not be one that the kernel takes: see [`check`](crate::check).

mod asm;
mod assemble;
mod carray;
mod columns;
mod detect;
mod error;
mod lex;
mod pseudo;
mod raw;

use everycall_arch::AbiId;

use crate::{ByteOrder, Program};

pub use error::{Place, ReadError};

use error::Fault;

/// More bytes than this are not read: the longest program has 4096 instructions, and no text needs more for one.
pub const MAX_BYTES: usize = 4 << 20;

/// What the input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// What its content says.
    #[default]
    Auto,
    /// An array of `struct sock_filter`, in the order of a little-endian machine.
    Raw,
    /// The same of a big-endian machine.
    RawBig,
    /// Any text that is a program: `bpf_asm`'s, `seccomp-tools`', C.
    Text,
}

/// How input is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What it is.
    pub format: Format,
    /// The ABI whose names are meant where nothing else says so.
    pub abi: AbiId,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            format: Format::Auto,
            abi: host(),
        }
    }
}

/// The ABI that programs of the machine natively have.
#[must_use]
pub fn host() -> AbiId {
    match std::env::consts::ARCH {
        "x86" => AbiId::I386,
        "aarch64" => AbiId::Aarch64,
        "arm" => AbiId::Arm,
        _ => AbiId::X86_64,
    }
}

/// A program that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The program.
    pub program: Program,
    /// The byte order of the machine that it is for.
    pub order: ByteOrder,
    /// For each instruction the line that it stands in, where it comes from a text.
    pub lines: Vec<usize>,
    /// What its reader should be told: what was left out, or taken in one of several ways.
    pub notes: Vec<String>,
}

impl Filter {
    /// A program as it is.
    fn of(program: Program) -> Filter {
        Filter {
            program,
            order: ByteOrder::NATIVE,
            lines: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Reads the filters that these bytes are, the oldest first; there is at least one. `name` is what errors call them.
pub fn filters(bytes: &[u8], name: &str, options: &Options) -> Result<Vec<Filter>, ReadError> {
    read(bytes, name, options).map_err(|fault| fault.of(name))
}

fn read(bytes: &[u8], name: &str, options: &Options) -> Result<Vec<Filter>, Fault> {
    if bytes.is_empty() {
        return Err(Fault::whole("it is empty"));
    }
    if bytes.len() > MAX_BYTES {
        return Err(Fault::whole(format!(
            "it has more than {MAX_BYTES} bytes: no filter is that long"
        )));
    }
    match options.format {
        Format::Raw => raw::in_order(bytes, ByteOrder::Little).map(|filter| vec![filter]),
        Format::RawBig => raw::in_order(bytes, ByteOrder::Big).map(|filter| vec![filter]),
        // All codes of classic BPF are less than 256, so every instruction has a byte 0, and no text has one.
        Format::Auto if bytes.contains(&0) => raw::detect(bytes).map(|filter| vec![filter]),
        Format::Auto | Format::Text => {
            let text = plain(bytes)?;
            programs(&text, name, options)
        }
    }
}

/// Text, without the colours of a terminal.
fn plain(bytes: &[u8]) -> Result<String, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Fault::new(
            Place::Byte(error.valid_up_to()),
            "it is neither raw instructions (in which every code has a byte 0) nor UTF-8 text",
        )
    })?;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    plain.push_str(rest);
    Ok(plain)
}

fn programs(text: &str, _name: &str, options: &Options) -> Result<Vec<Filter>, Fault> {
    match detect::text(text) {
        detect::Text::Columns => columns::read(text),
        detect::Text::Pseudo => pseudo::read(text, options.abi).map(|filter| vec![filter]),
        detect::Text::C => carray::c(text, options.abi).map(|filter| vec![filter]),
        detect::Text::Decimal => carray::decimal(text).map(|filter| vec![filter]),
        detect::Text::Asm => asm::read(text).map(|filter| vec![filter]),
    }
}
