//! The sink of a capture by ptrace: it looks at the program in memory at the entry and again at the exit of the call.

use std::io;
use std::time::{Duration, SystemTime};

use everycall_filter::{Program, process};
use foldhash::HashMap;

use super::ask::Ask;
use super::install::{Caller, Certainty, End, Install};
use super::say;
use super::store::Store;
use super::table;
use crate::event::{Call, Memory, Outcome, Sink};

/// Sees the calls that install filters.
pub(super) struct Watcher {
    store: Store,
    began: SystemTime,
    /// The threads that are in such a call, and what stood in memory at its entry.
    inside: HashMap<i32, (Caller, Result<Program, String>)>,
    /// Whether the kernel gives us its own copies.
    privileged: bool,
}

impl Watcher {
    pub(super) fn new(store: Store) -> Watcher {
        Watcher {
            store,
            began: SystemTime::now(),
            inside: HashMap::default(),
            privileged: true,
        }
    }

    /// The kernel's own copy of the filter that this thread has just installed.
    fn copy(&mut self, tid: i32) -> Option<Program> {
        if !self.privileged {
            return None;
        }
        let found = process::newest_of_stopped(tid);
        // Who may not read one may read none.
        self.privileged = !matches!(
            found,
            Err(process::ProcessError::NoPrivilege | process::ProcessError::NoSupport(_))
        );
        found.ok().flatten()
    }

    fn ended(&mut self, ask: Ask, call: &Call, outcome: Outcome, memory: &dyn Memory) {
        let Some((caller, entry)) = self.inside.remove(&call.tid) else {
            return;
        };
        let end = match outcome {
            Outcome::Returned { value, .. } => End::Returned(value),
            Outcome::Ended => End::Unknown("the thread ended in it"),
            Outcome::Superseded => End::Unknown("another thread called execve"),
            Outcome::Unknown(why) => End::Unknown(why),
            Outcome::Detached => End::Unknown("the tracer let go of the thread"),
        };
        let mut install = Install {
            ask,
            caller,
            since: call
                .start
                .duration_since(self.began)
                .unwrap_or(Duration::ZERO),
            end,
            program: entry,
            after: None,
            certainty: Certainty::Entry,
        };
        if let End::Returned(_) = end {
            let exit = ask.read(memory).map_err(|error| error.to_string());
            install.certainty = match exit == install.program {
                true => Certainty::Same,
                false => Certainty::Changed,
            };
            install.after = exit
                .ok()
                .filter(|_| install.certainty == Certainty::Changed);
        }
        if install.installed() == Some(true)
            && let Some(copy) = self.copy(call.tid)
        {
            install.program = Ok(copy);
            install.after = None;
            install.certainty = Certainty::Kernel;
        }
        self.store.add(&install);
    }
}

/// What a call asks for, if it is one that installs a filter.
fn ask(call: &Call) -> Option<Ask> {
    Ask::of(call.abi?, call.nr, &call.words)
}

impl Sink for Watcher {
    fn call_entered(&mut self, call: &Call, memory: &dyn Memory) {
        let Some(ask) = ask(call) else { return };
        let program = ask.read(memory).map_err(|error| error.to_string());
        let caller = Caller::of(call.pid, call.tid);
        self.inside.insert(call.tid, (caller, program));
    }

    fn call_ended(&mut self, call: &Call, outcome: Outcome, _: SystemTime, memory: &dyn Memory) {
        if let Some(ask) = ask(call) {
            self.ended(ask, call, outcome, memory);
        }
    }

    fn signal(&mut self, _: i32, _: i32, _: i32, _: &[u8; 128]) {}
    fn stopped(&mut self, _: i32, _: i32, _: i32) {}
    fn exited(&mut self, _: i32, _: i32, _: i32) {}
    fn killed(&mut self, _: i32, _: i32, _: i32, _: bool) {}
    fn superseded(&mut self, _: i32, _: i32) {}
    fn detached(&mut self, _: i32, _: i32) {}

    fn lost(&mut self, what: &str) {
        say(&format!("lost: {what}"));
    }

    fn finish(&mut self) -> io::Result<()> {
        table::show(&self.store);
        self.store.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use everycall_arch::AbiId;
    use serde_json::Value;

    use super::*;
    use crate::testing::{Pieces, call};

    const ALLOW: [u8; 8] = 0x7fff_0000_0000_0006_u64.to_le_bytes();
    const KILL: [u8; 8] = 0x8000_0000_0000_0006_u64.to_le_bytes();

    fn holding(insn: [u8; 8]) -> Pieces {
        let fprog = [1_u64.to_le_bytes(), 0x2000_u64.to_le_bytes()].concat();
        Pieces::default().with(0x1000, fprog).with(0x2000, insn)
    }

    /// The index of a capture in which one thread made such calls: what memory held at entry and at exit, and the end.
    fn index(calls: &[([u8; 8], [u8; 8], Outcome)]) -> (tempfile::TempDir, Value) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(Some(dir.path()), vec!["true".to_owned()], "ptrace").unwrap();
        let mut watcher = Watcher::new(store);
        let call = call(AbiId::X86_64, "seccomp", &[1, 2, 0x1000]);
        for (entry, exit, outcome) in calls {
            watcher.call_entered(&call, &holding(*entry));
            watcher.call_ended(&call, *outcome, SystemTime::now(), &holding(*exit));
        }
        watcher.store.finish().unwrap();
        let text = fs::read_to_string(dir.path().join("index.json")).unwrap();
        (dir, serde_json::from_str(&text).unwrap())
    }

    fn returned(value: i64) -> Outcome {
        let error = value < 0;
        Outcome::Returned { value, error }
    }

    #[test]
    fn a_program_is_kept_once_and_each_installation_told() {
        let ends = [returned(0), returned(-13), Outcome::Ended];
        let (dir, index) = index(&ends.map(|end| (ALLOW, ALLOW, end)));
        let told = index["filters"].as_array().unwrap();
        let installed: Vec<&Value> = told.iter().map(|one| &one["installed"]).collect();
        assert_eq!(
            installed,
            [&Value::Bool(true), &Value::Bool(false), &Value::Null]
        );
        let certainty: Vec<&Value> = told.iter().map(|one| &one["certainty"]).collect();
        assert_eq!(certainty, ["same", "same", "entry"]);
        assert!(told.iter().all(|one| one["file"] == "001.bpf"));
        assert_eq!(told[1]["error"], "EACCES");
        assert_eq!(told[0]["flags"].as_array().unwrap(), &["LOG"]);
        assert_eq!(fs::read(dir.path().join("001.bpf")).unwrap(), ALLOW);
        assert!(!dir.path().join("002.bpf").exists());
    }

    #[test]
    fn memory_that_changed_is_told_and_both_are_kept() {
        let (dir, index) = index(&[(ALLOW, KILL, returned(0))]);
        let one = &index["filters"][0];
        assert_eq!(one["certainty"], "changed");
        let read = |key: &str| fs::read(dir.path().join(one[key].as_str().unwrap())).unwrap();
        assert_eq!(
            (read("file"), read("after")),
            (ALLOW.to_vec(), KILL.to_vec())
        );
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (_dir, index) = index(&vec![(ALLOW, ALLOW, returned(0)); 1003]);
        assert_eq!(index["filters"].as_array().unwrap().len(), 1000);
    }

    #[test]
    fn a_directory_with_a_capture_is_left_alone() {
        let (dir, _) = index(&[]);
        let again = Store::new(Some(dir.path()), Vec::new(), "ptrace");
        assert!(again.is_err_and(|error| error.to_string().contains("holds a capture already")));
    }
}
