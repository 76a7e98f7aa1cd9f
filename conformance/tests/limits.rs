//! Whatever the suite excuses in our own tracer, that tracer says itself: `ectrace --help`.

mod common;

use std::process::Command;

use common::ours;
use everycall_conformance::subject;

/// The text as one line: where it is broken does not matter.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[test]
fn what_is_excused_is_said() {
    let ours = ours().expect("run `cargo build` first");
    let (program, args) = ours.0.split_first().expect("it has a program");
    let output = Command::new(program).args(args).arg("--help").output();
    let output = output.expect("it can be started");
    assert!(output.status.success());
    let help = words(&String::from_utf8_lossy(&output.stdout));
    let mut excused = 0;
    for subject in subject::named("ectrace").expect("it is described") {
        for entry in subject.skip.iter().chain(&subject.expected) {
            let said = help.contains(&words(&entry.reason));
            assert!(
                said,
                "{}: --help does not say: {}",
                subject.id, entry.reason
            );
            excused += 1;
        }
    }
    assert!(excused > 3, "{excused}");
}
