//! The index of a capture: JSON that is whole after every addition, however the capture ends.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::Serialize;

/// What stands behind the last filter.
const TAIL: &str = "\n  ]\n}\n";

/// The file. A filter more takes the tail's place, and the tail comes behind it, in one write: to write it all anew each
/// time would take longer and longer.
pub(super) struct Index {
    file: File,
    /// Where the tail stands.
    tail: u64,
    empty: bool,
}

/// What is told of a capture as a whole.
#[derive(Serialize)]
pub(super) struct Head {
    pub(super) command: Vec<String>,
    pub(super) kernel: String,
    pub(super) machine: String,
    pub(super) backend: &'static str,
}

impl Index {
    /// An index without filters; a file that is there already is an error.
    pub(super) fn new(path: &Path, head: &Head) -> io::Result<Index> {
        let file = File::create_new(path)?;
        let text = serde_json::to_string_pretty(head)?;
        let text = text.strip_suffix("\n}").unwrap_or_default();
        let mut index = Index {
            file,
            tail: 0,
            empty: true,
        };
        index.put(&format!("{text},\n  \"filters\": ["))?;
        Ok(index)
    }

    /// Adds a filter.
    pub(super) fn add(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(entry)?;
        let comma = if self.empty { "" } else { "," };
        self.put(&format!("{comma}\n    {}", text.replace('\n', "\n    ")))?;
        self.empty = false;
        Ok(())
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        let bytes = format!("{text}{TAIL}");
        self.file.write_all_at(bytes.as_bytes(), self.tail)?;
        self.tail += text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_is_whole_after_every_addition() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.json");
        let head = Head {
            command: vec!["a \"b\"\n}".to_owned()],
            kernel: "k".to_owned(),
            machine: "m".to_owned(),
            backend: "ptrace",
        };
        let read = || serde_json::from_str::<Value>(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut index = Index::new(&path, &head).unwrap();
        let mut wanted = json!({ "command": ["a \"b\"\n}"], "kernel": "k", "machine": "m", "backend": "ptrace", "filters": [] });
        assert_eq!(read(), wanted);
        for entry in [
            json!({ "order": 1, "flags": [] }),
            json!({ "order": 2, "flags": ["TSYNC"] }),
        ] {
            index.add(&entry).unwrap();
            wanted["filters"].as_array_mut().unwrap().push(entry);
            assert_eq!(read(), wanted);
        }
        assert!(Index::new(&path, &head).is_err());
    }
}
