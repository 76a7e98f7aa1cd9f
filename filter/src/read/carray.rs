//! Programs as C has them: `{ 0x20, 0, 0, 4 }`, `BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4)`; and `bpf_asm`'s decimal numbers.

use everycall_arch::{AbiId, table};

use super::Filter;
use super::error::{Fault, Place, shown};
use super::lex::{Comments, Kind, Token, Tokens};
use crate::action::{
    RET_ALLOW, RET_ERRNO, RET_KILL_PROCESS, RET_KILL_THREAD, RET_LOG, RET_TRACE, RET_TRAP,
    RET_USER_NOTIF,
};
use crate::map::names::arch_named;
use crate::{Insn, Program};

/// Constants of `linux/bpf_common.h`, `linux/filter.h` and `linux/seccomp.h`.
#[rustfmt::skip]
const CONSTANTS: &[(&str, u32)] = &[
    ("BPF_LD", 0x00), ("BPF_LDX", 0x01), ("BPF_ST", 0x02), ("BPF_STX", 0x03),
    ("BPF_ALU", 0x04), ("BPF_JMP", 0x05), ("BPF_RET", 0x06), ("BPF_MISC", 0x07),
    ("BPF_W", 0x00), ("BPF_H", 0x08), ("BPF_B", 0x10),
    ("BPF_IMM", 0x00), ("BPF_ABS", 0x20), ("BPF_IND", 0x40), ("BPF_MEM", 0x60), ("BPF_LEN", 0x80), ("BPF_MSH", 0xa0),
    ("BPF_ADD", 0x00), ("BPF_SUB", 0x10), ("BPF_MUL", 0x20), ("BPF_DIV", 0x30), ("BPF_OR", 0x40), ("BPF_AND", 0x50),
    ("BPF_LSH", 0x60), ("BPF_RSH", 0x70), ("BPF_NEG", 0x80), ("BPF_MOD", 0x90), ("BPF_XOR", 0xa0),
    ("BPF_JA", 0x00), ("BPF_JEQ", 0x10), ("BPF_JGT", 0x20), ("BPF_JGE", 0x30), ("BPF_JSET", 0x40),
    ("BPF_K", 0x00), ("BPF_X", 0x08), ("BPF_A", 0x10), ("BPF_TAX", 0x00), ("BPF_TXA", 0x80),
    ("SECCOMP_RET_KILL_PROCESS", RET_KILL_PROCESS), ("SECCOMP_RET_KILL_THREAD", RET_KILL_THREAD),
    ("SECCOMP_RET_KILL", RET_KILL_THREAD), ("SECCOMP_RET_TRAP", RET_TRAP), ("SECCOMP_RET_ERRNO", RET_ERRNO),
    ("SECCOMP_RET_USER_NOTIF", RET_USER_NOTIF), ("SECCOMP_RET_TRACE", RET_TRACE), ("SECCOMP_RET_LOG", RET_LOG),
    ("SECCOMP_RET_ALLOW", RET_ALLOW), ("SECCOMP_RET_DATA", 0xffff), ("__X32_SYSCALL_BIT", 0x4000_0000),
];

/// Reads an array in C, Rust's `sock_filter { code: .., .. }`, or strace's way to print one.
pub(super) fn c(text: &str, abi: AbiId) -> Result<Filter, Fault> {
    let mut tokens = Tokens::of(text, Comments::Slashes)?;
    let mut array = Array {
        insns: Vec::new(),
        lines: Vec::new(),
        abi,
    };
    // What comes before the first instruction declares the array.
    while let Some(token) = tokens.peek() {
        if array.item(&mut tokens)? {
            continue;
        }
        let between = [",", "libc", ":", "sock_filter"]
            .iter()
            .any(|it| token.is(it));
        if !array.insns.is_empty() && !between {
            break;
        }
        tokens.next();
    }
    if array.insns.is_empty() {
        return Err(Fault::whole(
            "there is no instruction in it: `{ 0x20, 0, 0, 4 }`, `BPF_STMT(code, k)` and `BPF_JUMP(code, k, jt, jf)` are",
        ));
    }
    let closes = |token: &Token<'_>| ["}", "]", ")", ";", "..."].contains(&token.text);
    if let Some(token) = tokens.peek().filter(|token| !closes(token)) {
        return Err(token.unexpected("the next instruction or the array's end is right here"));
    }
    if tokens.peek().is_some_and(|token| token.is("...")) {
        return Err(Fault::whole(
            "the array is abbreviated with `...`: strace shows all of it with `-e abbrev=none`",
        ));
    }
    Ok(Filter {
        lines: array.lines,
        ..Filter::of(Program::from(array.insns))
    })
}

struct Array {
    insns: Vec<Insn>,
    lines: Vec<usize>,
    abi: AbiId,
}

impl Array {
    /// Takes an instruction, if one is next.
    fn item(&mut self, tokens: &mut Tokens<'_>) -> Result<bool, Fault> {
        let Some(token) = tokens.peek() else {
            return Ok(false);
        };
        let insn = if token.is("BPF_STMT") || token.is("BPF_JUMP") {
            tokens.next();
            self.called(token, tokens)?
        } else if token.is("{") && tokens.peek_second().is_some_and(|next| begins(&next)) {
            tokens.next();
            self.braced(tokens)?
        } else {
            return Ok(false);
        };
        self.insns.push(insn);
        self.lines.push(token.line);
        Ok(true)
    }

    /// `(code, k)` or `(code, k, jt, jf)`.
    fn called(&self, name: Token<'_>, tokens: &mut Tokens<'_>) -> Result<Insn, Fault> {
        tokens.expect("(", "`(` is right here")?;
        let code = self.part(tokens, u16::MAX.into(), "a code")? as u16;
        comma(tokens)?;
        let k = self.part(tokens, u32::MAX, "a constant")?;
        let mut insn = Insn {
            code,
            jt: 0,
            jf: 0,
            k,
        };
        if name.is("BPF_JUMP") {
            comma(tokens)?;
            insn.jt = self.part(tokens, u8::MAX.into(), "a jump")? as u8;
            comma(tokens)?;
            insn.jf = self.part(tokens, u8::MAX.into(), "a jump")? as u8;
        }
        tokens.expect(")", "`)` is right here")?;
        Ok(insn)
    }

    /// `code, jt, jf, k }`, perhaps with names.
    fn braced(&self, tokens: &mut Tokens<'_>) -> Result<Insn, Fault> {
        let code = self.named("code", u16::MAX.into(), tokens)? as u16;
        comma(tokens)?;
        let jt = self.named("jt", u8::MAX.into(), tokens)? as u8;
        comma(tokens)?;
        let jf = self.named("jf", u8::MAX.into(), tokens)? as u8;
        comma(tokens)?;
        let k = self.named("k", u32::MAX, tokens)?;
        tokens.take(",");
        tokens.expect("}", "`}` is right behind the four parts of an instruction")?;
        Ok(Insn { code, jt, jf, k })
    }

    /// A part of an instruction, perhaps as `.name = part` or `name: part`.
    fn named(&self, name: &str, most: u32, tokens: &mut Tokens<'_>) -> Result<u32, Fault> {
        let token = tokens.peek();
        if token.is_some_and(|token| token.text.trim_start_matches('.') == name) {
            tokens.next();
            if tokens.take("=").is_none() {
                tokens.expect(":", "`=` or `:` is right here")?;
            }
        }
        self.part(tokens, most, name)
    }

    /// Constants, joined by `|` or `+`.
    fn part(&self, tokens: &mut Tokens<'_>, most: u32, what: &str) -> Result<u32, Fault> {
        let first = tokens.some("a number or a constant of C is right here")?;
        let mut value = self.term(first, tokens)?;
        while let Some(sign) = tokens.take("|").or_else(|| tokens.take("+")) {
            let next = tokens.some("a number or a constant of C is right here")?;
            let next = self.term(next, tokens)?;
            value = match sign.is("|") {
                true => value | next,
                false => value.wrapping_add(next),
            };
        }
        match value <= most {
            true => Ok(value),
            false => Err(first.fault(format!(
                "{value:#x} is no {what}: the greatest is {most:#x}"
            ))),
        }
    }

    fn term(&self, token: Token<'_>, tokens: &mut Tokens<'_>) -> Result<u32, Fault> {
        if token.kind == Kind::Number {
            return token.value();
        }
        if token.is("offsetof") {
            return offset(tokens);
        }
        if token.is("(") {
            // One level of parentheses is what macros leave behind; more would be recursion without bounds.
            let inner = tokens.some("a number or a constant of C is right here")?;
            if inner.is("(") {
                return Err(inner.unexpected("a number or a constant of C is right here"));
            }
            let value = self.term(inner, tokens)?;
            tokens.expect(")", "`)` is right here")?;
            return Ok(value);
        }
        let constant = CONSTANTS.iter().find(|(name, _)| *name == token.text);
        if let Some(&(_, value)) = constant {
            return Ok(value);
        }
        let arch = token.text.strip_prefix("AUDIT_ARCH_").and_then(arch_named);
        let number = || {
            let name = token.text.strip_prefix("__NR_")?;
            table::by_name(self.abi, name).map(|call| call.nr)
        };
        arch.or_else(number).ok_or_else(|| {
            token.fault(format!(
                "'{}' is no number and no constant that is known here",
                shown(token.text)
            ))
        })
    }
}

/// Whether a piece of text begins an instruction behind a brace.
fn begins(token: &Token<'_>) -> bool {
    token.kind == Kind::Number
        || token.text.starts_with("BPF_") && !["BPF_STMT", "BPF_JUMP"].contains(&token.text)
        || [".code", "code"].contains(&token.text)
}

fn comma(tokens: &mut Tokens<'_>) -> Result<(), Fault> {
    tokens.expect(",", "`,` is right here").map(|_| ())
}

/// `(struct seccomp_data, args[1])`, perhaps.
fn offset(tokens: &mut Tokens<'_>) -> Result<u32, Fault> {
    const WANTED: &str = "`offsetof(struct seccomp_data, nr)` is right here";
    tokens.expect("(", WANTED)?;
    tokens.expect("struct", WANTED)?;
    tokens.expect("seccomp_data", WANTED)?;
    comma(tokens)?;
    let field = tokens.some(WANTED)?;
    let mut offset = match field.text {
        "nr" => 0,
        "arch" => 4,
        "instruction_pointer" => 8,
        "args" => 16,
        _ => return Err(field.unexpected(WANTED)),
    };
    if tokens.take("[").is_some() {
        let index = tokens.number(WANTED)?;
        if index > 5 || offset != 16 {
            return Err(field.fault("there are args[0] to args[5]"));
        }
        offset += 8 * index;
        tokens.expect("]", WANTED)?;
    }
    tokens.expect(")", WANTED)?;
    Ok(offset)
}

/// Reads decimal numbers: how many instructions, then four for each.
pub(super) fn decimal(text: &str) -> Result<Filter, Fault> {
    let mut numbers = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let words = content
            .split([',', ' ', '\t'])
            .filter(|word| !word.is_empty());
        for word in words {
            let value: Option<u32> = word.parse().ok();
            let value = value.ok_or_else(|| {
                let what = format!("'{}' is no decimal number of 32 bits", shown(word));
                Fault::new(Place::Line(line + 1, 1), what)
            })?;
            numbers.push((value, line + 1));
        }
    }
    let Some((&(count, _), parts)) = numbers.split_first() else {
        return Err(Fault::whole("there is no instruction in it"));
    };
    let (parts, rest) = parts.as_chunks::<4>();
    if parts.is_empty() {
        return Err(Fault::whole("there is no instruction in it"));
    }
    if parts.len() as u64 != u64::from(count) || !rest.is_empty() {
        return Err(Fault::whole(format!(
            "{count} instructions are announced, but {} and {} of 4 numbers are there",
            parts.len(),
            rest.len()
        )));
    }
    let mut insns = Vec::new();
    let mut lines = Vec::new();
    for &[(code, line), (jt, _), (jf, _), (k, _)] in parts {
        let narrow = || {
            Some((
                u16::try_from(code).ok()?,
                u8::try_from(jt).ok()?,
                u8::try_from(jf).ok()?,
            ))
        };
        let Some((code, jt, jf)) = narrow() else {
            let what =
                format!("{code} {jt} {jf} {k} is no instruction: a code has 16 bits, a jump 8");
            return Err(Fault::new(Place::Line(line, 1), what));
        };
        insns.push(Insn { code, jt, jf, k });
        lines.push(line);
    }
    Ok(Filter {
        lines,
        ..Filter::of(Program::from(insns))
    })
}
