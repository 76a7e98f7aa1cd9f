//! Reads a machine's console: what the kernel says when it dies is nowhere else.

use std::collections::VecDeque;

use crate::failure::Failure;

/// The last lines, for a report.
const KEPT: usize = 40;

/// A longer line is cut.
const LONGEST: usize = 1024;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Console {
    line: Vec<u8>,
    last: VecDeque<String>,
    oops: Option<String>,
    panic: Option<String>,
    memory: Option<String>,
    init: Option<String>,
}

/// How the kernels of all four architectures begin to tell of an oops.
const OOPS: [&str; 6] = [
    "BUG: kernel NULL pointer dereference",
    "BUG: unable to handle",
    "Internal error: ",
    "Oops: ",
    "kernel BUG at ",
    "general protection fault",
];

/// A panic's beginning. What stands after it is the reason.
const PANIC: &str = "Kernel panic - not syncing";

/// The whole machine's memory, not that of a group that a test has limited.
const MEMORY: &str = "Out of memory: Killed process";

/// PID 1's own words.
const INIT: &str = "everycall-init: ";

impl Console {
    /// Takes what came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                _ if self.line.len() < LONGEST => self.line.push(*byte),
                _ => {}
            }
        }
    }

    /// The machine is gone: its last line may have no end.
    pub(crate) fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    /// Whether it told of something that no machine survives.
    pub(crate) fn is_fatal(&self) -> bool {
        self.panic.is_some() || self.oops.is_some()
    }

    /// What it told, the cause before its effects: an oops becomes a panic here.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let oops = self.oops.clone().map(Failure::Oops);
        let memory = self.memory.clone().map(Failure::OutOfMemory);
        let panic = self.panic.clone().map(Failure::Panic);
        let init = self.init.clone().map(Failure::Init);
        oops.or(memory).or(panic).or(init)
    }

    /// A process that was killed for its memory, if one was since the last call.
    pub(crate) fn take_memory(&mut self) -> Option<Failure> {
        self.memory.take().map(Failure::OutOfMemory)
    }

    /// The last lines.
    pub(crate) fn last(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(String::as_str)
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let said = after_time(&line);
        let note = |place: &mut Option<String>, text: &str| {
            place.get_or_insert_with(|| text.to_owned());
        };
        if OOPS.iter().any(|start| said.starts_with(start)) || is_counted(said) {
            note(&mut self.oops, said);
        } else if said.starts_with(PANIC) {
            note(&mut self.panic, said);
        } else if said.starts_with(MEMORY) {
            note(&mut self.memory, said);
        } else if let Some(text) = said.strip_prefix(INIT) {
            note(&mut self.init, text);
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

/// All architectures count their oopses: `Internal error: Oops - BUG: 0 [#1] SMP`, `invalid opcode: 0000 [#1] PREEMPT`.
fn is_counted(said: &str) -> bool {
    let after = said
        .split_once(": ")
        .and_then(|(_, rest)| rest.split_once(" [#"));
    after.is_some_and(|(_, count)| count.starts_with(|first: char| first.is_ascii_digit()))
}

/// A line without the kernel's time before it, `[    1.234567] ` or `[    1.234567][    T1] `.
fn after_time(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        let mut console = Console::default();
        // In pieces, as it comes.
        for piece in text.as_bytes().chunks(7) {
            console.push(piece);
        }
        console.finish();
        console.failure().map(|failure| failure.to_string())
    }

    #[test]
    fn a_panic_is_told_with_its_reason() {
        let text =
            "[    2.1] hello\r\n[    2.2] Kernel panic - not syncing: sysrq triggered crash\r\n";
        assert_eq!(
            told(text).unwrap(),
            "the kernel panicked: Kernel panic - not syncing: sysrq triggered crash"
        );
    }

    #[test]
    fn an_oops_that_becomes_a_panic_is_told_as_an_oops() {
        for line in [
            "[    4.5] BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "[    4.5][   T81] Internal error: Oops: 0000000096000044 [#1] SMP",
            "[    4.5] Oops: 0002 [#1] PREEMPT SMP NOPTI",
            "[    4.5] invalid opcode: 0000 [#1] PREEMPT SMP PTI",
        ] {
            let text = format!("{line}\n[    4.6] Kernel panic - not syncing: Fatal exception\n");
            let told = told(&text).unwrap();
            assert!(told.starts_with("the kernel oopsed: "), "{told}");
        }
    }

    #[test]
    fn only_the_whole_machines_memory_counts() {
        let group = "[ 9.1] Memory cgroup out of memory: Killed process 12 (hog) total-vm:1kB\n";
        assert_eq!(told(group), None);
        let whole = "[ 9.1] Out of memory: Killed process 12 (hog) total-vm:1kB";
        assert!(
            told(whole)
                .unwrap()
                .starts_with("the machine ran out of memory: ")
        );
    }

    #[test]
    fn what_a_program_might_say_is_no_panic() {
        assert_eq!(
            told("the words Kernel panic - not syncing in a line\n"),
            None
        );
    }

    #[test]
    fn an_endless_line_takes_no_more_memory() {
        let mut console = Console::default();
        for _ in 0..1000 {
            console.push(&[b'x'; 1000]);
        }
        assert!(console.line.len() <= LONGEST);
    }
}
