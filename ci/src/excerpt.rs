//! What a failed row's log says of its failure: a CI service shows little more than the end of what was printed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Words that stand where something failed: of the test harnesses, of a panic, of cargo, and of a machine that died. What a
/// test's own program says may have them, too, and be what the test wants.
const TELLING: [&str; 6] = [
    "... FAILED",
    "panicked at",
    "---- ",
    "everycall vm: ",
    "error: ",
    "error[",
];

/// Between these the test harnesses tell what failed, and nothing else.
const FAILURES: (&str, &str) = ("failures:", "test result: ");

/// So many lines after a telling one belong to it: the console's last lines are forty.
const AFTER: usize = 42;

/// No more lines are shown of one log, and no more characters of a line.
const SHOWN: usize = 70;
const WIDE: usize = 160;

/// What the test harnesses tell of failures; then, as far as there is room, the other telling lines of a log, each with those
/// that follow it. The first are the nearest to the cause.
pub(crate) fn of(log: &Path) -> Vec<String> {
    let Ok(file) = File::open(log) else {
        return vec![format!("{} cannot be read", log.display())];
    };
    let (mut failures, mut others) = (Vec::new(), Vec::new());
    let mut among_failures = false;
    let mut follow = 0;
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    for (number, line) in (1..).zip(lines) {
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        among_failures |= line == FAILURES.0;
        if TELLING.iter().any(|word| line.contains(word)) {
            follow = AFTER + 1;
        } else if is_result(&line) {
            follow = 0;
        }
        if among_failures {
            note(&mut failures, number, &line);
            among_failures = !line.starts_with(FAILURES.1);
        } else if follow > 0 {
            follow -= 1;
            note(&mut others, number, &line);
        }
    }
    failures.append(&mut others);
    if failures.len() > SHOWN {
        failures.truncate(SHOWN);
        failures.push("(and more in the file)".to_owned());
    }
    failures
}

/// Adds a line, unless it is more than can be shown.
fn note(excerpt: &mut Vec<String>, number: usize, line: &str) {
    if excerpt.len() <= SHOWN {
        let cut: String = line.trim_end().chars().take(WIDE).collect();
        excerpt.push(format!("{number:>6}  {cut}"));
    }
}

/// A line that tells of nothing failed: a test that passed, dots for many of them, the next test program.
fn is_result(line: &str) -> bool {
    line.ends_with("... ok") || line.starts_with("..") || line.starts_with("running ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(name: &str, text: &str) -> Vec<String> {
        let log = std::env::temp_dir().join(format!("everycall-ci-{}-{name}", std::process::id()));
        std::fs::write(&log, text).unwrap();
        let excerpt = of(&log);
        std::fs::remove_file(log).unwrap();
        excerpt
    }

    #[test]
    fn a_machine_that_died_and_a_test_that_failed_are_told() {
        let text = "\
== x: cargo test
everycall vm: the machine was not up after 300 s
the console's last lines:
  [    1.0] hello

running 2 tests
test a ... ok
test b ... FAILED

---- b ----
it is wrong
running 3 tests
...
";
        let expected = [
            "     2  everycall vm: the machine was not up after 300 s",
            "     3  the console's last lines:",
            "     4    [    1.0] hello",
            "     8  test b ... FAILED",
            "    10  ---- b ----",
            "    11  it is wrong",
        ];
        assert_eq!(excerpt("few", text), expected);
    }

    #[test]
    fn what_a_harness_tells_of_failures_comes_before_all_else() {
        let wanted = "FAILED: 1 passed, 2 failed\nerror: what a test wants\n".repeat(SHOWN);
        let text = format!(
            "{wanted}running 2 tests\n.F\nfailures:\n\n---- b ----\nit is wrong\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed\n\nrunning 1 test\n"
        );
        let told = excerpt("first", &text);
        let first = 2 * SHOWN + 3;
        let expected = [
            (0, "failures:"),
            (2, "---- b ----"),
            (3, "it is wrong"),
            (5, "failures:"),
            (6, "    b"),
            (8, "test result: FAILED. 1 passed; 1 failed"),
        ]
        .map(|(line, text)| format!("{:>6}  {text}", first + line));
        assert_eq!(told[..expected.len()], expected);
        assert_eq!(told.len(), SHOWN + 1);
    }

    #[test]
    fn an_excerpt_is_bounded() {
        let wide = format!("error: {}\n", "\u{e4}".repeat(2 * WIDE));
        let told = excerpt("many", &wide.repeat(10 * SHOWN));
        assert_eq!(told.len(), SHOWN + 1);
        assert!(told.iter().all(|line| line.chars().count() <= WIDE + 8));
    }

    #[test]
    fn a_log_that_is_not_there_is_said_to_be() {
        assert!(of(Path::new("/nonexistent/log"))[0].contains("cannot be read"));
    }
}
