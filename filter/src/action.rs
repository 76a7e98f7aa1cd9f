//! What a filter returns: the actions of seccomp(2), and the 16 bits of data beside them.
//!
//! Sources: seccomp(2), and `linux/seccomp.h`. An action is the upper half of the 32-bit return
//! value; of several filters the one whose action is lowest *as a signed number* decides
//! (`seccomp_run_filters` in kernel/seccomp.c).

use std::fmt;

/// `SECCOMP_RET_KILL_PROCESS`.
pub const RET_KILL_PROCESS: u32 = 0x8000_0000;
/// `SECCOMP_RET_KILL_THREAD`.
pub const RET_KILL_THREAD: u32 = 0x0000_0000;
/// `SECCOMP_RET_TRAP`.
pub const RET_TRAP: u32 = 0x0003_0000;
/// `SECCOMP_RET_ERRNO`.
pub const RET_ERRNO: u32 = 0x0005_0000;
/// `SECCOMP_RET_USER_NOTIF`.
pub const RET_USER_NOTIF: u32 = 0x7fc0_0000;
/// `SECCOMP_RET_TRACE`.
pub const RET_TRACE: u32 = 0x7ff0_0000;
/// `SECCOMP_RET_LOG`.
pub const RET_LOG: u32 = 0x7ffc_0000;
/// `SECCOMP_RET_ALLOW`.
pub const RET_ALLOW: u32 = 0x7fff_0000;

/// `SECCOMP_RET_ACTION_FULL`: the bits of a return value that are the action.
pub const ACTION_MASK: u32 = 0xffff_0000;
/// `SECCOMP_RET_DATA`: the bits of a return value that are the action's data.
pub const DATA_MASK: u32 = 0x0000_ffff;

/// A filter's return value, decoded. Data that the kernel never looks at is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The process ends, as by SIGSYS.
    KillProcess,
    /// The thread ends, as by SIGSYS.
    KillThread,
    /// SIGSYS is sent, with this as its `si_errno`; the call is not executed.
    Trap(u16),
    /// The call is not executed, and fails with this error (the kernel caps it at 4095).
    Errno(u16),
    /// A supervisor is asked; ENOSYS when there is none.
    UserNotif,
    /// The tracer is told, with this as the event's message; ENOSYS when there is none.
    Trace(u16),
    /// The call is executed, and logged.
    Log,
    /// The call is executed.
    Allow,
    /// A value that the kernel does not define: it acts as [`Action::KillProcess`].
    Unknown(u32),
}

impl Action {
    /// Decodes a filter's return value.
    #[must_use]
    pub const fn from_ret(ret: u32) -> Action {
        let data = (ret & DATA_MASK) as u16;
        match ret & ACTION_MASK {
            RET_KILL_PROCESS => Action::KillProcess,
            RET_KILL_THREAD => Action::KillThread,
            RET_TRAP => Action::Trap(data),
            RET_ERRNO => Action::Errno(data),
            RET_USER_NOTIF => Action::UserNotif,
            RET_TRACE => Action::Trace(data),
            RET_LOG => Action::Log,
            RET_ALLOW => Action::Allow,
            _ => Action::Unknown(ret),
        }
    }

    /// The return value that means this action.
    #[must_use]
    pub const fn to_ret(self) -> u32 {
        match self {
            Action::KillProcess => RET_KILL_PROCESS,
            Action::KillThread => RET_KILL_THREAD,
            Action::Trap(data) => RET_TRAP | data as u32,
            Action::Errno(data) => RET_ERRNO | data as u32,
            Action::UserNotif => RET_USER_NOTIF,
            Action::Trace(data) => RET_TRACE | data as u32,
            Action::Log => RET_LOG,
            Action::Allow => RET_ALLOW,
            Action::Unknown(ret) => ret,
        }
    }

    /// Its rank where several filters disagree: the lowest decides.
    #[must_use]
    pub const fn precedence(self) -> i32 {
        (self.to_ret() & ACTION_MASK).cast_signed()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::KillProcess => f.write_str("KILL_PROCESS"),
            Action::KillThread => f.write_str("KILL_THREAD"),
            Action::Trap(data) => write!(f, "TRAP({data})"),
            Action::Errno(errno) => write!(f, "ERRNO({errno})"),
            Action::UserNotif => f.write_str("USER_NOTIF"),
            Action::Trace(data) => write!(f, "TRACE({data:#x})"),
            Action::Log => f.write_str("LOG"),
            Action::Allow => f.write_str("ALLOW"),
            Action::Unknown(ret) => write!(f, "unknown action {ret:#010x} (kills the process)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_the_headers() {
        for (ours, theirs) in [
            (RET_KILL_PROCESS, libc::SECCOMP_RET_KILL_PROCESS),
            (RET_KILL_THREAD, libc::SECCOMP_RET_KILL_THREAD),
            (RET_TRAP, libc::SECCOMP_RET_TRAP),
            (RET_ERRNO, libc::SECCOMP_RET_ERRNO),
            (RET_USER_NOTIF, libc::SECCOMP_RET_USER_NOTIF),
            (RET_TRACE, libc::SECCOMP_RET_TRACE),
            (RET_LOG, libc::SECCOMP_RET_LOG),
            (RET_ALLOW, libc::SECCOMP_RET_ALLOW),
            (ACTION_MASK, libc::SECCOMP_RET_ACTION_FULL),
            (DATA_MASK, libc::SECCOMP_RET_DATA),
        ] {
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn decoding_keeps_what_the_kernel_looks_at() {
        assert_eq!(Action::from_ret(0x7ff0_ec01), Action::Trace(0xec01));
        assert_eq!(Action::from_ret(0x7fff_0001), Action::Allow);
        assert_eq!(Action::from_ret(0x0005_0026), Action::Errno(38));
        assert_eq!(Action::from_ret(0x1234_0000), Action::Unknown(0x1234_0000));
    }

    #[test]
    fn precedence_is_that_of_the_manual() {
        let ordered = [
            Action::KillProcess,
            Action::KillThread,
            Action::Trap(9),
            Action::Errno(1),
            Action::UserNotif,
            Action::Trace(0xffff),
            Action::Log,
            Action::Allow,
        ];
        assert!(
            ordered
                .windows(2)
                .all(|pair| pair[0].precedence() < pair[1].precedence())
        );
    }
}
