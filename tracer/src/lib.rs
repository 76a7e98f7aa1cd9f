//! The reference tracer.

pub mod config;
pub mod event;
pub mod select;
