//! The listener of a filter: who answers its `SECCOMP_RET_USER_NOTIF` (seccomp_unotify(2)).
#![expect(unsafe_code, reason = "ioctls")]

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::SeccompData;

/// A filter's listener. When it is closed, the calls that wait for it, and those that come later, fail with `ENOSYS`.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// A call that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// By this it is answered.
    pub id: u64,
    /// The thread, as it is called where the listener is read.
    pub tid: i32,
    /// The call.
    pub data: SeccompData,
}

impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Listener {
        Listener(fd)
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> OwnedFd {
        listener.0
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Listener {
    /// Waits for a call. `None` if the one that there was is gone: its thread was killed, or got a signal. It waits for ever
    /// where no thread with the filter is left; poll(2) tells that by `POLLHUP`.
    pub fn receive(&self) -> io::Result<Option<Notification>> {
        // SAFETY: all zeroes is a valid value of this struct of integers; the kernel wants it so.
        let mut found: libc::seccomp_notif = unsafe { mem::zeroed() };
        match self.ioctl(libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut found) {
            Ok(()) => Ok(Some(Notification {
                id: found.id,
                tid: found.pid.cast_signed(),
                data: SeccompData {
                    nr: found.data.nr.cast_unsigned(),
                    arch: found.data.arch,
                    instruction_pointer: found.data.instruction_pointer,
                    args: found.data.args,
                },
            })),
            Err(error) => match error.raw_os_error() {
                Some(libc::ENOENT | libc::EINTR) => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Whether the call still waits: then what was read of its thread since it came was that thread's.
    #[must_use]
    pub fn is_valid(&self, id: u64) -> bool {
        let mut id = id;
        self.ioctl(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw mut id)
            .is_ok()
    }

    /// Lets the call be made.
    pub fn proceed(&self, id: u64) -> io::Result<()> {
        const CONTINUE: u32 = 1;
        self.answer(id, 0, CONTINUE)
    }

    /// Makes the call fail with this error.
    pub fn fail(&self, id: u64, errno: i32) -> io::Result<()> {
        self.answer(id, -errno, 0)
    }

    /// That the call is gone is no error.
    fn answer(&self, id: u64, error: i32, flags: u32) -> io::Result<()> {
        let mut answer = libc::seccomp_notif_resp {
            id,
            val: 0,
            error,
            flags,
        };
        match self.ioctl(libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(()),
        }
    }

    fn ioctl<T>(&self, request: libc::Ioctl, value: *mut T) -> io::Result<()> {
        // SAFETY: each request stands beside a value of the type that it is for, which lives until the call returns.
        match unsafe { libc::ioctl(self.0.as_raw_fd(), request, value) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
