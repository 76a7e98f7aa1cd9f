//! A program executed on all calls at once.
//!
//! Jumps only go forward, so one pass in program order meets every instruction after all that lead to it. What is
//! known at an instruction is one state: for which calls the program comes here, and each register's bits as
//! functions of the call. States that meet are joined, so the work is linear in the program's length, however
//! many paths it has. A result that has no small diagram is an *unknown* value with a condition; only calls whose
//! fate depends on it become undecided.

use std::rc::Rc;

use super::bits::{self, Bits};
use super::live::{self, A, Live, REGISTERS, X, scratch};
use super::space::{Field, word_at};
use super::{Outcome, Outcomes, UndecidedAt};
use crate::ByteOrder;
use crate::action::Action;
use crate::bdd::{Bdd, FALSE, Full, Node, TRUE};
use crate::data::DATA_SIZE;
use crate::insn::{Alu, Cond, Op, Operand, Reg, Source};

/// How many different values one `ret a` may return: each is a leaf of its own.
const MAX_RETURNS: usize = 4096;

/// What a register holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    bits: Bits,
    /// For which calls the bits mean nothing, because they could not be computed.
    unknown: Node,
    /// The instruction that could not be computed.
    origin: usize,
}

impl Value {
    fn known(bits: Bits) -> Rc<Value> {
        Rc::new(Value {
            bits,
            unknown: FALSE,
            origin: 0,
        })
    }

    fn unknown(origin: usize) -> Rc<Value> {
        Rc::new(Value {
            bits: [FALSE; 32],
            unknown: TRUE,
            origin,
        })
    }
}

/// For which calls the program comes to an instruction, and what the registers hold that it may still read.
#[derive(Clone, Debug)]
struct State {
    reach: Node,
    registers: [Option<Rc<Value>>; REGISTERS],
}

/// What one instruction leads to.
#[derive(Debug, Default)]
struct Step {
    next: Vec<(usize, State)>,
    ends: Vec<(Node, Outcome)>,
    wide_shift: bool,
    arch_compared: Option<u32>,
}

/// What is known of a program after its execution.
#[derive(Debug)]
pub(super) struct Flow {
    /// What it returns, as a leaf of the outcomes for each call.
    pub(super) root: Node,
    /// For each instruction, the calls for which it is executed.
    pub(super) reach: Vec<Node>,
    /// Shifts by X that may be 32 or more.
    pub(super) wide_shifts: Vec<usize>,
    /// Where the architecture word is compared for equality, and with what.
    pub(super) arch_compared: Vec<(usize, u32)>,
}

/// Executes a valid program.
pub(super) fn run(
    bdd: &mut Bdd,
    outcomes: &mut Outcomes,
    ops: &[Op],
    order: ByteOrder,
) -> Result<Flow, Full> {
    let live = live::before(ops);
    let mut pending: Vec<Option<State>> = vec![None; ops.len()];
    let mut flow = Flow {
        root: FALSE,
        reach: vec![FALSE; ops.len()],
        wide_shifts: Vec::new(),
        arch_compared: Vec::new(),
    };
    let mut ends = Vec::new();
    if let Some(first) = pending.first_mut() {
        *first = Some(State::start());
    }
    for (pc, &op) in ops.iter().enumerate() {
        let Some(state) = pending[pc].take().filter(|state| state.reach != FALSE) else {
            continue;
        };
        let reach = state.reach;
        flow.reach[pc] = reach;
        let done = bdd.attempt(|bdd| {
            let mut step = step(bdd, pc, op, state, order)?;
            join(bdd, &mut step, &pending, &live)?;
            Ok(step)
        });
        match done {
            Ok(step) => {
                for (target, state) in step.next {
                    pending[target] = Some(state);
                }
                if step.wide_shift {
                    flow.wide_shifts.push(pc);
                }
                flow.arch_compared
                    .extend(step.arch_compared.map(|with| (pc, with)));
                ends.extend(step.ends);
            }
            Err(Full) => ends.push((reach, undecided(pc, pc))),
        }
    }
    // What was found out is put together whatever it took to find it.
    bdd.refill();
    for (when, outcome) in ends {
        let leaf = outcomes.leaf(outcome);
        flow.root = bdd.ite(when, leaf, flow.root)?;
    }
    Ok(flow)
}

fn undecided(pc: usize, origin: usize) -> Outcome {
    Outcome::Undecided(UndecidedAt {
        filter: 0,
        pc,
        origin,
    })
}

/// Joins what a step leads to with what already waits there. A step that leads to one place twice leads there once after.
fn join(
    bdd: &mut Bdd,
    step: &mut Step,
    pending: &[Option<State>],
    live: &[Live],
) -> Result<(), Full> {
    let mut joined: Vec<(usize, State)> = Vec::new();
    for (target, mut state) in step.next.drain(..) {
        state.keep(live.get(target).copied().unwrap_or(0));
        let here = joined.iter().rposition(|(at, _)| *at == target);
        let before = match here {
            Some(at) => Some(joined.swap_remove(at).1),
            None => pending.get(target).cloned().flatten(),
        };
        let state = match before {
            Some(before) => before.join(bdd, state, target)?,
            None => state,
        };
        joined.push((target, state));
    }
    step.next = joined;
    Ok(())
}

/// Executes one instruction.
fn step(
    bdd: &mut Bdd,
    pc: usize,
    op: Op,
    mut state: State,
    order: ByteOrder,
) -> Result<Step, Full> {
    let mut step = Step::default();
    match op {
        Op::Return(k) => step
            .ends
            .push((state.reach, Outcome::Action(Action::from_ret(k)))),
        Op::ReturnA => {
            let a = state.read(A, pc);
            state.decide(bdd, &mut step, &a, pc)?;
            returns(bdd, &mut step.ends, state.reach, &a.bits)?;
        }
        Op::Branch { cond, with, jt, jf } => {
            let target = |skip: u8| pc + 1 + usize::from(skip);
            if jt == jf {
                step.next.push((target(jt), state));
                return Ok(step);
            }
            let (a, b) = (state.read(A, pc), state.operand(with, pc));
            state.decide(bdd, &mut step, &a, pc)?;
            state.decide(bdd, &mut step, &b, pc)?;
            if let (Cond::Eq, Operand::K(k)) = (cond, with) {
                step.arch_compared = (a.bits == word(bdd, Field::Arch, 0)?).then_some(k);
            }
            let holds = bits::compare(bdd, cond, &a.bits, &b.bits)?;
            let yes = bdd.and(state.reach, holds)?;
            let no = bdd.without(state.reach, holds)?;
            for (reach, skip) in [(yes, jt), (no, jf)] {
                if reach != FALSE {
                    let state = State {
                        reach,
                        ..state.clone()
                    };
                    step.next.push((target(skip), state));
                }
            }
        }
        Op::Jump(skip) => step.next.push((pc + 1 + skip as usize, state)),
        Op::Alu(alu, with) => {
            state.calculate(bdd, &mut step, alu, with, pc)?;
            step.next.push((pc + 1, state));
        }
        Op::LoadData(_) | Op::Load(..) | Op::Store(..) | Op::Neg | Op::Tax | Op::Txa => {
            state.transfer(bdd, op, pc, order)?;
            step.next.push((pc + 1, state));
        }
    }
    Ok(step)
}

/// A word of a call, as it is loaded.
fn word(bdd: &mut Bdd, field: Field, low: u32) -> Result<Bits, Full> {
    let mut bits = [FALSE; 32];
    for (bit, significance) in bits.iter_mut().zip(low..) {
        *bit = bdd.var(field.bit(significance))?;
    }
    Ok(bits)
}

/// The values that a word has, each with the calls for which it is returned.
fn returns(
    bdd: &mut Bdd,
    ends: &mut Vec<(Node, Outcome)>,
    reach: Node,
    word: &Bits,
) -> Result<(), Full> {
    let mut pending = vec![(reach, 0u32, 32usize)];
    while let Some((reach, ret, left)) = pending.pop() {
        if reach == FALSE {
            continue;
        }
        // The lower half of some actions is not looked at.
        let dataless = left == 16 && Action::from_ret(ret) == Action::from_ret(ret | 0xffff);
        let Some(at) = left.checked_sub(1).filter(|_| !dataless) else {
            if ends.len() >= MAX_RETURNS {
                return Err(Full);
            }
            ends.push((reach, Outcome::Action(Action::from_ret(ret))));
            continue;
        };
        if pending.len() > MAX_RETURNS {
            return Err(Full);
        }
        let set = bdd.and(reach, word[at])?;
        let clear = bdd.without(reach, word[at])?;
        pending.push((set, ret | 1 << at, at));
        pending.push((clear, ret, at));
    }
    Ok(())
}

impl State {
    /// Before the first instruction: A and X are zero.
    fn start() -> State {
        let mut registers = [const { None }; REGISTERS];
        registers[A] = Some(Value::known(bits::constant(0)));
        registers[X] = Some(Value::known(bits::constant(0)));
        State {
            reach: TRUE,
            registers,
        }
    }

    /// Forgets what nobody reads any more.
    fn keep(&mut self, live: Live) {
        for (register, value) in self.registers.iter_mut().enumerate() {
            if live & 1 << register == 0 {
                *value = None;
            }
        }
    }

    fn read(&self, register: usize, pc: usize) -> Rc<Value> {
        let value = self.registers.get(register).cloned().flatten();
        value.unwrap_or_else(|| Value::unknown(pc))
    }

    fn operand(&self, with: Operand, pc: usize) -> Rc<Value> {
        match with {
            Operand::K(k) => Value::known(bits::constant(k)),
            Operand::X => self.read(X, pc),
        }
    }

    /// Ends the calls for which a value is unknown that decides where the program goes.
    fn decide(
        &mut self,
        bdd: &mut Bdd,
        step: &mut Step,
        value: &Value,
        pc: usize,
    ) -> Result<(), Full> {
        let lost = bdd.and(self.reach, value.unknown)?;
        if lost != FALSE {
            step.ends.push((lost, undecided(pc, value.origin)));
            self.reach = bdd.without(self.reach, value.unknown)?;
        }
        Ok(())
    }

    /// Moves words between registers, memory and the call's data.
    fn transfer(&mut self, bdd: &mut Bdd, op: Op, pc: usize, order: ByteOrder) -> Result<(), Full> {
        let index = |reg| if reg == Reg::A { A } else { X };
        let (to, value) = match op {
            Op::LoadData(offset) => {
                let (field, low) = word_at(offset, order);
                (A, Value::known(word(bdd, field, low)?))
            }
            Op::Load(reg, Source::Imm(k)) => (index(reg), Value::known(bits::constant(k))),
            Op::Load(reg, Source::Len) => (index(reg), Value::known(bits::constant(DATA_SIZE))),
            Op::Load(reg, Source::Mem(at)) => (index(reg), self.read(scratch(at), pc)),
            Op::Store(reg, at) => (scratch(at), self.read(index(reg), pc)),
            Op::Tax => (X, self.read(A, pc)),
            Op::Txa => (A, self.read(X, pc)),
            _ => {
                let a = self.read(A, pc);
                let result = bdd.attempt(|bdd| bits::negate(bdd, &a.bits));
                (A, computed(result, a.unknown, a.origin, pc))
            }
        };
        if let Some(register) = self.registers.get_mut(to) {
            *register = Some(value);
        }
        Ok(())
    }

    /// Executes arithmetic. A division ends the calls for which the divisor is zero: they get the value 0.
    fn calculate(
        &mut self,
        bdd: &mut Bdd,
        step: &mut Step,
        alu: Alu,
        with: Operand,
        pc: usize,
    ) -> Result<(), Full> {
        let (a, b) = (self.read(A, pc), self.operand(with, pc));
        if alu == Alu::Div {
            self.decide(bdd, step, &b, pc)?;
            let zero = bits::compare(bdd, Cond::Eq, &b.bits, &bits::constant(0))?;
            let ended = bdd.and(self.reach, zero)?;
            if ended != FALSE {
                step.ends
                    .push((ended, Outcome::Action(Action::from_ret(0))));
                self.reach = bdd.without(self.reach, zero)?;
            }
        }
        if matches!(alu, Alu::Lsh | Alu::Rsh) && with == Operand::X {
            let wide = bits::compare(bdd, Cond::Gt, &b.bits, &bits::constant(31))?;
            let known = bdd.without(wide, b.unknown)?;
            step.wide_shift = bdd.and(known, self.reach)? != FALSE;
        }
        let unknown = bdd.or(a.unknown, b.unknown)?;
        let origin = if a.unknown == FALSE {
            b.origin
        } else {
            a.origin
        };
        let result = bdd.attempt(|bdd| bits::apply(bdd, alu, &a.bits, &b.bits));
        self.registers[A] = Some(computed(result, unknown, origin, pc));
        Ok(())
    }

    /// This state where the program came here as before, `other` where it comes as that says.
    fn join(mut self, bdd: &mut Bdd, other: State, target: usize) -> Result<State, Full> {
        for (register, new) in self.registers.iter_mut().zip(other.registers) {
            *register = match (register.take(), new) {
                (Some(old), Some(new)) if Rc::ptr_eq(&old, &new) || old == new => Some(old),
                (Some(old), Some(new)) => {
                    let joined = bdd.attempt(|bdd| old.join(bdd, &new, other.reach));
                    Some(joined.unwrap_or_else(|Full| Value::unknown(target)))
                }
                (None, None) => None,
                // A valid program reads nothing that was not written on every way to it.
                _ => Some(Value::unknown(target)),
            };
        }
        self.reach = bdd.or(self.reach, other.reach)?;
        Ok(self)
    }
}

impl Value {
    /// `other` where `when` holds, elsewhere this value.
    fn join(&self, bdd: &mut Bdd, other: &Value, when: Node) -> Result<Rc<Value>, Full> {
        Ok(Rc::new(Value {
            bits: bits::choose(bdd, when, &other.bits, &self.bits)?,
            unknown: bdd.ite(when, other.unknown, self.unknown)?,
            origin: if self.unknown == FALSE {
                other.origin
            } else {
                self.origin
            },
        }))
    }
}

/// The value that an operation made, or that it could not make one.
fn computed(result: Result<Bits, Full>, unknown: Node, origin: usize, pc: usize) -> Rc<Value> {
    match result {
        Ok(bits) => Rc::new(Value {
            bits,
            unknown,
            origin,
        }),
        Err(Full) => Value::unknown(pc),
    }
}
