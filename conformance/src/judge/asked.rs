//! Whether a call is one that the tracer was asked for.

use everycall_arch::{AbiId, class, table};

use crate::case::Ask;

/// Whether a call of this number must be shown. What no table knows always must.
#[must_use]
pub fn asked(ask: &Ask, abi: AbiId, nr: u32) -> bool {
    let Some(known) = table::by_nr(abi, nr) else {
        return true;
    };
    let named = |names: &[String]| {
        names
            .iter()
            .any(|name| name == known.name || known.aliases.contains(&name.as_str()))
    };
    match ask {
        Ask::All => true,
        Ask::Names(names) => named(names),
        Ask::Except(names) => !named(names),
        Ask::Class(class) => class::contains(class, known).unwrap_or(false),
    }
}
