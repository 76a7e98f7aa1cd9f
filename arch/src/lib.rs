//! What Linux defines, as data: ABIs, system call numbers, prototypes, flag sets.
//!
//! An ABI is a *value*, every ABI is compiled into every build, and nothing here does I/O.
//! The ABI belongs to each *call*, never to a process: 64-bit code may use `int $0x80`,
//! or set bit 30 of the number.
#![forbid(unsafe_code)]

mod abi;
pub mod class;
pub mod errno;
pub mod flags;
pub mod proto;
pub mod signal;
pub mod slots;
pub mod table;
mod ty;

pub use abi::{Abi, AbiId, Wide};
pub use proto::{Arg, Proto, Ret};
pub use table::Syscall;
pub use ty::{Len, Obj, Ty};
