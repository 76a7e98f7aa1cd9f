//! The ways in which a tracer is asked for a number, and which cases share a run.

use everycall_arch::{class, table};

use super::items::{Gate, Item, items};
use super::perform::SENTINEL_CALL;
use crate::case::Ask;
use crate::judge::asked;

/// A scatter is every eighth of the names.
const SCATTER: usize = 8;
/// So many names, far apart in the table, share a run that asks for nothing else.
const TOGETHER: usize = 8;
/// So many neighbours share two runs that ask for all but every other one of them.
const BLOCK: usize = 32;
/// So many unknown numbers share a run in which a single name is asked for.
const UNKNOWN_BLOCK: usize = 32;
/// The classes for which each unknown number has a case of its own: those of the longest lists of
/// names, for which tracers make another kind of filter. For the others, all unknown numbers have one.
const CLASSES_OF_UNKNOWN: [&str; 2] = ["desc", "file"];

/// A way of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Only it, or with it a few that are nowhere near it: those of the cases that share its run. (An unknown number has no name to ask for: a single known name is asked for, and the
    /// number must be shown all the same.)
    Only,
    /// It and many others, of which no two are neighbours.
    Scatter,
    /// A class that it is in. (Unknown numbers belong to every class.)
    Class(&'static str),
    /// All but it: it must be silent. (Unknown numbers must be shown.)
    Except,
}

/// What a run asks, and so which cases it can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Batch {
    way: Way,
    /// Whether the numbers under test are known.
    known: bool,
    /// Which of the runs of this way.
    part: usize,
}

/// All items by one gate.
pub(super) struct Plan {
    pub(super) gate: Gate,
    items: Vec<Item>,
    /// By item: how many of its kind (known, unknown) come before it.
    ranks: Vec<usize>,
    /// The known items, by rank.
    known: Vec<usize>,
    /// The unknown items, by rank.
    unknown: Vec<usize>,
}

impl Plan {
    pub(super) fn new(gate: Gate) -> Plan {
        let items = items(gate);
        let (mut known, mut unknown, mut ranks) = (Vec::new(), Vec::new(), Vec::new());
        for (at, item) in items.iter().enumerate() {
            let kind = if item.name.is_some() {
                &mut known
            } else {
                &mut unknown
            };
            ranks.push(kind.len());
            kind.push(at);
        }
        Plan {
            gate,
            items,
            ranks,
            known,
            unknown,
        }
    }

    /// Every case: its name, its way, and its items.
    pub(super) fn cases(&self) -> Vec<(String, Way, Vec<usize>)> {
        let mut cases = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            for way in self.ways(item) {
                cases.push((format!("{}/{}", item.label, way.name()), way, vec![at]));
            }
        }
        for &class in class::names() {
            let all = self.gate.is_whole() && !self.unknown.is_empty();
            if all && !CLASSES_OF_UNKNOWN.contains(&class) {
                let way = Way::Class(class);
                let name = format!("{}unknown/{}", self.gate.prefix, way.name());
                cases.push((name, way, self.unknown.clone()));
            }
        }
        cases
    }

    fn ways(&self, item: &Item) -> Vec<Way> {
        let call = item
            .name
            .and_then(|name| table::by_name(self.gate.abi, name));
        let in_class = |class: &&str| match call {
            Some(call) if self.gate.is_whole() => class::contains(class, call) == Some(true),
            Some(_) => false,
            None => CLASSES_OF_UNKNOWN.contains(class),
        };
        let classes = class::names().iter().copied().filter(in_class);
        [Way::Only, Way::Scatter]
            .into_iter()
            .chain(classes.map(Way::Class))
            .chain([Way::Except])
            .collect()
    }

    /// The run of a case.
    pub(super) fn batch(&self, way: Way, items: &[usize]) -> Batch {
        let first = items.first().copied().unwrap_or(0);
        let known = self.items[first].name.is_some();
        let rank = self.ranks[first];
        let part = match (way, known) {
            (Way::Only, true) => rank % self.known.len().div_ceil(TOGETHER).max(2),
            (Way::Only | Way::Except, false) => rank / UNKNOWN_BLOCK,
            (Way::Scatter, _) => rank % SCATTER,
            (Way::Class(_), _) => 0,
            // Every other one of a block: the ones between must be shown.
            (Way::Except, true) => rank / BLOCK * 2 + rank % 2,
        };
        // Where the question is the same, known and unknown numbers share the run.
        let known = known || matches!(way, Way::Scatter | Way::Class(_));
        Batch { way, known, part }
    }

    /// The question of a run that decides the cases of these items.
    pub(super) fn ask(&self, batch: Batch, items: &[usize]) -> Ask {
        let names = |items: &mut dyn Iterator<Item = &Item>| -> Vec<String> {
            items
                .filter_map(|item| Some(item.name?.to_owned()))
                .collect()
        };
        let sentinel = || vec![SENTINEL_CALL.to_owned()];
        let wanted = || names(&mut items.iter().map(|at| &self.items[*at]));
        match (batch.way, batch.known) {
            (Way::Only, true) => Ask::Names(wanted()),
            (Way::Except, true) => Ask::Except(wanted()),
            (Way::Only, false) => Ask::Names(sentinel()),
            (Way::Except, false) => Ask::Except(sentinel()),
            (Way::Scatter, _) => {
                let mut part = self.scattered(batch.part);
                let mut names = names(&mut part);
                names.extend(sentinel());
                names.sort_unstable();
                names.dedup();
                Ask::Names(names)
            }
            (Way::Class(class), _) => Ask::Class(class.to_owned()),
        }
    }

    /// The known items of a scatter: the same ones, however few cases are wanted.
    fn scattered(&self, part: usize) -> impl Iterator<Item = &Item> {
        let members = self.known.iter().skip(part).step_by(SCATTER);
        members.map(|at| &self.items[*at])
    }

    /// What the probe calls for a case of this item: the item, and neighbours that are not its like. Where
    /// only it is asked for, these are the ones on both sides.
    pub(super) fn company(&self, batch: Batch, at: usize, ask: &Ask) -> Vec<&Item> {
        let item = &self.items[at];
        let rank = self.ranks[at];
        let of_rank = |rank: usize| Some(&self.items[*self.known.get(rank)?]);
        let (before, after) = (rank.checked_sub(1).and_then(of_rank), of_rank(rank + 1));
        // Unknown numbers must be shown whatever is asked: a known one between them must be silent.
        let unlike = |other: &&Item| {
            let shown = asked(ask, self.gate.abi, other.low());
            let must_be_shown = batch.way == Way::Except;
            other.name != item.name && shown == must_be_shown
        };
        let (before, after) = match batch.way {
            Way::Only if batch.known => (before.filter(unlike), after.filter(unlike)),
            _ => (None, after.or(before).filter(unlike)),
        };
        before.into_iter().chain([item]).chain(after).collect()
    }
}

impl Way {
    fn name(self) -> String {
        match self {
            Way::Only => "only".to_owned(),
            Way::Scatter => "scatter".to_owned(),
            Way::Class(class) => format!("class:{class}"),
            Way::Except => "except".to_owned(),
        }
    }
}
