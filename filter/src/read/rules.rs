//! What profiles and policies say, as a list of rules, and the program that is made of it.

use super::Filter;
use super::error::Fault;
use crate::action::Action;
use crate::map::{Field, Range, Term, Test};
use crate::{Strategy, compile_rules};

/// A list of rules of which the first whose conditions hold counts.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<(Term, Action)>,
    /// What happens where no rule says anything.
    pub(super) default: Action,
    /// The architecture word of most calls.
    pub(super) first: u32,
    /// What its reader should be told.
    pub(super) notes: Vec<String>,
}

impl Rules {
    /// The program, which is proven to do what the rules say.
    pub(super) fn compile(self) -> Result<Filter, Fault> {
        let program = compile_rules(&self.rules, self.default, self.first, Strategy::Auto);
        let program = program.map_err(|error| Fault::whole(error.to_string()))?;
        Ok(Filter {
            notes: self.notes,
            ..Filter::of(program)
        })
    }
}

/// That the architecture word is this.
pub(super) fn arch(word: u32) -> Test {
    Test::equal(Field::Arch, word.into())
}

/// That the number is one of these.
pub(super) fn numbers(numbers: &crate::RangeSet) -> Test {
    let range = |range: std::ops::RangeInclusive<u32>| Range {
        low: (*range.start()).into(),
        high: (*range.end()).into(),
    };
    Test::ranges(Field::Nr, numbers.ranges().map(range).collect())
}

/// A list of names for a sentence, of which only some are told.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 12;
    let told: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len() {
        many if many > MOST => format!("{} and {} more", told.join(", "), many - MOST),
        _ => told.join(", "),
    }
}
