//! Maps and differences as text.

use std::collections::BTreeSet;
use std::fmt::Write;

use everycall_arch::{AbiId, Syscall};

use super::names::{Numbers, argument_name, number, numbers, outcome_name, space_name};
use super::rules::{Rule, When};
use super::sections::{Region, Section, Space};
use super::{Change, Field, Finding, Level, Outcome};
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
    /// How many names of calls, and how many ranges of unknown numbers, are told of one region at most, if that is
    /// limited; of the others there is the count.
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

/// Findings as text: one in a paragraph, with the kind that it is.
#[must_use]
pub fn findings(found: &[Finding], style: Style) -> String {
    let mut text = String::new();
    for finding in found {
        let (level, colour) = match finding.kind.level() {
            Level::Fault => ("fault", "\u{1b}[31m"),
            Level::Note => ("note", "\u{1b}[33m"),
        };
        let _ = match style.colour {
            true => writeln!(text, "{colour}{level}\u{1b}[0m {}", finding.kind.code()),
            false => writeln!(text, "{level} {}", finding.kind.code()),
        };
        let words: Vec<String> = finding.text.split(' ').map(str::to_owned).collect();
        wrap(&mut text, &words, "", style.width);
    }
    text
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
    // Spaces of which the same is said as a whole are told together, where the last of them would stand.
    let mut told: Vec<(Vec<String>, String, bool)> = Vec::new();
    for section in sections {
        let mut title = vec![space_name(&section.space)];
        let (body, whole) = body(section, style, &name);
        let same =
            |(_, other, alike): &(Vec<String>, String, bool)| whole && *alike && *other == body;
        if let Some(at) = told.iter().position(same) {
            let (mut titles, ..) = told.remove(at);
            titles.append(&mut title);
            title = titles;
        }
        told.push((title, body, whole));
    }
    let parts = told
        .into_iter()
        .map(|(titles, body, _)| titles.join(", ") + "\n" + &body);
    parts.collect::<Vec<_>>().join("\n")
}

/// What happens in a space, and whether the same happens to all its numbers.
fn body<T>(section: &Section<T>, style: Style, name: &impl Fn(&T) -> String) -> (String, bool) {
    let mut text = String::new();
    // The region that is nearly everything is what is left when the others are known.
    let mut regions: Vec<(u128, &Region<T>)> = (section.regions.iter())
        .map(|region| (region.numbers.count(), region))
        .collect();
    let all = whole(&section.space);
    regions.sort_by_key(|region| region.0 > all / 2);
    let only = regions.len() == 1 && regions.iter().all(|region| region.0 == all);
    for (count, region) in regions {
        head(&mut text, &region.rules, name);
        let items = numbers(&section.space, &region.numbers);
        if let [Numbers::Call(call)] = items[..] {
            let words = [call_name(call, style) + &arguments(call, &region.rules)];
            wrap(&mut text, &words, ",", style.width);
            continue;
        }
        let words = match only {
            true => vec!["all numbers".to_owned()],
            false => listed(&items, count > all / 2, style),
        };
        wrap(&mut text, &words, ",", style.width);
    }
    (text, only)
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

fn call_name(call: &Syscall, style: Style) -> String {
    match style.numbers {
        true => format!("{}({})", call.name, call.nr),
        false => call.name.to_owned(),
    }
}

/// What the words are that the rules of a call look at, if they have names.
fn arguments<T>(call: &Syscall, rules: &[Rule<T>]) -> String {
    let fields = rules.iter().flat_map(|rule| match &rule.when {
        When::Any(terms) => terms.iter().flatten().map(|test| test.field).collect(),
        _ => Vec::new(),
    });
    let fields: BTreeSet<Field> = fields.collect();
    let told: Vec<String> = fields
        .into_iter()
        .filter_map(|field| match field {
            Field::Arg(word) => {
                let name = argument_name(call, word)?;
                Some(format!("{} is {name}", field.name()))
            }
            _ => None,
        })
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" ({})", told.join(", ")),
    }
}

/// The words that tell the numbers of a region.
fn listed(items: &[Numbers], rest: bool, style: Style) -> Vec<String> {
    let most = style.names.unwrap_or(usize::MAX);
    let (mut calls, mut unknown) = (0, 0);
    let mut words = Vec::new();
    for item in items {
        match item {
            Numbers::Call(call) => {
                calls += 1;
                if calls <= most {
                    words.push(call_name(call, style));
                }
            }
            Numbers::Unknown(0, u32::MAX) => words.push("all numbers".to_owned()),
            Numbers::Unknown(low, high) => {
                unknown += 1;
                if unknown <= most {
                    words.push(match low == high {
                        true => number(*low),
                        false => format!("{}-{}", number(*low), number(*high)),
                    });
                }
            }
            Numbers::When(test) => words.push(format!("where {test}:")),
        }
    }
    for (count, what) in [(calls, "calls"), (unknown, "ranges of unknown numbers")] {
        if count > most {
            words.push(format!("and {} more {what}", count - most));
        }
    }
    if rest && items.len() > 1 {
        words.insert(0, "all others:".to_owned());
    }
    words
}

/// How many numbers a space has.
fn whole(space: &Space) -> u128 {
    match space {
        Space::Abi(AbiId::X86_64) => (1 << 32) - (1 << 30),
        Space::Abi(AbiId::X32) => 1 << 30,
        _ => 1 << 32,
    }
}

/// Adds words as lines of a width, with something between them.
fn wrap(text: &mut String, words: &[String], between: &str, width: usize) {
    const INDENT: &str = "      ";
    let mut column = 0;
    for (at, word) in words.iter().enumerate() {
        let colon = word.ends_with(':');
        let comma = if at + 1 < words.len() && !colon {
            between
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
