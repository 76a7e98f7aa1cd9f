//! Maps and differences as text.

use std::fmt::Write;

use super::names::{Numbers, numbers, outcome_name, space_name};
use super::rules::{Rule, When};
use super::sections::{Region, Section};
use super::{Change, Outcome};
use crate::action::Action;

/// How text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// How many columns a line has.
    pub width: usize,
    /// Whether actions have colours.
    pub colour: bool,
    /// Whether each call has its number beside its name.
    pub numbers: bool,
    /// How many names of calls are told of one region at most, if that is limited; of the others there is the number.
    pub names: Option<usize>,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            width: 100,
            colour: false,
            numbers: false,
            names: None,
        }
    }
}

/// A map's table as text.
#[must_use]
pub fn map(sections: &[Section<Outcome>], style: Style) -> String {
    render(sections, style, |outcome| coloured(*outcome, style))
}

/// A difference's table as text.
#[must_use]
pub fn difference(sections: &[Section<Change>], style: Style) -> String {
    render(sections, style, |change| {
        let [from, to] = [change.from, change.to].map(|outcome| coloured(outcome, style));
        format!("{from} -> {to}")
    })
}

/// An outcome's name, in its colour: green what runs, red what does not, yellow what another decides.
fn coloured(outcome: Outcome, style: Style) -> String {
    let name = outcome_name(outcome);
    if !style.colour {
        return name;
    }
    let colour = match outcome {
        Outcome::Action(Action::Allow | Action::Log) => "\u{1b}[32m",
        Outcome::Action(Action::Trace(_) | Action::UserNotif) => "\u{1b}[33m",
        Outcome::Action(_) => "\u{1b}[31m",
        Outcome::Undecided(_) => "\u{1b}[35m",
    };
    format!("{colour}{name}\u{1b}[0m")
}

fn render<T>(sections: &[Section<T>], style: Style, name: impl Fn(&T) -> String) -> String {
    let mut text = String::new();
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", space_name(&section.space));
        // The region that is nearly everything is what is left when the others are known.
        let mut regions: Vec<(u128, &Region<T>)> = (section.regions.iter())
            .map(|region| (region.numbers.count(), region))
            .collect();
        let most = regions.iter().map(|region| region.0).sum::<u128>() / 2;
        regions.sort_by_key(|region| region.0 > most);
        for (count, region) in regions {
            head(&mut text, &region.rules, &name);
            let items = numbers(&section.space, &region.numbers);
            let rest = count > most && items.len() > 1;
            wrap(&mut text, &listed(&items, rest, style), style.width);
        }
    }
    text
}

/// What happens in a region.
fn head<T>(text: &mut String, rules: &[Rule<T>], name: &impl Fn(&T) -> String) {
    for rule in rules {
        let _ = match &rule.when {
            When::Always => writeln!(text, "  {}", name(&rule.then)),
            When::Otherwise => writeln!(text, "  {} otherwise", name(&rule.then)),
            when => writeln!(text, "  {} if {when}", name(&rule.then)),
        };
    }
}

/// The words that tell the numbers of a region.
fn listed(items: &[Numbers], rest: bool, style: Style) -> Vec<String> {
    let calls = items
        .iter()
        .filter(|item| matches!(item, Numbers::Call(_)))
        .count();
    let mut told = 0;
    let mut words = Vec::new();
    for item in items {
        match item {
            Numbers::Call(_) if style.names.is_some_and(|most| told >= most) => {}
            Numbers::Call(call) => {
                told += 1;
                words.push(match style.numbers {
                    true => format!("{}({})", call.name, call.nr),
                    false => call.name.to_owned(),
                });
            }
            Numbers::Unknown(0, u32::MAX) => words.push("all numbers".to_owned()),
            Numbers::Unknown(low, high) if low == high => words.push(number(*low)),
            Numbers::Unknown(low, high) => {
                words.push(format!("{}-{}", number(*low), number(*high)))
            }
            Numbers::When(test) => words.push(format!("where {test}:")),
        }
    }
    if told < calls {
        words.push(format!("and {} more calls", calls - told));
    }
    if rest {
        words.insert(0, "all others:".to_owned());
    }
    words
}

/// A number without a name.
fn number(nr: u32) -> String {
    if nr < 1 << 16 {
        nr.to_string()
    } else {
        format!("{nr:#x}")
    }
}

/// Adds words as lines of a width.
fn wrap(text: &mut String, words: &[String], width: usize) {
    const INDENT: &str = "      ";
    let mut column = 0;
    for (at, word) in words.iter().enumerate() {
        let colon = word.ends_with(':');
        let comma = if at + 1 < words.len() && !colon {
            ","
        } else {
            ""
        };
        if column > 0 && column + 1 + word.len() + comma.len() > width {
            text.push('\n');
            column = 0;
        }
        let before = if column == 0 { INDENT } else { " " };
        let _ = write!(text, "{before}{word}{comma}");
        column += before.len() + word.len() + comma.len();
    }
    if column > 0 {
        text.push('\n');
    }
}
