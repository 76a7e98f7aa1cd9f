//! The tables: (ABI, number) to name and proto, and back.
//!
//! Numbers and names are the `syscalls` crate's; `overlay` has what it lacks and what it has wrong, and `entry`
//! says which kernel entry point stands behind a name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::proto::{self, Arg, Ret};
use crate::{AbiId, Proto, Ty};

mod entry;
mod overlay;

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

/// The newest Linux whose calls the tables have, all of them.
pub const UP_TO: (u32, u32) = (7, 2);

/// Stands in for a proto that is missing, so that nothing of the call is hidden. The tests fail when a table uses it.
pub static UNDESCRIBED: Proto = Proto {
    name: "undescribed",
    args: &[
        hex("arg0"),
        hex("arg1"),
        hex("arg2"),
        hex("arg3"),
        hex("arg4"),
        hex("arg5"),
    ],
    ret: Ret::Int,
};

const fn hex(name: &'static str) -> Arg {
    Arg { name, ty: Ty::Hex }
}

static TABLES: LazyLock<BTreeMap<AbiId, Vec<Syscall>>> = LazyLock::new(|| {
    AbiId::ALL
        .into_iter()
        .map(|abi| (abi, build(abi)))
        .collect()
});

/// Every call of an ABI, by ascending number.
#[must_use]
pub fn all(abi: AbiId) -> &'static [Syscall] {
    TABLES.get(&abi).map_or(&[], Vec::as_slice)
}

/// The call of this number, if the table knows it.
#[must_use]
pub fn by_nr(abi: AbiId, nr: u32) -> Option<&'static Syscall> {
    let table = all(abi);
    let at = table.binary_search_by_key(&nr, |call| call.nr).ok()?;
    table.get(at)
}

/// The call of this name or alias.
#[must_use]
pub fn by_name(abi: AbiId, name: &str) -> Option<&'static Syscall> {
    all(abi)
        .iter()
        .find(|call| call.name == name || call.aliases.contains(&name))
}

fn build(abi: AbiId) -> Vec<Syscall> {
    let numbers = overlay::numbers(abi);
    let shown: BTreeSet<_> = numbers
        .values()
        .map(|name| overlay::shown(abi, name))
        .collect();
    numbers
        .iter()
        .map(|(index, source)| {
            let name = overlay::shown(abi, source);
            let proto = proto::by_name(entry::of(abi, name)).unwrap_or(&UNDESCRIBED);
            // An entry point's name that is also another call's displayed name is not an alias:
            // i386's `getuid32` runs `sys_getuid`, but `getuid` there is number 24.
            let mut aliases: Vec<_> = [*source, proto.name]
                .into_iter()
                .chain(overlay::other_names(name))
                .filter(|alias| !shown.contains(alias))
                .collect();
            aliases.sort_unstable();
            aliases.dedup();
            Syscall {
                abi,
                nr: abi.abi().nr_base + index,
                name,
                aliases: aliases.leak(),
                proto,
            }
        })
        .collect()
}
