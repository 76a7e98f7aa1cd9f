//! The language of `seccomp-tools`, alone and behind the columns of its dump.

use std::fmt::Write;

use crate::action::{ACTION_MASK, Action, DATA_MASK};
use crate::data::{ARCH_OFFSET, ARGS_OFFSET, DATA_SIZE, IP_OFFSET, NR_OFFSET};
use crate::insn::{Alu, Cond, Op, Operand, Reg, Source};
use crate::map::names::arch_name;
use crate::{Insn, Program};

/// The columns with what they mean.
pub(super) fn dump(program: &Program) -> String {
    let mut text = String::from(" line  CODE  JT   JF      K\n=================================\n");
    for (pc, insn) in program.iter().enumerate() {
        let (code, jt, jf, k) = (insn.code, insn.jt, insn.jf, insn.k);
        let meaning = meaning(program, pc, *insn);
        let _ = writeln!(
            text,
            " {pc:04}: {code:#04x} {jt:#04x} {jf:#04x} {k:#010x}  {meaning}"
        );
    }
    text
}

/// Only what they mean.
pub(super) fn text(program: &Program) -> String {
    let mut text = String::new();
    for (pc, insn) in program.iter().enumerate() {
        let _ = writeln!(text, "{pc:04}: {}", meaning(program, pc, *insn));
    }
    text
}

fn meaning(program: &Program, pc: usize, insn: Insn) -> String {
    let next = pc as u64 + 1;
    let goto = |skip: u64| format!("goto {:04}", next + skip);
    match insn.op() {
        None => format!("# not of seccomp: code {:#06x}", insn.code),
        Some(Op::LoadData(k)) => format!("A = {}", field(k)),
        Some(Op::Load(reg, source)) => {
            let source = match source {
                Source::Imm(k) => format!("{k:#x}"),
                Source::Mem(k) => format!("mem[{k}]"),
                Source::Len => "len".to_owned(),
            };
            format!("{} = {source}", register(reg))
        }
        Some(Op::Store(reg, k)) => format!("mem[{k}] = {}", register(reg)),
        Some(Op::Alu(alu, with)) => format!("A {}= {}", sign(alu), operand(with)),
        Some(Op::Neg) => "A = -A".to_owned(),
        Some(Op::Tax) => "X = A".to_owned(),
        Some(Op::Txa) => "A = X".to_owned(),
        Some(Op::Jump(k)) => goto(k.into()),
        // A comparison whose answers lead to the same place is one all the same.
        Some(Op::Branch { cond, with, jt, jf }) => {
            let arch = before(program, pc) == Some(Op::LoadData(ARCH_OFFSET));
            let with = match (with, arch) {
                (Operand::K(k), true) => arch_constant(k),
                (with, _) => operand(with),
            };
            let (positive, negative) = conditions(cond, &with);
            match (jt, jf) {
                (0, 1..) => format!("if ({negative}) {}", goto(jf.into())),
                (_, 0) => format!("if ({positive}) {}", goto(jt.into())),
                _ => format!(
                    "if ({positive}) {} else {}",
                    goto(jt.into()),
                    goto(jf.into())
                ),
            }
        }
        Some(Op::Return(k)) => format!("return {}", action(k)),
        Some(Op::ReturnA) => "return A".to_owned(),
    }
}

/// The instruction before the comparisons that this one is among: what A most likely is, to choose a name by.
fn before(program: &Program, pc: usize) -> Option<Op> {
    let ops = program.get(..pc)?.iter().rev().map(|insn| insn.op());
    ops.into_iter()
        .find(|op| !matches!(op, Some(Op::Branch { .. })))
        .flatten()
}

fn arch_constant(word: u32) -> String {
    match arch_name(word) {
        Some(name) => format!("ARCH_{}", name.to_ascii_uppercase()),
        None => format!("{word:#x}"),
    }
}

/// A condition and its opposite.
fn conditions(cond: Cond, with: &str) -> (String, String) {
    let (is, is_not) = match cond {
        Cond::Eq => ("==", "!="),
        Cond::Gt => (">", "<="),
        Cond::Ge => (">=", "<"),
        Cond::Set => return (format!("A & {with}"), format!("!(A & {with})")),
    };
    (format!("A {is} {with}"), format!("A {is_not} {with}"))
}

fn register(reg: Reg) -> &'static str {
    match reg {
        Reg::A => "A",
        Reg::X => "X",
    }
}

fn operand(with: Operand) -> String {
    match with {
        Operand::K(k) => format!("{k:#x}"),
        Operand::X => "X".to_owned(),
    }
}

fn sign(alu: Alu) -> &'static str {
    match alu {
        Alu::Add => "+",
        Alu::Sub => "-",
        Alu::Mul => "*",
        Alu::Div => "/",
        Alu::Or => "|",
        Alu::And => "&",
        Alu::Lsh => "<<",
        Alu::Rsh => ">>",
        Alu::Xor => "^",
    }
}

/// A part of the data. The halves are called as on a little-endian machine, where that language comes from.
fn field(offset: u32) -> String {
    let long = |name: String, at: u32| match at % 8 {
        0 => name,
        _ => format!("{name} >> 32"),
    };
    match offset {
        NR_OFFSET => "sys_number".to_owned(),
        ARCH_OFFSET => "arch".to_owned(),
        _ if offset >= DATA_SIZE || !offset.is_multiple_of(4) => format!("data[{offset}]"),
        IP_OFFSET..ARGS_OFFSET => long("instruction_pointer".to_owned(), offset),
        _ => long(format!("args[{}]", (offset - ARGS_OFFSET) / 8), offset),
    }
}

fn action(ret: u32) -> String {
    let data = ret & DATA_MASK;
    let name = match Action::from_ret(ret & ACTION_MASK) {
        Action::KillProcess => "KILL_PROCESS",
        Action::KillThread => "KILL",
        Action::Trap(_) => "TRAP",
        Action::Errno(_) => "ERRNO",
        Action::UserNotif => "USER_NOTIF",
        Action::Trace(_) => "TRACE",
        Action::Log => "LOG",
        Action::Allow => "ALLOW",
        Action::Unknown(_) => return format!("{ret:#x}"),
    };
    match data {
        0 if name != "ERRNO" => name.to_owned(),
        _ => format!("{name}({data})"),
    }
}
