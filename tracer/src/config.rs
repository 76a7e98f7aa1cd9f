//! What is to be done: resolved, typed, immutable. `cli` makes it from what was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::select::Selection;

/// Everything the tracer needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The command to run, if one was given.
    pub command: Option<Command>,
    /// The processes to attach to (`-p`).
    pub attach: Vec<i32>,
    /// Whether children and threads are followed (`-f`).
    pub follow: bool,
    /// How calls are observed.
    pub backend: Backend,
    /// End the tracees when the tracer ends (`--kill-on-exit`).
    pub kill_on_exit: bool,
    /// Which calls to show.
    pub calls: Selection,
    /// Which signals to show: bit `n` for signal `n`.
    pub signals: u128,
    /// What the output looks like, and where it goes.
    pub output: Output,
}

/// A command to run under the tracer.
#[derive(Clone, Debug)]
pub struct Command {
    /// The file to execute, found in `PATH`.
    pub path: PathBuf,
    /// `argv`.
    pub argv: Vec<OsString>,
    /// The environment, complete.
    pub env: Vec<(OsString, OsString)>,
    /// Whom to run as (`-u`).
    pub user: Option<User>,
}

/// Whom to run a command as.
#[derive(Clone, Debug)]
pub struct User {
    /// Login name, for the supplementary groups.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// How calls are observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A seccomp filter when what was asked can be filtered and the tracees are followed; else ptrace.
    Auto,
    /// A stop at every call.
    Ptrace,
    /// A seccomp filter; an error when there can be none.
    Seccomp,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// strace's.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the output looks like, and where it goes.
#[derive(Clone, Debug)]
pub struct Output {
    /// Text or JSON.
    pub format: Format,
    // More fields (path, -s, -a, -v, -x, -X, -z/-Z, -e status, -e raw, -c, quiet sets): see `cli`.
}
