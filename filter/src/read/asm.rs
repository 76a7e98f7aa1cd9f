//! Assembly as `bpf_asm` takes it and `bpf_dbg` prints it (tools/bpf of the kernel): `jeq #0x3b, l1, l2`.

use super::Filter;
use super::assemble::{Assembler, Statement, Target};
use super::error::Fault;
use super::lex::{Comments, Kind, Token, Tokens};
use crate::{Alu, Cond, Op, Operand, Reg, Source};

/// Reads a program.
pub(super) fn read(text: &str) -> Result<Filter, Fault> {
    let mut tokens = Tokens::of(text, Comments::Semicolon)?;
    let mut program = Assembler::default();
    while let Some(token) = tokens.next() {
        if token.kind == Kind::Sign {
            return Err(token.unexpected("an instruction or a label begins with a letter"));
        }
        if tokens.take(":").is_some() {
            program.label(token)?;
            continue;
        }
        let statement = statement(token, &mut tokens)?;
        program.push(statement, token.line);
    }
    program.finish()
}

fn statement<'a>(name: Token<'a>, tokens: &mut Tokens<'a>) -> Result<Statement<'a>, Fault> {
    let op = match name.text.to_ascii_lowercase().as_str() {
        "ld" => load(Reg::A, tokens)?,
        "ldi" => Op::Load(Reg::A, Source::Imm(immediate(tokens)?)),
        "ldx" => load(Reg::X, tokens)?,
        "ldxi" => Op::Load(Reg::X, Source::Imm(immediate(tokens)?)),
        "st" => Op::Store(Reg::A, memory(tokens)?),
        "stx" => Op::Store(Reg::X, memory(tokens)?),
        "add" => arithmetic(Alu::Add, tokens)?,
        "sub" => arithmetic(Alu::Sub, tokens)?,
        "mul" => arithmetic(Alu::Mul, tokens)?,
        "div" => arithmetic(Alu::Div, tokens)?,
        "or" => arithmetic(Alu::Or, tokens)?,
        "and" => arithmetic(Alu::And, tokens)?,
        "lsh" => arithmetic(Alu::Lsh, tokens)?,
        "rsh" => arithmetic(Alu::Rsh, tokens)?,
        "xor" => arithmetic(Alu::Xor, tokens)?,
        "neg" => Op::Neg,
        "tax" => Op::Tax,
        "txa" => Op::Txa,
        "ret" => returned(tokens)?,
        "ja" | "jmp" => return label(tokens).map(Statement::Jump),
        "jeq" => return branch(Cond::Eq, false, tokens),
        "jgt" => return branch(Cond::Gt, false, tokens),
        "jge" => return branch(Cond::Ge, false, tokens),
        "jset" => return branch(Cond::Set, false, tokens),
        "jne" | "jneq" => return branch(Cond::Eq, true, tokens),
        "jle" => return branch(Cond::Gt, true, tokens),
        "jlt" => return branch(Cond::Ge, true, tokens),
        "ldb" | "ldh" | "ldxb" | "mod" => {
            let what = format!(
                "seccomp has no `{}`: it has loads of 32 bits (`ld [0]`, `ld [4]` .. `ld [60]`) and arithmetic without `mod`",
                name.text
            );
            return Err(name.fault(what));
        }
        _ => {
            return Err(name.unexpected(
                "an instruction (`ld [0]`, `jeq #1, l2, l3`, `ret #0`) or `label:` is right here",
            ));
        }
    };
    Ok(Statement::Op(op))
}

/// `[4]`, `M[0]`, `#len`, `#5`.
fn load(reg: Reg, tokens: &mut Tokens<'_>) -> Result<Op, Fault> {
    const WANTED: &str = "`[4]`, `M[0]`, `#len` or `#5` is right behind a load";
    let next = tokens.peek();
    let second = tokens.peek_second();
    if next.is_some_and(|token| token.is("M")) {
        return Ok(Op::Load(reg, Source::Mem(memory(tokens)?)));
    }
    if tokens.take("len").is_some() {
        return Ok(Op::Load(reg, Source::Len));
    }
    if next.is_some_and(|token| token.is("#")) {
        if second.is_some_and(|token| token.is("len")) {
            tokens.next();
            tokens.next();
            return Ok(Op::Load(reg, Source::Len));
        }
        return Ok(Op::Load(reg, Source::Imm(immediate(tokens)?)));
    }
    let open = tokens.expect("[", WANTED)?;
    if reg == Reg::X {
        return Err(open.fault(
            "seccomp cannot load the call's data into X: `ld` loads it into A, `tax` copies it",
        ));
    }
    let offset = tokens.number("an offset as in `ld [4]`; seccomp has no offset from X")?;
    tokens.expect(
        "]",
        "`]` is right behind the offset; seccomp has no offset from X",
    )?;
    Ok(Op::LoadData(offset))
}

/// `#5`, or `5`.
fn immediate(tokens: &mut Tokens<'_>) -> Result<u32, Fault> {
    tokens.take("#");
    tokens.number("a number as in `#0x3b` is right here")
}

/// `M[3]`.
fn memory(tokens: &mut Tokens<'_>) -> Result<u32, Fault> {
    const WANTED: &str = "scratch memory as in `M[3]` is right here";
    tokens.expect("M", WANTED)?;
    tokens.expect("[", WANTED)?;
    let index = tokens.number(WANTED)?;
    tokens.expect("]", WANTED)?;
    Ok(index)
}

/// Takes a register's name, with or without the percent sign.
fn register(tokens: &mut Tokens<'_>, name: &str) -> bool {
    let percent = tokens.peek().is_some_and(|token| token.is("%"));
    if percent && tokens.peek_second().is_some_and(|token| token.is(name)) {
        tokens.next();
    }
    tokens.take(name).is_some()
}

fn operand(tokens: &mut Tokens<'_>) -> Result<Operand, Fault> {
    match register(tokens, "x") {
        true => Ok(Operand::X),
        false => immediate(tokens).map(Operand::K),
    }
}

fn arithmetic(alu: Alu, tokens: &mut Tokens<'_>) -> Result<Op, Fault> {
    operand(tokens).map(|with| Op::Alu(alu, with))
}

fn returned(tokens: &mut Tokens<'_>) -> Result<Op, Fault> {
    match register(tokens, "a") {
        true => Ok(Op::ReturnA),
        false => immediate(tokens).map(Op::Return),
    }
}

fn label<'a>(tokens: &mut Tokens<'a>) -> Result<Target<'a>, Fault> {
    const WANTED: &str = "a label is right here";
    let token = tokens.some(WANTED)?;
    match token.kind {
        Kind::Word => Ok(Target::Label(token)),
        _ => Err(token.unexpected(WANTED)),
    }
}

/// `#5, yes, no` or `#5, yes`. Where the condition is the opposite of one that there is, the labels change places.
fn branch<'a>(cond: Cond, opposite: bool, tokens: &mut Tokens<'a>) -> Result<Statement<'a>, Fault> {
    const WANTED: &str = "`, label` is right here";
    let with = operand(tokens)?;
    tokens.expect(",", WANTED)?;
    let first = label(tokens)?;
    let second = match tokens.take(",") {
        Some(_) => label(tokens)?,
        None => Target::Next,
    };
    let (yes, no) = match opposite {
        true => (second, first),
        false => (first, second),
    };
    Ok(Statement::Branch {
        cond,
        with,
        yes,
        no,
    })
}
