//! `ectrace`.
fn main() {}
