//! What the suite and a worker say to each other: one JSON object a line.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Ended, Job, Privilege};

/// The longest line: room for what a job printed, each byte as a number.
const MAX_LINE: u64 = 8 << 20;

/// What the suite asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// The first one: give up everything. All that comes after is asked of process 1 inside.
    Confine {
        /// What the programs inside are to be.
        privilege: Privilege,
        /// The directory that stays writable.
        dir: PathBuf,
    },
    /// Run this.
    Run(Job),
    /// Write a program. Its bytes follow the line.
    Install {
        /// Where; an old one is removed, never written over.
        to: PathBuf,
        /// How many bytes follow.
        bytes: u64,
    },
    /// Whether this can be executed from inside.
    Reachable(PathBuf),
}

/// What the worker answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It is done.
    Done,
    /// The job ended.
    Ended(Ended),
    /// Whether it can.
    Reachable(bool),
    /// It could not be done.
    Failed {
        /// What and why.
        text: String,
        /// The error number, if the kernel gave one.
        errno: Option<i32>,
    },
}

impl Reply {
    pub(super) fn failed(error: &io::Error) -> Reply {
        Reply::Failed {
            text: error.to_string(),
            errno: error.raw_os_error(),
        }
    }

    pub(super) fn into_error(self) -> io::Error {
        match self {
            Reply::Failed { text, errno } => {
                let kind = errno.map(|errno| io::Error::from_raw_os_error(errno).kind());
                io::Error::new(kind.unwrap_or(io::ErrorKind::Other), text)
            }
            other => io::Error::other(format!("the sandbox's worker answered {other:?}")),
        }
    }
}

pub(super) fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// The next message; `None` when there will be none.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    if from.take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}
