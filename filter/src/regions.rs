//! A program's meaning as a partition: every (architecture, number), and what is returned for it.
//!
//! The program is executed on *sets* of calls at once. A state holds an interval of architecture
//! words and an interval of numbers, and for each register whether it holds a constant, the
//! architecture, the number, or something else. A comparison of the architecture or the number
//! with a constant splits the interval where its truth changes, and both sides go on; anything
//! that cannot be decided exactly is an error, never a guess. As a program is deterministic, the
//! regions are disjoint, and their sizes add up to 2^64: whoever uses them can check that.

use crate::check::{CheckError, SCRATCH_WORDS, check};
use crate::data::{ARCH_OFFSET, DATA_SIZE, NR_OFFSET};
use crate::insn::{Alu, Cond, Op, Operand, Reg, Source};
use crate::runs::runs;
use crate::{Insn, Span};

/// How many instructions are executed at most, over all regions: a second or two.
const MAX_STEPS: usize = 1 << 24;

/// How many states may wait to be executed: some tens of megabytes.
const MAX_PENDING: usize = 1 << 17;

/// All calls of these architectures and numbers, whatever their arguments, get this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The architecture words.
    pub arch: Span,
    /// The numbers.
    pub nr: Span,
    /// The value that the program returns.
    pub ret: u32,
}

/// Why the meaning of a program could not be found exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// It depends on more than the architecture and the number.
    #[error(
        "instruction {pc} depends on a value that is not simply the architecture or the number \
         (it was computed by instruction {origin})"
    )]
    Value {
        /// The instruction that depends on it.
        pc: usize,
        /// The instruction that made it.
        origin: usize,
    },
    /// It would take too long to find.
    #[error("at instruction {pc} the program has split the calls into too many cases")]
    TooComplex {
        /// The instruction at which the limit was met.
        pc: usize,
    },
}

/// What a register holds, for every call of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Const(u32),
    Arch,
    Nr,
    /// Something that the instruction of this index made.
    Other(usize),
}

/// A set of calls, and where the program stands for them.
#[derive(Clone, Copy, Debug)]
struct State {
    pc: usize,
    a: Value,
    x: Value,
    scratch: [Value; SCRATCH_WORDS],
    arch: Span,
    nr: Span,
}

/// The regions of a program, one after the other.
#[derive(Debug)]
pub struct Regions {
    ops: Vec<Op>,
    pending: Vec<State>,
    steps: usize,
}

impl Regions {
    /// The regions of a program, which must be valid.
    pub fn new(insns: &[Insn]) -> Result<Regions, CheckError> {
        check(insns)?;
        let start = State {
            pc: 0,
            a: Value::Const(0),
            x: Value::Const(0),
            // The check has shown that nobody reads it before it is written.
            scratch: [Value::Other(0); SCRATCH_WORDS],
            arch: Span::FULL,
            nr: Span::FULL,
        };
        let ops = insns.iter().filter_map(|insn| insn.op()).collect();
        Ok(Regions {
            ops,
            pending: vec![start],
            steps: 0,
        })
    }

    /// How many instructions were executed so far.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Executes until a region is found, or there are no more.
    fn advance(&mut self) -> Result<Option<Region>, Undecided> {
        while let Some(mut state) = self.pending.pop() {
            let pc = state.pc;
            // A valid program has an instruction wherever it can go.
            let Some(&op) = self.ops.get(pc) else {
                return Err(Undecided::TooComplex { pc });
            };
            self.steps += 1;
            if self.steps > MAX_STEPS || self.pending.len() > MAX_PENDING {
                return Err(Undecided::TooComplex { pc });
            }
            state.pc += 1;
            match op {
                Op::Branch { cond, with, jt, jf } => self.branch(state, cond, with, (jt, jf))?,
                Op::Return(ret) => return Ok(Some(state.region(ret))),
                Op::ReturnA => {
                    let ret = state.constant(state.a, pc)?;
                    return Ok(Some(state.region(ret)));
                }
                _ => match state.execute(op)? {
                    Some(ret) => return Ok(Some(state.region(ret))),
                    None => self.pending.push(state),
                },
            }
        }
        Ok(None)
    }

    /// Splits a state where the truth of a condition changes; `state` stands behind the branch.
    fn branch(
        &mut self,
        state: State,
        cond: Cond,
        with: Operand,
        skips: (u8, u8),
    ) -> Result<(), Undecided> {
        let pc = state.pc - 1;
        let k = state.constant(state.operand(with), pc)?;
        let target = |holds| state.pc + usize::from(if holds { skips.0 } else { skips.1 });
        let (span, part): (Span, fn(State, Span) -> State) = match state.settled(state.a) {
            Value::Const(a) => {
                self.pending.push(State {
                    pc: target(cond.holds(a, k)),
                    ..state
                });
                return Ok(());
            }
            Value::Arch => (state.arch, |state, arch| State { arch, ..state }),
            Value::Nr => (state.nr, |state, nr| State { nr, ..state }),
            Value::Other(origin) => return Err(Undecided::Value { pc, origin }),
        };
        // A low bit cuts a long interval into more runs than are worth beginning with.
        let is_bit = cond == Cond::Set && k.is_power_of_two();
        if is_bit && span.size() >> k.trailing_zeros() > MAX_PENDING as u128 {
            return Err(Undecided::TooComplex { pc });
        }
        for (run, holds) in runs(cond, k, span) {
            if self.pending.len() > MAX_PENDING {
                return Err(Undecided::TooComplex { pc });
            }
            self.pending.push(State {
                pc: target(holds),
                ..part(state, run)
            });
        }
        Ok(())
    }
}

impl Iterator for Regions {
    type Item = Result<Region, Undecided>;

    fn next(&mut self) -> Option<Result<Region, Undecided>> {
        let region = self.advance().transpose();
        if let Some(Err(_)) = region {
            self.pending.clear();
        }
        region
    }
}

impl State {
    /// Executes an instruction that neither branches nor returns; the value that the program
    /// returns, if it ends with a division by zero. `self` stands behind the instruction.
    fn execute(&mut self, op: Op) -> Result<Option<u32>, Undecided> {
        let pc = self.pc - 1;
        match op {
            Op::LoadData(NR_OFFSET) => self.a = Value::Nr,
            Op::LoadData(ARCH_OFFSET) => self.a = Value::Arch,
            Op::LoadData(_) => self.a = Value::Other(pc),
            Op::Load(reg, source) => {
                let value = match source {
                    Source::Imm(k) => Value::Const(k),
                    Source::Mem(index) => self.scratch[index as usize],
                    Source::Len => Value::Const(DATA_SIZE),
                };
                match reg {
                    Reg::A => self.a = value,
                    Reg::X => self.x = value,
                }
            }
            Op::Store(Reg::A, index) => self.scratch[index as usize] = self.a,
            Op::Store(Reg::X, index) => self.scratch[index as usize] = self.x,
            Op::Alu(alu, with) => {
                let divisor = self.settled(self.operand(with));
                self.a = match (self.settled(self.a), divisor) {
                    (Value::Const(a), Value::Const(b)) => match alu.apply(a, b) {
                        Some(result) => Value::Const(result),
                        None => return Ok(Some(0)),
                    },
                    // Whether an unknown divisor is zero decides where the program ends.
                    (_, Value::Const(0)) if alu == Alu::Div => return Ok(Some(0)),
                    (_, Value::Const(_)) => Value::Other(pc),
                    _ if alu == Alu::Div => {
                        return Err(Undecided::Value {
                            pc,
                            origin: self.origin(divisor),
                        });
                    }
                    _ => Value::Other(pc),
                };
            }
            Op::Neg => {
                self.a = match self.settled(self.a) {
                    Value::Const(a) => Value::Const(a.wrapping_neg()),
                    _ => Value::Other(pc),
                }
            }
            Op::Tax => self.x = self.a,
            Op::Txa => self.a = self.x,
            Op::Jump(k) => self.pc += k as usize,
            Op::Branch { .. } | Op::Return(_) | Op::ReturnA => {}
        }
        Ok(None)
    }

    fn region(&self, ret: u32) -> Region {
        Region {
            arch: self.arch,
            nr: self.nr,
            ret,
        }
    }

    fn operand(&self, with: Operand) -> Value {
        match with {
            Operand::K(k) => Value::Const(k),
            Operand::X => self.x,
        }
    }

    /// A value, known for what it is when only one call is left.
    fn settled(&self, value: Value) -> Value {
        match value {
            Value::Arch => self.arch.single().map_or(value, Value::Const),
            Value::Nr => self.nr.single().map_or(value, Value::Const),
            _ => value,
        }
    }

    /// A value that must be a constant for instruction `pc`.
    fn constant(&self, value: Value, pc: usize) -> Result<u32, Undecided> {
        match self.settled(value) {
            Value::Const(k) => Ok(k),
            other => Err(Undecided::Value {
                pc,
                origin: self.origin(other),
            }),
        }
    }

    /// The instruction to blame for a value.
    fn origin(&self, value: Value) -> usize {
        match value {
            Value::Other(origin) => origin,
            _ => self.pc - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Program;

    fn regions(ops: impl IntoIterator<Item = Op>) -> Result<Vec<Region>, Undecided> {
        Regions::new(&Program::from_iter(ops))
            .expect("a valid program")
            .collect()
    }

    #[test]
    fn a_mask_of_low_bits_has_too_many_cases() {
        let program = [
            Op::LoadData(0),
            Op::branch(Cond::Set, 1, 0, 1),
            Op::Return(0),
            Op::Return(1),
        ];
        assert_eq!(regions(program), Err(Undecided::TooComplex { pc: 1 }));
    }

    #[test]
    fn what_depends_on_an_argument_is_said_so() {
        let by_argument = [
            Op::LoadData(16),
            Op::branch(Cond::Eq, 1, 0, 1),
            Op::Return(0),
            Op::Return(1),
        ];
        assert_eq!(
            regions(by_argument),
            Err(Undecided::Value { pc: 1, origin: 0 })
        );
        assert_eq!(
            regions([Op::LoadData(16), Op::ReturnA]),
            Err(Undecided::Value { pc: 1, origin: 0 })
        );
        let divisor = [
            Op::LoadData(16),
            Op::Tax,
            Op::Alu(Alu::Div, Operand::X),
            Op::Return(7),
        ];
        assert_eq!(regions(divisor), Err(Undecided::Value { pc: 2, origin: 0 }));
    }

    #[test]
    fn what_depends_on_nothing_is_decided_whatever_was_loaded() {
        let unused = [
            Op::LoadData(16),
            Op::Alu(Alu::Add, Operand::K(1)),
            Op::Return(7),
        ];
        let whole = Region {
            arch: Span::FULL,
            nr: Span::FULL,
            ret: 7,
        };
        assert_eq!(regions(unused), Ok(vec![whole]));
        let zero = [
            Op::LoadData(16),
            Op::Alu(Alu::Div, Operand::X),
            Op::Return(7),
        ];
        assert_eq!(regions(zero), Ok(vec![Region { ret: 0, ..whole }]));
    }

    #[test]
    fn a_single_number_is_a_constant() {
        let program = [
            Op::LoadData(0),
            Op::branch(Cond::Eq, 40, 0, 2),
            Op::Alu(Alu::Add, Operand::K(2)),
            Op::ReturnA,
            Op::Return(0),
        ];
        let found = regions(program).unwrap();
        assert_eq!(found.iter().filter(|region| region.ret == 42).count(), 1);
        assert_eq!(found.len(), 3);
    }
}
