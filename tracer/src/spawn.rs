//! Starting the command: a child that waits until it is traced, puts the filter on itself, and
//! executes the command. The filter comes after the tracer, and before the change of user, so
//! that neither the filter nor `-u` needs more privilege than it must.
#![expect(
    unsafe_code,
    reason = "fork, and what a child may do between fork and execve"
)]

use std::ffi::{CStr, CString, c_int};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::ptr;

use everycall_filter::{InstallFlags, Prepared};

use crate::config::{Command, User};

/// A child that was started and has not executed the command yet.
#[derive(Debug)]
pub struct Launched {
    /// Its process id.
    pub pid: i32,
    go: File,
    reports: File,
}

/// What the child says of its set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The filter is installed; `true` when that needed `no_new_privs`.
    Filtered(bool),
    /// The filter was refused, with this errno.
    NotFiltered(i32),
    /// The change of user failed, with this errno.
    User(i32),
    /// execve failed, with this errno.
    Exec(i32),
}

impl Report {
    const SIZE: usize = 5;

    fn encode(self) -> [u8; Self::SIZE] {
        let (kind, value) = match self {
            Report::Filtered(nnp) => (b'F', i32::from(nnp)),
            Report::NotFiltered(errno) => (b'N', errno),
            Report::User(errno) => (b'U', errno),
            Report::Exec(errno) => (b'X', errno),
        };
        let mut bytes = [kind, 0, 0, 0, 0];
        bytes[1..].copy_from_slice(&value.to_ne_bytes());
        bytes
    }

    fn decode(bytes: [u8; Self::SIZE]) -> Option<Report> {
        let [kind, value @ ..] = bytes;
        let value = i32::from_ne_bytes(value);
        match kind {
            b'F' => Some(Report::Filtered(value != 0)),
            b'N' => Some(Report::NotFiltered(value)),
            b'U' => Some(Report::User(value)),
            b'X' => Some(Report::Exec(value)),
            _ => None,
        }
    }
}

impl Launched {
    /// Lets the child go on: it is traced now.
    pub fn go(&mut self) -> io::Result<()> {
        self.go.write_all(&[1])
    }

    /// What the child reports next. Only to be asked when a report must be there, or the child has
    /// ended or executed the command.
    pub fn report(&mut self) -> Option<Report> {
        let mut bytes = [0; Report::SIZE];
        self.reports.read_exact(&mut bytes).ok()?;
        Report::decode(bytes)
    }
}

/// A pipe that is closed by execve.
pub(crate) fn pipe() -> io::Result<(File, File)> {
    let mut fds: [c_int; 2] = [-1; 2];
    // SAFETY: the kernel writes two descriptors to `fds`; both are new and owned by nobody else.
    unsafe {
        if libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        let [read, write] = fds.map(|fd| OwnedFd::from_raw_fd(fd));
        Ok((read.into(), write.into()))
    }
}

/// Forks. `None` in the child.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the tracer has one thread, so the child finds no lock held by a thread that is not
    // there.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Everything that the child needs, made before the fork.
struct Child {
    path: CString,
    argv: Vec<CString>,
    env: Vec<CString>,
    user: Option<User>,
    filter: Option<Prepared>,
    go: File,
    reports: File,
}

/// Starts the child, which waits for [`Launched::go`].
pub fn launch(command: &Command, filter: Option<Prepared>) -> io::Result<Launched> {
    let (go_read, go_write) = pipe()?;
    let (reports_read, reports_write) = pipe()?;
    let env = command.env.iter().map(|(name, value)| {
        let mut entry = name.clone().into_vec();
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        CString::new(entry)
    });
    let argv = command.argv.iter().map(|arg| CString::new(arg.as_bytes()));
    let child = Child {
        path: CString::new(command.path.as_os_str().as_bytes())?,
        argv: argv.collect::<Result<_, _>>()?,
        env: env.collect::<Result<_, _>>()?,
        user: command.user.clone(),
        filter,
        go: go_read,
        reports: reports_write,
    };
    match fork()? {
        Some(pid) => Ok(Launched {
            pid,
            go: go_write,
            reports: reports_read,
        }),
        None => {
            drop((go_write, reports_read));
            child.run()
        }
    }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain([ptr::null()])
        .collect()
}

impl Child {
    /// The child's life. It never returns.
    fn run(mut self) -> ! {
        let argv = pointers(&self.argv);
        let env = pointers(&self.env);
        if self.go.read_exact(&mut [0]).is_err() {
            // The tracer is gone, or could not attach.
            exit();
        }
        self.install_filter();
        if let Err(errno) = self.become_user() {
            self.report(Report::User(errno));
            exit();
        }
        restore_sigpipe();
        let path: &CStr = &self.path;
        // SAFETY: plain system calls; the arrays are NULL-terminated and outlive them.
        unsafe {
            // The mark by which the tracer knows that what follows is the command's.
            libc::kill(libc::getpid(), libc::SIGSTOP);
            libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr());
        }
        self.report(Report::Exec(errno()));
        exit()
    }

    fn report(&self, report: Report) {
        let bytes = report.encode();
        // SAFETY: `bytes` is readable for its length. A failure cannot be told to anybody.
        unsafe { libc::write(self.reports.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
    }

    /// Without CAP_SYS_ADMIN the kernel wants `no_new_privs` first (seccomp(2)); it is set only then,
    /// because it stays with the program for ever.
    fn install_filter(&self) {
        let Some(filter) = &self.filter else { return };
        let install = || filter.install(InstallFlags::SPEC_ALLOW);
        let report = match install() {
            Ok(()) => Report::Filtered(false),
            Err(libc::EACCES) => {
                match everycall_filter::set_no_new_privs().and_then(|()| install()) {
                    Ok(()) => Report::Filtered(true),
                    Err(errno) => Report::NotFiltered(errno),
                }
            }
            Err(errno) => Report::NotFiltered(errno),
        };
        self.report(report);
    }

    fn become_user(&self) -> Result<(), i32> {
        let Some(user) = &self.user else {
            return Ok(());
        };
        let check = |result: c_int| if result == 0 { Ok(()) } else { Err(errno()) };
        // SAFETY: plain system calls; `groups` is readable for the length that is given.
        unsafe {
            check(libc::setgroups(user.groups.len(), user.groups.as_ptr()))?;
            check(libc::setresgid(user.gid, user.gid, user.gid))?;
            check(libc::setresuid(user.uid, user.uid, user.uid))
        }
    }
}

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Ends the child at once, without the destructors and buffers that belong to its parent.
fn exit() -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(1) }
}

/// Whether `SIGPIPE` was ignored when this program was started. Rust's runtime ignores it before
/// `main`, and what is ignored stays so through execve: the command must find it as it was.
static mut SIGPIPE_WAS_IGNORED: bool = false;

extern "C" fn note_sigpipe() {
    // SAFETY: runs before `main`, where nothing else runs; sigaction only writes `action`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, ptr::null(), &raw mut action);
        SIGPIPE_WAS_IGNORED = action.sa_sigaction == libc::SIG_IGN;
    }
}

#[used]
// SAFETY: the loader calls what stands in this section before `main`; the function has the type that
// it expects, and uses nothing that the runtime would have to set up.
#[unsafe(link_section = ".init_array")]
static NOTE_SIGPIPE: extern "C" fn() = note_sigpipe;

fn restore_sigpipe() {
    // SAFETY: nobody writes the flag any more; signal(2) is a plain call.
    unsafe {
        if !SIGPIPE_WAS_IGNORED {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        }
    }
}
