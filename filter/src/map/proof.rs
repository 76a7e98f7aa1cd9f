//! Whether a filter does what is wanted: proof, or a call that shows that it does not.

use super::{Map, MapError, Options, Outcome, UndecidedAt};
use crate::action::Action;
use crate::{ByteOrder, Fault, Insn, Machine, SeccompData};

/// A call for which a filter does something else than is wanted. The interpreter has executed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The call.
    pub data: SeccompData,
    /// What is wanted.
    pub expected: Action,
    /// What the filter does.
    pub found: Action,
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no map to compare.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The filter is wrong, and here is a call that shows it.
    #[error(
        "number {nr} ({nr:#x}) of architecture {arch:#010x} gets {found}, wanted is {expected}; its words: {args:#x?}",
        nr = .0.data.nr, arch = .0.data.arch, found = .0.found, expected = .0.expected, args = .0.data.args
    )]
    Counterexample(Box<Counterexample>),
    /// It was not found out what the filter does of some calls; of the others it does what is wanted.
    #[error("what the filter does is not known behind instruction {}, which depends on what {} computes", .0.pc, .0.origin)]
    Undecided(UndecidedAt),
    /// The map contradicts the interpreter.
    #[error("the map and the interpreter disagree: a fault in one of them; the call is {0:x?}")]
    Contradiction(Box<SeccompData>),
}

/// Proves that a program does of every call what the map says that is wanted.
pub fn prove(program: &[Insn], wanted: &Map) -> Result<(), ProofError> {
    prove_chain(&[(program, ByteOrder::NATIVE)], wanted)
}

/// Proves that a chain of programs, the oldest first, does together what is wanted. With each stands the byte order of the
/// machine that it is for.
pub fn prove_chain(filters: &[(&[Insn], ByteOrder)], wanted: &Map) -> Result<(), ProofError> {
    let of = |&(program, order): &(&[Insn], ByteOrder)| {
        let default = Options::default();
        Map::with(program, Options { order, ..default })
    };
    let mut maps = filters.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let map = match maps.len() {
        1 => maps.swap_remove(0),
        _ => Map::chain(&maps)?,
    };
    let difference = map.difference(wanted)?;
    if difference.is_none() {
        return Ok(());
    }
    let (data, change) = difference.example().ok_or(MapError::Incomplete)?;
    match (change.from, change.to) {
        (Outcome::Action(found), Outcome::Action(expected)) => {
            if execute(filters, &data) != Ok(found) {
                return Err(ProofError::Contradiction(Box::new(data)));
            }
            Err(ProofError::Counterexample(Box::new(Counterexample {
                data,
                expected,
                found,
            })))
        }
        (Outcome::Undecided(at), _) | (_, Outcome::Undecided(at)) => Err(ProofError::Undecided(at)),
    }
}

/// What the interpreter does of one call, by a chain of programs, the oldest first.
pub fn execute(filters: &[(&[Insn], ByteOrder)], data: &SeccompData) -> Result<Action, Fault> {
    let mut decided = Action::Allow;
    for &(program, order) in filters {
        let ret = Machine::in_order(program, data, order).run()?;
        let newer = Action::from_ret(ret);
        // Of equal ones the newest filter's counts, with its data.
        if newer.precedence() <= decided.precedence() {
            decided = newer;
        }
    }
    Ok(decided)
}
