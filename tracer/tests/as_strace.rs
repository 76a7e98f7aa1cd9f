//! The acceptance line: what `ectrace` prints is what strace prints, addresses and ids aside.
//!
//! Where no strace is installed there is nothing to compare with, and each test says so.

use std::process::{Command, Output, Stdio};

use regex_lite::Regex;

fn run(program: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: {program} is not installed");
            None
        }
        output => Some(output.expect(program)),
    }
}

/// Both tracers' runs of the same words.
fn both(args: &[&str]) -> Option<(Output, Output)> {
    let strace = run("strace", args)?;
    Some((strace, run(env!("CARGO_BIN_EXE_ectrace"), args)?))
}

/// What differs from run to run is made the same.
fn lines(output: &Output) -> Vec<String> {
    let rules = [
        (r"^(strace|ectrace): ", "TRACER: "),
        (r"0x[0-9a-f]{6,}", "ADDRESS"),
        (r"\[pid +\d+\]", "[pid N]"),
        (r"Process \d+ ", "Process N "),
        (r"si_pid=\d+", "si_pid=N"),
        (r"(si_[us]time)=\d+( /\*[^*]*\*/)?", "$1=T"),
    ]
    .map(|(rule, by)| (Regex::new(rule).unwrap(), by));
    let text = String::from_utf8_lossy(&output.stderr);
    let line = |line: &str| {
        rules.iter().fold(line.to_owned(), |line, (rule, by)| {
            rule.replace_all(&line, *by).into_owned()
        })
    };
    text.lines().map(line).collect()
}

#[test]
fn a_shell_and_its_children() {
    for backend in ["ptrace", "seccomp"] {
        let words = [
            "-f",
            "-e",
            "trace=execve,openat,connect",
            "sh",
            "-c",
            "ls /; id",
        ];
        let Some(strace) = run("strace", &words) else {
            return;
        };
        let words = [&["--backend", backend], words.as_slice()].concat();
        let ours = run(env!("CARGO_BIN_EXE_ectrace"), &words).unwrap();
        assert!(lines(&strace).len() > 5, "strace saw nothing");
        assert_eq!(lines(&ours), lines(&strace), "{backend}");
        assert_eq!(ours.stdout, strace.stdout);
        assert_eq!(ours.status, strace.status);
    }
}

#[test]
fn ends() {
    for script in ["exit 3", "kill -9 $$", "kill -USR1 $$", "ls /nonexistent"] {
        let Some((strace, ours)) = both(&["-f", "-e", "trace=none", "sh", "-c", script]) else {
            return;
        };
        assert_eq!(lines(&ours), lines(&strace), "{script}");
        assert_eq!(ours.status, strace.status, "{script}");
    }
}

/// One line that says what and why, and strace's exit status.
#[test]
fn mistakes() {
    let mistakes: &[&[&str]] = &[
        &[],
        &["-Q"],
        &["-s", "x", "true"],
        &["-e", "trace=no_such_call", "true"],
        &["-e", "signal=NOPE", "true"],
        &["-p", "x"],
        &["no-such-command"],
        &["-o", "/nonexistent/log", "true"],
        &["-q", "-e", "quiet=all", "true"],
    ];
    for words in mistakes {
        let Some((strace, ours)) = both(words) else {
            return;
        };
        assert_eq!(lines(&ours).len(), 1, "{words:?}");
        assert_eq!(lines(&ours).first(), lines(&strace).first(), "{words:?}");
        assert_eq!(ours.status, strace.status, "{words:?}");
    }
}
