//! What is kept of a capture: the programs, each once, and an index of who installed them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use everycall_filter::{ByteOrder, Program};
use foldhash::HashMap;
use serde::Serialize;

use super::index::{Head, Index};
use super::install::{Caller, Certainty, End, Install};
use crate::sink::reason;

/// The index's name in the directory.
const INDEX: &str = "index.json";

/// As many filters are kept of one capture: what runs may go on installing for ever.
const MOST: usize = 1000;

/// The filters of a capture, in the order in which their calls ended.
pub(super) struct Store {
    dir: Option<PathBuf>,
    index: Option<Index>,
    entries: Vec<Entry>,
    /// The files, by what is in them.
    files: HashMap<Program, String>,
    /// How many filters were not kept.
    dropped: usize,
    failure: Option<io::Error>,
}

/// One filter of the index.
#[derive(Serialize)]
pub(super) struct Entry {
    pub(super) order: usize,
    pub(super) file: Option<String>,
    pub(super) instructions: Option<usize>,
    /// Why there is no file.
    unread: Option<String>,
    /// What stood in memory when the call had ended, if that was something else.
    after: Option<String>,
    pub(super) certainty: Certainty,
    pub(super) installed: Option<bool>,
    result: Option<i64>,
    error: Option<&'static str>,
    #[serde(skip)]
    pub(super) told: String,
    pub(super) seconds: String,
    #[serde(flatten)]
    pub(super) caller: Caller,
    pub(super) abi: &'static str,
    pub(super) call: &'static str,
    pub(super) flags: Vec<String>,
}

/// Why nothing can be kept in a directory.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("'{0}' holds a capture already: name another directory, or remove it")]
    Taken(String),
    #[error("'{path}': {}", reason(.error))]
    Io { path: String, error: io::Error },
}

impl Store {
    /// A store in a directory, which is made, or only for a table.
    pub(super) fn new(
        dir: Option<&Path>,
        command: Vec<String>,
        backend: &'static str,
    ) -> Result<Store, StoreError> {
        let name = nix::sys::utsname::uname().ok();
        let told = |field: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
            let field = name.as_ref().map(field);
            field.map_or_else(String::new, |text| text.to_string_lossy().into_owned())
        };
        let head = Head {
            command,
            kernel: told(|name| name.release()),
            machine: told(|name| name.machine()),
            backend,
        };
        let open = |dir: &Path| {
            if dir.exists() && !dir.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            fs::create_dir_all(dir)?;
            Index::new(&dir.join(INDEX), &head)
        };
        let failed = |dir: &Path, error: io::Error| {
            let path = dir.display().to_string();
            match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::Taken(path),
                _ => StoreError::Io { path, error },
            }
        };
        // That nothing can be written is told before the command is started.
        let index = dir.map(|dir| open(dir).map_err(|error| failed(dir, error)));
        Ok(Store {
            dir: dir.map(Path::to_owned),
            index: index.transpose()?,
            entries: Vec::new(),
            files: HashMap::default(),
            dropped: 0,
            failure: None,
        })
    }

    /// Keeps one filter more.
    pub(super) fn add(&mut self, install: &Install) {
        if self.entries.len() >= MOST {
            self.dropped += 1;
            return;
        }
        let order = self.entries.len() + 1;
        let program = install.program.as_ref();
        let file = program
            .ok()
            .and_then(|program| self.file(program, order, ""));
        let after = install.after.as_ref();
        let after = after.and_then(|program| self.file(program, order, "-after"));
        let entry = Entry {
            order,
            file,
            instructions: program.ok().map(|program| program.len()),
            unread: program.err().cloned(),
            after,
            certainty: install.certainty,
            installed: install.installed(),
            result: match install.end {
                End::Returned(value) => Some(value),
                _ => None,
            },
            error: install.error(),
            told: install.result(),
            seconds: seconds(install.since),
            caller: install.caller.clone(),
            abi: install.ask.abi.name(),
            call: install.ask.call,
            flags: install.ask.flag_names(),
        };
        if let Some(index) = &mut self.index {
            let written = index.add(&entry);
            self.note(written);
        }
        self.entries.push(entry);
    }

    /// The file of a program, written unless it is there.
    fn file(&mut self, program: &Program, order: usize, suffix: &str) -> Option<String> {
        let dir = self.dir.as_ref()?;
        if let Some(file) = self.files.get(program) {
            return Some(file.clone());
        }
        let file = format!("{order:03}{suffix}.bpf");
        let written = fs::write(dir.join(&file), program.to_bytes(ByteOrder::NATIVE));
        self.files.insert(program.clone(), file.clone());
        self.note(written);
        Some(file)
    }

    fn note(&mut self, result: io::Result<()>) {
        self.failure = self.failure.take().or(result.err());
    }

    /// What was kept.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many were not.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    /// Where it is kept.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// What went wrong first, if something did.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

fn seconds(since: Duration) -> String {
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}
