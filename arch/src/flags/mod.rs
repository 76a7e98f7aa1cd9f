//! Named bits and named values, and how they are written.

use crate::AbiId;

mod sets;
pub use sets::*;

/// One name and its value.
pub type Named = (u64, &'static str);

/// A set of named bits, as `open`'s flags.
#[derive(Debug)]
pub struct FlagSet {
    /// A prefix for what has no name, as `O_`. Empty when nothing of the set has a name.
    pub prefix: &'static str,
    /// Whether the kernel looks at a whole `long`; else only at the low 32 bits.
    pub long: bool,
    /// Values of a field inside the bits, as `O_ACCMODE`: (mask, values). Shown first.
    pub field: Option<(u64, &'static [Named])>,
    /// The bits, in the order in which they are shown. The name of 0, if there is one, is shown when no bit is set.
    pub bits: &'static [Named],
    /// Bits that have other values on some ABIs: these stand in front of `bits` there.
    pub abi_bits: &'static [(AbiId, &'static [Named])],
}

/// One of some named values, as `lseek`'s whence.
#[derive(Debug)]
pub struct EnumSet {
    /// A prefix for what has no name, as `SEEK_`.
    pub prefix: &'static str,
    /// Whether the kernel looks at a whole `long`; else only at the low 32 bits.
    pub long: bool,
    /// The values.
    pub values: &'static [Named],
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

impl FlagSet {
    /// The value as strace writes it: `O_RDONLY|O_CLOEXEC`, bits without a name in hexadecimal behind the names,
    /// and `0x... /* O_??? */` when nothing of it has a name.
    #[must_use]
    pub fn format(&self, abi: AbiId, value: u64) -> String {
        let mut rest = cut(abi, self.long, value);
        let mut names = Vec::new();
        if let Some((mask, values)) = self.field {
            match name_of(values, rest & mask) {
                Some(name) => {
                    names.push(name.to_owned());
                    rest &= !mask;
                }
                None if self.prefix.is_empty() => {}
                None => {
                    names.push(format!("{} /* {}??? */", hex(rest & mask), self.prefix));
                    rest &= !mask;
                }
            }
        } else if rest == 0 {
            return name_of(self.bits, 0).unwrap_or("0").to_owned();
        }
        let own = self.abi_bits.iter().find(|(id, _)| *id == abi);
        let own = own.map_or(&[][..], |(_, bits)| bits);
        for (bits, name) in own.iter().chain(self.bits) {
            if *bits != 0 && rest & bits == *bits {
                names.push((*name).to_owned());
                rest &= !bits;
            }
        }
        if names.is_empty() {
            return self.nameless(rest);
        }
        if rest != 0 {
            names.push(hex(rest));
        }
        names.join("|")
    }

    fn nameless(&self, value: u64) -> String {
        if self.prefix.is_empty() {
            hex(value)
        } else {
            format!("{} /* {}??? */", hex(value), self.prefix)
        }
    }
}

impl EnumSet {
    /// The value as strace writes it: `SEEK_SET`, or `0x7 /* SEEK_??? */`.
    #[must_use]
    pub fn format(&self, abi: AbiId, value: u64) -> String {
        let value = cut(abi, self.long, value);
        match name_of(self.values, value) {
            Some(name) => name.to_owned(),
            None => format!("{} /* {}??? */", hex(value), self.prefix),
        }
    }
}
