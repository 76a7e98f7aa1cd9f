//! The four parts of each instruction in hexadecimal columns, as `seccomp-tools dump` and `scmp_bpf_disasm` print them.
//!
//! What stands behind the columns is for people and is not looked at. A process' filters come one behind the other, each
//! with its own head, the oldest first.

use super::Filter;
use super::detect::{is_columns, labelled};
use super::error::{Fault, Place, shown};
use crate::{Insn, Program};

/// Reads one filter or more.
pub(super) fn read(text: &str) -> Result<Vec<Filter>, Fault> {
    let mut filters = Vec::new();
    let mut insns = Vec::new();
    let mut lines = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let line = line + 1;
        let trimmed = content.trim();
        if !is_columns(content) {
            // Heads, rules and comments are between filters; in a filter, something that is no instruction is a torn one.
            let head = trimmed.is_empty() || trimmed.starts_with(['=', '#', ';']);
            if head || trimmed.to_ascii_lowercase().starts_with("line ") {
                continue;
            }
            let what = format!(
                "'{}' is no instruction: `0000: 0x20 0x00 0x00 0x00000004` is right here",
                shown(trimmed)
            );
            return Err(Fault::new(Place::Line(line, 1), what));
        }
        let (label, rest) = labelled(content);
        let index = match label {
            Some(label) => number(label, line)?,
            None => insns.len(),
        };
        if index == 0 && !insns.is_empty() {
            filters.push(filter(&mut insns, &mut lines));
        }
        if index != insns.len() {
            let what = format!(
                "this is called instruction {index}, but {} instructions are before it",
                insns.len()
            );
            return Err(Fault::new(Place::Line(line, 1), what));
        }
        insns.push(instruction(rest, line, content.len() - rest.len())?);
        lines.push(line);
    }
    filters.push(filter(&mut insns, &mut lines));
    Ok(filters)
}

fn filter(insns: &mut Vec<Insn>, lines: &mut Vec<usize>) -> Filter {
    Filter {
        lines: std::mem::take(lines),
        ..Filter::of(Program::from(std::mem::take(insns)))
    }
}

/// The number of an instruction. `seccomp-tools` and libseccomp write it in decimal.
fn number(label: &str, line: usize) -> Result<usize, Fault> {
    label.trim().parse().map_err(|_| {
        let what = format!("'{}' is no number of an instruction", shown(label));
        Fault::new(Place::Line(line, 1), what)
    })
}

fn instruction(text: &str, line: usize, before: usize) -> Result<Insn, Fault> {
    let mut parts = text.split_whitespace();
    let mut part = |what: &str, most: u32| {
        let word = parts.next().unwrap_or_default();
        let digits = word.trim_start_matches("0x");
        let value = u32::from_str_radix(digits, 16).ok();
        value.filter(|&value| value <= most).ok_or_else(|| {
            let column = before + text.find(word).unwrap_or(0) + 1;
            let what = format!("'{}' is no {what}: 0 to {most:#x} is right", shown(word));
            Fault::new(Place::Line(line, column), what)
        })
    };
    Ok(Insn {
        code: part("code", u16::MAX.into())? as u16,
        jt: part("jump", u8::MAX.into())? as u8,
        jf: part("jump", u8::MAX.into())? as u8,
        k: part("constant", u32::MAX)?,
    })
}
