//! The known failures of one tracer in a file of the user's, which the suite can write itself: so a tracer
//! that is not described here can be held to what it does today.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::compress::compress;
use super::{Entry, Expectations, Situation};
use crate::case::Verdict;

/// The reason of a failure that nobody has given one yet.
pub const UNEXPLAINED: &str = "not looked into yet";

/// The most that is read of a file.
const MOST: u64 = 16 << 20;

/// Known failures, and cases that are not to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Cases that are known to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Entry>,
    /// Cases that the tracer cannot be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Entry>,
}

/// How a case is known to fail, and why.
pub type Known = (Option<Verdict>, String);

/// Why a baseline cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What it says is no baseline.
    #[error("{0}")]
    Wrong(String),
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no baseline.
    pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
        let mut text = String::new();
        let read = File::open(path)?.take(MOST).read_to_string(&mut text)?;
        if read as u64 == MOST {
            return Err(BaselineError::Wrong(format!(
                "it is larger than {MOST} bytes"
            )));
        }
        Baseline::parse(&text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When it is no baseline.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let wrong = |what: String| BaselineError::Wrong(what);
        let baseline: Baseline = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        for entry in baseline.entries() {
            entry.check().map_err(wrong)?;
        }
        Ok(baseline)
    }

    /// The baseline in which just these cases are known, with patterns that stand for no other one of `all`.
    #[must_use]
    pub fn of(known: &BTreeMap<String, Known>, all: &[String]) -> Baseline {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut kinds: BTreeMap<&Known, BTreeSet<&str>> = BTreeMap::new();
        for (case, how) in known {
            kinds.entry(how).or_default().insert(case);
        }
        let mut expected = Vec::new();
        for ((verdict, reason), cases) in kinds {
            let entry = |pattern| Entry::new(pattern, *verdict, reason.clone());
            expected.extend(compress(&cases, &all).into_iter().map(entry));
        }
        Baseline {
            expected,
            skip: Vec::new(),
        }
    }

    /// What it knows of each of these cases, here.
    #[must_use]
    pub fn known<'a>(
        &self,
        cases: impl IntoIterator<Item = &'a String>,
        here: &Situation,
    ) -> BTreeMap<String, Known> {
        let mut own = Expectations::new(&self.expected, here);
        let cases = cases.into_iter();
        let found = cases.filter_map(|case| {
            let entry = own.find(case)?;
            Some((case.clone(), (entry.verdict(), entry.reason.clone())))
        });
        found.collect()
    }

    /// An entry that a file written here would lose: one that holds for some versions or machines only, or
    /// for calls that cannot be made here.
    #[must_use]
    pub fn elsewhere(&self, here: &Situation) -> Option<&Entry> {
        self.entries().find(|entry| entry.is_for_others(here))
    }

    /// Writes it with these lines above it, each of which becomes a comment. A file that is there is replaced
    /// in one step.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path, about: &[String]) -> Result<(), BaselineError> {
        let text = toml::to_string(self).map_err(|e| BaselineError::Wrong(e.to_string()))?;
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut file = tempfile::Builder::new()
            .prefix(".baseline")
            .tempfile_in(dir)?;
        for line in about {
            let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            writeln!(file, "# {}", line.chars().map(plain).collect::<String>())?;
        }
        write!(file, "\n{text}")?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(readable)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.expected.iter().chain(&self.skip)
    }
}
