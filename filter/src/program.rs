//! A program: its instructions, its bytes, and its text.

use std::fmt;
use std::ops::Deref;

use crate::ByteOrder;
use crate::action::Action;
use crate::data::{ARCH_OFFSET, ARGS_OFFSET, IP_OFFSET, NR_OFFSET};
use crate::insn::{Alu, Cond, Insn, Op, Operand, Reg, Source};

/// A program of classic BPF, not necessarily a valid one: see [`check`](crate::check).
///
/// Its [`Display`](fmt::Display) is assembly that `bpf_asm` understands: every line has its number
/// as a label, and what a word of the data or a return value means as a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Program(Vec<Insn>);

/// Bytes that are no array of `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes are no whole number of 8-byte instructions: {} are left over", len % Insn::SIZE)]
pub struct TruncatedError {
    /// How many bytes there were.
    pub len: usize,
}

impl Program {
    /// The bytes of the array of `struct sock_filter`.
    #[must_use]
    pub fn to_bytes(&self, order: ByteOrder) -> Vec<u8> {
        self.iter().flat_map(|insn| insn.to_bytes(order)).collect()
    }

    /// The program that these bytes are.
    pub fn from_bytes(bytes: &[u8], order: ByteOrder) -> Result<Program, TruncatedError> {
        let (insns, rest) = bytes.as_chunks::<{ Insn::SIZE }>();
        if !rest.is_empty() {
            return Err(TruncatedError { len: bytes.len() });
        }
        Ok(insns
            .iter()
            .map(|&insn| Insn::from_bytes(insn, order))
            .collect())
    }
}

impl From<Vec<Insn>> for Program {
    fn from(insns: Vec<Insn>) -> Program {
        Program(insns)
    }
}

impl FromIterator<Insn> for Program {
    fn from_iter<I: IntoIterator<Item = Insn>>(insns: I) -> Program {
        Program(insns.into_iter().collect())
    }
}

impl FromIterator<Op> for Program {
    fn from_iter<I: IntoIterator<Item = Op>>(ops: I) -> Program {
        ops.into_iter().map(Insn::from).collect()
    }
}

impl Deref for Program {
    type Target = [Insn];

    fn deref(&self) -> &[Insn] {
        &self.0
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.len().saturating_sub(1).to_string().len();
        for (pc, insn) in self.iter().enumerate() {
            let label = format!("l{pc}:");
            write!(f, "{label:<0$}", width + 3)?;
            match insn.op() {
                Some(op) => writeln!(f, "{}", text(op, pc as u64 + 1))?,
                None => writeln!(f, "; not of seccomp: {insn:?}")?,
            }
        }
        Ok(())
    }
}

/// One instruction as text; jumps count from `next`.
pub(crate) fn text(op: Op, next: u64) -> String {
    match op {
        Op::LoadData(k) => format!("ld [{k}]{}", field(k)),
        Op::Load(reg, Source::Imm(k)) => format!("{} #{k:#x}", load(reg)),
        Op::Load(reg, Source::Mem(k)) => format!("{} M[{k}]", load(reg)),
        Op::Load(reg, Source::Len) => format!("{} #len", load(reg)),
        Op::Store(Reg::A, k) => format!("st M[{k}]"),
        Op::Store(Reg::X, k) => format!("stx M[{k}]"),
        Op::Alu(alu, with) => format!("{} {}", alu_name(alu), operand(with)),
        Op::Neg => "neg".to_owned(),
        Op::Tax => "tax".to_owned(),
        Op::Txa => "txa".to_owned(),
        Op::Jump(k) => format!("ja l{}", next + u64::from(k)),
        Op::Branch { cond, with, jt, jf } => format!(
            "{} {}, l{}, l{}",
            cond_name(cond),
            operand(with),
            next + u64::from(jt),
            next + u64::from(jf)
        ),
        Op::Return(k) => format!("ret #{k:#x} ; {}", Action::from_ret(k)),
        Op::ReturnA => "ret a".to_owned(),
    }
}

fn load(reg: Reg) -> &'static str {
    match reg {
        Reg::A => "ld",
        Reg::X => "ldx",
    }
}

fn operand(with: Operand) -> String {
    match with {
        Operand::K(k) => format!("#{k:#x}"),
        Operand::X => "x".to_owned(),
    }
}

/// The mnemonic of an operation.
pub(crate) fn alu_name(alu: Alu) -> &'static str {
    match alu {
        Alu::Add => "add",
        Alu::Sub => "sub",
        Alu::Mul => "mul",
        Alu::Div => "div",
        Alu::Or => "or",
        Alu::And => "and",
        Alu::Lsh => "lsh",
        Alu::Rsh => "rsh",
        Alu::Xor => "xor",
    }
}

fn cond_name(cond: Cond) -> &'static str {
    match cond {
        Cond::Eq => "jeq",
        Cond::Gt => "jgt",
        Cond::Ge => "jge",
        Cond::Set => "jset",
    }
}

/// The comment that says which field of the data stands at an offset. Halves are not called low
/// and high, because that depends on the machine's byte order.
fn field(offset: u32) -> String {
    match offset {
        NR_OFFSET => " ; nr".to_owned(),
        ARCH_OFFSET => " ; arch".to_owned(),
        IP_OFFSET..ARGS_OFFSET => format!(" ; ip, bytes {}..", offset - IP_OFFSET),
        _ => {
            let at = offset - ARGS_OFFSET;
            format!(" ; arg{}, bytes {}..", at / 8, at % 8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Program {
        let branch = |cond, with, jt, jf| Op::Branch { cond, with, jt, jf };
        [
            Op::LoadData(4),
            branch(Cond::Eq, Operand::K(0xc000_003e), 0, 2),
            Op::LoadData(20),
            Op::Return(0x7fff_0000),
            Op::Return(0x7ff0_00ec),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn text_is_assembly_with_comments() {
        assert_eq!(
            sample().to_string(),
            "l0: ld [4] ; arch\n\
             l1: jeq #0xc000003e, l2, l4\n\
             l2: ld [20] ; arg0, bytes 4..\n\
             l3: ret #0x7fff0000 ; ALLOW\n\
             l4: ret #0x7ff000ec ; TRACE(0xec)\n"
        );
    }

    #[test]
    fn hostile_jumps_and_codes_have_a_text_too() {
        let far = Program::from_iter([Op::Jump(u32::MAX)]);
        assert_eq!(far.to_string(), "l0: ja l4294967296\n");
        let odd = Program::from(vec![Insn {
            code: 0xffff,
            jt: 0,
            jf: 0,
            k: 0,
        }]);
        assert!(odd.to_string().contains("not of seccomp"));
    }

    #[test]
    fn bytes_come_back_and_a_torn_instruction_is_an_error() {
        let bytes = sample().to_bytes(ByteOrder::NATIVE);
        assert_eq!(Program::from_bytes(&bytes, ByteOrder::NATIVE), Ok(sample()));
        let torn = Program::from_bytes(&bytes[..13], ByteOrder::NATIVE).unwrap_err();
        assert_eq!(torn, TruncatedError { len: 13 });
        assert!(torn.to_string().contains("5 are left over"));
    }
}
