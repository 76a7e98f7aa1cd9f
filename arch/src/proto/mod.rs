//! Protos: the meaning of each kernel entry point, one line each.
//!
//! Argument names and their order are the kernel's, as `SYSCALL_DEFINE` has them and tracefs shows them. Two ABIs
//! that run the same entry point share its line; where Linux differs (`clone`'s two orders, `old_mmap`, the 16-bit ids,
//! the 32-bit times) there is a second line, and `table` says which ABI uses which.

use crate::Ty;

mod fs;
mod io;
mod ipc;
mod mem;
mod misc;
mod net;
mod process;
mod sched;
mod security;
mod signal;
mod time;

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

/// A family's protos: one line is one entry point, `name (argument: Ty, ...) -> Ret;`.
macro_rules! proto {
    ($($name:ident ($($arg:ident: $ty:expr),*) -> $ret:ident;)*) => {
        pub(super) static PROTOS: &[Proto] = &[
            $(Proto {
                name: stringify!($name),
                args: &[$(Arg { name: stringify!($arg), ty: $ty }),*],
                ret: Ret::$ret,
            }),*
        ];
    };
}
use proto;

/// Every family, each sorted by name.
pub static FAMILIES: [&[Proto]; 11] = [
    fs::PROTOS,
    io::PROTOS,
    ipc::PROTOS,
    mem::PROTOS,
    misc::PROTOS,
    net::PROTOS,
    process::PROTOS,
    sched::PROTOS,
    security::PROTOS,
    signal::PROTOS,
    time::PROTOS,
];

/// The proto of a kernel entry point.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Proto> {
    FAMILIES.into_iter().find_map(|family| {
        let at = family
            .binary_search_by_key(&name, |proto| proto.name)
            .ok()?;
        family.get(at)
    })
}
