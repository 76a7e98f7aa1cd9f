//! Instructions of classic BPF: the eight bytes of `struct sock_filter`, and what they mean.
//!
//! Sources: `linux/bpf_common.h` and `linux/filter.h` for the encoding, `seccomp_check_filter` in
//! kernel/seccomp.c for the instructions that a seccomp program may have.

use crate::ByteOrder;

/// One instruction as the kernel takes it (`struct sock_filter`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Insn {
    /// Class, operation and mode.
    pub code: u16,
    /// How many instructions a conditional jump skips when its condition holds.
    pub jt: u8,
    /// How many it skips when it does not.
    pub jf: u8,
    /// The constant.
    pub k: u32,
}

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reg {
    /// The accumulator.
    A,
    /// The index register.
    X,
}

/// The right-hand side of an operation or a comparison with A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A constant.
    K(u32),
    /// The index register.
    X,
}

/// What is loaded into a register, apart from the call's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A constant.
    Imm(u32),
    /// A word of scratch memory.
    Mem(u32),
    /// The size of the data: always 64.
    Len,
}

/// Arithmetic on A. There is no MOD: seccomp does not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operation of its name")]
pub enum Alu {
    Add,
    Sub,
    Mul,
    Div,
    Or,
    And,
    Lsh,
    Rsh,
    Xor,
}

/// A comparison of A, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// A bit in common.
    Set,
}

/// An instruction that seccomp has, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A = the word of the call's data at this offset.
    LoadData(u32),
    /// The register = the source.
    Load(Reg, Source),
    /// The word of scratch memory = the register.
    Store(Reg, u32),
    /// A = A op operand.
    Alu(Alu, Operand),
    /// A = -A.
    Neg,
    /// X = A.
    Tax,
    /// A = X.
    Txa,
    /// Skips this many instructions.
    Jump(u32),
    /// Skips `jt` instructions when the condition holds, else `jf`.
    Branch {
        /// The condition.
        cond: Cond,
        /// What A is compared with.
        with: Operand,
        /// Skipped when it holds.
        jt: u8,
        /// Skipped when it does not.
        jf: u8,
    },
    /// Ends with this value.
    Return(u32),
    /// Ends with the value of A.
    ReturnA,
}

impl Op {
    /// A [branch](Op::Branch) on a comparison with a constant.
    #[must_use]
    pub const fn branch(cond: Cond, k: u32, jt: u8, jf: u8) -> Op {
        let with = Operand::K(k);
        Op::Branch { cond, with, jt, jf }
    }
}

// Bits 0-2, the class.
const CLASS: u16 = 0x07;
const LD: u16 = 0x00;
const LDX: u16 = 0x01;
const ST: u16 = 0x02;
const STX: u16 = 0x03;
const ALU: u16 = 0x04;
const JMP: u16 = 0x05;
const RET: u16 = 0x06;
const MISC: u16 = 0x07;
// Bits 5-7 of a load, the mode; bits 3-4, the width, are zero for 32 bits.
const IMM: u16 = 0x00;
const ABS: u16 = 0x20;
const MEM: u16 = 0x60;
const LEN: u16 = 0x80;
// Bit 3 of arithmetic and jumps: the operand is X.
const BY_X: u16 = 0x08;
// What is left.
const NEG: u16 = 0x80;
const JA: u16 = 0x00;
const RET_K: u16 = 0x00;
const RET_A: u16 = 0x10;
const TAX: u16 = 0x00;
const TXA: u16 = 0x80;

const ALU_CODES: [(u16, Alu); 9] = [
    (0x00, Alu::Add),
    (0x10, Alu::Sub),
    (0x20, Alu::Mul),
    (0x30, Alu::Div),
    (0x40, Alu::Or),
    (0x50, Alu::And),
    (0x60, Alu::Lsh),
    (0x70, Alu::Rsh),
    (0xa0, Alu::Xor),
];

const COND_CODES: [(u16, Cond); 4] = [
    (0x10, Cond::Eq),
    (0x20, Cond::Gt),
    (0x30, Cond::Ge),
    (0x40, Cond::Set),
];

/// The entry of a table of codes, by either side.
fn find<T: Copy>(table: &[(u16, T)], is: impl Fn(&(u16, T)) -> bool) -> Option<(u16, T)> {
    table.iter().copied().find(is)
}

impl Insn {
    /// The size of an instruction in bytes.
    pub const SIZE: usize = 8;

    /// What the instruction means; `None` when seccomp does not have it.
    ///
    /// As in the kernel the code must match to the bit. `jt`, `jf` and `k` are ignored where the
    /// instruction does not use them.
    #[must_use]
    pub fn op(self) -> Option<Op> {
        let Insn { code, jt, jf, k } = self;
        let mode = code & !CLASS;
        let operation = mode & !BY_X;
        let with = if mode & BY_X == 0 {
            Operand::K(k)
        } else {
            Operand::X
        };
        Some(match (code & CLASS, mode) {
            (LD, ABS) => Op::LoadData(k),
            (LD, IMM) => Op::Load(Reg::A, Source::Imm(k)),
            (LD, MEM) => Op::Load(Reg::A, Source::Mem(k)),
            (LD, LEN) => Op::Load(Reg::A, Source::Len),
            (LDX, IMM) => Op::Load(Reg::X, Source::Imm(k)),
            (LDX, MEM) => Op::Load(Reg::X, Source::Mem(k)),
            (LDX, LEN) => Op::Load(Reg::X, Source::Len),
            (ST, 0) => Op::Store(Reg::A, k),
            (STX, 0) => Op::Store(Reg::X, k),
            (ALU, NEG) => Op::Neg,
            (ALU, _) => Op::Alu(find(&ALU_CODES, |&(bits, _)| bits == operation)?.1, with),
            (JMP, JA) => Op::Jump(k),
            (JMP, _) => {
                let (_, cond) = find(&COND_CODES, |&(bits, _)| bits == operation)?;
                Op::Branch { cond, with, jt, jf }
            }
            (RET, RET_K) => Op::Return(k),
            (RET, RET_A) => Op::ReturnA,
            (MISC, TAX) => Op::Tax,
            (MISC, TXA) => Op::Txa,
            _ => return None,
        })
    }

    /// The eight bytes.
    #[must_use]
    pub fn to_bytes(self, order: ByteOrder) -> [u8; Insn::SIZE] {
        let (code, k) = match order {
            ByteOrder::Little => (self.code.to_le_bytes(), self.k.to_le_bytes()),
            ByteOrder::Big => (self.code.to_be_bytes(), self.k.to_be_bytes()),
        };
        [code[0], code[1], self.jt, self.jf, k[0], k[1], k[2], k[3]]
    }

    /// The instruction that these eight bytes are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Insn::SIZE], order: ByteOrder) -> Insn {
        let [c0, c1, jt, jf, k0, k1, k2, k3] = bytes;
        let (code, k) = match order {
            ByteOrder::Little => (
                u16::from_le_bytes([c0, c1]),
                u32::from_le_bytes([k0, k1, k2, k3]),
            ),
            ByteOrder::Big => (
                u16::from_be_bytes([c0, c1]),
                u32::from_be_bytes([k0, k1, k2, k3]),
            ),
        };
        Insn { code, jt, jf, k }
    }
}

/// The bits for an operand, and the constant.
fn operand(with: Operand) -> (u16, u32) {
    match with {
        Operand::K(k) => (0, k),
        Operand::X => (BY_X, 0),
    }
}

impl From<Op> for Insn {
    fn from(op: Op) -> Insn {
        let plain = |code, k| Insn {
            code,
            jt: 0,
            jf: 0,
            k,
        };
        match op {
            Op::LoadData(k) => plain(LD | ABS, k),
            Op::Load(reg, source) => {
                let class = if reg == Reg::A { LD } else { LDX };
                match source {
                    Source::Imm(k) => plain(class | IMM, k),
                    Source::Mem(k) => plain(class | MEM, k),
                    Source::Len => plain(class | LEN, 0),
                }
            }
            Op::Store(Reg::A, k) => plain(ST, k),
            Op::Store(Reg::X, k) => plain(STX, k),
            Op::Alu(alu, with) => {
                let (by, k) = operand(with);
                let bits = find(&ALU_CODES, |&(_, it)| it == alu).map_or(0, |(bits, _)| bits);
                plain(ALU | bits | by, k)
            }
            Op::Neg => plain(ALU | NEG, 0),
            Op::Tax => plain(MISC | TAX, 0),
            Op::Txa => plain(MISC | TXA, 0),
            Op::Jump(k) => plain(JMP | JA, k),
            Op::Branch { cond, with, jt, jf } => {
                let (by, k) = operand(with);
                let bits = find(&COND_CODES, |&(_, it)| it == cond).map_or(0, |(bits, _)| bits);
                Insn {
                    code: JMP | bits | by,
                    jt,
                    jf,
                    k,
                }
            }
            Op::Return(k) => plain(RET | RET_K, k),
            Op::ReturnA => plain(RET | RET_A, 0),
        }
    }
}

impl Alu {
    /// The result, as the kernel computes it; `None` for a division by zero, which ends a program
    /// with the value 0.
    ///
    /// A shift by 32 or more (possible only by X) uses the low five bits, as eBPF defines it; old
    /// kernels left it to the machine.
    #[must_use]
    pub fn apply(self, a: u32, b: u32) -> Option<u32> {
        Some(match self {
            Alu::Add => a.wrapping_add(b),
            Alu::Sub => a.wrapping_sub(b),
            Alu::Mul => a.wrapping_mul(b),
            Alu::Div => return a.checked_div(b),
            Alu::Or => a | b,
            Alu::And => a & b,
            Alu::Lsh => a.wrapping_shl(b),
            Alu::Rsh => a.wrapping_shr(b),
            Alu::Xor => a ^ b,
        })
    }
}

impl Cond {
    /// Whether it holds.
    #[must_use]
    pub fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Cond::Eq => a == b,
            Cond::Gt => a > b,
            Cond::Ge => a >= b,
            Cond::Set => a & b != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_means_one_thing_and_comes_back() {
        let mut known = HashSet::new();
        for code in 0..=u16::MAX {
            let insn = Insn {
                code,
                jt: 1,
                jf: 2,
                k: 3,
            };
            let Some(op) = insn.op() else { continue };
            assert!(
                known.insert(op),
                "{code:#x} means {op:?}, as another code does"
            );
            assert_eq!(Insn::from(op).code, code);
            assert_eq!(Insn::from(op).op(), Some(op));
        }
        // LD: ABS IMM MEM LEN; LDX: IMM MEM LEN; ST STX; 9 ALU by K and X; NEG; JA; 4 JMP by K and
        // X; RET K and A; TAX TXA.
        assert_eq!(known.len(), 4 + 3 + 2 + 18 + 1 + 1 + 8 + 2 + 2);
    }

    #[test]
    fn codes_are_those_of_the_headers() {
        let k = |code: u32| {
            Insn {
                code: code as u16,
                jt: 0,
                jf: 0,
                k: 0,
            }
            .op()
        };
        use libc::{BPF_ABS, BPF_ALU, BPF_DIV, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD};
        use libc::{BPF_LDX, BPF_LEN, BPF_MEM, BPF_MISC, BPF_RSH, BPF_STX, BPF_TXA, BPF_W, BPF_X};
        assert_eq!(k(BPF_LD | BPF_W | BPF_ABS), Some(Op::LoadData(0)));
        assert_eq!(
            k(BPF_LDX | BPF_W | BPF_LEN),
            Some(Op::Load(Reg::X, Source::Len))
        );
        assert_eq!(k(BPF_LDX | BPF_MEM), Some(Op::Load(Reg::X, Source::Mem(0))));
        assert_eq!(k(BPF_STX), Some(Op::Store(Reg::X, 0)));
        assert_eq!(
            k(BPF_ALU | BPF_DIV | BPF_X),
            Some(Op::Alu(Alu::Div, Operand::X))
        );
        assert_eq!(
            k(BPF_ALU | BPF_RSH | BPF_K),
            Some(Op::Alu(Alu::Rsh, Operand::K(0)))
        );
        assert_eq!(k(BPF_MISC | BPF_TXA), Some(Op::Txa));
        let branch = |cond, with| {
            Some(Op::Branch {
                cond,
                with,
                jt: 0,
                jf: 0,
            })
        };
        assert_eq!(k(BPF_JMP | BPF_JGE | BPF_X), branch(Cond::Ge, Operand::X));
        assert_eq!(
            k(BPF_JMP | BPF_JSET | BPF_K),
            branch(Cond::Set, Operand::K(0))
        );
    }

    #[test]
    fn bytes_come_back_in_either_order() {
        let insn = Insn {
            code: 0x0102,
            jt: 3,
            jf: 4,
            k: 0x0506_0708,
        };
        assert_eq!(insn.to_bytes(ByteOrder::Big), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(insn.to_bytes(ByteOrder::Little), [2, 1, 3, 4, 8, 7, 6, 5]);
        for order in [ByteOrder::Little, ByteOrder::Big] {
            assert_eq!(Insn::from_bytes(insn.to_bytes(order), order), insn);
        }
    }
}
