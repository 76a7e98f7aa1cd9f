//! The filters of another process, as the kernel gives them: all of them, the oldest first, and the process goes on as it was.
#![expect(unsafe_code, reason = "a child with filters, by fork")]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use everycall_filter::process::{ProcessError, filters_of};
use everycall_filter::{Action, InstallFlags, Op, Prepared, Program, set_no_new_privs};

/// Filters of different lengths, which allow everything.
fn filters(count: u32) -> Vec<Program> {
    let allow = Op::Return(Action::Allow.to_ret());
    let filter = |length| {
        (0..length)
            .map(|_| Op::LoadData(0))
            .chain([allow])
            .collect()
    };
    (0..count).map(filter).collect()
}

/// A child that has these filters, and sends back each byte that it is sent.
struct Child {
    pid: i32,
    line: UnixStream,
}

impl Child {
    fn with(filters: &[Program]) -> Child {
        let prepared: Vec<Prepared> = filters.iter().map(Prepared::unproven).collect();
        let (line, theirs) = UnixStream::pair().unwrap();
        // SAFETY: the child only makes system calls: it allocates and locks nothing.
        let pid = match unsafe { libc::fork() } {
            0 => echo(&prepared, &theirs),
            pid => pid,
        };
        assert!(pid > 0);
        drop(OwnedFd::from(theirs));
        let mut child = Child { pid, line };
        child.answers();
        child
    }

    /// Waits until it has answered.
    fn answers(&mut self) {
        let mut byte = [0];
        self.line.write_all(&[7]).unwrap();
        self.line.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [7]);
    }

    fn signal(&self, signal: i32) {
        // SAFETY: a plain system call, on a child that was not waited for.
        assert_eq!(unsafe { libc::kill(self.pid, signal) }, 0);
    }

    /// A line of its status.
    fn status(&self, name: &str) -> String {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: plain system calls.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, std::ptr::null_mut(), 0);
        }
    }
}

/// The child's life.
fn echo(filters: &[Prepared], mut line: &UnixStream) -> ! {
    let installed = filters.iter().try_for_each(|filter| {
        set_no_new_privs()?;
        filter.install(InstallFlags::NONE)
    });
    let mut byte = [0];
    while installed.is_ok() && line.read_exact(&mut byte).is_ok() && line.write_all(&byte).is_ok() {
    }
    // SAFETY: does not return.
    unsafe { libc::_exit(1) }
}

/// What the kernel must say: it gives filters to who may administer the first user namespace and has none himself.
fn expected(filters: &[Program]) -> Option<&[Program]> {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let value = |name: &str| {
        let mut lines = status.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
    };
    let admin = u64::from_str_radix(value("CapEff:"), 16).unwrap() >> 21 & 1 == 1;
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let first_namespace = map.split_whitespace().eq(["0", "0", "4294967295"]);
    (admin && first_namespace && value("Seccomp:") == "0").then_some(filters)
}

fn judge(child: &Child, filters: &[Program]) {
    let found = filters_of(child.pid);
    match expected(filters) {
        Some(filters) => assert_eq!(found.unwrap(), filters),
        None => assert!(matches!(found, Err(ProcessError::NoPrivilege)), "{found:?}"),
    }
    assert_eq!(child.status("TracerPid"), "0", "it is let go");
}

#[test]
fn all_filters_come_the_oldest_first() {
    let filters = filters(5);
    let mut child = Child::with(&filters);
    judge(&child, &filters);
    // It was waiting in a read, and does again.
    child.answers();
    judge(&child, &filters);
}

#[test]
fn a_process_without_filters_has_none() {
    let mut child = Child::with(&[]);
    judge(&child, &[]);
    child.answers();
}

#[test]
fn who_was_stopped_stays_so() {
    let filters = filters(2);
    let mut child = Child::with(&filters);
    child.signal(libc::SIGSTOP);
    while !child.status("State").starts_with('T') {
        std::thread::yield_now();
    }
    judge(&child, &filters);
    // While it is let go it may be on its way back into its stop.
    while !child.status("State").starts_with('T') {
        std::thread::yield_now();
    }
    child.signal(libc::SIGCONT);
    child.answers();
}

#[test]
fn what_cannot_be_asked_is_told() {
    let own = std::process::id().cast_signed();
    assert!(matches!(filters_of(own), Err(ProcessError::Own(pid)) if pid == own));
    // Above the greatest id that there can be.
    assert!(matches!(
        filters_of(0x7fff_0000),
        Err(ProcessError::None(_))
    ));
    let child = Child::with(&[]);
    child.signal(libc::SIGKILL);
    while !child.status("State").starts_with('Z') {
        std::thread::yield_now();
    }
    let found = filters_of(child.pid);
    assert!(matches!(found, Err(ProcessError::Died(_))), "{found:?}");
}
