//! The conformance suite: it judges any tracer, and reaches every tracer only as a program that it runs.
//!
//! A *case* says which calls a probe makes and what a tracer that was asked for some of them must
//! say. Each probe writes a *ledger* of what it really did; each *subject* (a tracer) says what it
//! saw; the *judge* compares the two.

pub mod case;
pub mod choice;
pub mod cli;
mod elf;
pub mod grammar;
pub mod hazards;
pub mod host;
pub mod judge;
pub mod ledger;
pub mod numbers;
pub mod observe;
mod outlet;
pub mod probe;
pub mod report;
pub mod runner;
pub mod sandbox;
pub mod subject;
pub mod suite;
pub mod terms;
