//! What a failed row's log says of its failure: a CI service shows little more than the end of what was printed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Words that stand where something failed: of the test harnesses, of a panic, of cargo, and of a machine that died.
const TELLING: [&str; 6] = [
    "FAILED",
    "panicked at",
    "---- ",
    "everycall vm: ",
    "error: ",
    "error[",
];

/// So many lines after a telling one belong to it: the console's last lines are forty.
const AFTER: usize = 42;

/// No more lines are shown of one log, and no more characters of a line.
const SHOWN: usize = 70;
const WIDE: usize = 160;

/// The telling lines of a log, each with those that follow it. The first are the nearest to the cause.
pub(crate) fn of(log: &Path) -> Vec<String> {
    let Ok(file) = File::open(log) else {
        return vec![format!("{} cannot be read", log.display())];
    };
    let mut excerpt = Vec::new();
    let mut follow = 0;
    let mut number = 0_usize;
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        number += 1;
        let line = String::from_utf8_lossy(&line);
        if TELLING.iter().any(|word| line.contains(word)) {
            follow = AFTER + 1;
        } else if is_result(&line) {
            follow = 0;
        }
        if follow == 0 || line.trim().is_empty() {
            continue;
        }
        follow -= 1;
        if excerpt.len() == SHOWN {
            excerpt.push("(and more in the file)".to_owned());
            break;
        }
        let cut: String = line.trim_end().chars().take(WIDE).collect();
        excerpt.push(format!("{number:>6}  {cut}"));
    }
    excerpt
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
