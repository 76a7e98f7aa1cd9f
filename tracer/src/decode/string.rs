//! Strings, paths, buffers, and the arrays of strings that execve takes.

use super::scalar::pointer;
use super::{Context, read};
use crate::escape::quote;

/// The longest path that the kernel takes, its NUL included.
const PATH_MAX: usize = 4096;

/// So many strings of an array are shown when everything is asked for, and so many counted.
const MOST_STRINGS: usize = 1 << 16;

impl Context<'_> {
    fn quoted(&self, bytes: &[u8], cut: bool) -> String {
        let mut text = String::with_capacity(bytes.len() + 8);
        quote(&mut text, bytes, self.style.hex);
        if cut {
            text.push_str("...");
        }
        text
    }

    /// How much of a string is shown: what was asked for, but never more than is ever read.
    fn limit(&self) -> usize {
        self.style.limit.min(read::MOST - 1)
    }

    /// A string that ends with a NUL; the address when it ends, without one, where memory ends.
    pub(super) fn string(&self, addr: u64) -> String {
        self.terminated(addr, self.limit())
    }

    /// A path, shown whole.
    pub(super) fn path(&self, addr: u64) -> String {
        self.terminated(addr, PATH_MAX - 1)
    }

    fn terminated(&self, addr: u64, limit: usize) -> String {
        if addr == 0 {
            return pointer(addr);
        }
        let bytes = read::string(self.memory, addr, limit.saturating_add(1));
        match bytes.split_last() {
            Some((0, string)) => self.quoted(string, false),
            Some(_) if bytes.len() > limit => self.quoted(&bytes[..limit], true),
            _ => pointer(addr),
        }
    }

    /// `len` bytes, as many as may be shown; the address when those are not all there.
    pub(super) fn buffer(&self, addr: u64, len: u64) -> String {
        if addr == 0 {
            return pointer(addr);
        }
        let limit = self.limit();
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        match read::exact(self.memory, addr, len.min(limit.saturating_add(1))) {
            Some(bytes) => self.quoted(&bytes[..bytes.len().min(limit)], len > limit),
            None => pointer(addr),
        }
    }

    fn word_bytes(&self) -> usize {
        if self.abi.abi().long_bits == 32 { 4 } else { 8 }
    }

    /// The `index`th address of a NULL-terminated array, and where it stands.
    fn element(&self, addr: u64, index: usize) -> (u64, Option<u64>) {
        let at = addr.wrapping_add((index * self.word_bytes()) as u64);
        (at, read::number(self.memory, at, self.word_bytes()))
    }

    /// `["sh", "-c", ...]`
    pub(super) fn argv(&self, addr: u64) -> String {
        if addr == 0 {
            return pointer(addr);
        }
        let most = if self.style.whole {
            MOST_STRINGS
        } else {
            self.style.limit.min(MOST_STRINGS)
        };
        let mut text = String::from("[");
        for index in 0.. {
            let (at, element) = self.element(addr, index);
            let separator = if index == 0 { "" } else { ", " };
            match element {
                None if index == 0 => return pointer(addr),
                None => {
                    text.push_str(&format!("{separator}... /* {at:#x} */"));
                    break;
                }
                Some(0) => break,
                Some(_) if index >= most => {
                    text.push_str(&format!("{separator}..."));
                    break;
                }
                Some(string) => {
                    text.push_str(separator);
                    text.push_str(&self.string(string));
                }
            }
        }
        text.push(']');
        text
    }

    /// The environment: its address and how many variables it has.
    pub(super) fn envp(&self, addr: u64) -> String {
        if addr == 0 || self.style.whole {
            return self.argv(addr);
        }
        let mut count = 0;
        let end = loop {
            match self.element(addr, count).1 {
                None if count == 0 => return pointer(addr),
                None => break ", unterminated",
                Some(0) => break "",
                Some(_) if count >= MOST_STRINGS => break " or more",
                Some(_) => count += 1,
            }
        };
        let s = if count == 1 { "" } else { "s" };
        format!("{addr:#x} /* {count} var{s}{end} */")
    }
}
