//! The way of one call through a program, instruction by instruction.

use std::fmt;

use everycall_arch::{AbiId, table};

use super::Outcome;
use super::names::{arch_name, number, outcome_name};
use super::space::{Field, word_at};
use crate::action::Action;
use crate::check::{CheckError, SCRATCH_WORDS, check};
use crate::insn::{Cond, Op, Operand, Reg, Source};
use crate::program::{alu_name, text};
use crate::{ByteOrder, Insn, Machine, SeccompData};

/// How long the text of a value may get before it is called by its value alone.
const MAX_TEXT: usize = 60;

/// One instruction that was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its index.
    pub pc: usize,
    /// The instruction.
    pub insn: Insn,
    /// The accumulator after it.
    pub a: u32,
    /// The index register after it.
    pub x: u32,
    /// Whether its condition held, if it has one.
    pub holds: Option<bool>,
    /// The index of the next; none when it was the last.
    pub next: Option<usize>,
    /// What it does to this call, in words.
    pub meaning: String,
}

/// The way of a call through a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The call.
    pub data: SeccompData,
    /// What was executed, in order.
    pub steps: Vec<Step>,
    /// What was returned.
    pub action: Action,
}

/// What registers hold, in words.
struct Words {
    order: ByteOrder,
    a: String,
    x: String,
    scratch: [String; SCRATCH_WORDS],
}

/// Executes a valid program for a call and tells every step.
pub fn explain(program: &[Insn], data: &SeccompData) -> Result<Explanation, CheckError> {
    explain_in(program, data, ByteOrder::NATIVE)
}

/// The same for a machine of this byte order.
pub fn explain_in(
    program: &[Insn],
    data: &SeccompData,
    order: ByteOrder,
) -> Result<Explanation, CheckError> {
    check(program)?;
    let mut machine = Machine::in_order(program, data, order);
    let mut words = Words {
        order,
        a: "0".to_owned(),
        x: "0".to_owned(),
        scratch: [const { String::new() }; SCRATCH_WORDS],
    };
    let mut steps = Vec::new();
    loop {
        let pc = machine.pc();
        let (a, x) = (machine.a(), machine.x());
        let found = program.get(pc).and_then(|&insn| Some((insn, insn.op()?)));
        // A valid program returns before it ends, and does nothing that it may not.
        let (Some((insn, op)), Ok(ret)) = (found, machine.step()) else {
            return Err(CheckError::NoReturn { pc });
        };
        let holds = match op {
            Op::Branch { cond, with, .. } => Some(cond.holds(a, operand(with, x))),
            _ => None,
        };
        let next = ret.is_none().then(|| machine.pc());
        let mut meaning = words.follow(op, data, &machine);
        match (holds, next, ret) {
            (Some(holds), Some(next), _) => {
                let answer = if holds { "yes" } else { "no" };
                meaning = format!("{meaning}? {answer}: to {next}");
            }
            (_, _, Some(ret)) => {
                let action = outcome_name(Outcome::Action(Action::from_ret(ret)));
                meaning = match op {
                    Op::Alu(..) => format!("division by zero ends the program: {action}"),
                    _ => action,
                };
            }
            _ => {}
        }
        steps.push(Step {
            pc,
            insn,
            a: machine.a(),
            x: machine.x(),
            holds,
            next,
            meaning,
        });
        if let Some(ret) = ret {
            return Ok(Explanation {
                data: *data,
                steps,
                action: Action::from_ret(ret),
            });
        }
    }
}

fn operand(with: Operand, x: u32) -> u32 {
    match with {
        Operand::K(k) => k,
        Operand::X => x,
    }
}

impl Words {
    /// Keeps the words up with an instruction that `machine` has executed; what it did.
    fn follow(&mut self, op: Op, data: &SeccompData, machine: &Machine<'_>) -> String {
        let with = |words: &Words, with| match with {
            Operand::K(k) => named(&words.a, k, data),
            Operand::X => words.x.clone(),
        };
        match op {
            Op::LoadData(offset) => self.a = loaded(offset, self.order),
            Op::Load(reg, source) => {
                let word = match source {
                    Source::Imm(k) => format!("{k:#x}"),
                    Source::Len => "the length of the data".to_owned(),
                    Source::Mem(at) => self.scratch.get(at as usize).cloned().unwrap_or_default(),
                };
                match reg {
                    Reg::A => self.a = word,
                    Reg::X => self.x = word,
                }
            }
            Op::Store(reg, at) => {
                let word = if reg == Reg::A { &self.a } else { &self.x };
                if let Some(cell) = self.scratch.get_mut(at as usize) {
                    cell.clone_from(word);
                }
                return format!("M[{at}] = {word}");
            }
            Op::Alu(alu, operand) => {
                let operand = match operand {
                    Operand::K(k) => format!("{k:#x}"),
                    Operand::X => self.x.clone(),
                };
                self.a = format!("({} {} {operand})", self.a, alu_name(alu));
            }
            Op::Neg => self.a = format!("-{}", self.a),
            Op::Tax => self.x.clone_from(&self.a),
            Op::Txa => self.a.clone_from(&self.x),
            Op::Jump(_) => return format!("to {}", machine.pc()),
            Op::Branch { cond, with: k, .. } => {
                // A number that only bounds others is no call's.
                let bound = match (cond, k) {
                    (Cond::Gt | Cond::Ge | Cond::Set, Operand::K(k)) => number(k),
                    _ => with(self, k),
                };
                let sign = match cond {
                    Cond::Eq => "==",
                    Cond::Gt => ">",
                    Cond::Ge => ">=",
                    Cond::Set => "has a bit of",
                };
                return format!("{} {sign} {bound}", self.a);
            }
            Op::Return(_) | Op::ReturnA => return String::new(),
        }
        self.tell(op, data, machine)
    }

    /// What a register holds now.
    fn tell(&mut self, op: Op, data: &SeccompData, machine: &Machine<'_>) -> String {
        let to_x = matches!(op, Op::Load(Reg::X, _) | Op::Tax);
        let (name, word, value) = match to_x {
            true => ("X", &mut self.x, machine.x()),
            false => ("A", &mut self.a, machine.a()),
        };
        if word.len() > MAX_TEXT {
            *word = format!("{value:#x}");
        }
        let shown = named(word, value, data);
        if *word == shown {
            format!("{name} = {shown}")
        } else {
            format!("{name} = {word} = {shown}")
        }
    }
}

/// What stands at an offset of the data.
fn loaded(offset: u32, order: ByteOrder) -> String {
    let (field, low) = word_at(offset, order);
    match (field.width(), low) {
        (32, _) => field.name().to_owned(),
        (_, 0) => format!("{}'s low half", field.name()),
        _ => format!("{}'s high half", field.name()),
    }
}

/// A constant beside a word, by the name that it has there.
fn named(word: &str, k: u32, data: &SeccompData) -> String {
    let name = if word == Field::Nr.name() {
        AbiId::of_call(data.arch, k)
            .and_then(|abi| table::by_nr(abi, k))
            .map(|call| call.name)
    } else if word == Field::Arch.name() {
        arch_name(k)
    } else {
        None
    };
    match name {
        Some(name) => format!("{} ({name})", number(k)),
        None => number(k),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |step: &Step| {
            let op = step.insn.op();
            let text = op.map_or_else(String::new, |op| text(op, step.pc as u64 + 1));
            // What the comment says is said by the meaning, and better.
            text.split(" ;").next().unwrap_or_default().to_owned()
        };
        let texts: Vec<String> = self.steps.iter().map(shown).collect();
        let width = texts.iter().map(String::len).max().unwrap_or(0);
        for (step, text) in self.steps.iter().zip(&texts) {
            writeln!(f, "{:>4}: {text:width$}  {}", step.pc, step.meaning)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Program;
    use crate::insn::Alu;

    #[test]
    fn every_step_is_told_with_names() {
        let low = if ByteOrder::NATIVE == ByteOrder::Little {
            32
        } else {
            36
        };
        let program = Program::from_iter([
            Op::LoadData(4),
            Op::branch(Cond::Eq, 0xc000_003e, 0, 6),
            Op::LoadData(0),
            Op::branch(Cond::Eq, 257, 0, 3),
            Op::LoadData(low),
            Op::Alu(Alu::And, Operand::K(3)),
            Op::branch(Cond::Gt, 0, 1, 0),
            Op::Return(0x7fff_0000),
            Op::Return(0x0005_0001),
        ]);
        let mut data = SeccompData::of_call(0xc000_003e, 257);
        data.args[2] = 2;
        let told = explain(&program, &data).unwrap();
        assert_eq!(told.action, Action::Errno(1));
        let text = format!(
            "   0: ld [4]                   A = arch = 0xc000003e (x86_64)
   1: jeq #0xc000003e, l2, l8  arch == 0xc000003e (x86_64)? yes: to 2
   2: ld [0]                   A = nr = 257 (openat)
   3: jeq #0x101, l4, l7       nr == 257 (openat)? yes: to 4
   4: ld [{low}]                  A = arg2's low half = 2
   5: and #0x3                 A = (arg2's low half and 0x3) = 2
   6: jgt #0x0, l8, l7         (arg2's low half and 0x3) > 0? yes: to 8
   8: ret #0x50001             ERRNO(EPERM)
"
        );
        assert_eq!(told.to_string(), text);
    }

    #[test]
    fn words_do_not_grow_for_ever() {
        let double = [Op::Tax, Op::Alu(Alu::Add, Operand::X)];
        let program = std::iter::once(Op::LoadData(0))
            .chain(double.repeat(2000))
            .chain([Op::ReturnA]);
        let told = explain(&Program::from_iter(program), &SeccompData::of_call(0, 1)).unwrap();
        assert!(told.steps.iter().all(|step| step.meaning.len() < 400));
    }

    #[test]
    fn a_division_by_zero_is_told() {
        let program = Program::from_iter([Op::Alu(Alu::Div, Operand::X), Op::Return(5)]);
        let told = explain(&program, &SeccompData::default()).unwrap();
        assert_eq!(told.steps.len(), 1);
        assert!(
            told.to_string()
                .contains("division by zero ends the program: KILL_THREAD")
        );
    }
}
