//! Whether a filter does what is wanted: proof, or a call that shows that it does not.

use super::{Map, MapError, Outcome, UndecidedAt};
use crate::action::Action;
use crate::{Insn, SeccompData, interpret};

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
    let map = Map::of(program)?;
    let difference = map.difference(wanted)?;
    if difference.is_none() {
        return Ok(());
    }
    let (data, change) = difference.example().ok_or(MapError::Incomplete)?;
    match (change.from, change.to) {
        (Outcome::Action(found), Outcome::Action(expected)) => {
            if interpret(program, &data).map(Action::from_ret) != Ok(found) {
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
