//! Names of signals (the same numbers on all ABIs here).

/// The name, as `SIGINT` or `SIGRT_3`; `None` when there is no such signal.
#[must_use]
pub fn name(_signal: u32) -> Option<String> {
    None
}

/// The number of a signal by name, with or without `SIG`, or by number; letter case does not matter.
#[must_use]
pub fn from_name(_name: &str) -> Option<u32> {
    None
}
