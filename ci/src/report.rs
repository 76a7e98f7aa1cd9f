//! The table at the end: what passed, and where the time went.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::count::Count;

/// How a row, or a check, went.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// The target whose tests were counted; none for a check.
    pub(crate) target: Option<String>,
    pub(crate) build: Duration,
    pub(crate) run: Duration,
    pub(crate) count: Count,
    /// Why it failed.
    pub(crate) failure: Option<String>,
}

impl Line {
    pub(crate) fn new(name: &str, target: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            target: target.map(str::to_owned),
            build: Duration::ZERO,
            run: Duration::ZERO,
            count: Count::default(),
            failure: None,
        }
    }
}

/// How everything went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    /// Less than the sum of the lines: rows run while others are built.
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) fn passed(&self) -> bool {
        self.lines.iter().all(|line| line.failure.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:18} {:>7} {:>7} {:>7} {:>7} {:>7}",
            "row", "build", "run", "passed", "failed", "ignored"
        )?;
        let mut targets: BTreeMap<&str, Count> = BTreeMap::new();
        let (mut build, mut run) = (Duration::ZERO, Duration::ZERO);
        for line in &self.lines {
            build += line.build;
            run += line.run;
            write!(
                f,
                "{:18} {:>6.0}s {:>6.0}s",
                line.name,
                line.build.as_secs_f64(),
                line.run.as_secs_f64()
            )?;
            if let Some(target) = &line.target {
                let Count {
                    passed,
                    failed,
                    ignored,
                } = line.count;
                write!(f, " {passed:>7} {failed:>7} {ignored:>7}")?;
                let sum = targets.entry(target).or_default();
                *sum = *sum + line.count;
            } else {
                write!(f, " {:23}", "")?;
            }
            match &line.failure {
                Some(failure) => writeln!(f, "  FAILED: {failure}")?,
                None => writeln!(f, "  ok")?,
            }
        }
        writeln!(
            f,
            "{:18} {:>6.0}s {:>6.0}s, {:.0} s in all",
            "",
            build.as_secs_f64(),
            run.as_secs_f64(),
            self.took.as_secs_f64()
        )?;
        for (target, count) in &targets {
            writeln!(f, "{target}: {count}")?;
        }
        let all: Count = targets.into_values().sum();
        write!(f, "total: {all}")
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            ignored,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_sums_per_target_and_says_what_failed() {
        let line = |name: &str, target: Option<&str>, failed| Line {
            build: Duration::from_secs(2),
            run: Duration::from_secs(3),
            count: Count {
                passed: 5,
                failed,
                ignored: 1,
            },
            failure: (failed > 0).then(|| "tests".to_owned()),
            ..Line::new(name, target)
        };
        let report = Report {
            lines: vec![
                line("lints", None, 0),
                line("a", Some("x"), 0),
                line("b", Some("x"), 1),
                line("c", Some("y"), 0),
            ],
            took: Duration::from_secs(15),
        };
        assert!(!report.passed());
        let expected = "\
row                  build     run  passed  failed ignored
lints                   2s      3s                          ok
a                       2s      3s       5       0       1  ok
b                       2s      3s       5       1       1  FAILED: tests
c                       2s      3s       5       0       1  ok
                        8s     12s, 15 s in all
x: 10 passed, 1 failed, 2 skipped
y: 5 passed, 0 failed, 1 skipped
total: 15 passed, 1 failed, 3 skipped";
        assert_eq!(report.to_string(), expected);
    }
}
