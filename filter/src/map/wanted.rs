//! Maps of what is wanted: a policy, or any list of rules, to hold a filter's map against.

use super::rules::Term;
use super::set::{Set, Test, View};
use super::space::{Field, in_range, masked};
use super::{Map, MapError, Options, Outcome};
use crate::Policy;
use crate::action::Action;
use crate::bdd::{Bdd, FALSE, Full, Node, TRUE};

impl Map {
    /// The map of a list of rules: of those whose conditions all hold the *first* counts; `default` where there is none.
    /// Conditions may be on the architecture and the number, too. One that is irregular never holds.
    pub fn of_rules(rules: &[(Term, Action)], default: Action) -> Result<Map, MapError> {
        Map::make(Options::default(), |bdd, outcomes| {
            let mut root = outcomes.leaf(Outcome::Action(default));
            for (term, action) in rules.iter().rev() {
                let leaf = outcomes.leaf(Outcome::Action(*action));
                let when = all(bdd, term)?;
                root = bdd.ite(when, leaf, root)?;
            }
            Ok(root)
        })
    }

    /// The map of a policy: what it allows is allowed, all else returns TRACE with `data`.
    pub fn of_policy(policy: &Policy, data: u16) -> Result<Map, MapError> {
        Map::make(Options::default(), |bdd, outcomes| {
            let allow = outcomes.leaf(Outcome::Action(Action::Allow));
            let mut root = outcomes.leaf(Outcome::Action(Action::Trace(data)));
            for arch in policy.arches() {
                let mut numbers = FALSE;
                for range in policy.allowed(arch).ranges().rev() {
                    let ends = (u64::from(*range.start()), u64::from(*range.end()));
                    let range = in_range(bdd, Field::Nr, 32, ends)?;
                    numbers = bdd.or(range, numbers)?;
                }
                let here = masked(bdd, Field::Arch, u64::from(u32::MAX), u64::from(arch))?;
                let allowed = bdd.and(here, numbers)?;
                root = bdd.ite(allowed, allow, root)?;
            }
            Ok(root)
        })
    }
}

/// Where all conditions hold.
fn all(bdd: &mut Bdd, term: &[Test]) -> Result<Node, Full> {
    term.iter().try_fold(TRUE, |all, test| {
        let test = holds(bdd, test)?;
        bdd.and(all, test)
    })
}

/// Where a condition holds.
pub(super) fn holds(bdd: &mut Bdd, test: &Test) -> Result<Node, Full> {
    let mut inside = FALSE;
    match &test.set {
        Set::Ranges(view, ranges) => {
            for range in ranges {
                let part = seen(bdd, test.field, *view, (range.low, range.high))?;
                inside = bdd.or(inside, part)?;
            }
        }
        Set::Masked(patterns) => {
            for pattern in patterns {
                let part = masked(bdd, test.field, pattern.mask, pattern.value)?;
                // A bit that is wanted but not looked at is never there.
                let possible = pattern.value & !pattern.mask == 0;
                inside = bdd.or(inside, if possible { part } else { FALSE })?;
            }
        }
        Set::Irregular { .. } => return Ok(FALSE),
    }
    if test.negated {
        bdd.not(inside)
    } else {
        Ok(inside)
    }
}

/// Where a field's value, as a view shows it, is in a range.
fn seen(bdd: &mut Bdd, field: Field, view: View, (low, high): (i128, i128)) -> Result<Node, Full> {
    let ends = view.ends();
    let (low, high) = (low.max(ends.low), high.min(ends.high));
    let mut inside = FALSE;
    // Negative values are the upper half of the unsigned ones.
    let modulus = 1i128 << view.bits.clamp(1, 64);
    for (low, high, offset) in [(low, high.min(-1), modulus), (low.max(0), high, 0)] {
        if low <= high {
            let unsigned = ((low + offset) as u64, (high + offset) as u64);
            let part = in_range(bdd, field, view.bits, unsigned)?;
            inside = bdd.or(inside, part)?;
        }
    }
    Ok(inside)
}
