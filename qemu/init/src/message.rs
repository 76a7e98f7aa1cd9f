//! What the host and PID 1 say to each other.

use serde::{Deserialize, Serialize};

/// Bytes that need not be UTF-8: an argument, a path, a variable.
pub type Bytes = serde_bytes::ByteBuf;

/// From the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToGuest {
    /// Once, first: what this machine is.
    Setup(Setup),
    /// Run this, and give exactly one verdict.
    Run(Command),
    /// What was typed, for a command with a terminal.
    Input(#[serde(with = "serde_bytes")] Vec<u8>),
    /// The terminal's size has changed.
    Resize(Size),
    /// Tell what runs: the host wonders.
    Report,
}

/// What a machine is told before it runs anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Its name in the table of machines; commands see it as `EVERYCALL_IN_MACHINE`.
    pub machine: String,
    /// Seconds since 1970: a machine's own clock may stand at nought.
    pub now: i64,
    /// Directories of the host.
    pub shares: Vec<Share>,
}

/// A directory of the host, at the same path in the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What the 9p device is called.
    pub tag: String,
    /// Where it is.
    pub path: Bytes,
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Stands in its verdict, so that no verdict is taken for another's.
    pub id: u64,
    /// Program and arguments. A program without a slash is searched in the machine's PATH.
    pub argv: Vec<Bytes>,
    /// Variables beside the machine's own.
    pub env: Vec<(Bytes, Bytes)>,
    /// Where it starts.
    pub cwd: Bytes,
    /// Whose it is, if not root's: user and group.
    pub user: Option<u32>,
    /// Its terminal, if it has one.
    pub terminal: Option<Size>,
}

/// A terminal's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

/// From PID 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromGuest {
    /// Set up; the kernel's release.
    Ready {
        /// As uname says it.
        release: String,
    },
    /// What the command wrote.
    Output(Stream, #[serde(with = "serde_bytes")] Vec<u8>),
    /// How the command ended: exactly one for each.
    Verdict {
        /// The command's.
        id: u64,
        /// Its end.
        end: End,
    },
    /// What the command left is cleared away; the next may come.
    Idle {
        /// The command's.
        id: u64,
    },
    /// What runs, as text: the answer to [`ToGuest::Report`].
    Report(String),
    /// The machine cannot be used.
    Broken(String),
}

/// Which of a command's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output, or its terminal.
    Out,
    /// Standard error.
    Err,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(u8),
    /// It never began.
    NotStarted(String),
}
