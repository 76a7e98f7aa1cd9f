//! A place for programs from which nothing reaches out: where probes and tracers run.
//!
//! A *worker* is the current executable, started once more. It gives up root, moves to namespaces of
//! its own (user, process ids, network, System V IPC, host name, cgroups, mounts) in which every file
//! system is read-only but for one private directory, becomes process 1 there, and then runs what it
//! is told to. After each run it kills and collects whatever is left. When the suite ends, however it
//! ends, the worker sees its socket close; with it everything inside ends.

mod confine;
mod jobs;
mod protocol;
mod trouble;
mod worker;

use std::ffi::OsString;
use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use protocol::{Reply, Request};

pub use trouble::Troubled;
pub use worker::serve_if_worker;

/// The argument that makes a program a worker.
const WORKER: &str = "--everycall-sandbox-worker";
/// Who root becomes before anything else.
pub(crate) const NOBODY: u32 = 65534;
/// The most bytes that any file in a sandbox gets, a tracer's output for one.
pub(crate) const MAX_FILE: u64 = 256 << 20;

/// What the programs inside are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Privilege {
    /// Root of a namespace that owns nothing outside: a tracer may install a filter as it is.
    NamespaceRoot,
    /// A user without any capability: a filter needs `no_new_privs`.
    User,
    /// The system's own root, who can do nothing that root can but observe the whole system: what reads
    /// tracepoints needs that, and no namespace of users has it. Only root can ask for it.
    Observer,
}

impl Privilege {
    /// What fits who runs the suite: root tests as root, a user as a user.
    #[must_use]
    pub fn of_caller() -> Privilege {
        if nix::unistd::geteuid().is_root() {
            Privilege::NamespaceRoot
        } else {
            Privilege::User
        }
    }

    /// Whether [`Privilege::Observer`] can be had: only the system's own root has it to give, not one of a
    /// namespace of users.
    #[must_use]
    pub fn can_observe() -> bool {
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let whole = ["0", "0", "4294967295"];
        nix::unistd::geteuid().is_root() && map.split_whitespace().eq(whole)
    }
}

/// A program to run. Its standard input is empty, its working directory that of the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// When to give up. It is for hangs only, so it is generous.
    pub timeout: Duration,
    /// What befalls it.
    pub troubled: Option<Troubled>,
}

impl Job {
    /// A job with no environment, and two minutes.
    pub fn new(argv: impl IntoIterator<Item = impl Into<OsString>>) -> Job {
        Job {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            timeout: Duration::from_secs(120),
            troubled: None,
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit status, unless a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether that signal was ours, because it took too long.
    pub timed_out: bool,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
    /// How many other processes were still there when it had ended, and had to be killed.
    pub left_behind: u32,
}

/// A worker, and the directory that it shares with us.
#[derive(Debug)]
pub struct Sandbox {
    child: Child,
    requests: UnixStream,
    replies: BufReader<UnixStream>,
    privilege: Privilege,
    /// The last, so that the worker is gone when the directory is removed.
    dir: TempDir,
}

impl Sandbox {
    /// Starts a worker. The `main` of the current executable must begin with [`serve_if_worker`].
    pub fn start(privilege: Privilege) -> io::Result<Sandbox> {
        let dir = private_directory(privilege)?;
        let (ours, theirs) = UnixStream::pair()?;
        // Not the path of the executable: a build may have replaced that file meanwhile.
        let child = Command::new("/proc/self/exe")
            .arg(WORKER)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()?;
        let mut sandbox = Sandbox {
            child,
            replies: BufReader::new(ours.try_clone()?),
            requests: ours,
            privilege,
            dir,
        };
        let dir = sandbox.dir().to_owned();
        match sandbox.ask(&Request::Confine { privilege, dir })? {
            Reply::Done => Ok(sandbox),
            reply => Err(reply.into_error()),
        }
    }

    /// The directory that inside and outside share, by the same path: the only place inside where
    /// anything can be written.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What the programs inside are.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        self.privilege
    }

    /// Runs a program to its end, and ends whatever it left behind.
    pub fn run(&mut self, job: &Job) -> io::Result<Ended> {
        match self.ask(&Request::Run(job.clone()))? {
            Reply::Ended(ended) => Ok(ended),
            reply => Err(reply.into_error()),
        }
    }

    /// Puts a program of these bytes into the directory. The worker writes it, since a file that any
    /// other thread's new child still holds open for writing could not be executed.
    pub fn install(&mut self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let to = self.dir().join(name);
        let request = Request::Install {
            to: to.clone(),
            bytes: bytes.len() as u64,
        };
        protocol::send(&mut self.requests, &request).map_err(gone)?;
        self.requests.write_all(bytes).map_err(gone)?;
        match self.answer()? {
            Reply::Done => Ok(to),
            reply => Err(reply.into_error()),
        }
    }

    /// Makes a new file of zeros in the directory, for both sides to write.
    pub fn blank(&mut self, name: &str, bytes: u64) -> io::Result<PathBuf> {
        let path = self.dir().join(name);
        self.remove(name)?;
        let file = std::fs::File::create_new(&path)?;
        file.set_len(bytes)?;
        file.set_permissions(PermissionsExt::from_mode(0o666))?;
        Ok(path)
    }

    /// Removes a file of the directory, if it is there.
    pub fn remove(&mut self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.dir().join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The path by which the program can be started inside: its own, or that of a copy when the user
    /// inside cannot reach it (a build below somebody's private home).
    pub fn program(&mut self, path: &Path) -> io::Result<PathBuf> {
        let path = path.canonicalize()?;
        match self.ask(&Request::Reachable(path.clone()))? {
            Reply::Reachable(true) => return Ok(path),
            Reply::Reachable(false) => {}
            reply => return Err(reply.into_error()),
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        self.install(
            &format!("program-{}", name.display()),
            &std::fs::read(&path)?,
        )
    }

    fn ask(&mut self, request: &Request) -> io::Result<Reply> {
        protocol::send(&mut self.requests, request).map_err(gone)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Reply> {
        protocol::receive(&mut self.replies)
            .and_then(|reply| reply.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()))
            .map_err(gone)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn gone(error: io::Error) -> io::Error {
    let text = format!("the sandbox's worker is gone: {error}");
    io::Error::new(error.kind(), text)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The worker ends when its socket does; and with it, as process 1, everything inside.
        let _ = self.requests.shutdown(std::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

/// A directory that only the user inside can reach.
fn private_directory(privilege: Privilege) -> io::Result<TempDir> {
    let dir = tempfile::Builder::new()
        .prefix("everycall-")
        .permissions(PermissionsExt::from_mode(0o700))
        .tempdir()?;
    if privilege != Privilege::Observer && becomes_nobody() {
        chown(dir.path(), Some(NOBODY), Some(NOBODY))?;
    }
    Ok(dir)
}

/// Whether a worker of ours becomes [`NOBODY`]. Not so where a namespace of one single user calls him
/// root: he has nothing to give up, and nobody to become.
fn becomes_nobody() -> bool {
    let known = |map: &str| {
        let map = std::fs::read_to_string(map).unwrap_or_default();
        map.lines().any(|line| {
            let mut fields = line.split_whitespace().map(str::parse::<u64>);
            match (fields.next(), fields.nth(1)) {
                (Some(Ok(first)), Some(Ok(count))) => {
                    (first..first.saturating_add(count)).contains(&u64::from(NOBODY))
                }
                _ => false,
            }
        })
    };
    let root = nix::unistd::geteuid().is_root();
    root && known("/proc/self/uid_map") && known("/proc/self/gid_map")
}
