//! From a policy to a program: a dispatch on the architecture, then a balanced search of the number.
//!
//! ```text
//!         ld arch
//!         jeq #first  -> else next          one comparison for the likeliest architecture
//!         ld nr
//!         ... search: one comparison a level, `jge` or `jeq` ...
//!  next:  jeq #second -> else next
//!         ...
//!         ret TRACE                         every architecture that the policy does not name
//! ```
//!
//! A call of the first architecture executes about log2(ranges) + 4 instructions. Only loads of the
//! number and the architecture, `jeq`, `jge`, `ja` and `ret` are emitted, because these are what
//! the kernel's cache of always-allowed calls understands (`seccomp_is_const_allow` in
//! kernel/seccomp.c, 5.11 and later): it answers the calls that run free without running the program.
//!
//! Jumps only go forward, so the program is written from its end: a jump's target is always known
//! when the jump is written, and whether its 8 bits reach. Where they do not, a `ret` is repeated,
//! and any other target is reached by way of a `ja`, which has 32 bits.

mod strategy;

use std::collections::HashMap;

use crate::action::Action;
use crate::check::MAX_INSNS;
use crate::data::{ARCH_OFFSET, NR_OFFSET};
use crate::insn::{Cond, Insn, Op, Operand};
use crate::{Policy, Program, RangeSet};

pub use strategy::{Strategy, StrategyError};

/// Why there is no program for a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It would be longer than the kernel takes.
    #[error("the filter would have {len} instructions, and the kernel takes at most {MAX_INSNS}")]
    TooLong {
        /// How many it would have.
        len: usize,
    },
}

/// Compiles a policy. What it does not allow returns TRACE with `data`; calls of the architecture
/// `first` (normally the host's own) are decided first.
pub fn compile(policy: &Policy, data: u16, first: u32) -> Result<Program, CompileError> {
    let trace = Target::Return(Action::Trace(data).to_ret());
    let rest = policy.arches().rev().filter(|&arch| arch != first);
    let mut code = Emitter::default();
    let mut next = trace;
    for arch in rest.chain([first]) {
        let allowed = policy.allowed(arch);
        if !allowed.is_empty() {
            let section = code.section(allowed, trace);
            next = code.branch(Cond::Eq, arch, section, next);
        }
    }
    if next == trace {
        code.ret(trace);
    } else {
        code.push(Op::LoadData(ARCH_OFFSET));
    }
    code.finish()
}

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// To a `ret` of this value: any one that is near enough.
    Return(u32),
    /// To this instruction, counted from the end.
    Insn(usize),
}

/// A run of numbers that share a target: from `start` to the next piece's start.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u32,
    target: Target,
}

/// A program that is written from its end.
#[derive(Debug, Default)]
struct Emitter {
    /// The instructions, last first.
    reversed: Vec<Insn>,
    /// The nearest `ret` of each value, counted from the end.
    returns: HashMap<u32, usize>,
}

impl Emitter {
    /// Writes an instruction, and says where it stands.
    fn push(&mut self, op: Op) -> usize {
        self.reversed.push(op.into());
        self.reversed.len() - 1
    }

    /// Writes a `ret`, if the target is one.
    fn ret(&mut self, target: Target) -> usize {
        match target {
            Target::Return(value) => {
                let at = self.push(Op::Return(value));
                self.returns.insert(value, at);
                at
            }
            Target::Insn(at) => at,
        }
    }

    /// How many instructions the next one would skip to get to `at`.
    fn distance(&self, at: usize) -> usize {
        self.reversed.len() - at - 1
    }

    /// Makes a target reachable by 8 bits from a branch that is written after at most one more
    /// instruction.
    fn within_reach(&mut self, target: Target) -> usize {
        let at = match target {
            Target::Return(value) => self.returns.get(&value).copied(),
            Target::Insn(at) => Some(at),
        };
        match at {
            Some(at) if self.distance(at) < usize::from(u8::MAX) => at,
            Some(at) if target == Target::Insn(at) => {
                let skip = self.distance(at);
                self.push(Op::Jump(u32::try_from(skip).unwrap_or(u32::MAX)))
            }
            _ => self.ret(target),
        }
    }

    /// Writes a comparison with `k`.
    fn branch(&mut self, cond: Cond, k: u32, holds: Target, fails: Target) -> Target {
        let holds = self.within_reach(holds);
        let fails = self.within_reach(fails);
        let skip = |at| u8::try_from(self.distance(at)).unwrap_or(u8::MAX);
        let (jt, jf) = (skip(holds), skip(fails));
        Target::Insn(self.push(Op::Branch {
            cond,
            with: Operand::K(k),
            jt,
            jf,
        }))
    }

    /// Writes the decision on the number for one architecture.
    fn section(&mut self, allowed: &RangeSet, trace: Target) -> Target {
        match self.search(&pieces(allowed, trace)) {
            target @ Target::Return(_) => target,
            Target::Insn(_) => Target::Insn(self.push(Op::LoadData(NR_OFFSET))),
        }
    }

    /// Writes a balanced search over pieces.
    fn search(&mut self, pieces: &[Piece]) -> Target {
        match *pieces {
            [] => Target::Return(Action::KillProcess.to_ret()),
            [only] => only.target,
            // One number among others: one comparison instead of two.
            [below, number, above]
                if below.target == above.target && above.start - number.start == 1 =>
            {
                self.branch(Cond::Eq, number.start, number.target, below.target)
            }
            _ => {
                let (low, high) = pieces.split_at(pieces.len() / 2);
                let start = high.first().map_or(0, |piece| piece.start);
                let holds = self.search(high);
                let fails = self.search(low);
                self.branch(Cond::Ge, start, holds, fails)
            }
        }
    }

    /// The program, if it is short enough.
    fn finish(mut self) -> Result<Program, CompileError> {
        let len = self.reversed.len();
        if len > MAX_INSNS {
            return Err(CompileError::TooLong { len });
        }
        self.reversed.reverse();
        Ok(Program::from(self.reversed))
    }
}

/// The whole number space, cut where the wanted action changes.
fn pieces(allowed: &RangeSet, trace: Target) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if !allowed.contains(0) {
        pieces.push(Piece {
            start: 0,
            target: trace,
        });
    }
    for range in allowed.ranges() {
        let allow = Target::Return(Action::Allow.to_ret());
        pieces.push(Piece {
            start: *range.start(),
            target: allow,
        });
        if let Some(start) = range.end().checked_add(1) {
            pieces.push(Piece {
                start,
                target: trace,
            });
        }
    }
    pieces
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
        assert_eq!(executed(I386), 6);
        assert_eq!(executed(0xc000_00b7), 8);
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

    #[test]
    fn what_the_kernel_would_not_take_is_an_error() {
        let mut policy = Policy::new();
        every_second(&mut policy, X86_64, 8192);
        let Err(CompileError::TooLong { len }) = compile(&policy, 0xec0, X86_64) else {
            panic!("8192 pieces do not fit");
        };
        assert!(len > MAX_INSNS);
    }
}
