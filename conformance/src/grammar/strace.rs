//! Reads strace's text, as `strace -f -o FILE -e raw=all -e quiet=none` writes it.
//!
//! Without `-e raw=all` the text is the decoded one: an argument that is not a plain number is then
//! a word of which nothing is known. The judge compares the words of bare numbers only.

use std::collections::HashMap;

use everycall_arch::{AbiId, table};

use super::lexer::split;
use super::{Reading, number};
use crate::observe::{Output, Seen, SeenResult};

/// Reads a whole output.
pub(super) fn read(output: &[u8], reading: Reading) -> Output {
    let mut reader = Reader::new(reading);
    for line in String::from_utf8_lossy(output).lines() {
        if !line.trim().is_empty() {
            reader.line(line);
        }
    }
    reader.output
}

/// A call whose end has not been read yet.
struct Pending {
    /// Where it stands in the output.
    at: usize,
    /// What was printed of it.
    text: String,
}

struct Reader {
    reading: Reading,
    output: Output,
    /// By thread: the call that it is inside of.
    pending: HashMap<Option<i32>, Pending>,
    /// By thread: the ABI that a mode line told.
    modes: HashMap<Option<i32>, AbiId>,
    /// The ABI of a thread of which no mode line told any. strace lets a new thread begin with the ABI
    /// that it looked at last, of whichever thread: once there are two, it is not known.
    mode: Option<AbiId>,
    /// The first thread: it begins with the start's.
    first: Option<Option<i32>>,
}

impl Reader {
    fn new(reading: Reading) -> Reader {
        Reader {
            mode: reading.start,
            reading,
            output: Output::default(),
            pending: HashMap::new(),
            modes: HashMap::new(),
            first: None,
        }
    }

    fn line(&mut self, line: &str) {
        let (tid, body) = prefix(line);
        self.first.get_or_insert(tid);
        let is_note = |note: &String| body.starts_with(note.as_str());
        let known = if body.starts_with("--- ") || self.reading.notes.iter().any(is_note) {
            true
        } else if let Some(note) = body.strip_prefix("+++ ") {
            self.ended(tid, note);
            note.ends_with("+++")
        } else if body.starts_with("[ ") {
            self.mode_line(tid, body)
        } else if let Some(rest) = body.strip_prefix("<... ") {
            self.resumed(tid, rest, line)
        } else {
            self.call(tid, body, line)
        };
        if !known {
            self.output.unreadable.push(line.to_owned());
        }
    }

    /// `exited with 0 +++`, or `superseded by execve in pid 12 +++`: from now on that one has this id.
    fn ended(&mut self, tid: Option<i32>, note: &str) {
        let heir = note
            .strip_prefix("superseded by execve in pid ")
            .and_then(|rest| rest.strip_suffix(" +++")?.parse().ok());
        match heir {
            // Its execve may have been given this id already.
            Some(heir) => {
                if let Some(pending) = self.pending.remove(&Some(heir)) {
                    self.pending.insert(tid, pending);
                }
                if let Some(mode) = self.modes.remove(&Some(heir)) {
                    self.modes.insert(tid, mode);
                }
            }
            // Whatever the thread was inside of, it will not come back from.
            None => drop(self.pending.remove(&tid)),
        }
    }

    /// `[ Process PID=1 runs in 32 bit mode. ]`.
    fn mode_line(&mut self, tid: Option<i32>, body: &str) -> bool {
        let Some((_, mode)) = body.split_once("runs in ") else {
            return false;
        };
        let arm = matches!(self.reading.machine, AbiId::Aarch64 | AbiId::Arm);
        let abi = match (mode.trim_end_matches([' ', ']', '.']), arm) {
            ("32 bit mode", false) => AbiId::I386,
            ("64 bit mode", false) => AbiId::X86_64,
            ("x32 mode", false) => AbiId::X32,
            ("32 bit mode", true) => AbiId::Arm,
            ("64 bit mode", true) => AbiId::Aarch64,
            _ => return false,
        };
        if let Some(start) = self.reading.start {
            // The first thread's own calls stay what they are.
            let first = *self.first.get_or_insert(tid);
            self.modes.entry(first).or_insert(start);
        }
        self.modes.insert(tid, abi);
        self.mode = None;
        true
    }

    /// A line that begins a call, and may end it as well.
    fn call(&mut self, tid: Option<i32>, body: &str, line: &str) -> bool {
        if let Some(text) = body.strip_suffix("<unfinished ...>") {
            let Some(seen) = self.parse(tid, text, line) else {
                return false;
            };
            self.begin(tid, seen, text);
            return true;
        }
        if let Some((text, new)) = pid_changed(body) {
            let Some(seen) = self.parse(tid, text, line) else {
                return false;
            };
            // The leader's own call, if it was inside one, has no end from here on.
            self.begin(Some(new), seen, text);
            return true;
        }
        let Some(seen) = self.parse(tid, body, line) else {
            return false;
        };
        self.output.calls.push(seen);
        true
    }

    fn begin(&mut self, tid: Option<i32>, seen: Seen, text: &str) {
        let at = self.output.calls.len();
        self.output.calls.push(seen);
        let text = text.to_owned();
        self.pending.insert(tid, Pending { at, text });
    }

    /// `<... read resumed>"abc", 3) = 3`.
    fn resumed(&mut self, tid: Option<i32>, rest: &str, line: &str) -> bool {
        let Some((_, tail)) = rest.split_once(" resumed>") else {
            return false;
        };
        let Some(pending) = self.pending.remove(&tid) else {
            return false;
        };
        let text = format!("{}{tail}", pending.text);
        if let Some(more) = text.strip_suffix("<unfinished ...>") {
            let text = more.to_owned();
            let at = pending.at;
            self.pending.insert(tid, Pending { at, text });
            return true;
        }
        let whole = format!("{line} (begun as: {})", pending.text.trim_end());
        let Some(mut seen) = self.parse(tid, &text, &whole) else {
            return false;
        };
        let Some(slot) = self.output.calls.get_mut(pending.at) else {
            return false;
        };
        // The ABI is that of the entry: an execve may have changed it since.
        seen.abi = slot.abi;
        *slot = seen;
        true
    }

    /// `name(1, 2) = 3`; the closing parenthesis and the result may be absent.
    fn parse(&self, tid: Option<i32>, text: &str, line: &str) -> Option<Seen> {
        let (name, rest) = text.split_once('(')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '?' | '#');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let (args, result) = match split(rest) {
            Some(split) => (split.args, split.rest.trim()),
            None => (open_args(rest)?, ""),
        };
        let (result, raw_result) = parse_result(result)?;
        let (nr, name) = parse_name(name);
        let raw = self.reading.raw;
        let texts = args.iter().map(|arg| arg.trim().to_owned());
        Some(Seen {
            texts: if raw { Vec::new() } else { texts.collect() },
            tid,
            abi: self.modes.get(&tid).copied().or(self.mode),
            nr,
            name,
            words: args.iter().map(|arg| number::word(arg, raw)).collect(),
            raw,
            result,
            raw_result,
            args: None,
            line: line.to_owned(),
        })
    }
}

/// The thread that a line is of, and the line without it: `12 rest`, `[pid 12] rest`, `[12] rest`.
fn prefix(line: &str) -> (Option<i32>, &str) {
    let trimmed = line.trim_start();
    if let Some((pid, rest)) = trimmed
        .strip_prefix("[pid")
        .or_else(|| trimmed.strip_prefix('['))
        .and_then(|rest| rest.split_once(']'))
        && let Ok(pid) = pid.trim().parse()
    {
        return (Some(pid), rest.trim_start());
    }
    match trimmed.split_once(' ') {
        Some((pid, rest)) if pid.bytes().all(|b| b.is_ascii_digit()) => match pid.parse() {
            Ok(pid) => (Some(pid), rest.trim_start()),
            Err(_) => (None, trimmed),
        },
        _ => (None, trimmed),
    }
}

/// `execve(1, 2, 3 <pid changed to 12 ...>`.
fn pid_changed(body: &str) -> Option<(&str, i32)> {
    let (text, note) = body
        .strip_suffix(" ...>")?
        .rsplit_once("<pid changed to ")?;
    Some((text, note.parse().ok()?))
}

/// The arguments of a call whose end is not printed, which must say so itself.
fn open_args(rest: &str) -> Option<Vec<&str>> {
    let rest = rest.trim_end();
    // `<detached ...>`, `<ptrace(SYSCALL):No such process>`.
    let rest = match rest.rsplit_once('<') {
        Some((before, note)) if note.ends_with('>') => before.trim_end(),
        _ => rest,
    };
    let rest = rest.strip_suffix(',').unwrap_or(rest);
    if rest.contains(['(', '"', '{', '[']) {
        // Cut inside something: its commas are not to be trusted.
        return Some(Vec::new());
    }
    Some(if rest.is_empty() {
        Vec::new()
    } else {
        rest.split(',').collect()
    })
}

/// The number in `syscall_0x150` and `sys_336`, or the name; `????` is neither. `uselib#64` is both: x32's
/// number of a call that only x86-64 has.
fn parse_name(name: &str) -> (Option<u32>, Option<String>) {
    let only_64 = name.strip_suffix("#64");
    if let Some(call) = only_64.and_then(|name| table::by_name(AbiId::X86_64, name)) {
        let nr = call.nr | AbiId::X32.abi().nr_base;
        return (Some(nr), Some(name.to_owned()));
    }
    let digits = ["syscall_", "sys_", "unknown_"]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    // A tracer may widen the number with its sign: the kernel looks at the low half.
    match number::parse(digits) {
        Some(nr) => (Some(nr as u32), None),
        None if name.starts_with('?') => (None, None),
        None => (None, Some(name.to_owned())),
    }
}

/// What follows the closing parenthesis: `= 3`, `= -1 ENOENT (...)`, `= ?`, or nothing.
fn parse_result(text: &str) -> Option<(SeenResult, Option<i64>)> {
    if text.is_empty() || text.starts_with('<') {
        return Some((SeenResult::None, None));
    }
    let mut tokens = text.strip_prefix('=')?.split_whitespace();
    let first = tokens.next()?;
    let second = tokens.next().unwrap_or("");
    let named = second.len() > 1
        && second.starts_with('E')
        && second
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    match first {
        "?" if named => Some((SeenResult::Error(second.to_owned()), None)),
        "?" => Some((SeenResult::None, None)),
        _ if first.starts_with('<') => Some((SeenResult::None, None)),
        "-1" if named => Some((SeenResult::Error(second.to_owned()), None)),
        "-1" if second == "(errno" => {
            let errno = tokens.next()?.strip_suffix(')')?;
            number::parse(errno)?;
            Some((SeenResult::Error(errno.to_owned()), None))
        }
        _ => {
            // `3</dev/null>` when descriptors are named.
            let digits = first.split('<').next().unwrap_or(first);
            Some((SeenResult::Value(number::parse(digits)?), None))
        }
    }
}

#[cfg(test)]
#[path = "strace_tests.rs"]
mod tests;
