//! Named bits and named values, and how they are written.

use crate::AbiId;

mod fs;
mod io;
mod ipc;
mod mem;
mod net;
mod process;
mod time;
pub use fs::*;
pub use io::*;
pub use ipc::*;
pub use mem::*;
pub use net::*;
pub use process::*;
pub use time::*;

/// One name and its value.
pub type Named = (u64, &'static str);

/// A set of named bits, as `open`'s flags.
#[derive(Debug)]
pub struct FlagSet {
    /// What stands for a name that is not known, as `O_???`. Empty when nothing of the set has a name.
    pub unknown: &'static str,
    /// Whether the kernel looks at a whole `long`; else only at the low 32 bits.
    pub long: bool,
    /// A field of several values inside the bits, as `O_ACCMODE`.
    pub field: Option<Field>,
    /// The bits, in the order in which they are shown. The name of 0, if there is one, is shown when no bit is set.
    pub bits: &'static [Named],
    /// Bits that have other values on some ABIs: these stand in front of `bits` there.
    pub abi_bits: &'static [(AbiId, &'static [Named])],
}

/// A field of several values inside a set of bits.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The bits of the field.
    pub mask: u64,
    /// Its values.
    pub values: &'static [Named],
    /// Whether it is shown behind the bits, as `clone`'s signal; else in front of them. A field behind them
    /// is not shown when it is 0.
    pub last: bool,
}

/// 32 bits, none of which has a name here: shown in hexadecimal.
pub static BITS32: FlagSet = FlagSet {
    unknown: "",
    long: false,
    field: None,
    bits: &[],
    abi_bits: &[],
};

/// One of some named values, as `lseek`'s whence.
#[derive(Debug)]
pub struct EnumSet {
    /// What stands for a name that is not known, as `SEEK_???`.
    pub unknown: &'static str,
    /// Whether the kernel looks at a whole `long`; else only at the low 32 bits.
    pub long: bool,
    /// The values.
    pub values: &'static [Named],
    /// Values that have a name only on some ABIs.
    pub abi_values: &'static [(AbiId, &'static [Named])],
}

/// A number in hexadecimal, as strace writes it: zero has no `0x`.
fn hex(value: u64) -> String {
    if value == 0 {
        "0".to_owned()
    } else {
        format!("{value:#x}")
    }
}

/// The bits of `value` that an argument of this width has on an ABI.
fn cut(abi: AbiId, long: bool, value: u64) -> u64 {
    if long && abi.abi().word_bits == 64 {
        value
    } else {
        value & 0xffff_ffff
    }
}

fn name_of(names: &[Named], value: u64) -> Option<&'static str> {
    names
        .iter()
        .find(|(known, _)| *known == value)
        .map(|(_, name)| *name)
}

/// What an ABI has of its own.
fn own(abi: AbiId, all: &'static [(AbiId, &'static [Named])]) -> &'static [Named] {
    all.iter()
        .find(|(id, _)| *id == abi)
        .map_or(&[], |(_, names)| names)
}

/// What is written for a value without a name.
fn nameless(unknown: &str, value: u64) -> String {
    if unknown.is_empty() {
        return hex(value);
    }
    format!("{} /* {unknown} */", hex(value))
}

impl FlagSet {
    /// The value as strace writes it: `O_RDONLY|O_CLOEXEC`, bits without a name in hexadecimal behind the names,
    /// and `0x... /* O_??? */` when nothing of it has a name.
    #[must_use]
    pub fn format(&self, abi: AbiId, value: u64) -> String {
        let value = cut(abi, self.long, value);
        let mask = self.field.map_or(0, |field| field.mask);
        let mut rest = value & !mask;
        let mut names = Vec::new();
        for (bits, name) in own(abi, self.abi_bits).iter().chain(self.bits) {
            if *bits != 0 && rest & bits == *bits {
                names.push((*name).to_owned());
                rest &= !bits;
            }
        }
        let field = self
            .field
            .and_then(|field| self.format_field(field, value & field.mask, value == 0));
        if names.is_empty() && field.is_none() {
            return match name_of(self.bits, value) {
                Some(name) => name.to_owned(),
                None if value == 0 => "0".to_owned(),
                None => nameless(self.unknown, value),
            };
        }
        if rest != 0 {
            names.push(hex(rest));
        }
        match (field, self.field) {
            (Some(text), Some(Field { last: true, .. })) => names.push(text),
            (Some(text), _) => names.insert(0, text),
            (None, _) => {}
        }
        names.join("|")
    }

    /// A field of 0 that has no name is not there, unless it is all there is.
    fn format_field(&self, field: Field, value: u64, alone: bool) -> Option<String> {
        match name_of(field.values, value) {
            Some(name) => Some(name.to_owned()),
            None if value == 0 => alone.then(|| "0".to_owned()),
            None => Some(nameless(self.unknown, value)),
        }
    }
}

impl EnumSet {
    /// The value as strace writes it: `SEEK_SET`, or `0x7 /* SEEK_??? */`.
    #[must_use]
    pub fn format(&self, abi: AbiId, value: u64) -> String {
        let value = cut(abi, self.long, value);
        name_of(self.values, value)
            .or_else(|| name_of(own(abi, self.abi_values), value))
            .map_or_else(|| nameless(self.unknown, value), str::to_owned)
    }
}
