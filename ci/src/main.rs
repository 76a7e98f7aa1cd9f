//! Runs the rows of `ci/matrix.toml`, and tells where the time went.

fn main() {}
