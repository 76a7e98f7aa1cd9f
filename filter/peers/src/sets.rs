//! The sets of calls that strategies are measured with, by name.

use std::collections::BTreeSet;

use everycall_arch::{AbiId, Syscall, class, table};

/// The ABIs of an x86-64 machine.
pub const ABIS: [AbiId; 3] = [AbiId::X86_64, AbiId::I386, AbiId::X32];

/// The names of the calls of a set, on any of these ABIs: `none`, `one`, `every-second`, `all-but-one`, or a class.
pub fn names(set: &str) -> Option<BTreeSet<&'static str>> {
    let even = |call: &Syscall| {
        let native = table::by_name(AbiId::X86_64, call.name);
        native.is_some_and(|native| native.nr % 2 == 0)
    };
    let is_in = |call: &Syscall| match set {
        "none" => Some(false),
        "one" => Some(call.name == "openat"),
        "all-but-one" => Some(call.name != "futex"),
        "every-second" => Some(even(call)),
        class => class::contains(class, call),
    };
    let mut names = BTreeSet::new();
    for call in ABIS.into_iter().flat_map(table::all) {
        if is_in(call)? {
            names.insert(call.name);
        }
    }
    Some(names)
}
