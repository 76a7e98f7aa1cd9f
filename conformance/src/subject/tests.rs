//! The descriptions that are compiled in, and the commands that come of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::case::Ask;

fn argv(subject: &Subject, ask: &Ask) -> Vec<String> {
    let words = Words {
        ours: &Ours(vec!["everycall".into(), "trace".into()]),
        out: Path::new("/tmp/out file"),
        ask,
        cmd: &[OsString::from("/probe"), OsString::from("x")],
    };
    let argv = subject.argv(&words);
    argv.into_iter()
        .map(|word| word.into_string().expect("text"))
        .collect()
}

fn one(name: &str) -> Subject {
    named(name).expect(name).remove(0)
}

#[test]
fn every_description_is_read_and_every_id_is_its_own() {
    let all = all().expect("all descriptions are right");
    assert!(all.len() >= 4);
    let ids: BTreeSet<&str> = all.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
}

#[test]
fn every_description_of_the_folder_is_compiled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/subjects");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    let listed: BTreeSet<String> = DESCRIPTIONS
        .iter()
        .map(|(file, _)| (*file).to_owned())
        .collect();
    assert_eq!(files, listed);
}

#[test]
fn names_pick_one_subject_or_all_of_a_tracer() {
    assert_eq!(named("ectrace").expect("both").len(), 2);
    assert_eq!(named("ectrace/seccomp").expect("one").len(), 1);
    let error = named("nosuch").expect_err("there is none").to_string();
    assert!(
        error.contains("nosuch") && error.contains("strace-seccomp"),
        "{error}"
    );
}

#[test]
fn templates_are_filled() {
    let ask = Ask::Names(vec!["getpid".into(), "openat".into()]);
    assert_eq!(
        argv(&one("strace"), &ask),
        [
            "strace",
            "-f",
            "-o",
            "/tmp/out file",
            "-e",
            "quiet=none",
            "-e",
            "raw=all",
            "-e",
            "trace=?getpid,?openat",
            "--",
            "/probe",
            "x"
        ]
    );
    let ours = argv(&one("ectrace/ptrace"), &ask);
    assert_eq!(ours[..2], ["everycall", "trace"]);
    assert!(ours.contains(&"trace=getpid,openat".to_owned()));
}

#[test]
fn every_question_has_its_set() {
    let strace = one("strace");
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(strace.set(&Ask::All), "all");
    assert_eq!(strace.set(&Ask::Class("file".into())), "%file");
    assert_eq!(strace.set(&Ask::Except(names(&["a", "b"]))), "!?a,?b");
    assert_eq!(strace.set(&Ask::Names(names(&["ipc", "a"]))), "?/^ipc$,?a");
    assert_eq!(strace.set(&Ask::Names(names(&[]))), "none");
    assert_eq!(strace.set(&Ask::Except(names(&[]))), "all");
}

#[test]
fn words_for_another_user_stand_behind_the_program() {
    let ours = one("ectrace/seccomp").as_other_user("guest");
    let ours = argv(&ours.expect("it can"), &Ask::All);
    assert_eq!(ours[..4], ["everycall", "trace", "-u", "guest"]);
    assert!(one("gdb").as_other_user("guest").is_none());
}

#[test]
fn a_users_command() {
    let subject = one("'my tracer' -f -o {out} -e raw=all -e trace={set} {cmd}");
    assert_eq!(
        argv(&subject, &Ask::All),
        [
            "my tracer",
            "-f",
            "-o",
            "/tmp/out file",
            "-e",
            "raw=all",
            "-e",
            "trace=all",
            "/probe",
            "x"
        ]
    );
    assert!(subject.reading().raw && subject.selects() && subject.in_group("numbers"));
    assert!(!one("t -o {out} {cmd}").selects());
    for (command, why) in [
        ("t {out} x{cmd}", "{cmd}"),
        ("t {cmd}", "{out}"),
        ("'t {out} {cmd}", "quote"),
    ] {
        let error = named(command).expect_err(command).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_wrong_description_is_refused_with_its_reason() {
    let strace = DESCRIPTIONS.iter().find(|(file, _)| *file == "strace.toml");
    let whole = strace.expect("it is described").1;
    let right = whole.split("\n[[").next().unwrap_or(whole);
    let entry = |text: &str| format!("{right}\n[[expected]]\n{text}\n");
    let wrong = [
        (right.replace("\"{out}\", ", ""), "{out}"),
        (right.replace("trace={set}", "trace=all"), "{set}"),
        (format!("shows_all = true\n{right}"), "{set}"),
        (format!("shows = [\"read\"]\n{right}"), "{set}"),
        (
            right.replace("start = \"native\"", "start = \"x87\""),
            "x87",
        ),
        (format!("more = 1\n{right}"), "more"),
        (
            format!("{right}\n[[loses]]\ntext = \"x\"\nreason = \"\""),
            "a loss needs",
        ),
        (
            entry("case = \"a::b::c\"\nverdict = \"missed\"\nreason = \" \""),
            "no reason",
        ),
        (
            entry("case = \"a::b\"\nverdict = \"missed\"\nreason = \"r\""),
            "abi::group::case",
        ),
        (
            entry("case = \"a::b::c\"\nverdict = \"passed\"\nreason = \"r\""),
            "cannot expect",
        ),
        (
            entry("case = \"a::b::c\"\nverdict = \"nosuch\"\nreason = \"r\""),
            "nosuch",
        ),
    ];
    for (text, why) in wrong {
        let error = Subject::parse("f", &text).expect_err(why).to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
    let good =
        entry("case = \"*::b::c*\"\nverdict = \"mis-decoded\"\nreason = \"r\"\nbelow = \"7\"");
    assert_eq!(Subject::parse("f", &good).expect("right").expected.len(), 1);
}

#[test]
fn what_is_not_installed_is_said_with_its_reason() {
    let mut subject = one("strace");
    let version = subject.version.as_mut().expect("it has one");
    version.command = vec!["/nonexistent/tracer".into()];
    let Found::Absent(reason) = subject.look(&Ours(Vec::new())) else {
        panic!("it cannot be there");
    };
    assert!(reason.contains("/nonexistent/tracer"), "{reason}");
}
