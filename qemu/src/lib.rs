//! Machines: QEMU with a real kernel of any architecture that this project claims, to run programs in.

pub mod kernels;
