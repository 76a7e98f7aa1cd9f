//! The classes of calls that `-e trace=%class` names.

use crate::Syscall;

/// The names of all classes, without the percent sign, sorted.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &[]
}

/// Whether the call belongs to the class; `None` when there is no such class.
#[must_use]
pub fn contains(_class: &str, _call: &Syscall) -> Option<bool> {
    None
}
