//! The tables: (ABI, number) to name and proto, and back.

use crate::{AbiId, Proto};

/// One call of one ABI.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    /// The ABI.
    pub abi: AbiId,
    /// The number as the kernel sees it, x32's bit 30 included.
    pub nr: u32,
    /// The name that is displayed (strace's, where names differ between sources).
    pub name: &'static str,
    /// Other names for it, all of which `-e trace=` understands.
    pub aliases: &'static [&'static str],
    /// What it means.
    pub proto: &'static Proto,
}

/// Every call of an ABI, by ascending number.
#[must_use]
pub fn all(_abi: AbiId) -> &'static [Syscall] {
    &[]
}

/// The call of this number, if the table knows it.
#[must_use]
pub fn by_nr(abi: AbiId, nr: u32) -> Option<&'static Syscall> {
    let table = all(abi);
    let at = table.binary_search_by_key(&nr, |call| call.nr).ok()?;
    Some(&table[at])
}

/// The call of this name or alias.
#[must_use]
pub fn by_name(abi: AbiId, name: &str) -> Option<&'static Syscall> {
    all(abi)
        .iter()
        .find(|call| call.name == name || call.aliases.contains(&name))
}
