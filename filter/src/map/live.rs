//! Which registers a program may still read: the others need not be known where paths meet.

use crate::check::SCRATCH_WORDS;
use crate::insn::{Alu, Op, Operand, Reg, Source};

/// A set of registers, one bit each.
pub(super) type Live = u32;

/// The index of the accumulator.
pub(super) const A: usize = 0;
/// The index of the index register.
pub(super) const X: usize = 1;
/// How many registers there are, scratch memory included.
pub(super) const REGISTERS: usize = 2 + SCRATCH_WORDS;

/// The index of a word of scratch memory.
pub(super) fn scratch(index: u32) -> usize {
    2 + index as usize
}

/// For each instruction of a valid program, the registers that may be read from there on.
pub(super) fn before(ops: &[Op]) -> Vec<Live> {
    let mut live = vec![0; ops.len()];
    let after = |live: &[Live], pc: usize, skip: u64| {
        usize::try_from(pc as u64 + 1 + skip)
            .ok()
            .and_then(|target| live.get(target))
            .copied()
            .unwrap_or(0)
    };
    for (pc, &op) in ops.iter().enumerate().rev() {
        live[pc] = match op {
            Op::Return(_) => 0,
            Op::ReturnA => 1 << A,
            Op::Jump(skip) => after(&live, pc, u64::from(skip)),
            Op::Branch { jt, jf, .. } if jt == jf => after(&live, pc, u64::from(jt)),
            Op::Branch { with, jt, jf, .. } => {
                let either = after(&live, pc, u64::from(jt)) | after(&live, pc, u64::from(jf));
                either | 1 << A | read(with)
            }
            _ => through(op, after(&live, pc, 0)),
        };
    }
    live
}

/// The registers that an operand reads.
fn read(with: Operand) -> Live {
    match with {
        Operand::K(_) => 0,
        Operand::X => 1 << X,
    }
}

/// What is read before an instruction that neither jumps nor returns, if `after` is read after it.
fn through(op: Op, after: Live) -> Live {
    let index = |reg| if reg == Reg::A { A } else { X };
    let (written, needs) = match op {
        Op::Load(reg, Source::Mem(at)) => (index(reg), 1 << scratch(at)),
        Op::Load(reg, Source::Imm(_) | Source::Len) => (index(reg), 0),
        Op::Store(reg, at) => (scratch(at), 1 << index(reg)),
        // A divisor of zero ends the program, whoever reads the quotient.
        Op::Alu(Alu::Div, with) => return after | 1 << A | read(with),
        Op::Alu(_, with) => (A, 1 << A | read(with)),
        Op::Neg => (A, 1 << A),
        Op::Tax => (X, 1 << A),
        Op::Txa => (A, 1 << X),
        _ => (A, 0),
    };
    match after & 1 << written {
        0 => after,
        _ => after & !(1 << written) | needs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::Cond;

    #[test]
    fn what_is_read_later_is_live_and_nothing_else() {
        let branch = |with, jt, jf| Op::Branch {
            cond: Cond::Eq,
            with,
            jt,
            jf,
        };
        let program = [
            Op::LoadData(0),
            Op::Store(Reg::A, 3),
            Op::LoadData(4),
            branch(Operand::K(7), 0, 2),
            Op::Load(Reg::X, Source::Mem(3)),
            branch(Operand::X, 0, 0),
            Op::Alu(Alu::Div, Operand::X),
            Op::Return(0),
        ];
        let (a, x, m3) = (1 << A, 1 << X, 1 << scratch(3));
        assert_eq!(
            before(&program),
            [x, a | x, m3 | x, m3 | a | x, m3 | a, a | x, a | x, 0]
        );
    }
}
