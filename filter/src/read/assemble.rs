//! From statements with labels to instructions with distances.

use std::collections::HashMap;

use super::Filter;
use super::error::{Fault, shown};
use super::lex::Token;
use crate::{Cond, Insn, Op, Operand, Program};

/// Where a jump goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// To the next instruction.
    Next,
    /// To a label.
    Label(Token<'a>),
}

/// An instruction whose jumps are not resolved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Statement<'a> {
    /// It does not jump.
    Op(Op),
    /// It always jumps.
    Jump(Target<'a>),
    /// It jumps one way or the other.
    Branch {
        cond: Cond,
        with: Operand,
        yes: Target<'a>,
        no: Target<'a>,
    },
}

/// Statements in their order, and the labels before them.
#[derive(Debug, Default)]
pub(super) struct Assembler<'a> {
    statements: Vec<(Statement<'a>, usize)>,
    labels: HashMap<&'a str, usize>,
}

impl<'a> Assembler<'a> {
    /// A label before the next statement.
    pub(super) fn label(&mut self, token: Token<'a>) -> Result<(), Fault> {
        match self.labels.insert(token.text, self.statements.len()) {
            None => Ok(()),
            Some(_) => {
                Err(token.fault(format!("the label '{}' is there twice", shown(token.text))))
            }
        }
    }

    /// The next statement, and its line.
    pub(super) fn push(&mut self, statement: Statement<'a>, line: usize) {
        self.statements.push((statement, line));
    }

    /// The program.
    pub(super) fn finish(self) -> Result<Filter, Fault> {
        if self.statements.is_empty() {
            return Err(Fault::whole("there is no instruction in it"));
        }
        let mut insns = Vec::with_capacity(self.statements.len());
        for (pc, &(statement, _)) in self.statements.iter().enumerate() {
            insns.push(Insn::from(match statement {
                Statement::Op(op) => op,
                Statement::Jump(target) => Op::Jump(self.distance(pc, target)?),
                Statement::Branch {
                    cond,
                    with,
                    yes,
                    no,
                } => Op::Branch {
                    cond,
                    with,
                    jt: self.short(pc, yes)?,
                    jf: self.short(pc, no)?,
                },
            }));
        }
        Ok(Filter {
            lines: self.statements.iter().map(|&(_, line)| line).collect(),
            ..Filter::of(Program::from(insns))
        })
    }

    /// How many instructions a jump skips.
    fn distance(&self, pc: usize, target: Target<'a>) -> Result<u32, Fault> {
        let Target::Label(token) = target else {
            return Ok(0);
        };
        let name = shown(token.text);
        let Some(&at) = self.labels.get(token.text) else {
            return Err(token.fault(format!("there is no label '{name}'")));
        };
        let skip = at
            .checked_sub(pc + 1)
            .and_then(|skip| u32::try_from(skip).ok());
        skip.ok_or_else(|| {
            token.fault(format!(
                "'{name}' is not behind this instruction: jumps only go forward"
            ))
        })
    }

    fn short(&self, pc: usize, target: Target<'a>) -> Result<u8, Fault> {
        let skip = self.distance(pc, target)?;
        u8::try_from(skip).map_err(|_| {
            let what = format!(
                "it is {skip} instructions away: a conditional jump skips at most 255, `ja` any number"
            );
            match target {
                Target::Label(token) => token.fault(what),
                Target::Next => Fault::whole(what),
            }
        })
    }
}
