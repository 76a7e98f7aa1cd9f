//! The front.
fn main() {}
