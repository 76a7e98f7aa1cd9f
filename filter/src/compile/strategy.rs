//! How a decision becomes code: the names of the ways.

use std::fmt;
use std::str::FromStr;

/// How a program decides on the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The way that executes the fewest instructions for likely calls; among those the shortest.
    #[default]
    Auto,
    /// One comparison after the other, until one decides.
    Linear,
    /// A balanced search over ranges of numbers.
    Search,
    /// A balanced search over windows of 32 numbers, and a mask with a bit for each number of a window.
    Bitmap,
}

/// A name that no strategy has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no strategy {name:?}: it is one of auto, linear, search, bitmap")]
pub struct StrategyError {
    name: String,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 4] = [
        Strategy::Auto,
        Strategy::Linear,
        Strategy::Search,
        Strategy::Bitmap,
    ];

    /// Its name, as the command line has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Strategy::Auto => "auto",
            Strategy::Linear => "linear",
            Strategy::Search => "search",
            Strategy::Bitmap => "bitmap",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(name: &str) -> Result<Strategy, StrategyError> {
        let named = |strategy: &Strategy| strategy.name() == name;
        Strategy::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| StrategyError {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_others_are_errors() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        let error = "tree".parse::<Strategy>().unwrap_err().to_string();
        let known = Strategy::ALL.map(Strategy::name).join(", ");
        assert!(error.contains("tree") && error.ends_with(&known), "{error}");
    }
}
