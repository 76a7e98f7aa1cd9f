//! How many tests there were, as the test binaries say it themselves.

use std::iter::Sum;
use std::ops::Add;

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Count {
    /// What a line of output says: `test result: ok. 5 passed; 0 failed; 1 ignored; ...`.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let (_, numbers) = line
            .trim_start()
            .strip_prefix("test result: ")?
            .split_once(". ")?;
        let mut count = Self::default();
        for part in numbers.split(';') {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            match what {
                "passed" => count.passed = number.parse().ok()?,
                "failed" => count.failed = number.parse().ok()?,
                "ignored" => count.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(count)
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            ignored: self.ignored.saturating_add(other.ignored),
        }
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_at_the_end_of_a_test_binary_is_understood() {
        let line = "test result: FAILED. 52 passed; 2 failed; 1 ignored; 0 measured; 16 filtered out; finished in 9.85s";
        let count = Count {
            passed: 52,
            failed: 2,
            ignored: 1,
        };
        assert_eq!(Count::of(line), Some(count));
        assert_eq!(
            Count::of("test result: ok. 1 passed; 0 failed")
                .unwrap()
                .passed,
            1
        );
    }

    #[test]
    fn other_lines_are_no_results() {
        for line in [
            "",
            "test a ... ok",
            "test result: ok",
            "test result: ok. many passed; 0 failed",
        ] {
            assert_eq!(Count::of(line), None, "{line}");
        }
    }

    #[test]
    fn sums_do_not_overflow() {
        let most = Count::of(&format!("test result: ok. {} passed; 0 failed", u64::MAX)).unwrap();
        let sum: Count = [most, most].into_iter().sum();
        assert_eq!(sum.passed, u64::MAX);
    }
}
