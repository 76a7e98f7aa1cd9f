//! The reference tracer: seccomp-filtered ptrace, strace-compatible in options and output.
//!
//! What was typed (`cli`) becomes a [`config::Config`]; [`run::run`] carries it out.

pub mod capture;
pub mod cli;
pub mod config;
pub mod custody;
pub mod decode;
pub mod engine;
pub mod escape;
pub mod event;
pub mod front;
pub mod help;
pub mod limits;
pub mod memory;
pub mod plan;
pub mod protocol;
pub mod run;
pub mod select;
pub mod sink;
pub mod spawn;
pub mod sys;
#[cfg(test)]
mod testing;
