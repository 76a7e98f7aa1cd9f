//! `everycall-vm`: cargo's runner, and the machines by hand.

fn main() {}
