//! What a map does of each number of each ABI, whatever the words are: allow, kill, refuse.

use everycall_arch::{AbiId, table};
use foldhash::HashMap;

use crate::action::Action;
use crate::bdd::{Bdd, FALSE, Full, NO_VAR, Node};
use crate::map::describe::pieces;
use crate::map::rules::example;
use crate::map::sections::abi_numbers;
use crate::map::space::{ARGS, Field, masked};
use crate::map::{Map, Outcome};
use crate::{RangeSet, SeccompData};

/// A map that cuts numbers into more ranges is not looked at number by number.
const MAX_PIECES: usize = 1 << 16;

/// ENOSYS, as a filter returns it.
const ENOSYS: u16 = 38;

/// What can happen to a number, for some words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Treatment {
    allowed: bool,
    killed: bool,
    refused: bool,
    other: bool,
}

impl Treatment {
    fn of(outcome: Outcome) -> Treatment {
        let nothing = Treatment::default();
        match outcome {
            Outcome::Action(Action::Allow | Action::Log) => Treatment {
                allowed: true,
                ..nothing
            },
            Outcome::Action(Action::KillProcess | Action::KillThread | Action::Unknown(_)) => {
                Treatment {
                    killed: true,
                    ..nothing
                }
            }
            Outcome::Action(Action::Errno(errno)) if errno != ENOSYS => Treatment {
                refused: true,
                ..nothing
            },
            _ => Treatment {
                other: true,
                ..nothing
            },
        }
    }

    fn with(self, more: Treatment) -> Treatment {
        Treatment {
            allowed: self.allowed || more.allowed,
            killed: self.killed || more.killed,
            refused: self.refused || more.refused,
            other: self.other || more.other,
        }
    }
}

/// The numbers of one ABI.
pub(super) struct AbiView {
    pub(super) id: AbiId,
    /// Whether the map says different things of different numbers.
    pub(super) distinguishes: bool,
    /// Numbers that are allowed for some words.
    pub(super) allowed: RangeSet,
    /// Numbers that are killed for some words.
    pub(super) killed: RangeSet,
    /// Numbers that get another error than ENOSYS for some words.
    pub(super) refused: RangeSet,
    /// Numbers that are nothing but allowed.
    pub(super) only_allowed: RangeSet,
    /// Numbers whose treatment depends on the high half of a word.
    pub(super) by_high_half: RangeSet,
    /// For each call of the table, one that is allowed.
    examples: HashMap<u32, SeccompData>,
}

/// The ABIs that we know.
pub(super) struct Abis {
    /// Those whose numbers can be looked at one by one.
    pub(super) views: Vec<AbiView>,
    /// Those whose numbers are cut too finely for that.
    pub(super) irregular: Vec<AbiId>,
}

impl Abis {
    pub(super) fn of(map: &Map, bdd: &mut Bdd) -> Result<Abis, Full> {
        let mut abis = Abis {
            views: Vec::new(),
            irregular: Vec::new(),
        };
        for id in AbiId::ALL {
            let arch = u64::from(id.abi().audit_arch);
            let arch = masked(bdd, Field::Arch, u64::from(u32::MAX), arch)?;
            let own = abi_numbers(bdd, id)?;
            let own = bdd.and(arch, own)?;
            let here = bdd.ite(own, map.root, FALSE)?;
            match AbiView::of(map, bdd, id, here)? {
                Some(view) => abis.views.push(view),
                None => abis.irregular.push(id),
            }
        }
        Ok(abis)
    }
}

impl AbiView {
    /// `None` where the numbers are cut too finely.
    fn of(map: &Map, bdd: &mut Bdd, id: AbiId, here: Node) -> Result<Option<AbiView>, Full> {
        // Architecture's bits are settled: below them there is one node, and false beside it.
        let mut numbers = here;
        while let Some((var, low, high)) = bdd.choice(numbers) {
            if var >= Field::Arch.end() {
                break;
            }
            numbers = if low == FALSE { high } else { low };
        }
        let Some(pieces) = pieces(bdd, numbers, Field::Nr, 32, MAX_PIECES) else {
            return Ok(None);
        };
        let mut treatments: HashMap<Node, Treatment> = HashMap::default();
        let mut view = AbiView {
            id,
            distinguishes: false,
            allowed: RangeSet::new(),
            killed: RangeSet::new(),
            refused: RangeSet::new(),
            only_allowed: RangeSet::new(),
            by_high_half: RangeSet::new(),
            examples: HashMap::default(),
        };
        for (range, rest) in pieces.into_iter().filter(|&(_, rest)| rest != FALSE) {
            let treatment = *treatments
                .entry(rest)
                .or_insert_with(|| treatment(map, bdd, rest));
            let range = range.low as u32..=range.high as u32;
            let only = Treatment {
                allowed: true,
                ..Treatment::default()
            };
            for (wanted, set) in [
                (treatment.allowed, &mut view.allowed),
                (treatment.killed, &mut view.killed),
                (treatment.refused, &mut view.refused),
                (treatment == only, &mut view.only_allowed),
                (by_high_half(bdd, rest), &mut view.by_high_half),
            ] {
                if wanted {
                    set.insert_range(range.clone());
                }
            }
        }
        view.distinguishes = treatments.len() > 1;
        view.find_examples(map, bdd, numbers)?;
        Ok(Some(view))
    }

    /// Finds words with which calls are allowed.
    fn find_examples(&mut self, map: &Map, bdd: &mut Bdd, numbers: Node) -> Result<(), Full> {
        let mut known: HashMap<Node, SeccompData> = HashMap::default();
        for call in table::all(self.id) {
            if !self.allowed.contains(call.nr) {
                continue;
            }
            let mut rest = numbers;
            for significance in (0..32).rev() {
                let (low, high) = bdd.split(rest, Field::Nr.bit(significance));
                rest = if call.nr >> significance & 1 == 1 {
                    high
                } else {
                    low
                };
            }
            if let std::collections::hash_map::Entry::Vacant(entry) = known.entry(rest) {
                let allowed = bdd.replace(rest, NO_VAR, &mut |part| {
                    let outcome = part.value().and_then(|leaf| map.outcomes.get(leaf));
                    Node::truth(outcome.is_some_and(|outcome| Treatment::of(outcome).allowed))
                })?;
                entry.insert(example(bdd, allowed));
            }
            let words = known.get(&rest).copied().unwrap_or_default();
            self.examples.insert(call.nr, words);
        }
        Ok(())
    }

    /// A call of this number, with words with which it is allowed, if it is and if it has a name.
    pub(super) fn call(&self, nr: u32) -> SeccompData {
        let words = self.examples.get(&nr).copied().unwrap_or_default();
        SeccompData {
            nr,
            arch: self.id.abi().audit_arch,
            ..words
        }
    }

    /// The numbers that an ABI has: x86-64 and x32 share an architecture.
    fn own(&self) -> RangeSet {
        match self.id {
            AbiId::X86_64 => [0..=0x3fff_ffff, 0x8000_0000..=u32::MAX]
                .into_iter()
                .collect(),
            AbiId::X32 => [0x4000_0000..=0x7fff_ffff].into_iter().collect(),
            AbiId::I386 | AbiId::Aarch64 | AbiId::Arm => RangeSet::full(),
        }
    }

    /// Whether all its numbers are allowed, whatever the words.
    pub(super) fn is_open(&self) -> bool {
        self.only_allowed == self.own()
    }

    /// Numbers of a set that no call has: those between calls, and those above all.
    pub(super) fn unknown(&self, of: &RangeSet) -> (RangeSet, RangeSet) {
        let base = self.id.abi().nr_base;
        let mut named = RangeSet::new();
        let mut end = base;
        for call in table::all(self.id) {
            named.insert(call.nr);
            // ARM's private numbers are far above the others.
            if call.nr - base < 1 << 12 {
                end = end.max(call.nr);
            }
        }
        let unnamed = named.complement();
        let (mut holes, mut above) = (RangeSet::new(), RangeSet::new());
        for range in of.ranges() {
            let mut next = Some(*range.start());
            while let Some(low) = next.and_then(|from| unnamed.first_in(from..=*range.end())) {
                let after = unnamed.first_missing_in(low..=*range.end());
                let high = after.map_or(*range.end(), |after| after - 1);
                if low < end {
                    holes.insert_range(low..=high);
                } else {
                    above.insert_range(low..=high);
                }
                next = high.checked_add(1).filter(|next| next <= range.end());
            }
        }
        (holes, above)
    }
}

/// Whether a node asks a bit of the high half of one of the six words.
fn by_high_half(bdd: &Bdd, node: Node) -> bool {
    bdd.parts(node).into_iter().any(|part| {
        let var = bdd.top(part);
        (ARGS..Field::Ip.start()).contains(&var) && (var - ARGS) % 64 < 32
    })
}

/// What can happen under a node.
fn treatment(map: &Map, bdd: &Bdd, node: Node) -> Treatment {
    debug_assert!(
        bdd.top(node) >= ARGS,
        "what asks the number is no treatment of one"
    );
    bdd.parts(node)
        .into_iter()
        .filter_map(|part| map.outcomes.get(part.value()?))
        .fold(Treatment::default(), |sum, outcome| {
            sum.with(Treatment::of(outcome))
        })
}
