//! The loader: hands a program to the kernel, for the calling thread.
//!
//! Source: seccomp(2), prctl(2).
#![expect(unsafe_code, reason = "it calls the kernel")]

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use crate::{Listener, Program, Proven};

/// How a filter is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstallFlags(libc::c_ulong);

impl InstallFlags {
    /// As seccomp(2) does by itself. Where the kernel was booted with
    /// `spec_store_bypass_disable=seccomp` (the default before 5.16) the thread is then slowed by
    /// the mitigation of Speculative Store Bypass, and `/proc` shows it.
    pub const NONE: InstallFlags = InstallFlags(0);

    /// `SECCOMP_FILTER_FLAG_SPEC_ALLOW`: leaves that mitigation as it is. For a tracer, whose
    /// filter must change nothing about the traced program. Since Linux 4.17.
    pub const SPEC_ALLOW: InstallFlags = InstallFlags(libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

/// A program in the form that the kernel takes, made before fork(2) and installed after it.
///
/// It comes from a [`Proven`] program: no filter is installed unproven.
#[derive(Clone, Debug)]
pub struct Prepared(Box<[libc::sock_filter]>);

impl From<&Proven> for Prepared {
    fn from(proven: &Proven) -> Prepared {
        Prepared::unproven(proven.program())
    }
}

impl Prepared {
    /// Prepares a program that nobody has proven: for tests that ask the kernel about a program,
    /// and for measurements against a filter of one instruction. A tracer has no business here.
    #[must_use]
    pub fn unproven(program: &Program) -> Prepared {
        let insns = program.iter().map(|insn| libc::sock_filter {
            code: insn.code,
            jt: insn.jt,
            jf: insn.jf,
            k: insn.k,
        });
        Prepared(insns.collect())
    }

    /// Installs the filter in the calling thread; children and programs that it executes inherit it,
    /// and nothing takes it away again. The error is an errno.
    ///
    /// It neither allocates nor locks, so it may be called between fork(2) and execve(2).
    ///
    /// `EACCES`: the thread has neither `CAP_SYS_ADMIN` in its user namespace nor
    /// [`set_no_new_privs`]. `EINVAL`: the kernel does not take the program, or the flags, or has no
    /// filters. `ENOSYS`: it has no seccomp. `ENOMEM`: the filters of the thread would have more
    /// than 32768 instructions together.
    pub fn install(&self, flags: InstallFlags) -> Result<(), i32> {
        self.load(flags.0).map(drop)
    }

    /// As [`install`](Prepared::install), with a listener for what the filter answers with [`Action::UserNotif`]. A thread's
    /// filters can have one listener only: `EBUSY`. Since Linux 5.0. The descriptor is closed by execve(2).
    ///
    /// [`Action::UserNotif`]: crate::Action::UserNotif
    pub fn listen(&self) -> Result<Listener, i32> {
        let fd = self.load(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
        let fd = i32::try_from(fd).map_err(|_| libc::EBADF)?;
        // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) }.into())
    }

    /// The call; its result, or its error.
    fn load(&self, flags: libc::c_ulong) -> Result<libc::c_long, i32> {
        let program = libc::sock_fprog {
            // The field cannot say it, and the kernel takes far fewer.
            len: u16::try_from(self.0.len()).map_err(|_| libc::EINVAL)?,
            // The kernel only reads from it.
            filter: self.0.as_ptr().cast_mut(),
        };
        // SAFETY: `program` and the instructions that it points at live until the call returns,
        // and its length is theirs.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
                flags,
                &raw const program,
            )
        };
        if result >= 0 {
            Ok(result)
        } else {
            Err(errno())
        }
    }
}

/// Gives up, for the calling thread and all that comes of it, that execve(2) grants privileges: the
/// price of a filter without `CAP_SYS_ADMIN`. Async-signal-safe. The error is an errno.
pub fn set_no_new_privs() -> Result<(), i32> {
    let unused: libc::c_ulong = 0;
    // SAFETY: this operation takes numbers only.
    let result = unsafe {
        libc::prctl(
            libc::PR_SET_NO_NEW_PRIVS,
            1 as libc::c_ulong,
            unused,
            unused,
            unused,
        )
    };
    if result == 0 { Ok(()) } else { Err(errno()) }
}

/// The error of the last call. Only reads thread-local memory.
fn errno() -> i32 {
    io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Op};

    #[test]
    fn flags_reach_the_kernel() {
        let program = Program::from_iter([Op::Return(Action::Allow.to_ret())]);
        let undefined = InstallFlags(1 << 30);
        assert_eq!(
            Prepared::unproven(&program).install(undefined),
            Err(libc::EINVAL)
        );
    }

    #[test]
    fn a_length_that_the_kernel_cannot_be_told_is_an_error() {
        // Its low 16 bits would be a program of one instruction.
        let program = Program::from_iter(std::iter::repeat_n(
            Op::Return(Action::Allow.to_ret()),
            0x1_0001,
        ));
        assert_eq!(
            Prepared::unproven(&program).install(InstallFlags::NONE),
            Err(libc::EINVAL)
        );
    }
}
