//! Runs a command: its output is shown as it comes, up to a bound, and kept whole in a file.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::count::Count;

/// So many lines of one command are shown as they come.
const SHOWN: usize = 300;

/// If it fails, so many of the last that were not shown are.
const LAST: usize = 80;

/// A line is cut after so many bytes, on the screen.
const WIDE: usize = 400;

/// In memory no line is longer; the rest becomes lines of its own.
const LONGEST: u64 = 1 << 20;

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) count: Count,
}

/// Runs a command to its end. What it says is added to the file; on the screen each line begins with `label`.
pub(crate) fn run(command: &mut Command, log: &Path, label: &str) -> io::Result<Ended> {
    let mut log = File::options().create(true).append(true).open(log)?;
    let (output, input) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input);
    let mut child = command.spawn()?;
    // Its ends of the pipe are in the command.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut shown = Shown::new(label);
    let mut count = Count::default();
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while (&mut output).take(LONGEST).read_until(b'\n', &mut line)? > 0 {
        log.write_all(&line)?;
        let text = String::from_utf8_lossy(&line);
        count = count + Count::of(&text).unwrap_or_default();
        shown.line(text.trim_end());
        line.clear();
    }
    let status = child.wait()?;
    shown.end(status.success());
    Ok(Ended { status, count })
}

/// What is on the screen.
struct Shown<'a> {
    label: &'a str,
    lines: usize,
    held: VecDeque<String>,
    dropped: usize,
}

impl<'a> Shown<'a> {
    fn new(label: &'a str) -> Self {
        Self {
            label,
            lines: 0,
            held: VecDeque::new(),
            dropped: 0,
        }
    }

    fn line(&mut self, text: &str) {
        let text = cut(text);
        if self.lines < SHOWN {
            self.lines += 1;
            self.say(text);
            return;
        }
        if self.held.is_empty() {
            self.say("(from here on only results; the rest is in the file)");
        }
        if Count::of(text).is_some() {
            self.say(text);
        }
        if self.held.len() == LAST {
            self.held.pop_front();
            self.dropped += 1;
        }
        self.held.push_back(text.to_owned());
    }

    fn end(&self, success: bool) {
        if success || self.held.is_empty() {
            return;
        }
        self.say(&format!("({} lines are only in the file)", self.dropped));
        for line in &self.held {
            self.say(line);
        }
    }

    fn say(&self, text: &str) {
        println!("{}{text}", self.label);
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(WIDE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Ended, String) {
        let log = std::env::temp_dir().join(format!(
            "everycall-ci-{}-{}",
            std::process::id(),
            script.len()
        ));
        let ended = run(Command::new("sh").arg("-c").arg(script), &log, "").unwrap();
        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(log).unwrap();
        (ended, text)
    }

    #[test]
    fn results_are_counted_on_both_streams_and_everything_is_kept() {
        let (ended, log) = shell(
            "echo 'test result: ok. 2 passed; 0 failed'; echo 'test result: FAILED. 3 passed; 1 failed' >&2; exit 101",
        );
        assert_eq!(ended.status.code(), Some(101));
        assert_eq!((ended.count.passed, ended.count.failed), (5, 1));
        assert_eq!(log.lines().count(), 2);
    }

    #[test]
    fn much_output_is_kept_whole() {
        let (ended, log) = shell("i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done");
        assert!(ended.status.success());
        assert_eq!(log.lines().count(), 2000);
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let wide = "ä".repeat(WIDE);
        assert_eq!(cut(&wide).len(), WIDE);
        assert_eq!(cut(&format!("x{wide}")).len(), WIDE - 1);
        assert_eq!(cut("short"), "short");
    }
}
