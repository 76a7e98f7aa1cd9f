//! From what is wanted to a program: dispatch on the architecture, then a decision on the number, then the arguments.
//!
//! ```text
//!         ld arch
//!         jeq #first  -> else next          one comparison for the likeliest architecture
//!         ld nr
//!         ... a decision, in the way of a strategy ...
//!  next:  jeq #second -> else ...
//!         ...
//!         ret TRACE                         every architecture that the policy does not name
//! ```
//!
//! # Strategies
//!
//! - *linear*: one comparison takes away one piece of the numbers, the likeliest first, or so that the chain is short (a
//!   number that stands alone is taken first, which is the complement of a set where that has fewer ranges).
//! - *search*: a balanced tree, log2(pieces) comparisons for each number.
//! - *bitmap*: a balanced tree over windows of 32 numbers, and a mask with a bit for each number of a window. It never
//!   executes fewer instructions than a search (five for 32 numbers, which are five comparisons), but is shorter.
//! - *auto*: the best of these and of a tree that comes soonest to what is likeliest and may ask bits of the number.
//!
//! All of them share tails: two comparisons with the same targets are one. Jumps may be of any distance.
//!
//! # The cost of a decision
//!
//! *auto* takes, for each architecture, the decision that costs least, and of two that cost the same the shorter. The cost
//! is a sum over likely calls (crate module `likely`: a table's numbers evenly, and those that programs make most), each
//! weighted by how likely it is: how many instructions are executed for it. The kernel's cache of always-allowed calls
//! (`seccomp_is_const_allow` in kernel/seccomp.c, since 5.11, for the native and the compatible architecture) answers a
//! call without executing anything if the way to ALLOW consists of loads of number and architecture, comparisons with
//! constants, `and` with a constant, `ja` and `ret`. So a decision made of these is paid only where there is no cache, and
//! one that uses other instructions (only *bitmap* does) is paid for allowed calls everywhere, and counts twice. What a
//! filter executes for a call that it stops is nothing beside the stop.
//!
//! If the program that is best by cost is too long for the kernel, *auto* takes the bitmap. Nothing here is trusted: what
//! comes out is proven ([`Proven`](crate::Proven), [`compile_map`]).
//!
//! # The limit
//!
//! A tree of comparisons that knows nothing of what is likely executes log2(ranges) of them, and four instructions for the
//! dispatch (`ld arch`, a comparison, `ld nr`, `ret`). *search* is there up to the next whole number for every set of calls
//! that was measured; *auto* is below it, by what is likely and by bits. `cargo bench -p everycall-filter --bench
//! strategies` shows both beside the filters of strace, libseccomp and seccompiler.

mod bitmap;
mod choose;
mod diagram;
mod emit;
mod known;
mod linear;
mod plan;
mod search;
mod strategy;
mod weigh;
mod weighted;

use crate::action::Action;
use crate::check::MAX_INSNS;
use crate::data::{ARCH_OFFSET, NR_OFFSET};
use crate::likely;
use crate::map::{Map, MapError, ProofError, Term, UndecidedAt, prove};
use crate::{Policy, Program, RangeSet};

use choose::decide;
use emit::{Emitter, Target};
use plan::Piece;
pub use strategy::{Strategy, StrategyError};

/// Why there is no program for a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It would be longer than the kernel takes.
    #[error(
        "the filter would have {len} instructions or more, and the kernel takes at most {MAX_INSNS}"
    )]
    TooLong {
        /// How many it would have at least.
        len: usize,
    },
}

/// Why there is no program for a map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapCompileError {
    /// There is no map of the rules.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The map does not say what is wanted of every call.
    #[error("the map does not know what is wanted behind instruction {}", .0.pc)]
    Undecided(UndecidedAt),
    /// There is a program, but it is too long.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The program is not what the map says: a fault in the compiler.
    #[error("the filter is not proven: {0}")]
    Unproven(Box<ProofError>),
}

/// Compiles a policy by [`Strategy::Auto`]. What it does not allow returns TRACE with `data`; calls of the architecture
/// `first` (normally the host's own) are the likeliest.
pub fn compile(policy: &Policy, data: u16, first: u32) -> Result<Program, CompileError> {
    compile_with(policy, data, first, Strategy::Auto)
}

/// Compiles a policy by a strategy.
pub fn compile_with(
    policy: &Policy,
    data: u16,
    first: u32,
    strategy: Strategy,
) -> Result<Program, CompileError> {
    let attempt = |strategy| policy_by(policy, data, first, strategy);
    match attempt(strategy) {
        Err(CompileError::TooLong { .. }) if strategy == Strategy::Auto => {
            attempt(Strategy::Bitmap)
        }
        result => result,
    }
}

fn policy_by(
    policy: &Policy,
    data: u16,
    first: u32,
    strategy: Strategy,
) -> Result<Program, CompileError> {
    let mut code = Emitter::default();
    let mut leaves = vec![Target::Return(Action::Trace(data).to_ret())];
    let mut sections = Vec::new();
    // The likeliest is written last, and so stands next to the dispatch.
    let rest = policy.arches().rev().filter(|&arch| arch != first);
    for arch in rest.chain([first]) {
        let allowed = policy.allowed(arch);
        if !allowed.is_empty() {
            sections.push((arch, leaves.len()));
            leaves.push(section(&mut code, arch, allowed, data, strategy)?);
        }
    }
    sections.sort_unstable();
    let pieces = pieces(sections.into_iter().map(|(arch, leaf)| (arch, arch, leaf)));
    let plan = decide(&pieces, &likely::arches(first), &leaves, strategy)?;
    let dispatch = code.plan(&plan, &leaves);
    let start = code.load(ARCH_OFFSET, dispatch);
    code.finish(start)
}

/// Writes the decision on the number for one architecture.
fn section(
    code: &mut Emitter,
    arch: u32,
    allowed: &RangeSet,
    data: u16,
    strategy: Strategy,
) -> Result<Target, CompileError> {
    let actions = [Action::Trace(data), Action::Allow];
    let leaves = actions.map(|action| Target::Return(action.to_ret()));
    let ranges = allowed.ranges();
    let pieces = pieces(ranges.map(|range| (*range.start(), *range.end(), 1)));
    let plan = decide(&pieces, &likely::numbers(arch), &leaves, strategy)?;
    let numbers = code.plan(&plan, &leaves);
    Ok(code.load(NR_OFFSET, numbers))
}

/// The whole space of 32 bits, cut into these ranges, which are ascending and apart, and the treatment 0 between them.
fn pieces(ranges: impl Iterator<Item = (u32, u32, usize)>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut next = Some(0);
    for (start, end, leaf) in ranges {
        if let Some(gap) = next.filter(|&gap| gap < start) {
            pieces.push(Piece {
                start: gap,
                end: start - 1,
                leaf: 0,
            });
        }
        pieces.push(Piece { start, end, leaf });
        next = end.checked_add(1);
    }
    if let Some(start) = next {
        let end = u32::MAX;
        pieces.push(Piece {
            start,
            end,
            leaf: 0,
        });
    }
    pieces
}

/// Compiles a map, arguments included, and proves that the program does what the map says; calls of the architecture
/// `first` are the likeliest. So any filter can be compiled anew from its map, too.
pub fn compile_map(map: &Map, first: u32, strategy: Strategy) -> Result<Program, MapCompileError> {
    let attempt = |strategy| diagram::program(map, first, strategy);
    let program = match attempt(strategy) {
        Err(MapCompileError::Compile(_)) if strategy == Strategy::Auto => {
            attempt(Strategy::Bitmap)?
        }
        result => result?,
    };
    match prove(&program, map) {
        Ok(()) => Ok(program),
        Err(error) => Err(MapCompileError::Unproven(Box::new(error))),
    }
}

/// Compiles a list of rules with conditions on arguments, as [`Map::of_rules`] reads it, and proves the program.
pub fn compile_rules(
    rules: &[(Term, Action)],
    default: Action,
    first: u32,
    strategy: Strategy,
) -> Result<Program, MapCompileError> {
    compile_map(&Map::of_rules(rules, default)?, first, strategy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Machine, SeccompData, check};

    const X86_64: u32 = 0xc000_003e;
    const I386: u32 = 0x4000_0003;
    const TRACE: u32 = 0x7ff0_0ec0;

    fn compiled(policy: &Policy) -> Program {
        let program = compile(policy, 0xec0, X86_64).expect("it fits");
        assert_eq!(check(&program), Ok(()), "{program}");
        program
    }

    fn run(program: &Program, arch: u32, nr: u32) -> (u32, usize) {
        let data = SeccompData::of_call(arch, nr);
        let mut machine = Machine::new(program, &data);
        let ret = machine.run().expect("it was checked");
        (ret, machine.executed())
    }

    #[test]
    fn nothing_allowed_is_one_instruction() {
        let program = compiled(&Policy::new());
        assert_eq!(program.to_string(), "l0: ret #0x7ff00ec0 ; TRACE(0xec0)\n");
        let mut empty = Policy::new();
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "an empty range is what is tested"
        )]
        empty.allow(X86_64, 1..=0);
        assert_eq!(compiled(&empty), program);
    }

    #[test]
    fn a_whole_architecture_needs_no_number() {
        let mut policy = Policy::new();
        policy.allow(X86_64, 0..=u32::MAX);
        let program = compiled(&policy);
        assert_eq!(program.len(), 4, "{program}");
        assert_eq!(run(&program, X86_64, u32::MAX).0, 0x7fff_0000);
        assert_eq!(run(&program, I386, 0).0, TRACE);
    }

    #[test]
    fn the_first_architecture_is_decided_first() {
        let mut policy = Policy::new();
        for arch in [I386, 0x4000_0028, X86_64, 0xc000_00b7] {
            policy.allow(arch, 0..=100);
        }
        let program = compiled(&policy);
        let executed = |arch| run(&program, arch, 50).1;
        // ld arch, jeq, ld nr, jge, ret
        assert_eq!(executed(X86_64), 5, "{program}");
        // A chain of the three others would be 6, 7 and 8.
        let others = [I386, 0x4000_0028, 0xc000_00b7].map(executed);
        assert!(others.iter().all(|&n| n <= 8), "{others:?}\n{program}");
        assert!(others.iter().sum::<usize>() <= 6 + 7 + 8, "{others:?}");
    }

    #[test]
    fn one_number_traced_among_all_costs_one_comparison() {
        let mut policy = Policy::new();
        policy.allow(X86_64, 0..=58);
        policy.allow(X86_64, 60..=u32::MAX);
        let program = compiled(&policy);
        assert_eq!(run(&program, X86_64, 59), (TRACE, 5), "{program}");
        assert_eq!(run(&program, X86_64, 60), (0x7fff_0000, 5));
    }

    /// Every second number below `end`, on one architecture.
    fn every_second(policy: &mut Policy, arch: u32, end: u32) {
        for nr in (0..end).step_by(2) {
            policy.allow(arch, nr..=nr);
        }
    }

    #[test]
    fn far_jumps_cost_a_few_instructions_only() {
        let mut policy = Policy::new();
        every_second(&mut policy, X86_64, 2048);
        let program = compiled(&policy);
        for nr in 0..2050 {
            let allowed = nr % 2 == 0 && nr < 2048;
            let (ret, executed) = run(&program, X86_64, nr);
            assert_eq!(
                ret,
                if allowed { 0x7fff_0000 } else { TRACE },
                "number {nr}"
            );
            // ld arch, jeq, ld nr, ret; 2048 pieces; at most four `ja` above subtrees of 255.
            assert!(executed <= 4 + 11 + 4, "number {nr} costs {executed}");
        }
        assert_eq!(run(&program, I386, 0).0, TRACE);
    }

    /// Numbers below `end` without any order.
    fn irregular(end: u32) -> Policy {
        let mut policy = Policy::new();
        let is_in = |nr: &u32| nr.wrapping_mul(0x9e37_79b1).wrapping_mul(*nr | 1) >> 31 == 1;
        let numbers = (0..end).filter(is_in);
        numbers.for_each(|nr| policy.allow(X86_64, nr..=nr));
        policy
    }

    #[test]
    fn what_is_too_long_as_a_search_is_a_bitmap() {
        let policy = irregular(20_000);
        let by = |strategy| compile_with(&policy, 0xec0, X86_64, strategy);
        assert!(matches!(
            by(Strategy::Search),
            Err(CompileError::TooLong { len }) if len > MAX_INSNS
        ));
        assert_eq!(by(Strategy::Auto), by(Strategy::Bitmap));
        assert_eq!(check(&by(Strategy::Auto).expect("it fits")), Ok(()));
    }

    #[test]
    fn what_the_kernel_would_not_take_is_an_error() {
        let policy = irregular(100_000);
        for strategy in Strategy::ALL {
            let error = compile_with(&policy, 0xec0, X86_64, strategy);
            let Err(CompileError::TooLong { len }) = error else {
                panic!("{strategy}: 50 000 pieces do not fit");
            };
            assert!(len > MAX_INSNS, "{strategy}: {len}");
        }
    }
}
