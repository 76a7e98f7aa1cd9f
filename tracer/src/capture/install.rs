//! One filter that was installed, or was to be: the program, by whom, when, and what is certain of it.

use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use everycall_arch::errno;
use everycall_filter::Program;
use serde::Serialize;

use super::ask::Ask;
use crate::escape::plain_text;

/// Who called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Caller {
    pub(super) pid: i32,
    pub(super) tid: i32,
    /// The file that it executes, if that can be told.
    pub(super) exe: Option<String>,
    /// The thread's name.
    pub(super) comm: String,
    /// The process's arguments, up to some length.
    pub(super) command: Vec<String>,
}

/// As much of a command line is kept.
const COMMAND_BYTES: u64 = 4096;

impl Caller {
    /// What the system tells of a thread that is there.
    pub(super) fn of(pid: i32, tid: i32) -> Caller {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok();
        let comm = fs::read(format!("/proc/{pid}/task/{tid}/comm")).unwrap_or_default();
        let mut command = Vec::new();
        if let Ok(file) = File::open(format!("/proc/{pid}/cmdline")) {
            // What cannot be read is not told.
            let _ = file.take(COMMAND_BYTES).read_to_end(&mut command);
        }
        let command = command.strip_suffix(b"\0").unwrap_or(&command);
        let words = command.split(|&byte| byte == 0);
        Caller {
            pid,
            tid,
            exe: exe.map(|exe| plain_text(exe.as_os_str().as_encoded_bytes())),
            comm: plain_text(comm.strip_suffix(b"\n").unwrap_or(&comm)),
            command: words.map(plain_text).collect(),
        }
    }
}

/// How sure it is that the program is what the kernel got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Certainty {
    /// The kernel gave it back.
    Kernel,
    /// The caller's memory was the same when the call was entered and when it had ended.
    Same,
    /// The caller's memory changed in between: which of the two the kernel read cannot be known.
    Changed,
    /// The caller's memory was read when the call was entered, and not again.
    Entry,
}

/// How the call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It returned this.
    Returned(i64),
    /// The backend does not see results; the thread had one filter more afterwards.
    OneMore,
    /// The backend does not see results; the thread was in another call, and had no filter more.
    NoMore,
    /// It cannot be known.
    Unknown(&'static str),
}

/// One filter.
#[derive(Clone, Debug)]
pub(super) struct Install {
    pub(super) ask: Ask,
    pub(super) caller: Caller,
    /// Since the capture began.
    pub(super) since: Duration,
    pub(super) end: End,
    /// The program, or why there is none.
    pub(super) program: Result<Program, String>,
    /// What stood in memory when the call had ended, if that was something else.
    pub(super) after: Option<Program>,
    pub(super) certainty: Certainty,
}

impl Install {
    /// Whether the filter is in force, if that is known.
    pub(super) fn installed(&self) -> Option<bool> {
        match self.end {
            End::Returned(value) => Some(self.ask.installed(value)),
            End::OneMore => Some(true),
            End::NoMore => Some(false),
            End::Unknown(_) => None,
        }
    }

    /// The result, for people.
    pub(super) fn result(&self) -> String {
        match self.end {
            End::Returned(value @ ..0) => {
                error_name(value).map_or(value.to_string(), str::to_owned)
            }
            End::Returned(value) => value.to_string(),
            End::OneMore => "installed".to_owned(),
            End::NoMore => "not installed".to_owned(),
            End::Unknown(why) => why.to_owned(),
        }
    }

    /// The error, if it failed with one.
    pub(super) fn error(&self) -> Option<&'static str> {
        match self.end {
            End::Returned(value) => error_name(value),
            _ => None,
        }
    }
}

fn error_name(value: i64) -> Option<&'static str> {
    errno::name(u32::try_from(value.checked_neg()?).ok()?)
}
