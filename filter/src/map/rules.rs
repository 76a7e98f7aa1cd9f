//! What a filter does of one number: short lists of conditions on the words of the call.

use std::fmt;

use super::describe::{describe, residuals};
use super::set::{Cost, Test};
use super::space::{Field, put};
use crate::SeccompData;
use crate::bdd::{Bdd, FALSE, Full, NO_VAR, Node, TRUE};

/// How many alternatives a condition may have.
const MAX_TERMS: usize = 48;

/// How many ways a field may split what comes after it.
const MAX_RESIDUALS: usize = 64;

/// How many rules one number may have.
const MAX_RULES: usize = 4096;

/// Conditions that all hold; none of them is always true.
pub type Term = Vec<Test>;

/// When a rule is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// For every call.
    Always,
    /// When all conditions of one of these hold.
    Any(Vec<Term>),
    /// When no other rule says anything.
    Otherwise,
    /// Under conditions too irregular to be told.
    Irregular {
        /// Words for which it counts; number and architecture are zero.
        example: SeccompData,
    },
}

/// What happens, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<T> {
    /// When.
    pub when: When,
    /// What.
    pub then: T,
}

impl When {
    /// Whether it holds of a call. `None` where it cannot be told, and for [`When::Otherwise`], which depends on the other rules.
    #[must_use]
    pub fn holds(&self, data: &SeccompData) -> Option<bool> {
        match self {
            When::Always => Some(true),
            When::Otherwise | When::Irregular { .. } => None,
            When::Any(terms) => {
                let holds = |term: &Term| -> Option<bool> {
                    term.iter()
                        .try_fold(true, |all, test| Some(all && test.holds_of(data)?))
                };
                terms
                    .iter()
                    .try_fold(false, |any, term| Some(any || holds(term)?))
            }
        }
    }

    /// How much there is to read.
    fn cost(&self) -> Cost {
        let add = |a: Cost, b: Cost| {
            (
                a.0.saturating_add(b.0),
                a.1.saturating_add(b.1),
                a.2.saturating_add(b.2),
            )
        };
        match self {
            When::Always | When::Otherwise => (0, 0, 0),
            When::Irregular { .. } => (usize::MAX, 0, 0),
            When::Any(terms) => {
                let tests = terms.iter().flatten().map(Test::cost);
                // Alternatives are harder to read than conditions that all hold.
                tests.fold((0, terms.len(), 0), add)
            }
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Always => f.write_str("always"),
            When::Otherwise => f.write_str("otherwise"),
            When::Irregular { example } => {
                f.write_str("irregularly, for example where")?;
                let words = Field::ALL
                    .iter()
                    .skip(2)
                    .map(|field| (field, field.of(example)));
                for (field, value) in words.filter(|&(_, value)| value != 0) {
                    write!(f, " {} == {value:#x}", field.name())?;
                }
                f.write_str(" and all else is zero")
            }
            When::Any(terms) if matches!(&terms[..], [term] if term.len() == 1) => {
                let text = terms.iter().flatten().map(ToString::to_string);
                let text: String = text.collect();
                // Alternatives that stand alone need no parentheses.
                let inner = text
                    .strip_prefix('(')
                    .and_then(|text| text.strip_suffix(')'));
                f.write_str(inner.unwrap_or(&text))
            }
            When::Any(terms) => {
                for (at, term) in terms.iter().enumerate() {
                    let tests: Vec<String> = term.iter().map(ToString::to_string).collect();
                    let or = if at > 0 { " || " } else { "" };
                    write!(f, "{or}{}", tests.join(" && "))?;
                }
                Ok(())
            }
        }
    }
}

/// The rules of a diagram that asks only words. Of `quiet`, a leaf that is not to be told, there is no rule.
pub(super) fn rules(bdd: &mut Bdd, node: Node, quiet: Option<u32>) -> Result<Vec<Rule<u32>>, Full> {
    if let Some(then) = node.value() {
        let when = When::Always;
        return Ok(vec![Rule { when, then }]);
    }
    let leaves: Vec<u32> = bdd
        .parts(node)
        .into_iter()
        .filter_map(Node::value)
        .filter(|&leaf| Some(leaf) != quiet)
        .collect();
    if leaves.len() > MAX_RULES {
        return Err(Full);
    }
    let mut rules = Vec::new();
    for then in leaves {
        let here = bdd.replace(node, NO_VAR, &mut |part| {
            Node::truth(part == Node::leaf(then))
        })?;
        let when = condition(bdd, here);
        rules.push(Rule { when, then });
    }
    rules.sort_by_key(|rule| rule.when.cost());
    // The longest condition is what is left when the others are known.
    if quiet.is_none()
        && let Some(last) = rules.last_mut()
    {
        last.when = When::Otherwise;
    }
    Ok(rules)
}

/// When a truth about the words holds, told as short as it can be.
fn condition(bdd: &mut Bdd, node: Node) -> When {
    let told = bdd.attempt(|bdd| {
        let mut told = Vec::new();
        terms(bdd, node, &mut Vec::new(), &mut told)?;
        Ok(told)
    });
    match told {
        Ok(terms) => When::Any(terms),
        Err(Full) => When::Irregular {
            example: example(bdd, node),
        },
    }
}

/// Adds the alternatives of a truth, field by field.
fn terms(bdd: &mut Bdd, node: Node, before: &mut Term, told: &mut Vec<Term>) -> Result<(), Full> {
    if node.value().is_some() {
        if node == TRUE && told.len() >= MAX_TERMS {
            return Err(Full);
        }
        if node == TRUE {
            told.push(before.clone());
        }
        return Ok(());
    }
    let field = Field::of_var(bdd.top(node));
    let mut rests = residuals(bdd, node, field, MAX_RESIDUALS)?;
    rests.sort_by_key(|&rest| rest != TRUE);
    for rest in rests.iter().copied().filter(|&rest| rest != FALSE) {
        // The values that lead exactly to this rest, and those that lead to it or to one that it implies: both make
        // the same sum of alternatives.
        let exact = bdd.replace(node, field.end(), &mut |part| Node::truth(part == rest))?;
        let mut implied = Vec::new();
        for &other in &rests {
            if bdd.without(rest, other)? == FALSE {
                implied.push(other);
            }
        }
        let wide = bdd.replace(node, field.end(), &mut |part| {
            Node::truth(implied.contains(&part))
        })?;
        let mut ways = Vec::new();
        for way in [exact, wide] {
            ways.push(match way {
                TRUE => None,
                _ => Some(describe(bdd, way, field)?),
            });
        }
        let shortest = ways
            .into_iter()
            .min_by_key(|way| way.as_ref().map_or((0, 0, 0), Test::cost));
        let test = shortest.flatten();
        let depth = before.len();
        before.extend(test);
        terms(bdd, rest, before, told)?;
        before.truncate(depth);
    }
    Ok(())
}

/// Some call for which a truth holds.
pub(super) fn example(bdd: &Bdd, mut node: Node) -> SeccompData {
    let mut data = SeccompData::default();
    while let Some((var, low, high)) = bdd.choice(node) {
        put(&mut data, var, low == FALSE);
        node = if low == FALSE { high } else { low };
    }
    data
}
