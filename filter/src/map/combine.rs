//! Several maps: the chain of filters that a process has, and where two filters differ.

use everycall_arch::table;
use foldhash::HashMap;

use super::rules::example;
use super::sections::{Section, abi_numbers, sections};
use super::space::{Field, masked};
use super::{FIRST_OUTCOME, Map, MapError, Options, Outcome, UndecidedAt};
use crate::SeccompData;
use crate::action::Action;
use crate::bdd::{Bdd, FALSE, Full, NO_VAR, Node};

/// What one filter does and another does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// What the first does.
    pub from: Outcome,
    /// What the second does.
    pub to: Outcome,
}

/// Where two filters differ.
#[derive(Clone, Debug)]
pub struct Difference {
    options: Options,
    bdd: Bdd,
    root: Node,
    changes: Vec<Change>,
}

/// The leaf of calls for which there is no difference.
const SAME: u32 = FIRST_OUTCOME;

impl Map {
    /// What a chain of filters does, the oldest first. The kernel runs them all; the action of highest precedence
    /// counts, and of equal ones the newest filter's, with its data.
    pub fn chain(filters: &[Map]) -> Result<Map, MapError> {
        let options = filters.first().map(|map| map.options).unwrap_or_default();
        Map::make(options, |bdd, outcomes| {
            // Without any filter everything is allowed.
            let mut root = outcomes.leaf(Outcome::Action(Action::Allow));
            for (place, map) in filters.iter().enumerate() {
                let newer = bdd.import(&map.bdd, map.root)?;
                root = bdd.pair(newer, root, &mut |newer, older| {
                    let newer = placed(map.outcomes.get(newer), place);
                    let older = outcomes.get(older).unwrap_or(newer);
                    let leaf = outcomes.leaf(stronger(newer, older));
                    leaf.value().unwrap_or(0)
                })?;
            }
            Ok(root)
        })
    }

    /// Where `other` does something else. What is undecided in one of them counts as different.
    pub fn difference(&self, other: &Map) -> Result<Difference, MapError> {
        let nodes = self.options.nodes.max(other.options.nodes);
        let mut bdd = Bdd::new(nodes.saturating_mul(2));
        let mut changes: Vec<Change> = Vec::new();
        let mut numbers: HashMap<Change, u32> = HashMap::default();
        let mut of = |from: u32, to: u32| {
            let unknown = Outcome::Undecided(UndecidedAt::default());
            let change = Change {
                from: self.outcomes.get(from).unwrap_or(unknown),
                to: other.outcomes.get(to).unwrap_or(unknown),
            };
            if change.from == change.to && matches!(change.from, Outcome::Action(_)) {
                return SAME;
            }
            let next = SAME + 1 + changes.len() as u32;
            *numbers.entry(change).or_insert_with(|| {
                changes.push(change);
                next
            })
        };
        let root = bdd.import(&self.bdd, self.root).and_then(|from| {
            let to = bdd.import(&other.bdd, other.root)?;
            bdd.pair(from, to, &mut of)
        });
        Ok(Difference {
            options: self.options,
            root: root.map_err(|Full| MapError::TooLarge { nodes })?,
            bdd,
            changes,
        })
    }
}

/// An outcome of the filter at this place.
fn placed(outcome: Option<Outcome>, filter: usize) -> Outcome {
    match outcome {
        Some(Outcome::Action(action)) => Outcome::Action(action),
        Some(Outcome::Undecided(at)) => Outcome::Undecided(UndecidedAt { filter, ..at }),
        None => Outcome::Undecided(UndecidedAt {
            filter,
            ..UndecidedAt::default()
        }),
    }
}

/// What the kernel does where two filters of a chain say these (`seccomp_run_filters` in kernel/seccomp.c).
fn stronger(newer: Outcome, older: Outcome) -> Outcome {
    match (newer, older) {
        (Outcome::Action(new), Outcome::Action(old)) if old.precedence() < new.precedence() => {
            older
        }
        (Outcome::Action(_), Outcome::Action(_)) => newer,
        // Nothing is stronger than this.
        (Outcome::Action(Action::KillProcess), _) => newer,
        (_, Outcome::Action(Action::KillProcess)) => older,
        (Outcome::Undecided(_), _) => newer,
        (Outcome::Action(_), Outcome::Undecided(_)) => older,
    }
}

impl Difference {
    /// Whether there is none: the two do the same of every call.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.root == Node::leaf(SAME)
    }

    /// What happens to a call, if that differs.
    #[must_use]
    pub fn at(&self, data: &SeccompData) -> Option<Change> {
        self.change(self.bdd.at(self.root, |var| super::space::asked(data, var)))
    }

    fn change(&self, leaf: u32) -> Option<Change> {
        let at = leaf.checked_sub(SAME + 1)?;
        self.changes.get(at as usize).copied()
    }

    /// All differences as a table. Numbers and conditions for which there is none are left out.
    pub fn sections(&self) -> Result<Vec<Section<Change>>, MapError> {
        sections(&self.bdd, self.root, Some(SAME), self.options.nodes)?
            .into_iter()
            .map(|section| section.try_map(|leaf| self.change(leaf)))
            .collect::<Option<Vec<_>>>()
            .ok_or(MapError::Incomplete)
    }

    /// A call that shows a difference: one that both filters decide, and one that has a name, where there are such.
    #[must_use]
    pub fn example(&self) -> Option<(SeccompData, Change)> {
        let mut bdd = self.bdd.clone();
        bdd.refill();
        let found = self.find(&mut bdd, true).ok().flatten();
        let found = found.or_else(|| self.find(&mut bdd, false).ok().flatten());
        let data = example(&bdd, found?);
        Some((data, self.at(&data)?))
    }

    /// Where there are differences, of the best kind that there is.
    fn find(&self, bdd: &mut Bdd, decided: bool) -> Result<Option<Node>, Full> {
        let differs = bdd.replace(self.root, NO_VAR, &mut |part| {
            let change = part.value().and_then(|leaf| self.change(leaf));
            Node::truth(change.is_some_and(|change| {
                let undecided = [change.from, change.to]
                    .iter()
                    .any(|outcome| matches!(outcome, Outcome::Undecided(_)));
                !(decided && undecided)
            }))
        })?;
        for id in everycall_arch::AbiId::ALL {
            let arch = u64::from(id.abi().audit_arch);
            let arch = masked(bdd, Field::Arch, u64::from(u32::MAX), arch)?;
            let numbers = abi_numbers(bdd, id)?;
            let own = bdd.and(arch, numbers)?;
            let here = bdd.and(own, differs)?;
            if here == FALSE {
                continue;
            }
            for call in table::all(id) {
                let number = masked(bdd, Field::Nr, u64::from(u32::MAX), u64::from(call.nr))?;
                let named = bdd.and(number, here)?;
                if named != FALSE {
                    return Ok(Some(named));
                }
            }
            return Ok(Some(here));
        }
        Ok((differs != FALSE).then_some(differs))
    }
}
