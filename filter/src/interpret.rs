//! The reference interpreter: what a program returns for one call.
//!
//! It runs any program, checked or not: one that the kernel would not take ends with a [`Fault`].
//! A and X start as 0, as `bpf_convert_filter` in net/core/filter.c makes them.

use crate::check::SCRATCH_WORDS;
use crate::data::DATA_SIZE;
use crate::insn::{Insn, Op, Operand, Reg, Source};
use crate::{ByteOrder, SeccompData};

/// Why a program that was not checked cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It ran behind its last instruction.
    #[error("instruction {pc} does not exist")]
    End {
        /// The index.
        pc: usize,
    },
    /// The instruction is not one of seccomp's.
    #[error("instruction {pc} is not one that seccomp has")]
    Code {
        /// The index.
        pc: usize,
    },
    /// It loads from outside the call's data, or from scratch memory that is not there or was not
    /// written.
    #[error("instruction {pc} loads or stores what is not there")]
    Memory {
        /// The index.
        pc: usize,
    },
}

/// A program in the middle of its run.
#[derive(Clone, Debug)]
pub struct Machine<'a> {
    insns: &'a [Insn],
    data: &'a SeccompData,
    order: ByteOrder,
    pc: usize,
    a: u32,
    x: u32,
    scratch: [Option<u32>; SCRATCH_WORDS],
    executed: usize,
}

impl<'a> Machine<'a> {
    /// The program before its first instruction, on a machine like this one.
    #[must_use]
    pub fn new(insns: &'a [Insn], data: &'a SeccompData) -> Machine<'a> {
        Machine::in_order(insns, data, ByteOrder::NATIVE)
    }

    /// The program before its first instruction, on a machine of this byte order.
    #[must_use]
    pub fn in_order(insns: &'a [Insn], data: &'a SeccompData, order: ByteOrder) -> Machine<'a> {
        Machine {
            insns,
            data,
            order,
            pc: 0,
            a: 0,
            x: 0,
            scratch: [None; SCRATCH_WORDS],
            executed: 0,
        }
    }

    /// The index of the next instruction.
    #[must_use]
    pub fn pc(&self) -> usize {
        self.pc
    }

    /// The accumulator.
    #[must_use]
    pub fn a(&self) -> u32 {
        self.a
    }

    /// The index register.
    #[must_use]
    pub fn x(&self) -> u32 {
        self.x
    }

    /// How many instructions were executed.
    #[must_use]
    pub fn executed(&self) -> usize {
        self.executed
    }

    /// Executes one instruction; the return value, when it was the last.
    pub fn step(&mut self) -> Result<Option<u32>, Fault> {
        let pc = self.pc;
        let insn = self.insns.get(pc).ok_or(Fault::End { pc })?;
        let op = insn.op().ok_or(Fault::Code { pc })?;
        self.pc += 1;
        self.executed += 1;
        match op {
            Op::LoadData(offset) => {
                let word = self.data.word(offset, self.order);
                self.a = word.ok_or(Fault::Memory { pc })?;
            }
            Op::Load(reg, source) => {
                let value = match source {
                    Source::Imm(k) => k,
                    Source::Mem(index) => self.cell(index)?.ok_or(Fault::Memory { pc })?,
                    Source::Len => DATA_SIZE,
                };
                *self.reg(reg) = value;
            }
            Op::Store(reg, index) => *self.cell(index)? = Some(*self.reg(reg)),
            Op::Alu(alu, with) => match alu.apply(self.a, self.operand(with)) {
                Some(result) => self.a = result,
                None => return Ok(Some(0)),
            },
            Op::Neg => self.a = self.a.wrapping_neg(),
            Op::Tax => self.x = self.a,
            Op::Txa => self.a = self.x,
            Op::Jump(k) => self.skip(k),
            Op::Branch { cond, with, jt, jf } => {
                let holds = cond.holds(self.a, self.operand(with));
                self.skip(u32::from(if holds { jt } else { jf }));
            }
            Op::Return(k) => return Ok(Some(k)),
            Op::ReturnA => return Ok(Some(self.a)),
        }
        Ok(None)
    }

    /// Executes until the program returns. It does: jumps only go forward.
    pub fn run(&mut self) -> Result<u32, Fault> {
        loop {
            if let Some(ret) = self.step()? {
                return Ok(ret);
            }
        }
    }

    fn reg(&mut self, reg: Reg) -> &mut u32 {
        match reg {
            Reg::A => &mut self.a,
            Reg::X => &mut self.x,
        }
    }

    fn operand(&self, with: Operand) -> u32 {
        match with {
            Operand::K(k) => k,
            Operand::X => self.x,
        }
    }

    fn cell(&mut self, index: u32) -> Result<&mut Option<u32>, Fault> {
        let pc = self.pc - 1;
        self.scratch
            .get_mut(index as usize)
            .ok_or(Fault::Memory { pc })
    }

    fn skip(&mut self, count: u32) {
        self.pc = self.pc.saturating_add(count as usize);
    }
}

/// What a program returns for a call.
pub fn interpret(insns: &[Insn], data: &SeccompData) -> Result<u32, Fault> {
    Machine::new(insns, data).run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Program;
    use crate::insn::{Alu, Cond};

    fn run(ops: impl IntoIterator<Item = Op>, data: &SeccompData) -> Result<u32, Fault> {
        interpret(&Program::from_iter(ops), data)
    }

    fn on_nothing(ops: impl IntoIterator<Item = Op>) -> Result<u32, Fault> {
        run(ops, &SeccompData::default())
    }

    #[test]
    fn registers_start_as_zero() {
        assert_eq!(on_nothing([Op::ReturnA]), Ok(0));
        assert_eq!(on_nothing([Op::Txa, Op::ReturnA]), Ok(0));
    }

    #[test]
    fn words_of_the_call_are_loaded() {
        let data = SeccompData {
            nr: 7,
            arch: 8,
            instruction_pointer: 9,
            args: [1, 2, 3, 4, 5, 6],
        };
        assert_eq!(run([Op::LoadData(0), Op::ReturnA], &data), Ok(7));
        assert_eq!(run([Op::LoadData(4), Op::ReturnA], &data), Ok(8));
        let low = if ByteOrder::NATIVE == ByteOrder::Little {
            56
        } else {
            60
        };
        assert_eq!(run([Op::LoadData(low), Op::ReturnA], &data), Ok(6));
    }

    #[test]
    fn division_by_a_zero_x_ends_with_zero() {
        let program = [
            Op::Load(Reg::A, Source::Imm(9)),
            Op::Alu(Alu::Div, Operand::X),
            Op::Return(5),
        ];
        assert_eq!(on_nothing(program), Ok(0));
    }

    #[test]
    fn scratch_and_x_keep_what_they_were_given() {
        let program = [
            Op::Load(Reg::A, Source::Len),
            Op::Store(Reg::A, 15),
            Op::Load(Reg::A, Source::Imm(6)),
            Op::Load(Reg::X, Source::Mem(15)),
            Op::Alu(Alu::Sub, Operand::X),
            Op::Neg,
            Op::ReturnA,
        ];
        assert_eq!(on_nothing(program), Ok(58));
    }

    #[test]
    fn branches_take_the_side_that_holds() {
        let program = |cond, k| {
            let branch = Op::branch(cond, k, 1, 0);
            [
                Op::Load(Reg::A, Source::Imm(0x8000_0000)),
                branch,
                Op::Return(0),
                Op::Return(1),
            ]
        };
        assert_eq!(
            on_nothing(program(Cond::Gt, 0x7fff_ffff)),
            Ok(1),
            "comparison is unsigned"
        );
        assert_eq!(on_nothing(program(Cond::Gt, 0x8000_0000)), Ok(0));
        assert_eq!(on_nothing(program(Cond::Ge, 0x8000_0000)), Ok(1));
        assert_eq!(on_nothing(program(Cond::Set, 0x8000_0001)), Ok(1));
        assert_eq!(on_nothing(program(Cond::Eq, 0)), Ok(0));
    }

    #[test]
    fn what_the_kernel_would_not_take_is_a_fault() {
        assert_eq!(on_nothing([]), Err(Fault::End { pc: 0 }));
        assert_eq!(on_nothing([Op::Jump(5)]), Err(Fault::End { pc: 6 }));
        assert!(on_nothing([Op::Jump(u32::MAX)]).is_err());
        assert_eq!(on_nothing([Op::LoadData(64)]), Err(Fault::Memory { pc: 0 }));
        assert_eq!(
            on_nothing([Op::Load(Reg::A, Source::Mem(0))]),
            Err(Fault::Memory { pc: 0 })
        );
        assert_eq!(
            on_nothing([Op::Neg, Op::Store(Reg::A, 99)]),
            Err(Fault::Memory { pc: 1 })
        );
        let odd = [Insn {
            code: 0xff,
            jt: 0,
            jf: 0,
            k: 0,
        }];
        assert_eq!(
            interpret(&odd, &SeccompData::default()),
            Err(Fault::Code { pc: 0 })
        );
    }
}
