//! How the judge says things.

use everycall_arch::{AbiId, errno, table};

use crate::ledger::Made;
use crate::observe::End;

/// A call of the ledger: `x86_64 openat (257): 0x1, ... = -14 EFAULT`.
pub(super) fn made(call: &Made) -> String {
    let words: Vec<String> = call
        .words
        .iter()
        .map(|word| format!("{:#x}", word & mask(call.abi)))
        .collect();
    let result = match call.result {
        None => "does not return".to_owned(),
        Some(raw) => result(call.abi, raw),
    };
    format!("{}({}) = {result}", name(call), words.join(", "))
}

/// The call's ABI, name and number: `i386 getpid (20)`, `x86_64 number 336`.
pub(super) fn name(call: &Made) -> String {
    let abi = call.abi.name();
    let nr = call.nr as u32;
    let high = if call.nr >> 32 == 0 {
        String::new()
    } else {
        format!(", set as {:#x}", call.nr)
    };
    match table::by_nr(call.abi, nr) {
        Some(known) => format!("{abi} {} ({nr}{high})", known.name),
        None => format!("{abi} number {nr} ({nr:#x}{high})"),
    }
}

/// A result register, with the error's name when it is one.
pub(super) fn result(abi: AbiId, raw: u64) -> String {
    let value = signed(abi, raw);
    match error_of(value) {
        Some(error) => format!("{value} {}", errno::name(error).unwrap_or("(no name)")),
        None => format!("{:#x}", raw & mask(abi)),
    }
}

/// The error number in a result, if it is in the range that the kernel keeps for errors.
pub(super) fn error_of(value: i64) -> Option<u32> {
    (-4095..0)
        .contains(&value)
        .then(|| value.unsigned_abs() as u32)
}

/// A result register as the signed number that the kernel put there.
pub(super) fn signed(abi: AbiId, raw: u64) -> i64 {
    match abi.abi().word_bits {
        32 => i64::from(raw as u32 as i32),
        _ => raw as i64,
    }
}

/// The bits of a word that exist in the ABI.
pub(super) fn mask(abi: AbiId) -> u64 {
    low(abi.abi().word_bits)
}

/// A mask of this many low bits.
pub(super) fn low(bits: u32) -> u64 {
    1_u64.checked_shl(bits).map_or(u64::MAX, |bit| bit - 1)
}

/// The first few of some lines, and how many more there are.
pub(super) fn some(lines: &[String]) -> String {
    let shown: Vec<String> = lines.iter().take(3).map(|line| short(line)).collect();
    match lines.len().saturating_sub(3) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// A line cut to what a report can bear.
pub(super) fn short(line: &str) -> String {
    const MOST: usize = 1000;
    let line = line.trim();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}

/// What a program said on standard error, as the end of a sentence.
pub(super) fn said(stderr: &str) -> String {
    let lines: Vec<String> = stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("; it says: {}", some(&lines))
    }
}

/// Whether a tracer's end repeats that of its tracee: the same, or a shell's way to say a signal.
pub(super) fn same_end(tracee: End, tracer: End) -> bool {
    match (tracee, tracer) {
        (End::Killed(signal), End::Exited(status)) => status == 128 + signal,
        _ => tracee == tracer,
    }
}
