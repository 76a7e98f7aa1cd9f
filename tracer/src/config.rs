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
    /// What the user is told on standard error before it starts, a line each.
    pub notes: Vec<String>,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// strace's.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What the output looks like, and where it goes.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Text or JSON.
    pub format: Format,
    /// The file it goes to (`-o`); standard error when there is none.
    pub path: Option<PathBuf>,
    /// Only a table of counts and times at the end (`-c`).
    pub summary: bool,
    /// How one line is laid out.
    pub line: Line,
    /// How values are written.
    pub style: Style,
    /// What is not said.
    pub quiet: Quiet,
}

/// How one line of text is laid out, and which calls get one.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The column that results stand in (`-a`).
    pub column: usize,
    /// Calls' numbers are shown (`-n`).
    pub numbers: bool,
    /// Calls that ended otherwise are not shown (`-z`, `-Z`, `-e status=`).
    pub status: StatusSet,
}

impl Default for Line {
    fn default() -> Line {
        Line {
            column: 40,
            numbers: false,
            status: StatusSet::ALL,
        }
    }
}

/// How values are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// As much is shown of a string or an array (`-s`).
    pub limit: usize,
    /// Whether long things are shown whole (`-v`).
    pub whole: bool,
    /// Strings in hexadecimal (`-x`, `-xx`).
    pub hex: HexStrings,
    /// How named values are written (`-X`).
    pub names: Names,
    /// The calls whose words are shown undecoded (`-e raw=`), if any.
    pub raw: Option<Selection>,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            limit: 32,
            whole: false,
            hex: HexStrings::Never,
            names: Names::Abbrev,
            raw: None,
        }
    }
}

/// Which strings are written in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HexStrings {
    /// None: a byte that is not printable is an octal escape.
    #[default]
    Never,
    /// None, but escapes are hexadecimal.
    Escapes,
    /// Those with bytes that are neither printable nor blank.
    NonAscii,
    /// All.
    All,
}

/// How named values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// The name.
    #[default]
    Abbrev,
    /// The number.
    Raw,
    /// The number, with the name in a comment.
    Verbose,
}

/// How a call ended, as `-e status=` tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Without an error.
    Successful = 1,
    /// With an error.
    Failed = 2,
    /// Not at all: the thread ended in it.
    Unfinished = 4,
    /// It cannot be known.
    Unavailable = 8,
    /// The tracer let go of the thread first.
    Detached = 16,
}

/// A set of [`Status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusSet(u8);

impl StatusSet {
    /// Every status.
    pub const ALL: StatusSet = StatusSet(31);
    /// No status.
    pub const NONE: StatusSet = StatusSet(0);

    /// Every status by name, as `-e status=` knows them.
    pub const NAMES: [(&'static str, Status); 5] = [
        ("successful", Status::Successful),
        ("failed", Status::Failed),
        ("unfinished", Status::Unfinished),
        ("unavailable", Status::Unavailable),
        ("detached", Status::Detached),
    ];

    /// The set with one status more.
    #[must_use]
    pub const fn with(self, status: Status) -> StatusSet {
        StatusSet(self.0 | status as u8)
    }

    /// The others.
    #[must_use]
    pub const fn complement(self) -> StatusSet {
        StatusSet(!self.0 & StatusSet::ALL.0)
    }

    /// Whether `status` is in the set.
    #[must_use]
    pub const fn contains(self, status: Status) -> bool {
        self.0 & status as u8 != 0
    }
}

/// Kinds of messages that are not printed (`-q`, `-e quiet=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// "Process N attached", "detached".
    pub attach: bool,
    /// `+++ exited with N +++`, `+++ killed by SIG +++`.
    pub exit: bool,
    /// Notes on paths given to `-P`: none is ever printed here.
    pub path_resolution: bool,
    /// `[ Process PID=N runs in 32 bit mode. ]`.
    pub personality: bool,
    /// `+++ superseded by execve in pid N +++`.
    pub thread_execve: bool,
}

impl Quiet {
    /// The messages that `-q`, given so many times, leaves out.
    #[must_use]
    pub fn level(times: usize) -> Quiet {
        Quiet {
            attach: times >= 1,
            personality: times >= 1,
            exit: times >= 2,
            path_resolution: times >= 3,
            thread_execve: times >= 3,
        }
    }
}
