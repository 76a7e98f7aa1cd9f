//! The kernel's rules: which programs it takes as a seccomp filter.
//!
//! They are `bpf_check_classic` and `check_load_and_stores` in net/core/filter.c and
//! `seccomp_check_filter` in kernel/seccomp.c, quirks included: a program passes here exactly when
//! seccomp(2) does not answer EINVAL. The kernel itself is the judge of that, in `tests/verdicts.rs`.

use crate::data::DATA_SIZE;
use crate::insn::{Alu, Insn, Op, Operand, Source};

/// `BPF_MAXINSNS`: how many instructions a program may have.
pub const MAX_INSNS: usize = 4096;

/// `BPF_MEMWORDS`: how many words of scratch memory there are.
pub const SCRATCH_WORDS: usize = 16;

/// Why the kernel does not take a program. `pc` is the index of the instruction at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// There is no instruction.
    #[error("the program is empty: the least one is a single `ret`")]
    Empty,
    /// There are too many.
    #[error("the program has {len} instructions: the kernel takes at most {MAX_INSNS}")]
    TooLong {
        /// How many there are.
        len: usize,
    },
    /// The instruction does not exist, or not in seccomp.
    #[error(
        "instruction {pc}: code {code:#06x} is not one that seccomp allows: it has 32-bit loads of the call's data, \
         constants, scratch memory, arithmetic without `mod`, jumps and `ret`"
    )]
    Code {
        /// Where.
        pc: usize,
        /// The code.
        code: u16,
    },
    /// A load from outside the data, or not aligned.
    #[error(
        "instruction {pc}: `ld [{offset}]` is outside the call's data or not aligned: 0, 4, .. 60 are right"
    )]
    Offset {
        /// Where.
        pc: usize,
        /// The offset.
        offset: u32,
    },
    /// A division by the constant zero.
    #[error("instruction {pc}: division by the constant 0: the kernel wants another divisor")]
    DivisionByZero {
        /// Where.
        pc: usize,
    },
    /// A shift by too large a constant.
    #[error(
        "instruction {pc}: shift by {by}: a constant shift is at most 31 (Linux before 4.5 took more, which each processor took differently)"
    )]
    Shift {
        /// Where.
        pc: usize,
        /// The constant.
        by: u32,
    },
    /// A word of scratch memory that is not there.
    #[error("instruction {pc}: there is no scratch word M[{index}]: the last is M[15]")]
    Scratch {
        /// Where.
        pc: usize,
        /// Its index.
        index: u32,
    },
    /// A read of scratch memory that was not written on every path to it.
    #[error("instruction {pc}: M[{index}] is read, but not every path to here has written it")]
    Uninitialised {
        /// Where.
        pc: usize,
        /// Its index.
        index: u32,
    },
    /// A jump behind the last instruction.
    #[error("instruction {pc}: a jump to {target}, but the last instruction is {last}")]
    Jump {
        /// Where.
        pc: usize,
        /// Where it goes.
        target: u64,
        /// The last index that is right.
        last: usize,
    },
    /// The last instruction is something else than `ret`.
    #[error("instruction {pc}, the last, does not end the program: it must be `ret`")]
    NoReturn {
        /// Where.
        pc: usize,
    },
}

impl CheckError {
    /// A short stable name of the kind of error, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CheckError::Empty => "empty",
            CheckError::TooLong { .. } => "too-long",
            CheckError::Code { .. } => "code",
            CheckError::Offset { .. } => "offset",
            CheckError::DivisionByZero { .. } => "division-by-zero",
            CheckError::Shift { .. } => "shift",
            CheckError::Scratch { .. } => "scratch",
            CheckError::Uninitialised { .. } => "uninitialised",
            CheckError::Jump { .. } => "jump",
            CheckError::NoReturn { .. } => "no-return",
        }
    }

    /// The index of the instruction at fault, where it is one instruction.
    #[must_use]
    pub fn pc(&self) -> Option<usize> {
        match *self {
            CheckError::Empty | CheckError::TooLong { .. } => None,
            CheckError::Code { pc, .. }
            | CheckError::Offset { pc, .. }
            | CheckError::DivisionByZero { pc }
            | CheckError::Shift { pc, .. }
            | CheckError::Scratch { pc, .. }
            | CheckError::Uninitialised { pc, .. }
            | CheckError::Jump { pc, .. }
            | CheckError::NoReturn { pc } => Some(pc),
        }
    }
}

/// Whether the kernel takes the program as a seccomp filter.
pub fn check(insns: &[Insn]) -> Result<(), CheckError> {
    if insns.is_empty() {
        return Err(CheckError::Empty);
    }
    if insns.len() > MAX_INSNS {
        return Err(CheckError::TooLong { len: insns.len() });
    }
    let ops = insns
        .iter()
        .enumerate()
        .map(|(pc, insn)| {
            insn.op().ok_or(CheckError::Code {
                pc,
                code: insn.code,
            })
        })
        .collect::<Result<Vec<Op>, CheckError>>()?;
    for (pc, &op) in ops.iter().enumerate() {
        check_constant(pc, op)?;
        check_jump(pc, op, ops.len())?;
    }
    let pc = ops.len() - 1;
    if !matches!(ops.last(), Some(Op::Return(_) | Op::ReturnA)) {
        return Err(CheckError::NoReturn { pc });
    }
    check_scratch(&ops)
}

/// Whether the constant of an instruction is one that it may have.
fn check_constant(pc: usize, op: Op) -> Result<(), CheckError> {
    match op {
        Op::LoadData(offset) if offset >= DATA_SIZE || !offset.is_multiple_of(4) => {
            Err(CheckError::Offset { pc, offset })
        }
        Op::Alu(Alu::Div, Operand::K(0)) => Err(CheckError::DivisionByZero { pc }),
        Op::Alu(Alu::Lsh | Alu::Rsh, Operand::K(by)) if by >= 32 => {
            Err(CheckError::Shift { pc, by })
        }
        Op::Load(_, Source::Mem(index)) | Op::Store(_, index)
            if index as usize >= SCRATCH_WORDS =>
        {
            Err(CheckError::Scratch { pc, index })
        }
        _ => Ok(()),
    }
}

/// Whether every target of a jump is an instruction.
fn check_jump(pc: usize, op: Op, len: usize) -> Result<(), CheckError> {
    let skipped = match op {
        Op::Jump(k) => k,
        Op::Branch { jt, jf, .. } => u32::from(jt.max(jf)),
        _ => return Ok(()),
    };
    let target = pc as u64 + 1 + u64::from(skipped);
    if target < len as u64 {
        Ok(())
    } else {
        Err(CheckError::Jump {
            pc,
            target,
            last: len - 1,
        })
    }
}

/// Whether scratch memory is written before it is read, as the kernel tracks it: one bit a word,
/// in program order. `ret` does not end a path in the kernel's eyes, so what follows one inherits
/// its bits; only a jump starts afresh. Jumps and constants are in range when this is called.
fn check_scratch(ops: &[Op]) -> Result<(), CheckError> {
    let mut written_at = vec![u16::MAX; ops.len()];
    let mut written = 0u16;
    for (pc, &op) in ops.iter().enumerate() {
        written &= written_at[pc];
        match op {
            Op::Store(_, index) => written |= 1 << index,
            Op::Load(_, Source::Mem(index)) if written & (1 << index) == 0 => {
                return Err(CheckError::Uninitialised { pc, index });
            }
            Op::Jump(k) => {
                written_at[pc + 1 + k as usize] &= written;
                written = u16::MAX;
            }
            Op::Branch { jt, jf, .. } => {
                written_at[pc + 1 + usize::from(jt)] &= written;
                written_at[pc + 1 + usize::from(jf)] &= written;
                written = u16::MAX;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::{Cond, Reg};

    const END: Op = Op::Return(0);

    fn verdict(ops: impl IntoIterator<Item = Op>) -> Result<(), CheckError> {
        check(&crate::Program::from_iter(ops))
    }

    fn branch(jt: u8, jf: u8) -> Op {
        Op::branch(Cond::Eq, 0, jt, jf)
    }

    #[test]
    fn length_is_bounded() {
        assert_eq!(verdict([]), Err(CheckError::Empty));
        assert_eq!(verdict([END; MAX_INSNS]), Ok(()));
        assert_eq!(
            verdict([END; MAX_INSNS + 1]),
            Err(CheckError::TooLong { len: 4097 })
        );
    }

    #[test]
    fn constants_are_bounded() {
        assert_eq!(verdict([Op::LoadData(60), END]), Ok(()));
        for offset in [64, 2] {
            assert_eq!(
                verdict([Op::LoadData(offset), END]),
                Err(CheckError::Offset { pc: 0, offset })
            );
        }
        let div = Op::Alu(Alu::Div, Operand::K(0));
        assert_eq!(
            verdict([Op::Neg, div, END]),
            Err(CheckError::DivisionByZero { pc: 1 })
        );
        let shift = |by| Op::Alu(Alu::Rsh, Operand::K(by));
        assert_eq!(verdict([shift(31), END]), Ok(()));
        assert_eq!(
            verdict([shift(32), END]),
            Err(CheckError::Shift { pc: 0, by: 32 })
        );
        assert_eq!(
            verdict([Op::Store(Reg::X, 16), END]),
            Err(CheckError::Scratch { pc: 0, index: 16 })
        );
    }

    #[test]
    fn jumps_stay_inside() {
        assert_eq!(verdict([branch(0, 1), END, END]), Ok(()));
        let beyond = CheckError::Jump {
            pc: 0,
            target: 3,
            last: 2,
        };
        assert_eq!(verdict([branch(0, 2), END, END]), Err(beyond));
        assert_eq!(verdict([Op::Jump(2), END, END]), Err(beyond));
        let wrapping = CheckError::Jump {
            pc: 0,
            target: 1 << 32,
            last: 1,
        };
        assert_eq!(verdict([Op::Jump(u32::MAX), END]), Err(wrapping));
    }

    #[test]
    fn the_end_is_a_return() {
        assert_eq!(verdict([END, Op::Neg]), Err(CheckError::NoReturn { pc: 1 }));
        assert_eq!(verdict([Op::Neg, Op::ReturnA]), Ok(()));
    }

    #[test]
    fn scratch_is_written_on_every_path_before_it_is_read() {
        let read = Op::Load(Reg::A, Source::Mem(3));
        let write = Op::Store(Reg::A, 3);
        assert_eq!(
            verdict([read, END]),
            Err(CheckError::Uninitialised { pc: 0, index: 3 })
        );
        assert_eq!(verdict([write, read, END]), Ok(()));
        let one_path = [branch(0, 1), write, read, END];
        assert_eq!(
            verdict(one_path),
            Err(CheckError::Uninitialised { pc: 2, index: 3 })
        );
        let both = [branch(0, 2), write, Op::Jump(1), write, read, END];
        assert_eq!(verdict(both), Ok(()));
    }

    #[test]
    fn a_return_does_not_end_a_path_in_the_kernels_eyes() {
        let read = Op::Load(Reg::A, Source::Mem(3));
        let write = Op::Store(Reg::A, 3);
        // No run reads M[3] before it is written, but the kernel says no, and so do we.
        let quirk = [branch(0, 2), write, Op::Jump(1), END, read, END];
        assert_eq!(
            verdict(quirk),
            Err(CheckError::Uninitialised { pc: 4, index: 3 })
        );
    }

    #[test]
    fn errors_name_the_place_and_the_remedy() {
        let error = verdict([Op::LoadData(64), END]).unwrap_err();
        assert_eq!((error.code(), error.pc()), ("offset", Some(0)));
        assert!(error.to_string().contains("60 are right"));
    }
}
