//! seccomp cBPF: instructions, policy, compiler, interpreter, loader, and the prover.

mod policy;

pub use policy::{Policy, RangeSet};
