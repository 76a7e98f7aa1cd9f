//! The prover: a program does exactly what a policy wants, for every architecture and number.
//!
//! It looks at all 2^32 architecture words and all 2^32 numbers of each, by the regions of
//! [`Regions`]. Three things keep it honest: the sizes of the regions must add up to
//! 2^64, the corners of each region are run through the reference interpreter, and a
//! counterexample is reported only when the interpreter confirms it. A [`Proven`] program that does more than compare
//! number and architecture with constants is proven by its map instead.
//!
//! The filter of a typical `-e trace=` is proven in 10 microseconds, one of 2048 ranges in 1.7
//! milliseconds (release build, one core of a 2-core virtual machine).

use crate::action::Action;
use crate::check::CheckError;
use crate::compile::{CompileError, Strategy, compile_with};
use crate::map::{self, Map};
use crate::regions::{Region, Regions, Undecided};
use crate::{Insn, Policy, Program, SeccompData, Verdict, interpret};

/// What a proof took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many regions the program cuts the space of calls into; of a program that had to be proven by its
    /// [map](crate::map), how many nodes that has.
    pub regions: usize,
    /// How many instructions were executed on sets of calls; none by a map.
    pub steps: usize,
}

/// A call for which a program does something else than its policy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "number {nr} ({nr:#x}) of architecture {arch:#010x} gets {found}, the policy wants {expected}"
)]
pub struct Mismatch {
    /// The architecture word.
    pub arch: u32,
    /// The number.
    pub nr: u32,
    /// What the policy wants.
    pub expected: Action,
    /// What the program does.
    pub found: Action,
}

/// Why there is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The kernel would not take the program.
    #[error(transparent)]
    Invalid(#[from] CheckError),
    /// The program is wrong, and here is a call that shows it.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The program does what this prover cannot decide.
    #[error(transparent)]
    Undecided(#[from] Undecided),
    /// The prover contradicts the interpreter, or itself.
    #[error(
        "the prover and the interpreter disagree about number {nr} of architecture {arch:#010x}: a fault in one of them"
    )]
    Contradiction {
        /// The architecture word.
        arch: u32,
        /// The number.
        nr: u32,
    },
    /// The regions do not make up the whole space of calls.
    #[error("the regions cover {covered} of 2^64 calls: a fault in the prover")]
    Incomplete {
        /// The sum of their sizes.
        covered: u128,
    },
}

/// Proves that a program allows what the policy allows, and returns TRACE with `data` for every
/// other call there can be.
pub fn prove(insns: &[Insn], policy: &Policy, data: u16) -> Result<Proof, ProveError> {
    let mut regions = Regions::new(insns)?;
    let mut proof = Proof {
        regions: 0,
        steps: 0,
    };
    let mut covered = 0u128;
    for region in regions.by_ref() {
        let region = region?;
        confirm_corners(insns, &region)?;
        if let Some((arch, nr)) = first_difference(&region, policy, data) {
            return Err(mismatch(insns, policy, data, (arch, nr)));
        }
        covered += region.arch.size() * region.nr.size();
        proof.regions += 1;
    }
    if covered != 1 << 64 {
        return Err(ProveError::Incomplete { covered });
    }
    proof.steps = regions.steps();
    Ok(proof)
}

/// What the policy wants of a call.
fn wanted(policy: &Policy, data: u16, arch: u32, nr: u32) -> Action {
    match policy.verdict(arch, nr) {
        Verdict::Allow => Action::Allow,
        Verdict::Trace => Action::Trace(data),
    }
}

/// A call of the region that the policy wants something else for.
fn first_difference(region: &Region, policy: &Policy, data: u16) -> Option<(u32, u32)> {
    let Region { arch, nr, ret } = *region;
    match Action::from_ret(ret) {
        Action::Allow => {
            let mut next = Some(arch.low());
            for named in policy.arches_in(arch.into()) {
                if next != Some(named) {
                    break;
                }
                if let Some(nr) = policy.allowed(named).first_missing_in(nr.into()) {
                    return Some((named, nr));
                }
                next = named.checked_add(1);
            }
            // The least architecture that the policy does not name, if the region has one.
            next.filter(|&next| next <= arch.high())
                .map(|other| (other, nr.low()))
        }
        Action::Trace(found) if found == data => policy
            .arches_in(arch.into())
            .find_map(|named| Some((named, policy.allowed(named).first_in(nr.into())?))),
        _ => Some((arch.low(), nr.low())),
    }
}

/// Makes a counterexample of a call, if the interpreter says that it is one.
fn mismatch(insns: &[Insn], policy: &Policy, data: u16, (arch, nr): (u32, u32)) -> ProveError {
    let expected = wanted(policy, data, arch, nr);
    match interpret(insns, &SeccompData::of_call(arch, nr)).map(Action::from_ret) {
        Ok(found) if found != expected => Mismatch {
            arch,
            nr,
            expected,
            found,
        }
        .into(),
        _ => ProveError::Contradiction { arch, nr },
    }
}

/// Whether the interpreter returns what the region says, at its two ends.
fn confirm_corners(insns: &[Insn], region: &Region) -> Result<(), ProveError> {
    let Region { arch, nr, ret } = *region;
    for (arch, nr) in [(arch.low(), nr.low()), (arch.high(), nr.high())] {
        if interpret(insns, &SeccompData::of_call(arch, nr)) != Ok(ret) {
            return Err(ProveError::Contradiction { arch, nr });
        }
    }
    Ok(())
}

/// A proof that the maps of a program and of its policy are the same, if they are.
fn by_map(insns: &[Insn], policy: &Policy, data: u16) -> Option<Proof> {
    let wanted = Map::of_policy(policy, data).ok()?;
    map::prove(insns, &wanted).ok()?;
    Some(Proof {
        regions: wanted.size(),
        steps: 0,
    })
}

/// A program that was proven to do what its policy wants: there is no other way to get one.
///
/// ```compile_fail
/// let forged = everycall_filter::Proven { program: Default::default(), proof: todo!() };
/// ```
#[derive(Clone, Debug)]
pub struct Proven {
    program: Program,
    proof: Proof,
}

/// Why there is no proven program for a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There is no program.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// There is no proof.
    #[error("the filter is not proven: {0}")]
    Prove(#[from] ProveError),
}

impl Proven {
    /// Proves a program: by [`prove`], or by its map if it does what [`prove`] cannot decide, as a bitmap does.
    pub fn new(program: Program, policy: &Policy, data: u16) -> Result<Proven, ProveError> {
        let proof = match prove(&program, policy, data) {
            Err(ProveError::Undecided(at)) => by_map(&program, policy, data).ok_or(at)?,
            proof => proof?,
        };
        Ok(Proven { program, proof })
    }

    /// Compiles a policy by [`Strategy::Auto`] and proves the program: see [`compile`](crate::compile) for the arguments.
    pub fn compile(policy: &Policy, data: u16, first: u32) -> Result<Proven, BuildError> {
        Proven::compile_with(policy, data, first, Strategy::Auto)
    }

    /// Compiles a policy by a strategy and proves the program.
    pub fn compile_with(
        policy: &Policy,
        data: u16,
        first: u32,
        strategy: Strategy,
    ) -> Result<Proven, BuildError> {
        let program = compile_with(policy, data, first, strategy)?;
        Ok(Proven::new(program, policy, data)?)
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What its proof took.
    #[must_use]
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::{Cond, Op};

    const ARCH: u32 = 0xc000_003e;
    const DATA: u16 = 0xec0;
    const ALLOW: Op = Op::Return(0x7fff_0000);
    const TRACE: Op = Op::Return(0x7ff0_0ec0);

    fn verdict(ops: impl IntoIterator<Item = Op>, policy: &Policy) -> Result<(), ProveError> {
        prove(&Program::from_iter(ops), policy, DATA).map(drop)
    }

    fn difference(ops: impl IntoIterator<Item = Op>, policy: &Policy) -> (u32, u32) {
        match verdict(ops, policy) {
            Err(ProveError::Mismatch(Mismatch { arch, nr, .. })) => (arch, nr),
            other => panic!("no counterexample but {other:?}"),
        }
    }

    fn is(k: u32, jt: u8, jf: u8) -> Op {
        Op::branch(Cond::Eq, k, jt, jf)
    }

    fn one_call() -> Policy {
        let mut policy = Policy::new();
        policy.allow(ARCH, 39..=39);
        policy
    }

    #[test]
    fn a_right_program_is_proven() {
        let right = [
            Op::LoadData(4),
            is(ARCH, 0, 3),
            Op::LoadData(0),
            is(39, 0, 1),
            ALLOW,
            TRACE,
        ];
        assert_eq!(verdict(right, &one_call()), Ok(()));
        // Number before architecture is odd, but right.
        let odd = [
            Op::LoadData(0),
            is(39, 0, 3),
            Op::LoadData(4),
            is(ARCH, 0, 1),
            ALLOW,
            TRACE,
        ];
        assert_eq!(verdict(odd, &one_call()), Ok(()));
    }

    #[test]
    fn an_architecture_that_is_not_checked_is_found() {
        let program = [Op::LoadData(0), is(39, 0, 1), ALLOW, TRACE];
        let (arch, nr) = difference(program, &one_call());
        assert_ne!(arch, ARCH);
        assert_eq!(nr, 39);
    }

    #[test]
    fn one_wrong_number_of_all_is_found() {
        let program = |nr| {
            [
                Op::LoadData(4),
                is(ARCH, 0, 3),
                Op::LoadData(0),
                is(nr, 0, 1),
                ALLOW,
                TRACE,
            ]
        };
        assert!(matches!(
            difference(program(40), &one_call()),
            (ARCH, 39 | 40)
        ));
        let everything = Policy::new();
        assert_eq!(difference(program(u32::MAX), &everything), (ARCH, u32::MAX));
    }

    #[test]
    fn one_wrong_architecture_of_all_is_found() {
        let hole = [Op::LoadData(4), is(u32::MAX, 0, 1), ALLOW, TRACE];
        assert_eq!(difference(hole, &Policy::new()), (u32::MAX, 0));
        let mut policy = Policy::new();
        policy.allow(u32::MAX, 0..=u32::MAX);
        assert_eq!(verdict(hole, &policy), Ok(()));
        policy.allow(0, 5..=5);
        assert_eq!(difference(hole, &policy), (0, 5));
    }

    #[test]
    fn architectures_between_named_ones_are_looked_at() {
        let mut policy = Policy::new();
        policy.allow(3, 0..=u32::MAX);
        policy.allow(u32::MAX, 0..=u32::MAX);
        assert_eq!(difference([ALLOW], &policy), (0, 0));
        policy.allow(0, 0..=u32::MAX);
        assert_eq!(difference([ALLOW], &policy), (1, 0));
    }

    #[test]
    fn other_data_and_other_actions_are_differences() {
        assert_eq!(
            difference([Op::Return(0x7ff0_0ec1)], &Policy::new()),
            (0, 0)
        );
        assert_eq!(difference([Op::Return(0)], &Policy::new()), (0, 0));
    }

    #[test]
    fn an_invalid_program_is_not_proven() {
        assert_eq!(
            verdict([], &Policy::new()),
            Err(ProveError::Invalid(CheckError::Empty))
        );
    }

    #[test]
    fn a_message_says_which_call_and_what_it_gets() {
        let error = verdict([Op::Return(0)], &Policy::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "number 0 (0x0) of architecture 0x00000000 gets KILL_THREAD, the policy wants TRACE(0xec0)"
        );
    }
}
