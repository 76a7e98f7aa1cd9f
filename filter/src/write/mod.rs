//! Getting programs out: raw instructions, and the texts that others read.

mod pseudo;

use std::fmt::Write;

use crate::{ByteOrder, Program};

/// A form of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// An array of `struct sock_filter` for a little-endian machine.
    Raw,
    /// The same for a big-endian machine.
    RawBig,
    /// Assembly as `bpf_asm` takes it.
    Asm,
    /// `0000: 0x20 0x00 0x00 0x00000004  A = arch`, as `seccomp-tools dump` prints it.
    Dump,
    /// `A = arch`, as `seccomp-tools asm` takes it.
    Pseudo,
    /// An initialiser of a C array.
    C,
    /// A constant in Rust, of the `libc` crate's `sock_filter`.
    Rust,
    /// Decimal numbers in one line, as `bpf_asm` prints them.
    Decimal,
}

impl Program {
    /// The program in some form, which the readers of [`read`](crate::read) understand. Of instructions that seccomp does
    /// not have the texts [`Form::Asm`] and [`Form::Pseudo`] have only a comment.
    #[must_use]
    pub fn write(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Raw => self.to_bytes(ByteOrder::Little),
            Form::RawBig => self.to_bytes(ByteOrder::Big),
            Form::Asm => self.to_string().into_bytes(),
            Form::Dump => pseudo::dump(self).into_bytes(),
            Form::Pseudo => pseudo::text(self).into_bytes(),
            Form::C => c(self).into_bytes(),
            Form::Rust => rust(self).into_bytes(),
            Form::Decimal => decimal(self).into_bytes(),
        }
    }
}

fn c(program: &Program) -> String {
    let mut text = String::from("static const struct sock_filter filter[] = {\n");
    for insn in program.iter() {
        let (code, jt, jf, k) = (insn.code, insn.jt, insn.jf, insn.k);
        let _ = writeln!(text, "\t{{ {code:#04x}, {jt:>3}, {jf:>3}, {k:#010x} }},");
    }
    text + "};\n"
}

fn rust(program: &Program) -> String {
    let len = program.len();
    let mut text = format!("const FILTER: [libc::sock_filter; {len}] = [\n");
    for insn in program.iter() {
        let (code, jt, jf, k) = (insn.code, insn.jt, insn.jf, insn.k);
        let _ = writeln!(
            text,
            "    libc::sock_filter {{ code: {code:#04x}, jt: {jt}, jf: {jf}, k: {k:#010x} }},"
        );
    }
    text + "];\n"
}

fn decimal(program: &Program) -> String {
    let mut text = format!("{},", program.len());
    for insn in program.iter() {
        let _ = write!(text, "{} {} {} {},", insn.code, insn.jt, insn.jf, insn.k);
    }
    text + "\n"
}
