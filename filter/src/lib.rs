//! seccomp cBPF: instructions, policy, compiler, interpreter, loader, and the prover.
//!
//! A [`Policy`] says which calls run free; [`compile`] makes a [`Program`] of it; [`prove`] shows
//! that the two agree on all 2^32 numbers of all 2^32 architecture words; [`Prepared`] hands a
//! [`Proven`] program to the kernel. [`check`] is the kernel's own judgement of a program,
//! [`interpret`] says what one does for one call, and [`Regions`] what it does for all of them.
//!
//! That is for filters that look at architecture and number only, as ours do, and takes microseconds. [`map`] is for
//! every filter there can be, arguments and arithmetic included, and takes milliseconds: what it does as a table, how two
//! differ, what is wrong with it, and why.
//!
//! ```
//! use everycall_filter::{Policy, Prepared, Proven};
//!
//! const X86_64: u32 = 0xc000_003e; // AUDIT_ARCH_X86_64
//! let mut policy = Policy::new();
//! policy.allow(X86_64, 0..=58);
//! policy.allow(X86_64, 60..=334); // all that we know but execve
//! let proven = Proven::compile(&policy, 0xec0, X86_64)?;
//! assert!(proven.program().len() < 10);
//! let prepared = Prepared::from(&proven); // before fork; then, in the child, prepared.install(..)
//! # drop(prepared);
//! # Ok::<(), everycall_filter::BuildError>(())
//! ```
//!
//! Sources of facts: seccomp(2), the kernel's `linux/seccomp.h`, `linux/filter.h`,
//! kernel/seccomp.c and net/core/filter.c.

pub mod action;
mod bdd;
mod check;
pub mod cli;
mod compile;
mod cost;
pub mod data;
mod insn;
mod interpret;
mod likely;
mod listener;
mod load;
pub mod map;
mod policy;
pub mod process;
mod program;
mod prove;
mod range;
pub mod read;
mod regions;
pub mod run;
mod runs;
mod trace;
pub mod write;

pub use action::Action;
pub use check::{CheckError, MAX_INSNS, SCRATCH_WORDS, check};
pub use compile::{
    CompileError, MapCompileError, Strategy, StrategyError, compile, compile_map, compile_rules,
    compile_with,
};
pub use cost::Cost;
pub use data::{ByteOrder, SeccompData};
pub use insn::{Alu, Cond, Insn, Op, Operand, Reg, Source};
pub use interpret::{Fault, Machine, interpret};
pub use listener::{Listener, Notification};
pub use load::{InstallFlags, Prepared, set_no_new_privs};
pub use policy::{Policy, Verdict};
pub use program::{Program, TruncatedError};
pub use prove::{BuildError, Mismatch, Proof, ProveError, Proven, prove};
pub use range::{RangeSet, Span};
pub use regions::{Region, Regions, Undecided};
