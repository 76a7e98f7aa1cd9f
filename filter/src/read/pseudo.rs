//! The language of `seccomp-tools`, as its `asm` takes it and as `dump` and `disasm` print it behind their columns.
//!
//! ```text
//! A = arch
//! if (A != ARCH_X86_64) goto dead
//! A = sys_number
//! A == execve ? dead : next
//! return ALLOW
//! dead: return ERRNO(1)
//! ```

use everycall_arch::{AbiId, table};

use super::Filter;
use super::assemble::{Assembler, Statement, Target};
use super::error::{Fault, shown};
use super::lex::{Comments, Kind, Token, Tokens};
use crate::action::{
    DATA_MASK, RET_ALLOW, RET_ERRNO, RET_KILL_PROCESS, RET_KILL_THREAD, RET_LOG, RET_TRACE,
    RET_TRAP, RET_USER_NOTIF,
};
use crate::data::{ARCH_OFFSET, ARGS_OFFSET, IP_OFFSET, NR_OFFSET};
use crate::map::names::arch_named;
use crate::{Alu, Cond, Op, Operand, Reg, Source};

/// The actions by the names that they have there.
const ACTIONS: &[(&str, u32)] = &[
    ("KILL_PROCESS", RET_KILL_PROCESS),
    ("KILL_THREAD", RET_KILL_THREAD),
    ("KILL", RET_KILL_THREAD),
    ("TRAP", RET_TRAP),
    ("ERRNO", RET_ERRNO),
    ("USER_NOTIF", RET_USER_NOTIF),
    ("TRACE", RET_TRACE),
    ("LOG", RET_LOG),
    ("ALLOW", RET_ALLOW),
];

/// Signs of arithmetic.
const SIGNS: &[(&str, Alu)] = &[
    ("+", Alu::Add),
    ("-", Alu::Sub),
    ("*", Alu::Mul),
    ("/", Alu::Div),
    ("|", Alu::Or),
    ("&", Alu::And),
    ("<<", Alu::Lsh),
    (">>", Alu::Rsh),
    ("^", Alu::Xor),
];

const STATEMENT: &str = "`A = ..`, `X = ..`, `mem[0] = ..`, `A += ..`, `if (..) goto ..`, `goto ..`, `A == .. ? yes : no` or `return ..` is right here";

/// Reads a program. Names of calls are the ABI's, unless they are written as `i386.open`.
pub(super) fn read(text: &str, abi: AbiId) -> Result<Filter, Fault> {
    let mut reader = Reader {
        tokens: Tokens::of(text, Comments::Hash)?,
        abi,
        unprefixed: None,
        foreign: None,
    };
    let mut program = Assembler::default();
    while let Some(token) = reader.tokens.next() {
        if reader.tokens.peek().is_some_and(|next| next.is(":")) {
            if token.kind == Kind::Sign || token.is("next") {
                return Err(token.unexpected("a label is a word, and not `next`"));
            }
            reader.tokens.next();
            program.label(token)?;
            continue;
        }
        let statement = reader.statement(token)?;
        program.push(statement, token.line);
    }
    // In a program for several architectures a name alone might mean another number than it is read as.
    if let (Some(name), Some(arch)) = (reader.unprefixed, reader.foreign) {
        let what = format!(
            "'{}' is a name of {} here, but line {} names another architecture: write it with its ABI (`i386.open`), as a \
             number, or say --abi",
            shown(name.text),
            abi.name(),
            arch.line
        );
        return Err(name.fault(what));
    }
    program.finish()
}

struct Reader<'a> {
    tokens: Tokens<'a>,
    abi: AbiId,
    /// A name of a call without its ABI.
    unprefixed: Option<Token<'a>>,
    /// An architecture that is not the ABI's.
    foreign: Option<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn statement(&mut self, first: Token<'a>) -> Result<Statement<'a>, Fault> {
        let op = match first.text.to_ascii_lowercase().as_str() {
            "a" => return self.of_a(),
            "x" => {
                self.tokens.expect("=", "`X = ..` is right here")?;
                self.x_value()?
            }
            "mem" => {
                let index = self.index()?;
                self.tokens.expect("=", "`mem[0] = A` is right here")?;
                let reg = self.register("`A` or `X` is right here")?;
                Op::Store(reg, index)
            }
            "return" => self.returned()?,
            "goto" | "jmp" | "jump" => return self.label().map(Statement::Jump),
            "if" => return self.conditional(),
            _ => return Err(first.unexpected(STATEMENT)),
        };
        Ok(Statement::Op(op))
    }

    /// What may follow `A`.
    fn of_a(&mut self) -> Result<Statement<'a>, Fault> {
        let sign = self.tokens.some(STATEMENT)?;
        if sign.is("=") {
            return self.a_value().map(Statement::Op);
        }
        let alu = sign.text.strip_suffix('=').and_then(alu);
        // A comparison may be written with the same sign: `A & 5 ? yes : no`.
        if let Some(alu) = alu.filter(|_| !["<=", ">=", "=="].contains(&sign.text)) {
            let with = self.operand()?;
            return Ok(Statement::Op(Op::Alu(alu, with)));
        }
        if matches!(sign.text, "<<" | ">>") {
            self.tokens.expect("=", "`A <<= 5` is right here")?;
            let with = self.operand()?;
            let alu = if sign.is("<<") { Alu::Lsh } else { Alu::Rsh };
            return Ok(Statement::Op(Op::Alu(alu, with)));
        }
        let (cond, opposite) = comparison(sign)?;
        let with = self.operand()?;
        self.tokens
            .expect("?", "`? yes : no` is right behind a comparison")?;
        let yes = self.label()?;
        self.tokens
            .expect(":", "`? yes : no` is right behind a comparison")?;
        let no = self.label()?;
        Ok(branch(cond, opposite, with, yes, no))
    }

    /// What is copied into A.
    fn a_value(&mut self) -> Result<Op, Fault> {
        const WANTED: &str =
            "`arch`, `sys_number`, `args[0]`, `mem[0]`, `X`, `-A` or a number is right here";
        let token = self.tokens.some(WANTED)?;
        let next_is_a = self.tokens.peek().is_some_and(|next| next.is("a"));
        if token.is("-") && next_is_a {
            self.tokens.next();
            return Ok(Op::Neg);
        }
        Ok(match token.text.to_ascii_lowercase().as_str() {
            "x" => Op::Txa,
            "arch" => Op::LoadData(ARCH_OFFSET),
            "sys_number" => Op::LoadData(NR_OFFSET),
            "instruction_pointer" => Op::LoadData(self.half(IP_OFFSET)?),
            "args" | "args_h" => {
                let index = self.index()?;
                if index > 5 {
                    return Err(token.fault("there are args[0] to args[5]"));
                }
                let low = ARGS_OFFSET + 8 * index;
                Op::LoadData(match token.is("args_h") {
                    true => low + 4,
                    false => self.half(low)?,
                })
            }
            "data" => Op::LoadData(self.index()?),
            "mem" => Op::Load(Reg::A, Source::Mem(self.index()?)),
            "len" => Op::Load(Reg::A, Source::Len),
            _ => Op::Load(Reg::A, Source::Imm(self.constant(token)?)),
        })
    }

    /// What is copied into X.
    fn x_value(&mut self) -> Result<Op, Fault> {
        let token = self
            .tokens
            .some("`A`, `mem[0]` or a number is right here")?;
        Ok(match token.text.to_ascii_lowercase().as_str() {
            "a" => Op::Tax,
            "mem" => Op::Load(Reg::X, Source::Mem(self.index()?)),
            "len" => Op::Load(Reg::X, Source::Len),
            _ => Op::Load(Reg::X, Source::Imm(self.constant(token)?)),
        })
    }

    /// The second half of a long, where `>> 32` stands behind it.
    fn half(&mut self, offset: u32) -> Result<u32, Fault> {
        if self.tokens.take(">>").is_none() {
            return Ok(offset);
        }
        let by = self.tokens.some("`>> 32` is right here")?;
        // Old versions of seccomp-tools count the bytes.
        match by.text {
            "32" | "4" => Ok(offset + 4),
            _ => Err(by.unexpected("`>> 32` is right here")),
        }
    }

    fn conditional(&mut self) -> Result<Statement<'a>, Fault> {
        const WANTED: &str = "`if (A == 5) goto label` is right here";
        self.tokens.expect("(", WANTED)?;
        let not = self.tokens.take("!").is_some();
        if not {
            self.tokens.expect("(", WANTED)?;
        }
        self.tokens.expect("a", WANTED)?;
        let sign = self.tokens.some(WANTED)?;
        let (cond, opposite) = comparison(sign)?;
        let with = self.operand()?;
        self.tokens.expect(")", WANTED)?;
        if not {
            self.tokens.expect(")", WANTED)?;
        }
        self.goto(WANTED)?;
        let yes = self.label()?;
        let no = match self.tokens.take("else") {
            None => Target::Next,
            Some(_) => {
                self.goto("`else goto label` is right here")?;
                self.label()?
            }
        };
        Ok(branch(cond, opposite != not, with, yes, no))
    }

    fn goto(&mut self, wanted: &str) -> Result<(), Fault> {
        let token = self.tokens.some(wanted)?;
        match ["goto", "jmp", "jump"].iter().any(|word| token.is(word)) {
            true => Ok(()),
            false => Err(token.unexpected(wanted)),
        }
    }

    fn label(&mut self) -> Result<Target<'a>, Fault> {
        const WANTED: &str = "a label is right here";
        let token = self.tokens.some(WANTED)?;
        match token.kind {
            Kind::Sign => Err(token.unexpected(WANTED)),
            _ if token.is("next") => Ok(Target::Next),
            _ => Ok(Target::Label(token)),
        }
    }

    fn returned(&mut self) -> Result<Op, Fault> {
        let token = self
            .tokens
            .some("`ALLOW`, `ERRNO(1)`, `A` or a number is right behind `return`")?;
        if token.is("a") {
            return Ok(Op::ReturnA);
        }
        let action = ACTIONS.iter().find(|(name, _)| *name == token.text);
        let Some(&(_, action)) = action else {
            return self.constant(token).map(Op::Return);
        };
        if self.tokens.take("(").is_none() {
            return Ok(Op::Return(action));
        }
        let inner = self.tokens.some("a number is right here")?;
        let data = self.constant(inner)?;
        if data > DATA_MASK {
            return Err(inner.fault("an action's data have 16 bits"));
        }
        self.tokens.expect(")", "`)` is right here")?;
        Ok(Op::Return(action | data))
    }

    /// `[3]`.
    fn index(&mut self) -> Result<u32, Fault> {
        const WANTED: &str = "an index as in `[0]` is right here";
        self.tokens.expect("[", WANTED)?;
        let index = self.tokens.number(WANTED)?;
        self.tokens.expect("]", WANTED)?;
        Ok(index)
    }

    fn register(&mut self, wanted: &str) -> Result<Reg, Fault> {
        let token = self.tokens.some(wanted)?;
        match token {
            _ if token.is("a") => Ok(Reg::A),
            _ if token.is("x") => Ok(Reg::X),
            _ => Err(token.unexpected(wanted)),
        }
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        if self.tokens.take("x").is_some() {
            return Ok(Operand::X);
        }
        let token = self.tokens.some("`X` or a number is right here")?;
        self.constant(token).map(Operand::K)
    }

    /// A number, an architecture, or the name of a call.
    fn constant(&mut self, token: Token<'a>) -> Result<u32, Fault> {
        if token.is("-") {
            let number = self.tokens.number("a number is right here")?;
            return Ok(number.wrapping_neg());
        }
        if token.kind == Kind::Number {
            return token.value();
        }
        let upper = token.text.to_ascii_uppercase();
        if let Some(word) = upper.strip_prefix("ARCH_").and_then(arch_named) {
            if word != self.abi.abi().audit_arch {
                self.foreign.get_or_insert(token);
            }
            return Ok(word);
        }
        let (abi, name) = match token.text.split_once('.') {
            Some((abi, name)) => (abi_named(abi), name),
            None => (Some(self.abi), token.text),
        };
        let found = abi.and_then(|abi| table::by_name(abi, name));
        let Some(call) = found else {
            let what = format!(
                "'{}' is no number, no architecture and no call of {}",
                shown(token.text),
                self.abi.name()
            );
            return Err(token.fault(what));
        };
        if !token.text.contains('.') {
            self.unprefixed.get_or_insert(token);
        }
        Ok(call.nr)
    }
}

/// An ABI by our name for it, or by theirs.
fn abi_named(name: &str) -> Option<AbiId> {
    match name {
        "amd64" => Some(AbiId::X86_64),
        _ => AbiId::from_name(name),
    }
}

fn alu(sign: &str) -> Option<Alu> {
    SIGNS.iter().find(|it| it.0 == sign).map(|it| it.1)
}

/// A comparison, and whether the condition is the opposite of it.
fn comparison(sign: Token<'_>) -> Result<(Cond, bool), Fault> {
    Ok(match sign.text {
        "==" => (Cond::Eq, false),
        "!=" => (Cond::Eq, true),
        ">" => (Cond::Gt, false),
        "<=" => (Cond::Gt, true),
        ">=" => (Cond::Ge, false),
        "<" => (Cond::Ge, true),
        "&" => (Cond::Set, false),
        _ => return Err(sign.unexpected("==, !=, >, <=, >=, < or & is right here")),
    })
}

fn branch<'a>(
    cond: Cond,
    opposite: bool,
    with: Operand,
    yes: Target<'a>,
    no: Target<'a>,
) -> Statement<'a> {
    let (yes, no) = if opposite { (no, yes) } else { (yes, no) };
    Statement::Branch {
        cond,
        with,
        yes,
        no,
    }
}
