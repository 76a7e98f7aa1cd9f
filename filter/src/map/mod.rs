//! The exact meaning of any filter: what it does of every call there can be, arguments included.
//!
//! A [`Map`] is a function from the 64 bytes of a call's data to an [`Outcome`]. It has one form only, so that two filters
//! do the same exactly when their [`Difference`] is none. From a map come a table ([`Map::sections`]), text
//! ([`render`]) and JSON ([`json`]); [`findings`] are faults that can be told without knowing what a filter is
//! for, [`prove`] holds a program against what is wanted, and [`explain`] follows one call.
//!
//! ```
//! use everycall_filter::map::{self, Field, Map, ProofError, Test, render};
//! use everycall_filter::{Action, Insn, Op, Program};
//!
//! // Allows write(1, ..), and forgets the architecture.
//! let program: Program = [
//!     Insn { code: 0x20, jt: 0, jf: 0, k: 0 },           // ld [0]   ; nr
//!     Insn { code: 0x15, jt: 0, jf: 3, k: 1 },           // jeq #1
//!     Insn { code: 0x20, jt: 0, jf: 0, k: 16 },          // ld [16]  ; arg0
//!     Insn { code: 0x15, jt: 0, jf: 1, k: 1 },           // jeq #1
//!     Insn { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 }, // ret ALLOW
//!     Insn { code: 0x06, jt: 0, jf: 0, k: 0x8000_0000 }, // ret KILL_PROCESS
//! ]
//! .into_iter()
//! .collect();
//!
//! # if cfg!(target_endian = "little") {
//! let map = Map::of(&program)?;
//! let text = render::map(&map.sections()?, render::Style::default());
//! assert!(text.starts_with("x86_64\n  ALLOW if (u32) arg0 == 1\n"));
//!
//! let found = map::findings(&program)?;
//! assert_eq!(found[0].kind.code(), "arch-not-checked");
//!
//! let wanted = [
//!     Test::equal(Field::Arch, 0xc000_003e),
//!     Test::equal(Field::Nr, 1),
//!     Test::equal(Field::Arg(0), 1),
//! ];
//! let wanted = Map::of_rules(&[(wanted.into(), Action::Allow)], Action::KillProcess)?;
//! let Err(ProofError::Counterexample(call)) = map::prove(&program, &wanted) else {
//!     panic!("it looks at half of the argument, and not at the architecture");
//! };
//! assert_eq!((call.found, call.expected), (Action::Allow, Action::KillProcess));
//! # }
//! # Ok::<(), map::MapError>(())
//! ```

mod bits;
mod combine;
mod describe;
mod exec;
mod explain;
mod findings;
pub mod json;
mod live;
pub mod names;
mod proof;
pub mod render;
mod rules;
mod sections;
mod set;
mod space;
mod wanted;

use foldhash::HashMap;

use crate::action::Action;
use crate::bdd::{Bdd, Full, Node};
use crate::check::{CheckError, check};
use crate::insn::Op;
use crate::{ByteOrder, Insn, SeccompData};

pub use combine::{Change, Difference};
pub use explain::{Explanation, Step, explain, explain_in};
pub use findings::{Finding, Kind, Level, findings, findings_with};
pub use proof::{Counterexample, ProofError, execute, prove, prove_chain};
pub use rules::{Rule, Term, When};
pub use sections::{Region, Section, Space};
pub use set::{Masked, Range, Set, Test, View};
pub use space::Field;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The filter returns this.
    Action(Action),
    /// What the filter returns was not found within the limits.
    Undecided(UndecidedAt),
}

/// Where a filter could not be followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UndecidedAt {
    /// The filter: its place in a chain, 0 for the oldest.
    pub filter: usize,
    /// The instruction whose way depends on a value that is not known.
    pub pc: usize,
    /// The instruction that computed that value.
    pub origin: usize,
}

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The byte order of the machine on which the filter is to run.
    pub order: ByteOrder,
    /// How many nodes the diagrams may have. A node takes some 60 bytes; a filter of some hundred instructions needs
    /// some ten thousand.
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            order: ByteOrder::NATIVE,
            nodes: 1 << 20,
        }
    }
}

/// Why there is no map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The kernel would not take the program.
    #[error(transparent)]
    Invalid(#[from] CheckError),
    /// The limit was met where nothing could be left out.
    #[error("the map needs more than the {nodes} nodes that it may have")]
    TooLarge {
        /// The limit.
        nodes: usize,
    },
    /// It has a map, but no table.
    #[error("there are too many different treatments of numbers or words to make a table of them")]
    TooIrregular,
    /// Some call has no outcome.
    #[error("the map leaves out some calls: a fault in the map")]
    Incomplete,
}

/// The leaves of maps: what their numbers mean.
#[derive(Clone, Debug, Default)]
struct Outcomes {
    all: Vec<Outcome>,
    numbers: HashMap<Outcome, u32>,
}

/// The leaves before it are the two truths.
const FIRST_OUTCOME: u32 = 2;

impl Outcomes {
    fn leaf(&mut self, outcome: Outcome) -> Node {
        let next = FIRST_OUTCOME + self.all.len() as u32;
        let number = *self.numbers.entry(outcome).or_insert(next);
        if number == next {
            self.all.push(outcome);
        }
        Node::leaf(number)
    }

    fn get(&self, leaf: u32) -> Option<Outcome> {
        let at = leaf.checked_sub(FIRST_OUTCOME)?;
        self.all.get(at as usize).copied()
    }
}

/// What a filter does of every call.
#[derive(Clone, Debug)]
pub struct Map {
    options: Options,
    bdd: Bdd,
    outcomes: Outcomes,
    root: Node,
}

impl Map {
    /// The map of a program, on the machine that this runs on.
    pub fn of(program: &[Insn]) -> Result<Map, MapError> {
        Map::with(program, Options::default())
    }

    /// The map of a program.
    pub fn with(program: &[Insn], options: Options) -> Result<Map, MapError> {
        check(program)?;
        let ops: Vec<Op> = program.iter().filter_map(|insn| insn.op()).collect();
        let flow = |bdd: &mut Bdd, outcomes: &mut Outcomes| {
            Ok(exec::run(bdd, outcomes, &ops, options.order)?.root)
        };
        Map::make(options, flow)?.compact()
    }

    /// The same map without what was needed only to make it.
    fn compact(self) -> Result<Map, MapError> {
        let mut bdd = Bdd::new(self.options.nodes);
        let root = bdd
            .import(&self.bdd, self.root)
            .map_err(|Full| MapError::TooLarge {
                nodes: self.options.nodes,
            })?;
        Ok(Map { bdd, root, ..self })
    }

    /// The map that a diagram is.
    fn make(
        options: Options,
        root: impl FnOnce(&mut Bdd, &mut Outcomes) -> Result<Node, Full>,
    ) -> Result<Map, MapError> {
        let mut bdd = Bdd::new(options.nodes);
        let mut outcomes = Outcomes::default();
        let root = root(&mut bdd, &mut outcomes).map_err(|Full| MapError::TooLarge {
            nodes: options.nodes,
        })?;
        let map = Map {
            options,
            bdd,
            outcomes,
            root,
        };
        map.checked()
    }

    /// The map, if it has an outcome for every call.
    fn checked(self) -> Result<Map, MapError> {
        let complete = self.leaves().all(|leaf| self.outcomes.get(leaf).is_some());
        complete.then_some(self).ok_or(MapError::Incomplete)
    }

    /// The leaves that the map has.
    fn leaves(&self) -> impl Iterator<Item = u32> {
        self.bdd
            .parts(self.root)
            .into_iter()
            .filter_map(Node::value)
    }

    /// What happens to this call.
    #[must_use]
    pub fn at(&self, data: &SeccompData) -> Outcome {
        let leaf = self.bdd.at(self.root, |var| space::asked(data, var));
        self.outcomes
            .get(leaf)
            .unwrap_or(Outcome::Undecided(UndecidedAt::default()))
    }

    /// Everything that can happen, in no order that means anything.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.leaves().filter_map(|leaf| self.outcomes.get(leaf))
    }

    /// Where the filter could not be followed; empty for a map that is exact.
    #[must_use]
    pub fn undecided(&self) -> Vec<UndecidedAt> {
        self.outcomes()
            .filter_map(|outcome| match outcome {
                Outcome::Undecided(at) => Some(at),
                Outcome::Action(_) => None,
            })
            .collect()
    }

    /// The diagram, for who makes code of it.
    pub(crate) fn diagram(&self) -> (&Bdd, Node) {
        (&self.bdd, self.root)
    }

    /// What a leaf of the diagram means.
    pub(crate) fn meaning(&self, leaf: u32) -> Option<Outcome> {
        self.outcomes.get(leaf)
    }

    /// How it was made.
    pub(crate) fn options(&self) -> Options {
        self.options
    }

    /// How many nodes the map has: a measure of what the filter distinguishes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bdd.parts(self.root).len()
    }
}
