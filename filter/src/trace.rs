//! ptrace(2) and waits, for what asks the kernel about filters: [`process`](crate::process) and [`run`](crate::run).
#![expect(unsafe_code, reason = "ptrace and waits")]

use std::io;
use std::ptr;

use libc::pid_t;

/// Requests of ptrace(2), as the kernel numbers them (linux/ptrace.h). libc's constants have other types on other C libraries.
pub(crate) mod req {
    pub(crate) const CONT: i64 = 7;
    pub(crate) const DETACH: i64 = 17;
    pub(crate) const SYSCALL: i64 = 24;
    pub(crate) const SETOPTIONS: i64 = 0x4200;
    pub(crate) const GETEVENTMSG: i64 = 0x4201;
    pub(crate) const GETREGSET: i64 = 0x4204;
    pub(crate) const SETREGSET: i64 = 0x4205;
    pub(crate) const SEIZE: i64 = 0x4206;
    pub(crate) const INTERRUPT: i64 = 0x4207;
    pub(crate) const PEEKSIGINFO: i64 = 0x4209;
    pub(crate) const SECCOMP_GET_FILTER: i64 = 0x420c;
    pub(crate) const GET_SYSCALL_INFO: i64 = 0x420e;
}

/// A request whose address and data are numbers, or null.
pub(crate) fn request(request: i64, tid: pid_t, addr: usize, data: i32) -> io::Result<usize> {
    let data = ptr::without_provenance_mut(data.cast_unsigned() as usize);
    // SAFETY: the requests made through this function touch no memory of ours.
    unsafe { ptrace::<u8>(request, tid, addr, data) }
}

/// Any request.
///
/// # Safety
/// `addr` and `data` must be what `request` says: numbers, or memory that the kernel may read or write.
pub(crate) unsafe fn ptrace<T>(
    request: i64,
    tid: pid_t,
    addr: usize,
    data: *mut T,
) -> io::Result<usize> {
    // SAFETY: the caller's promise.
    match unsafe { libc::syscall(libc::SYS_ptrace, request as libc::c_long, tid, addr, data) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result as usize),
    }
}

/// The next status of a child or tracee.
pub(crate) fn wait(tid: pid_t) -> io::Result<i32> {
    loop {
        if let Some(status) = wait_with(tid, 0)? {
            return Ok(status);
        }
    }
}

/// The status of a child or tracee, if there is a new one.
pub(crate) fn poll(tid: pid_t) -> io::Result<Option<i32>> {
    wait_with(tid, libc::WNOHANG)
}

fn wait_with(tid: pid_t, flags: i32) -> io::Result<Option<i32>> {
    let mut status = 0;
    // SAFETY: the kernel writes one int to `status`.
    match unsafe { libc::waitpid(tid, &raw mut status, libc::__WALL | flags) } {
        0 => Ok(None),
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
        _ => Ok(Some(status)),
    }
}
