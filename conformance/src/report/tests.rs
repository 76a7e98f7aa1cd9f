//! Reports of a run with one outcome of each kind.

use super::*;

fn decision(verdict: Verdict) -> Decision {
    Decision {
        verdict,
        expected: "x86_64 number 336 <&\">".into(),
        observed: "no line\u{1} for it".into(),
    }
}

pub(super) fn entry(case: &str, outcome: Outcome) -> Entry {
    Entry {
        subject: "ectrace/seccomp".into(),
        asked_as: "ectrace/seccomp".into(),
        tracer: "ectrace".into(),
        backend: "seccomp".into(),
        abi: AbiId::X86_64,
        group: "numbers",
        case: case.into(),
        outcome,
    }
}

pub(super) fn report() -> Report {
    Report {
        kernel: "6.18".into(),
        machine: "x86_64".into(),
        date: "2026-11-23T08:00:00Z".into(),
        takers: vec![
            Taker {
                tracer: "ectrace/seccomp".into(),
                version: Some("0.1".into()),
                absent: None,
                command: None,
            },
            Taker {
                tracer: "lurk".into(),
                version: None,
                absent: Some("no such file".into()),
                command: None,
            },
        ],
        entries: vec![
            entry("a/only", Outcome::Passed),
            entry("b/only", Outcome::Failed(decision(Verdict::Missed))),
            entry(
                "c/only",
                Outcome::Known {
                    decision: decision(Verdict::Missed),
                    reason: "known why".into(),
                },
            ),
            entry("d/only", Outcome::Skipped("cannot be asked".into())),
            Entry {
                abi: AbiId::I386,
                ..entry("a/only", Outcome::Passed)
            },
        ],
        stale: Vec::new(),
        faults: Vec::new(),
    }
}

pub(super) fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    report
        .write(format, &mut out)
        .expect("a vector can be written");
    String::from_utf8(out).expect("text")
}

#[test]
fn the_json_object_is_as_documented() {
    let text = written(&report(), Format::Json);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let row = serde_json::json!({
        "tracer": "ectrace", "backend": "seccomp", "abi": "x86_64", "group": "numbers",
        "cases": 4, "passed": 1, "failed": 1, "expected_failures": 1, "skipped": 1
    });
    assert_eq!(json["schema"], 1);
    assert_eq!(json["kernel"], "6.18");
    assert_eq!(json["summary"][0], row);
    assert_eq!(json["summary"][1]["abi"], "i386");
    let failure = &json["failures"][0];
    assert_eq!(json["failures"].as_array().map(Vec::len), Some(1));
    for (key, value) in [
        ("tracer", "ectrace"),
        ("abi", "x86_64"),
        ("group", "numbers"),
        ("case", "b/only"),
        ("verdict", "missed"),
    ] {
        assert_eq!(failure[key], value);
    }
    assert!(
        text.starts_with(r#"{"schema":1,"kernel":"6.18","summary":[{"tracer":"#),
        "{text}"
    );
}

#[test]
fn the_human_report_names_what_failed_and_how_to_see_it_again() {
    let text = written(&report(), Format::Human);
    for part in [
        "b/only",
        "no line",
        "known why",
        "cannot be asked",
        "lurk: not here: no such file",
        "FAILED",
        "everycall check --tracer ectrace/seccomp --case x86_64::numbers::b/only",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_is_unexpected_is_told_alone() {
    let mut odd = report();
    odd.stale.push(("strace".into(), "e/only".into()));
    let mut out = Vec::new();
    { odd.write_unexpected(&mut out) }.expect("a vector can be written");
    let text = String::from_utf8(out).expect("text");
    for part in ["b/only", "no line", "e/only", "FAILED"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["known why", "cannot be asked", "lurk"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let mut long = report();
    for n in 0..100 {
        long.entries.push(entry(
            &format!("hole-{n}"),
            Outcome::Failed(decision(Verdict::Missed)),
        ));
    }
    let text = written(&long, Format::Human);
    assert!(
        text.contains("hole-5") && !text.contains("hole-50"),
        "{text}"
    );
    assert!(text.contains("--format json"));
}

#[test]
fn the_xml_is_well_formed_where_text_is_not() {
    let mut odd = report();
    odd.stale.push(("strace".into(), "a<b".into()));
    let text = written(&odd, Format::Junit);
    assert!(
        text.contains("&lt;&amp;&quot;&gt;") && text.contains("a&lt;b"),
        "{text}"
    );
    assert!(!text.contains('\u{1}'));
    assert_eq!(text.matches("<testcase").count(), 6);
    assert_eq!(text.matches("<failure").count(), 2);
    assert!(
        text.contains(r#"tests="6" failures="2" skipped="2""#),
        "{text}"
    );
}

#[test]
fn a_run_fails_for_each_of_its_three_causes() {
    let passed = Report {
        entries: vec![entry("a", Outcome::Passed)],
        ..Report::default()
    };
    assert!(!passed.failed());
    assert!(report().failed());
    let stale = Report {
        stale: vec![("s".into(), "p".into())],
        ..passed.clone()
    };
    assert!(stale.failed());
    let fault = Fault {
        case: "c".into(),
        what: "w".into(),
    };
    assert!(
        Report {
            faults: vec![fault],
            ..passed
        }
        .failed()
    );
}
