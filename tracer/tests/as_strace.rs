//! The acceptance line: what `ectrace` prints is what strace prints, addresses and ids aside.
//!
//! Where no strace is installed there is nothing to compare with, and each test says so.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex_lite::Regex;

fn run(program: &str, args: &[&str]) -> std::io::Result<Output> {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
}

/// `None` where there is no strace.
fn strace(args: &[&str]) -> Option<Output> {
    match run("strace", args) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: strace is not installed");
            None
        }
        output => Some(output.expect("strace")),
    }
}

fn ectrace(args: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_ectrace"), args).expect("ectrace")
}

/// Both tracers' runs of the same words.
fn both(args: &[&str]) -> Option<(Output, Output)> {
    Some((strace(args)?, ectrace(args)))
}

/// Whether an executable is for 64-bit machines: what its ELF header says, in the byte behind the magic.
fn is_64_bit(program: &Path) -> bool {
    let mut ident = [0; 5];
    let file = File::open(program).and_then(|mut file| file.read_exact(&mut ident));
    file.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    ident[4] == 2
}

/// A 32-bit ectrace beside a 64-bit strace: each takes the command for a program of its own kind, and
/// says so when it is not. These lines then differ.
fn differ_in_kind() -> bool {
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let strace: Option<PathBuf> = std::env::split_paths(&dirs)
        .map(|dir| dir.join("strace"))
        .find(|path| path.exists());
    strace.is_some_and(|path| is_64_bit(&path) != is_64_bit(env!("CARGO_BIN_EXE_ectrace").as_ref()))
}

/// What differs from run to run is made the same.
fn lines(output: &Output) -> Vec<String> {
    let kinds = !differ_in_kind();
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
    text.lines()
        .filter(|line| kinds || !line.contains("[ Process PID="))
        .map(line)
        .collect()
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
        let Some(strace) = strace(&words) else {
            return;
        };
        let words = [&["--backend", backend], words.as_slice()].concat();
        let ours = ectrace(&words);
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
