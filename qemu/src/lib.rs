//! Machines: QEMU with a real kernel of any architecture that this project claims, to run programs in.

mod accel;
pub mod cli;
mod client;
mod console;
mod elf;
mod environment;
mod failure;
mod guest;
mod image;
mod init;
pub mod kernel;
pub mod kernels;
pub mod machine;
mod prepare;
mod qemu;
mod server;
mod shares;
mod terminal;
mod wish;
