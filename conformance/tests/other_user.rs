//! A tracer that is told to run the program as another user (`-u`) has calls to make when its filter may be there
//! already: `inst-u-before-attach`. In a sandbox nobody can become another user, so this runs outside of one, as root.

mod common;

use std::fs;
use std::process::{Command, Output, Stdio};

use everycall_conformance::case::{Ask, Verdict};
use everycall_conformance::grammar;
use everycall_conformance::host;
use everycall_conformance::subject::{self, Entry, Expectations, Found, Ours, Situation, Subject};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::unistd::{User, geteuid};

use common::ours;

const USER: &str = "nobody";

/// What is asked for: calls that a tracer may make between its filter and the program's execve, and one that it does not.
const ASKED: [Asked; 5] = [
    Asked::class("signal", None),
    Asked::class("process", Some("exit_group")),
    Asked::name("kill", None),
    Asked::name("setreuid", None),
    Asked::name("exit_group", Some("exit_group")),
];

/// A question, and a call that the answer must have: nearly nothing is sure of what a C library does.
#[derive(Clone, Copy)]
struct Asked {
    name: &'static str,
    is_class: bool,
    shown: Option<&'static str>,
}

impl Asked {
    const fn class(name: &'static str, shown: Option<&'static str>) -> Asked {
        Asked {
            name,
            is_class: true,
            shown,
        }
    }

    const fn name(name: &'static str, shown: Option<&'static str>) -> Asked {
        Asked {
            name,
            is_class: false,
            shown,
        }
    }

    fn ask(self) -> Ask {
        match self.is_class {
            true => Ask::Class(self.name.to_owned()),
            false => Ask::Names(vec![self.name.to_owned()]),
        }
    }
}

fn main() {
    let trials = match trials() {
        Ok(trials) => trials,
        Err(what) => {
            eprintln!("{what}");
            std::process::exit(1);
        }
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trials() -> Result<Vec<Trial>, String> {
    let ours = ours().ok_or("our own tracer is not built: run `cargo build` first")?;
    let mut trials = Vec::new();
    for subject in subject::all().map_err(|error| error.to_string())? {
        let Some(as_other) = subject.as_other_user(USER) else {
            continue;
        };
        let mut cases = Vec::new();
        for asked in ASKED {
            let abi = host::native().name();
            let case = format!("{abi}::other-user::inst-u-before-attach/{}", asked.name);
            let (own, ours, of) = (as_other.clone(), ours.clone(), case.clone());
            let trial = format!("{}::{case}", subject.id);
            trials.push(Trial::ignorable_test(trial, move || {
                judged(&own, &ours, &of, asked)
            }));
            cases.push(case);
        }
        let name = format!("{}::other-user::expectations", subject.id);
        trials.push(Trial::test(name, move || expectations(&subject, &cases)));
    }
    Ok(trials)
}

/// What is known of the subject, in any version.
fn known(subject: &Subject) -> &[Entry] {
    let own = subject.other_user.as_ref();
    own.map_or(&[], |own| own.expected.as_slice())
}

/// Every entry must have a case.
fn expectations(subject: &Subject, cases: &[String]) -> Result<(), Failed> {
    let here = Situation::here("0");
    let mut known = Expectations::new(known(subject), &here);
    for case in cases {
        known.find(case);
    }
    let stale: Vec<&str> = known.unused().map(|entry| entry.case.as_str()).collect();
    match stale.is_empty() {
        true => Ok(()),
        false => Err(format!("no case is of these patterns: {}", stale.join(", ")).into()),
    }
}

/// A failure that is known must be one, and nothing else may be.
fn judged(subject: &Subject, ours: &Ours, case: &str, asked: Asked) -> Result<Completion, Failed> {
    if !geteuid().is_root() {
        return Ok(Completion::ignored_with("only root becomes another user"));
    }
    if !matches!(User::from_name(USER), Ok(Some(_))) {
        return Ok(Completion::ignored_with(format!("there is no user {USER}")));
    }
    let version = match subject.look(ours) {
        Found::Version(version) => version,
        Found::Absent(reason) => {
            return Ok(Completion::ignored_with(format!("not here: {reason}")));
        }
    };
    let here = Situation::here(&version);
    let mut known = Expectations::new(known(subject), &here);
    match (known.find(case), wrong(subject, ours, asked)?) {
        (None, None) => Ok(Completion::Completed),
        (Some(entry), Some((verdict, _))) if entry.expects(verdict) => Ok(Completion::Completed),
        (Some(entry), None) => Err(format!(
            "it passes: remove '{}' from the file of known failures, or narrow it ({})",
            entry.case, entry.reason
        )
        .into()),
        (_, Some((verdict, what))) => Err(format!("{verdict:?}: {what}").into()),
    }
}

/// What is wrong with a run of `id` as the other user; nothing when all is right.
fn wrong(
    subject: &Subject,
    ours: &Ours,
    asked: Asked,
) -> Result<Option<(Verdict, String)>, Failed> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("out");
    let argv = subject.argv(&subject::Words {
        ours,
        out: &out,
        ask: &asked.ask(),
        cmd: &["id".into(), "-un".into()],
    });
    let (program, args) = argv.split_first().ok_or("no command")?;
    let output: Output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() || output.stdout != format!("{USER}\n").as_bytes() {
        return Ok(Some((Verdict::Crashed, format!("{output:?}"))));
    }
    let read = grammar::read(&fs::read(&out)?, subject.reading());
    if !read.unreadable.is_empty() {
        return Ok(Some((
            Verdict::MisDecoded,
            format!("{:?}", read.unreadable),
        )));
    }
    let shows = |name: &str| {
        let mut calls = read.calls.iter();
        calls.any(|call| call.name.as_deref() == Some(name))
    };
    let missing = asked.shown.filter(|name| !shows(name));
    Ok(missing.map(|name| {
        let text = format!("{name} is not in {:?}", read.calls);
        (Verdict::Missed, text)
    }))
}
