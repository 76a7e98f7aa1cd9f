//! Protos: the meaning of each kernel entry point, one line each.

use crate::Ty;

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// The kernel's name for it.
    pub name: &'static str,
    /// What it means.
    pub ty: Ty,
}

/// What a call returns when it does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// Zero.
    Zero,
    /// A signed number.
    Int,
    /// A number of bytes or of things.
    Size,
    /// A file offset.
    Off,
    /// A file descriptor.
    Fd,
    /// A process or thread id.
    Pid,
    /// An address or a bit pattern: shown in hexadecimal.
    Addr,
    /// A user or group id; the call cannot fail, so no value of it is an error.
    Id,
    /// A mode (`umask`); the call cannot fail. Shown in octal.
    Mode,
    /// A number of a call that cannot fail, so no value of it is an error.
    Never,
    /// Nothing: the call does not return.
    NoReturn,
}

/// The meaning of one kernel entry point. ABIs share protos.
#[derive(Debug)]
pub struct Proto {
    /// The entry point's name without `sys_`, as in `pread64`.
    pub name: &'static str,
    /// Its arguments.
    pub args: &'static [Arg],
    /// What it returns.
    pub ret: Ret,
}
