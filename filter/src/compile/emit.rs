//! Writes a program from its end: jumps only go forward, so a jump's target is known when the jump is written.
//!
//! Of what is written twice only one copy is kept, if it is a comparison with the same targets: that is how tails are
//! shared. A target that the 8 bits of a comparison do not reach is reached by way of a `ja`, which has 32 bits, or, if it
//! is a `ret`, is repeated.

use std::collections::HashMap;

use super::CompileError;
use super::plan::{Next, Plan, Question};
use crate::Program;
use crate::check::MAX_INSNS;
use crate::insn::{Alu, Cond, Insn, Op, Operand, Reg, Source};

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// To a `ret` of this value: any one that is near enough.
    Return(u32),
    /// To this instruction, counted from the end.
    Insn(usize),
}

/// A comparison: what is asked, and where its answers lead.
type Branch = (Cond, u32, Target, Target);

/// How long a program may become before nobody wants to know how much longer it would be.
const MAX_WRITTEN: usize = 16 * MAX_INSNS;

/// A program that is written from its end.
#[derive(Debug, Default)]
pub(super) struct Emitter {
    /// The instructions, last first.
    reversed: Vec<Insn>,
    /// The nearest `ret` of each value, counted from the end.
    returns: HashMap<u32, usize>,
    /// The nearest `ja` to each instruction.
    jumps: HashMap<usize, usize>,
    /// Every comparison once.
    branches: HashMap<Branch, usize>,
    /// What each comparison is.
    at: HashMap<usize, Branch>,
    /// The load of the word at an offset before each instruction.
    loads: HashMap<(u32, usize), usize>,
}

impl Emitter {
    /// Writes an instruction, and says where it stands.
    fn push(&mut self, op: Op) -> usize {
        self.reversed.push(op.into());
        self.reversed.len() - 1
    }

    /// How many instructions are written.
    pub(super) fn len(&self) -> usize {
        self.reversed.len()
    }

    /// Whether so much is written that the rest does not matter.
    pub(super) fn is_full(&self) -> bool {
        self.reversed.len() > MAX_WRITTEN
    }

    /// Writes a `ret`, and says where it stands.
    fn ret(&mut self, value: u32) -> usize {
        let at = self.push(Op::Return(value));
        self.returns.insert(value, at);
        at
    }

    /// How many instructions the next one would skip to get to `at`.
    fn distance(&self, at: usize) -> usize {
        self.reversed.len() - at - 1
    }

    /// Whether 8 bits reach `at` from a branch that is written after at most one more instruction.
    fn is_near(&self, at: usize) -> bool {
        self.distance(at) < usize::from(u8::MAX)
    }

    /// Writes a jump.
    fn jump(&mut self, at: usize) -> usize {
        let skip = u32::try_from(self.distance(at)).unwrap_or(u32::MAX);
        let jump = self.push(Op::Jump(skip));
        self.jumps.insert(at, jump);
        jump
    }

    /// Where a target stands, if it is near.
    fn near(&self, target: Target) -> Option<usize> {
        let at = match target {
            Target::Return(value) => *self.returns.get(&value)?,
            Target::Insn(at) => at,
        };
        self.is_near(at).then_some(at)
    }

    /// Makes a target reachable by 8 bits, with one more instruction at most.
    fn within_reach(&mut self, target: Target) -> usize {
        if let Some(at) = self.near(target) {
            return at;
        }
        let at = match target {
            Target::Return(value) => return self.ret(value),
            Target::Insn(at) => at,
        };
        if let Some(&jump) = self.jumps.get(&at)
            && self.is_near(jump)
        {
            return jump;
        }
        // A copy of a comparison is as long as a jump to it, and one instruction less to execute.
        match self.at.get(&at).copied() {
            Some(branch) if self.near(branch.2).is_some() && self.near(branch.3).is_some() => {
                let copy = self.write(branch);
                self.jumps.insert(at, copy);
                copy
            }
            _ => self.jump(at),
        }
    }

    /// Writes a comparison.
    fn write(&mut self, branch: Branch) -> usize {
        let (cond, k, holds, fails) = branch;
        let holds = self.within_reach(holds);
        let fails = self.within_reach(fails);
        let skip = |at| u8::try_from(self.distance(at)).unwrap_or(u8::MAX);
        let (jt, jf) = (skip(holds), skip(fails));
        let with = Operand::K(k);
        let at = self.push(Op::Branch { cond, with, jt, jf });
        self.at.insert(at, branch);
        at
    }

    /// Makes the next instruction that is written stand before a target.
    fn adjoin(&mut self, target: Target) {
        match target {
            Target::Return(value) => drop(self.ret(value)),
            Target::Insn(at) if self.distance(at) > 0 => match self.at.get(&at).copied() {
                Some(branch) => drop(self.write(branch)),
                None => drop(self.jump(at)),
            },
            Target::Insn(_) => {}
        }
    }

    /// Writes a comparison with `k`, if there is none yet.
    pub(super) fn branch(&mut self, cond: Cond, k: u32, holds: Target, fails: Target) -> Target {
        if holds == fails {
            return holds;
        }
        let branch = (cond, k, holds, fails);
        if let Some(&at) = self.branches.get(&branch) {
            return Target::Insn(at);
        }
        let at = self.write(branch);
        self.branches.insert(branch, at);
        Target::Insn(at)
    }

    /// Writes an instruction that goes on at `next`.
    pub(super) fn before(&mut self, op: Op, next: Target) -> Target {
        self.adjoin(next);
        Target::Insn(self.push(op))
    }

    /// Writes the load of a word of the call's data for what goes on at `next`, which a `ret` does not need.
    pub(super) fn load(&mut self, offset: u32, next: Target) -> Target {
        let Target::Insn(at) = next else {
            return next;
        };
        if let Some(&load) = self.loads.get(&(offset, at)) {
            return Target::Insn(load);
        }
        let load = self.before(Op::LoadData(offset), next);
        if let Target::Insn(load) = load {
            self.loads.insert((offset, at), load);
        }
        load
    }

    /// Writes a comparison of the bits under a mask with a value.
    pub(super) fn masked(&mut self, mask: u32, value: u32, holds: Target, fails: Target) -> Target {
        if value == 0 {
            return self.branch(Cond::Set, mask, fails, holds);
        }
        let equal = self.branch(Cond::Eq, value, holds, fails);
        self.before(Op::Alu(Alu::And, Operand::K(mask)), equal)
    }

    /// Writes the question whether A's low five bits choose a bit of `mask`. All five instructions are known to every
    /// kernel; a shift by 32 or more, which they do differently, does not happen.
    fn bit(&mut self, mask: u32, holds: Target, fails: Target) -> Target {
        let shifted = self.branch(Cond::Set, mask, holds, fails);
        let shift = self.before(Op::Alu(Alu::Lsh, Operand::X), shifted);
        let one = self.before(Op::Load(Reg::A, Source::Imm(1)), shift);
        let index = self.before(Op::Tax, one);
        self.before(Op::Alu(Alu::And, Operand::K(31)), index)
    }

    /// Writes what is planned; `leaves` are the targets that the plan chooses among.
    pub(super) fn plan(&mut self, plan: &Plan, leaves: &[Target]) -> Target {
        let nothing = Target::Return(crate::Action::KillProcess.to_ret());
        let mut written: Vec<Target> = Vec::with_capacity(plan.nodes.len());
        let find = |written: &[Target], next| match next {
            Next::Leaf(leaf) => leaves.get(leaf).copied().unwrap_or(nothing),
            Next::Node(node) => written.get(node).copied().unwrap_or(nothing),
        };
        for node in &plan.nodes {
            let (holds, fails) = (find(&written, node.holds), find(&written, node.fails));
            written.push(match node.question {
                Question::Compare(cond, k) => self.branch(cond, k, holds, fails),
                Question::Bit(mask) => self.bit(mask, holds, fails),
            });
        }
        find(&written, plan.root)
    }

    /// The program that starts at `start`, if it is short enough.
    pub(super) fn finish(mut self, start: Target) -> Result<Program, CompileError> {
        self.adjoin(start);
        let len = self.reversed.len();
        if len > MAX_INSNS {
            return Err(CompileError::TooLong { len });
        }
        self.reversed.reverse();
        Ok(Program::from(self.reversed))
    }
}
