//! The reference tracer: seccomp-filtered ptrace, strace-compatible in options and output.
//!
//! What was typed (`cli`) becomes a [`config::Config`]; [`run::run`] carries it out.

pub mod config;
pub mod custody;
pub mod engine;
pub mod event;
pub mod memory;
pub mod plan;
pub mod protocol;
pub mod run;
pub mod select;
pub mod spawn;
pub mod sys;
