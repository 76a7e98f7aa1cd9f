//! Values that stand in the words themselves.

use everycall_arch::{Ty, signal};

use super::Context;
use crate::config::Names;

/// A number in hexadecimal; zero has no `0x`, as in strace.
#[must_use]
pub fn hex(value: u64) -> String {
    if value == 0 {
        "0".to_owned()
    } else {
        format!("{value:#x}")
    }
}

/// An address.
pub(super) fn pointer(value: u64) -> String {
    if value == 0 {
        "NULL".to_owned()
    } else {
        format!("{value:#x}")
    }
}

/// A mode in octal: at least three digits, at least one zero in front.
pub(super) fn octal(value: u64) -> String {
    format!("{:0>3}", format!("0{value:o}"))
}

/// The low 32 bits, which are all that the kernel looks at of an `int`.
fn int(value: u64) -> i32 {
    value as u32 as i32
}

fn id(value: u32, none: u32) -> String {
    if value == none {
        "-1".to_owned()
    } else {
        value.to_string()
    }
}

impl Context<'_> {
    pub(super) fn scalar(&self, ty: Ty, value: u64) -> String {
        match ty {
            Ty::Int | Ty::Fd | Ty::Pid => int(value).to_string(),
            Ty::Uint => (value as u32).to_string(),
            Ty::Long | Ty::Off => self.signed(value).to_string(),
            Ty::Loff => (value as i64).to_string(),
            Ty::Ulong | Ty::Size | Ty::U64 => value.to_string(),
            Ty::Hex => hex(value),
            Ty::Dirfd if int(value) == libc::AT_FDCWD => self.named("-100".to_owned(), "AT_FDCWD"),
            Ty::Dirfd => int(value).to_string(),
            Ty::Uid | Ty::Gid => id(value as u32, u32::MAX),
            Ty::Id16 => id(u32::from(value as u16), u32::from(u16::MAX)),
            Ty::Mode => octal(u64::from(value as u16)),
            Ty::Signal => self.signal(value),
            Ty::Flags(set) => self.set(set.long, value, set.format(self.abi, value)),
            Ty::Enum(set) => self.set(set.long, value, set.format(self.abi, value)),
            Ty::Ptr
            | Ty::Str
            | Ty::Path
            | Ty::Argv
            | Ty::Envp
            | Ty::In(_)
            | Ty::Out(_)
            | Ty::InOut(_)
            | Ty::When { .. } => pointer(value),
        }
    }

    fn signed(&self, value: u64) -> i64 {
        match self.abi.abi().word_bits {
            32 => i64::from(int(value)),
            _ => value as i64,
        }
    }

    fn signal(&self, value: u64) -> String {
        let number = int(value);
        match u32::try_from(number).ok().and_then(signal::name) {
            Some(name) => self.named(number.to_string(), &name),
            None => number.to_string(),
        }
    }

    fn set(&self, long: bool, value: u64, text: String) -> String {
        let value = if long { value } else { value & 0xffff_ffff };
        match self.style.names {
            Names::Abbrev => text,
            Names::Raw => hex(value),
            Names::Verbose if text.contains("/*") || text == hex(value) => text,
            Names::Verbose => format!("{} /* {text} */", hex(value)),
        }
    }

    /// A value that has a name, in the style that was asked for.
    pub(super) fn named(&self, number: String, name: &str) -> String {
        match self.style.names {
            Names::Abbrev => name.to_owned(),
            Names::Raw => number,
            Names::Verbose => format!("{number} /* {name} */"),
        }
    }
}
