//! Reads the text of `perf trace`: strace's lines behind a time, a duration and a thread, and calls that are
//! interrupted by others' told in two parts.
//!
//! ```text
//!      0.013 ( 0.002 ms): probe/12 getppid()                              = 1
//!      0.020 (         ): probe/12 wait4(upid: -1) ...
//!      0.025 ( 0.005 ms): probe/12  ... [continued]: wait4())             = 13
//! ```

use std::collections::HashSet;

use super::{Reading, strace};
use crate::observe::Output;

/// What perf says of events that it could not write down in time.
const LOST: &str = "LOST ";
/// The time of a thread's first event, if that is a return.
const BEFORE: &str = "?";
/// Where new programs and new threads come from: the first event of each is the end of another's call.
const BIRTHS: [&str; 6] = ["execve", "execveat", "clone", "clone3", "fork", "vfork"];

/// Reads a whole output.
pub(super) fn read(output: &[u8], reading: Reading) -> Output {
    let text = String::from_utf8_lossy(output);
    let (mut lines, mut lost, mut begun) = (String::new(), Vec::new(), HashSet::new());
    for line in text.lines() {
        if line.trim_start().starts_with(LOST) {
            lost.push(line.trim().to_owned());
            continue;
        }
        match Told::of(line) {
            Some(told) if told.is_birth() => {}
            Some(told) => lines.push_str(&told.as_strace(&mut begun)),
            None => lines.push_str(line),
        }
        lines.push('\n');
    }
    let mut output = strace::read(lines.as_bytes(), reading);
    output.lost.extend(lost);
    output
}

/// What a line says.
struct Told<'a> {
    time: &'a str,
    tid: i32,
    name: &'a str,
    /// What stands behind the opening parenthesis.
    rest: &'a str,
    /// Whether it is the end of a call whose beginning another line has.
    continued: bool,
}

impl<'a> Told<'a> {
    fn of(line: &'a str) -> Option<Told<'a>> {
        let (time, rest) = line.trim_start().split_once(' ')?;
        if time != BEFORE {
            time.parse::<f64>().ok()?;
        }
        let (_, rest) = rest.split_once("): ")?;
        // A program's name may have spaces in it, and slashes.
        let (thread, name, rest, continued) = match rest.split_once(" ... [continued]: ") {
            Some((thread, call)) => {
                let (name, rest) = call.split_once("()")?;
                (thread, name, rest, true)
            }
            None => {
                let (before, rest) = rest.split_once('(')?;
                let (thread, name) = before.trim_end().rsplit_once(' ')?;
                (thread, name, rest, false)
            }
        };
        let tid = thread.trim_end().rsplit_once('/')?.1.parse().ok()?;
        // It has no text for a process that it does not know.
        let rest = rest.trim_end();
        let rest = rest.strip_suffix(" =").unwrap_or(rest);
        Some(Told {
            time,
            tid,
            name,
            rest,
            continued,
        })
    }

    /// Whether it is the end of a call that somebody else made.
    fn is_birth(&self) -> bool {
        self.time == BEFORE && BIRTHS.contains(&self.name)
    }

    /// As strace would write it: `12 getppid() = 1`. `begun`: the threads that are inside a call.
    fn as_strace(&self, begun: &mut HashSet<i32>) -> String {
        let Told {
            tid, name, rest, ..
        } = self;
        if self.continued && begun.remove(tid) {
            return format!("{tid} <... {name} resumed>{rest}");
        }
        match rest.strip_suffix("...") {
            Some(args) => {
                begun.insert(*tid);
                let args = args.trim_end();
                let args = args.strip_suffix(')').unwrap_or(args);
                format!("{tid} {name}({args} <unfinished ...>")
            }
            None => format!("{tid} {name}({rest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;
    use crate::observe::SeenResult;
    use everycall_arch::AbiId;

    fn read(text: &str) -> Output {
        let reading = Reading {
            grammar: Grammar::Perf,
            raw: false,
            start: None,
            notes: Vec::new(),
            machine: AbiId::X86_64,
        };
        super::read(text.as_bytes(), reading)
    }

    #[test]
    fn a_call_and_one_in_two_parts() {
        let output = read(
            "         ? (         ): probe/12  ... [continued]: execve())              = 0\n\
             \u{20}        ? (         ): probe/13  ... [continued]: clone())               = \n\
             \u{20}        ? (         ): probe/14  ... [continued]: getuid())              = -1 ENOSYS (No)\n\
             \u{20}    0.020 (         ): probe/12 wait4(upid: -1, stat_addr: 0x7ffe)  ...\n\
             \u{20}    0.021 ( 0.002 ms): a b/c/13 openat(dfd: CWD, filename: \"/x\") = -1 ENOENT (No such file)\n\
             \u{20}    0.025 ( 0.005 ms): probe/12  ... [continued]: wait4())             = 13\n\
             \u{20}    0.026 ( 0.001 ms): probe/12 getppid()                               = \n",
        );
        assert_eq!(output.unreadable, [""; 0]);
        let [refused, first, second, mute] = output.calls.as_slice() else {
            panic!("{output:?}");
        };
        assert_eq!(
            (mute.name.as_deref(), &mute.result),
            (Some("getppid"), &SeenResult::None)
        );
        assert_eq!(refused.name.as_deref(), Some("getuid"));
        assert_eq!(
            (first.tid, first.name.as_deref()),
            (Some(12), Some("wait4"))
        );
        assert_eq!(first.result, SeenResult::Value(13));
        assert_eq!(
            (second.tid, second.name.as_deref()),
            (Some(13), Some("openat"))
        );
        assert_eq!(second.result, SeenResult::Error("ENOENT".into()));
    }

    #[test]
    fn losses_are_kept_and_what_is_not_of_the_grammar_is_said() {
        let output = read("LOST 17 events!\nhello\n 1.0 (\n 0.1 ( x): (\n0.1 ( y): a/b c(\n");
        assert_eq!(output.lost, ["LOST 17 events!"]);
        assert_eq!(output.unreadable.len(), 4, "{output:?}");
        assert!(output.calls.is_empty());
    }
}
