//! ptrace(2), waits, and a tracee's memory.

use std::io;
use std::mem::size_of;
use std::ptr;
use std::time::{Duration, Instant};

use libc::{c_int, c_long, pid_t};

use crate::protocol::{CallInfo, Resume};

/// What `PTRACE_GET_SYSCALL_INFO` says of a stop (ptrace(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallInfo {
    /// The stop has nothing to do with a call.
    None,
    /// syscall-entry-stop.
    Entry(CallInfo),
    /// syscall-exit-stop.
    Exit {
        /// The result.
        value: i64,
        /// Whether it is an error number.
        error: bool,
    },
    /// The stop of a filter that returned `SECCOMP_RET_TRACE`.
    Seccomp(CallInfo, u32),
}

/// Requests of ptrace(2), as the kernel numbers them (linux/ptrace.h). libc's constants have other
/// types on other C libraries.
pub(super) mod req {
    pub(crate) const PEEKDATA: i64 = 2;
    pub(crate) const POKEDATA: i64 = 5;
    #[cfg(target_arch = "arm")]
    pub(crate) const POKEUSER: i64 = 6;
    pub(crate) const CONT: i64 = 7;
    pub(crate) const DETACH: i64 = 17;
    pub(crate) const SYSCALL: i64 = 24;
    pub(crate) const SETOPTIONS: i64 = 0x4200;
    pub(crate) const GETEVENTMSG: i64 = 0x4201;
    pub(crate) const GETSIGINFO: i64 = 0x4202;
    #[cfg(not(target_arch = "arm"))]
    pub(crate) const GETREGSET: i64 = 0x4204;
    #[cfg(not(target_arch = "arm"))]
    pub(crate) const SETREGSET: i64 = 0x4205;
    pub(crate) const SEIZE: i64 = 0x4206;
    pub(crate) const INTERRUPT: i64 = 0x4207;
    pub(crate) const LISTEN: i64 = 0x4208;
    pub(crate) const PEEKSIGINFO: i64 = 0x4209;
    pub(crate) const GET_SYSCALL_INFO: i64 = 0x420e;
}

/// The raw ptrace call. Unlike libc's wrapper it is the same on every C library, and the peeking
/// requests store their word at `data`.
///
/// # Safety
/// `data`, and `addr` for the requests that read it, must be what `request` says: a number, or an
/// address in this process that is valid for what the kernel reads and writes there.
pub(super) unsafe fn ptrace(
    request: i64,
    tid: pid_t,
    addr: usize,
    data: usize,
) -> io::Result<usize> {
    // SAFETY: the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_ptrace, request as c_long, tid, addr, data) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result as usize)
    }
}

/// A ptrace request whose address and data are plain numbers.
pub(super) fn request(request: i64, tid: pid_t, addr: usize, data: usize) -> io::Result<()> {
    // SAFETY: the requests made through this function take numbers in `addr` and `data`, or
    // addresses in the tracee; the kernel does not touch our memory for them.
    unsafe { ptrace(request, tid, addr, data) }.map(drop)
}

/// Starts to trace a thread without stopping it (`PTRACE_SEIZE`).
pub fn seize(tid: pid_t, options: c_int) -> io::Result<()> {
    request(req::SEIZE, tid, 0, options as usize)
}

/// Replaces the options of a stopped tracee.
pub fn set_options(tid: pid_t, options: c_int) -> io::Result<()> {
    request(req::SETOPTIONS, tid, 0, options as usize)
}

/// Asks a running tracee to stop (`PTRACE_INTERRUPT`).
pub fn interrupt(tid: pid_t) -> io::Result<()> {
    request(req::INTERRUPT, tid, 0, 0)
}

/// Restarts a stopped tracee.
pub fn resume(tid: pid_t, how: Resume) -> io::Result<()> {
    match how {
        Resume::Continue(signal) => request(req::CONT, tid, 0, signal as usize),
        Resume::Syscall(signal) => request(req::SYSCALL, tid, 0, signal as usize),
        Resume::Listen => request(req::LISTEN, tid, 0, 0),
        Resume::Detach(signal) => request(req::DETACH, tid, 0, signal as usize),
        Resume::Hold | Resume::Gone => Ok(()),
    }
}

/// The message of a ptrace event: a new thread's id, a former thread id, a filter's data.
pub fn event_message(tid: pid_t) -> io::Result<u64> {
    let mut message: usize = 0;
    // SAFETY: the kernel writes one `unsigned long`, which is as wide as an address on every ABI of Linux,
    // to `message`, which outlives the call.
    unsafe {
        ptrace(
            req::GETEVENTMSG,
            tid,
            0,
            (&raw mut message).expose_provenance(),
        )
    }?;
    Ok(message as u64)
}

/// The `siginfo_t` of a signal-delivery-stop.
pub fn siginfo(tid: pid_t) -> io::Result<[u8; 128]> {
    const { assert!(size_of::<libc::siginfo_t>() == 128) };
    let mut info = [0_u8; 128];
    // SAFETY: the kernel writes one `siginfo_t`, 128 bytes, to `info`, which outlives the call.
    unsafe {
        ptrace(
            req::GETSIGINFO,
            tid,
            0,
            info.as_mut_ptr().expose_provenance(),
        )
    }?;
    Ok(info)
}

/// The layout of `struct ptrace_peeksiginfo_args` (linux/ptrace.h).
#[repr(C)]
struct PeekSiginfoArgs {
    off: u64,
    flags: u32,
    nr: i32,
}

/// Whether `SIGSYS` is pending for the thread because a seccomp filter said `SECCOMP_RET_TRAP`.
/// Nothing is dequeued.
pub fn trapped_by_seccomp(tid: pid_t) -> bool {
    const SYS_SECCOMP: i32 = 1;
    const BATCH: usize = 4;
    let mut infos = [[0_u8; 128]; BATCH];
    let mut args = PeekSiginfoArgs {
        off: 0,
        flags: 0,
        nr: BATCH as i32,
    };
    loop {
        let (from, to) = ((&raw const args).expose_provenance(), infos.as_mut_ptr());
        // SAFETY: the kernel reads `args` and writes at most `args.nr` (4) `siginfo_t` to `infos`.
        let count = unsafe { ptrace(req::PEEKSIGINFO, tid, from, to.expose_provenance()) };
        let Ok(count @ 1..) = count else { return false };
        let is_trap =
            |info: &[u8; 128]| i32_at(info, 0) == libc::SIGSYS && i32_at(info, 8) == SYS_SECCOMP;
        if infos.iter().take(count).any(is_trap) {
            return true;
        }
        args.off += count as u64;
    }
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| i32::from_ne_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u64::from_ne_bytes(*chunk))
}

/// What the kernel says of the call at this stop: its ABI, number and words, or its result.
///
/// The layout is `struct ptrace_syscall_info` of linux/ptrace.h: `op` (u8) at 0, `arch` (u32) at 4,
/// the instruction and stack pointers at 8 and 16; then, at 24, number and six words and (at 80)
/// the filter's data, or the result and (at 32) whether it is an error.
pub fn syscall_info(tid: pid_t) -> io::Result<SyscallInfo> {
    let info = raw_syscall_info(tid)?;
    let call = || CallInfo {
        arch: i32_at(&info, 4) as u32,
        // The kernel takes the low 32 bits of the register for the number.
        nr: u64_at(&info, 24) as u32,
        words: std::array::from_fn(|i| u64_at(&info, 32 + 8 * i)),
        ip: u64_at(&info, 8),
    };
    Ok(match info[0] {
        1 => SyscallInfo::Entry(call()),
        2 => SyscallInfo::Exit {
            value: u64_at(&info, 24) as i64,
            error: info[32] != 0,
        },
        3 => SyscallInfo::Seccomp(call(), i32_at(&info, 80) as u32),
        _ => SyscallInfo::None,
    })
}

fn raw_syscall_info(tid: pid_t) -> io::Result<[u8; 88]> {
    let mut info = [0_u8; 88];
    let to = info.as_mut_ptr().expose_provenance();
    // SAFETY: the kernel writes at most as many bytes as `addr` says to `info`, which has them.
    unsafe { ptrace(req::GET_SYSCALL_INFO, tid, info.len(), to) }?;
    Ok(info)
}

/// Whether the thread uses addresses that our own words are too narrow for, at any stop: so it does
/// where its instruction or its stack pointer is one.
pub fn has_wider_addresses(tid: pid_t) -> bool {
    let wide = |addr| usize::try_from(addr).is_err();
    raw_syscall_info(tid).is_ok_and(|info| wide(u64_at(&info, 8)) || wide(u64_at(&info, 16)))
}

/// The result of a wait.
#[derive(Clone, Copy, Debug)]
pub enum Waited {
    /// This thread has this wait status.
    Status(pid_t, c_int),
    /// A signal came instead.
    Interrupted,
    /// There is nothing to wait for.
    NoChildren,
}

/// How long a wait looks before it sleeps. A tracee that was resumed mostly stops again within
/// microseconds, and to wake a tracer whose processor has gone idle costs far more than that:
/// measured with `cargo bench`, a traced call costs a fifth of what it costs without this. A tracee
/// that runs for long is waited for in sleep. It is a time, not a number of looks, because where a look is
/// dear (an emulated machine) many of them would only take the processor from the tracee.
const LOOK: Duration = Duration::from_micros(50);

/// Waits for any tracee or child.
pub fn wait_any() -> io::Result<Waited> {
    let mut status = 0;
    let start = Instant::now();
    while start.elapsed() < LOOK {
        // SAFETY: the kernel writes one int to `status`.
        let tid = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::WNOHANG) };
        if tid > 0 {
            return Ok(Waited::Status(tid, status));
        }
        if tid < 0 {
            break;
        }
        // The tracee may be waiting for this very processor.
        // SAFETY: a plain system call.
        unsafe { libc::sched_yield() };
    }
    // SAFETY: the kernel writes one int to `status`.
    let tid = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) };
    if tid > 0 {
        return Ok(Waited::Status(tid, status));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EINTR) => Ok(Waited::Interrupted),
        Some(libc::ECHILD) => Ok(Waited::NoChildren),
        _ => Err(error),
    }
}

/// Reads from a tracee's memory. `ranges` are (address, length), each inside one page, and
/// together as long as `buffer`. Returns how many bytes were read from the start.
pub fn read_memory(tid: pid_t, ranges: &[(u64, usize)], buffer: &mut [u8]) -> io::Result<usize> {
    debug_assert!(ranges.iter().map(|r| r.1).sum::<usize>() <= buffer.len());
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote: Vec<libc::iovec> = ranges
        .iter()
        .map(|&(addr, len)| {
            Ok(libc::iovec {
                iov_base: ptr::without_provenance_mut(host_address(addr)?),
                iov_len: len,
            })
        })
        .collect::<io::Result<_>>()?;
    // SAFETY: `local` describes `buffer`, which is writable for its length; `remote` is only
    // looked at by the kernel, in the address space of the tracee.
    let count = unsafe {
        libc::process_vm_readv(
            tid,
            &raw const local,
            1,
            remote.as_ptr(),
            remote.len() as _,
            0,
        )
    };
    if count < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(count as usize)
    }
}

/// A word of the host, as ptrace reads and writes it.
pub type Word = [u8; size_of::<c_long>()];

/// An address in a tracee, where the tracer's own words are wide enough for it: a 32-bit tracer may have
/// 64-bit tracees.
fn host_address(addr: u64) -> io::Result<usize> {
    usize::try_from(addr).map_err(|_| io::Error::from_raw_os_error(libc::EIO))
}

/// Reads one word of a tracee's memory at an aligned address (`PTRACE_PEEKDATA`).
pub fn peek(tid: pid_t, addr: u64) -> io::Result<Word> {
    let mut word: c_long = 0;
    // SAFETY: the raw call writes one word to `word`, which outlives it.
    unsafe {
        ptrace(
            req::PEEKDATA,
            tid,
            host_address(addr)?,
            (&raw mut word).expose_provenance(),
        )
    }?;
    Ok(word.to_ne_bytes())
}

/// Writes one word of a tracee's memory at an aligned address, read-only private pages included.
pub fn poke(tid: pid_t, addr: u64, word: Word) -> io::Result<()> {
    request(
        req::POKEDATA,
        tid,
        host_address(addr)?,
        usize::from_ne_bytes(word),
    )
}
