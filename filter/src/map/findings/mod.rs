//! The usual faults of filters, found without knowing what a filter is for.
//!
//! Each finding is a fact about the map, so nothing is missed and nothing is guessed; whether it matters is for its reader to
//! say. Most have a call that shows it, which the interpreter can execute.

mod abis;
mod checks;

use everycall_arch::AbiId;

use super::exec::{self, Flow};
use super::{Map, MapError, Options, Outcome, Outcomes};
use crate::bdd::{Bdd, Full};
use crate::check::check;
use crate::insn::Op;
use crate::{Insn, RangeSet, SeccompData};

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The filter does the same of every call.
    Constant,
    /// It looks at the number and not at the architecture.
    ArchNotChecked,
    /// It allows calls of architectures that it does not name.
    ForeignArchAllowed,
    /// It looks at the number before it knows the architecture.
    ArchCheckedLate,
    /// It allows every call of an ABI, and not of all.
    AbiAllowed,
    /// It allows numbers above all that we know.
    UnknownAllowed,
    /// It allows numbers between those that we know, which no call has.
    HoleAllowed,
    /// It allows with x32's bit what it does not allow without.
    X32Forgotten,
    /// It allows a call in one ABI and not in another.
    AbiMismatch,
    /// It looks at the high half of a word of an i386 call.
    HighHalf,
    /// It kills for numbers that no call has, and that the kernel would answer with ENOSYS.
    UnknownKilled,
    /// It answers numbers that no call has with another error than ENOSYS.
    UnknownRefused,
    /// It kills for the number -1, with which a tracer skips a call.
    MinusOneKilled,
    /// An action that means something else than it seems, or not the same on every kernel.
    OddAction,
    /// It compares the architecture with what is no architecture: most likely the number was meant, and not loaded.
    ArchConfused,
    /// Instructions that no call executes.
    DeadInstruction,
    /// A shift by X that may be 32 or more, which kernels do in different ways.
    WideShift,
    /// Numbers are told apart too finely to be looked at one by one.
    Irregular,
    /// Something could not be found out.
    Undecided,
}

/// Whether a finding lets something through or breaks something, or is only good to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Most likely not what its author wants.
    Fault,
    /// Good to know.
    Note,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The ABI that it is about, if it is one.
    pub abi: Option<AbiId>,
    /// The numbers that it is about.
    pub numbers: RangeSet,
    /// The names of calls that it is about.
    pub names: Vec<&'static str>,
    /// The instructions that it is about.
    pub instructions: Vec<usize>,
    /// A call that shows it.
    pub example: Option<SeccompData>,
    /// All of it in a sentence.
    pub text: String,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 19] = [
        Kind::Constant,
        Kind::ArchNotChecked,
        Kind::ForeignArchAllowed,
        Kind::ArchCheckedLate,
        Kind::AbiAllowed,
        Kind::UnknownAllowed,
        Kind::HoleAllowed,
        Kind::X32Forgotten,
        Kind::AbiMismatch,
        Kind::HighHalf,
        Kind::UnknownKilled,
        Kind::UnknownRefused,
        Kind::MinusOneKilled,
        Kind::OddAction,
        Kind::ArchConfused,
        Kind::DeadInstruction,
        Kind::WideShift,
        Kind::Irregular,
        Kind::Undecided,
    ];

    /// A short stable name, for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Kind::Constant => "constant",
            Kind::ArchNotChecked => "arch-not-checked",
            Kind::ForeignArchAllowed => "foreign-arch-allowed",
            Kind::ArchCheckedLate => "arch-checked-late",
            Kind::AbiAllowed => "abi-allowed",
            Kind::UnknownAllowed => "unknown-allowed",
            Kind::HoleAllowed => "hole-allowed",
            Kind::X32Forgotten => "x32-forgotten",
            Kind::AbiMismatch => "abi-mismatch",
            Kind::HighHalf => "high-half",
            Kind::UnknownKilled => "unknown-killed",
            Kind::UnknownRefused => "unknown-refused",
            Kind::MinusOneKilled => "minus-one-killed",
            Kind::OddAction => "odd-action",
            Kind::ArchConfused => "arch-confused",
            Kind::DeadInstruction => "dead-instruction",
            Kind::WideShift => "wide-shift",
            Kind::Irregular => "irregular",
            Kind::Undecided => "undecided",
        }
    }

    /// How much it matters.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Kind::ArchNotChecked
            | Kind::ForeignArchAllowed
            | Kind::AbiAllowed
            | Kind::UnknownAllowed
            | Kind::HoleAllowed
            | Kind::X32Forgotten
            | Kind::AbiMismatch
            | Kind::HighHalf
            | Kind::UnknownKilled
            | Kind::ArchConfused
            | Kind::Irregular
            | Kind::Undecided => Level::Fault,
            Kind::Constant
            | Kind::ArchCheckedLate
            | Kind::UnknownRefused
            | Kind::MinusOneKilled
            | Kind::OddAction
            | Kind::DeadInstruction
            | Kind::WideShift => Level::Note,
        }
    }
}

/// What is to be said of a program, faults first.
pub fn findings(program: &[Insn]) -> Result<Vec<Finding>, MapError> {
    findings_with(program, Options::default())
}

/// What is to be said of a program for a machine of another kind, faults first.
pub fn findings_with(program: &[Insn], options: Options) -> Result<Vec<Finding>, MapError> {
    check(program)?;
    let ops: Vec<Op> = program.iter().filter_map(|insn| insn.op()).collect();
    let mut flow = None;
    let map = Map::make(options, |bdd: &mut Bdd, outcomes: &mut Outcomes| {
        let done = exec::run(bdd, outcomes, &ops, options.order)?;
        Ok(flow.insert(done).root)
    })?;
    let mut found = of_map(&map)?;
    if let Some(flow) = &flow {
        found.extend(of_flow(&map, flow));
    }
    sort(&mut found);
    Ok(found)
}

impl Map {
    /// What is to be said of a map, faults first. For one program, [`findings`] says more.
    pub fn findings(&self) -> Result<Vec<Finding>, MapError> {
        let mut found = of_map(self)?;
        sort(&mut found);
        Ok(found)
    }
}

fn sort(found: &mut [Finding]) {
    found.sort_by_key(|finding| (finding.kind.level(), finding.kind));
}

/// What can be said of any map.
fn of_map(map: &Map) -> Result<Vec<Finding>, MapError> {
    let mut bdd = map.bdd.clone();
    bdd.refill();
    let full = |Full| MapError::TooLarge {
        nodes: map.options.nodes,
    };
    let mut found = checks::undecided(map);
    found.extend(checks::odd_actions(map));
    if let Some(leaf) = map.root.value() {
        found.extend(map.outcomes.get(leaf).map(constant));
        return Ok(found);
    }
    let abis = abis::Abis::of(map, &mut bdd).map_err(full)?;
    found.extend(checks::arches(map, &mut bdd).map_err(full)?);
    found.extend(checks::numbers(&abis));
    found.extend(checks::names(&abis));
    Ok(found)
}

/// What can be said of a program only.
fn of_flow(map: &Map, flow: &Flow) -> Vec<Finding> {
    let mut found: Vec<Finding> = checks::dead(flow).into_iter().collect();
    found.extend(checks::late(map, flow));
    found.extend(checks::confused(flow));
    found.extend(checks::wide_shifts(flow));
    found
}

fn constant(outcome: Outcome) -> Finding {
    let text = format!(
        "every call there can be gets {}",
        super::names::outcome_name(outcome)
    );
    Finding::new(Kind::Constant, text)
}

impl Finding {
    fn new(kind: Kind, text: String) -> Finding {
        Finding {
            kind,
            abi: None,
            numbers: RangeSet::new(),
            names: Vec::new(),
            instructions: Vec::new(),
            example: None,
            text,
        }
    }
}
