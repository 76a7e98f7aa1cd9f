//! One call of the ledger against one line of the output.

use everycall_arch::{AbiId, Ret, table};

use super::{prototypes, text};
use crate::ledger::Made;
use crate::observe::{Seen, SeenArg, SeenResult, SeenWord};

/// The score of a line that is this call in every respect.
pub(super) const BEST: u32 = 7;

/// How well a line fits a call: 0 when it is another call, by number, name or ABI.
pub(super) fn score(call: &Made, line: &Seen) -> u32 {
    if !same_call(call, line) {
        return 0;
    }
    4 + if words(call, line).is_none() { 2 } else { 0 } + u32::from(result(call, line).is_none())
}

/// Whether the words alone tell that the line is this call: all six, or several of them that are not zero.
pub(super) fn words_tell(call: &Made, line: &Seen) -> bool {
    let telling = line
        .words
        .iter()
        .flatten()
        .filter(|word| word.value != 0)
        .count();
    line.raw && telling >= 2 && line.words.len() <= 6 && words(call, line).is_none()
}

/// Whether the line shows a call by its bare number, honestly: the tracer has no name for it.
pub(super) fn is_bare(line: &Seen) -> bool {
    line.name.is_none() && line.nr.is_some()
}

/// What is wrong with a line that is this call; `None` when it is right.
pub(super) fn difference(call: &Made, line: &Seen) -> Option<String> {
    let wrong: Vec<String> = [
        abi(call, line),
        number(call, line),
        name(call, line),
        words(call, line),
        result(call, line),
        arguments(call, line),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// By its number where the line has one, else by its name.
pub(super) fn same_call(call: &Made, line: &Seen) -> bool {
    let named = line.nr.is_some() || line.name.is_some();
    let right_name = line.nr.is_some() || name(call, line).is_none();
    named && abi(call, line).is_none() && number(call, line).is_none() && right_name
}

fn abi(call: &Made, line: &Seen) -> Option<String> {
    let wrong = line.abi.filter(|abi| *abi != call.abi)?;
    (!of_two_minds(call, wrong)).then(|| format!("shown as a call of {}", wrong.name()))
}

/// A negative number with bit 30 is one of x86-64 that nothing implements to the kernel's dispatch
/// (`do_syscall_x32`), and one of x32 to the rest of it (`in_x32_syscall`).
fn of_two_minds(call: &Made, shown: AbiId) -> bool {
    const BOTH_BITS: u32 = 0xc000_0000;
    let either = [AbiId::X86_64, AbiId::X32];
    call.nr as u32 >= BOTH_BITS && either.contains(&call.abi) && either.contains(&shown)
}

fn number(call: &Made, line: &Seen) -> Option<String> {
    let wrong = line.nr.filter(|nr| *nr != call.nr as u32)?;
    Some(format!("shown with the number {wrong} ({wrong:#x})"))
}

/// A name is right when the tables have it for this call. A tracer may know a number that they do
/// not know, though not by a name that is another's; and it may show a number where it has no name.
fn name(call: &Made, line: &Seen) -> Option<String> {
    let shown = line.name.as_deref()?;
    let right = match table::by_nr(call.abi, call.nr as u32) {
        Some(known) => shown == known.name || known.aliases.contains(&shown),
        None => table::by_name(call.abi, shown).is_none(),
    };
    (!right).then(|| format!("shown by the name {shown}"))
}

/// A decoded text joins words, leaves some out, turns them round, prints flags and a mode as one: of such a
/// line only a bare number's words are compared, which no tracer can decode.
fn words(call: &Made, line: &Seen) -> Option<String> {
    if !line.raw && !is_bare(line) {
        return None;
    }
    let needs_all = line.raw && (line.name.is_none() || line.args.is_some());
    if needs_all && line.words.len() != 6 {
        return Some(format!("{} words of 6", line.words.len()));
    }
    if line.words.len() > 6 {
        return line
            .raw
            .then(|| format!("{} words, where a call has 6", line.words.len()));
    }
    let own = bits(call, line);
    let wrong = |set: u64, word: Option<SeenWord>| match word {
        Some(word) => (word.value ^ set) & own & text::low(word.bits) != 0,
        // A raw line owes a number for every word.
        None => line.raw,
    };
    let pairs = || call.words.iter().zip(&line.words);
    let at = pairs().position(|(set, word)| wrong(*set, *word))?;
    let (set, word) = pairs().nth(at)?;
    Some(match word {
        Some(word) => format!(
            "word {at} is shown as {:#x}, not {:#x}",
            word.value & own,
            set & own
        ),
        None => format!("word {at} is not shown as a number"),
    })
}

/// The bits of a word that a line must show. The kernel's entry points of x32's own block are compat
/// ones, to which the upper halves do not exist: a text may leave them out.
fn bits(call: &Made, line: &Seen) -> u64 {
    const OWN_BLOCK: std::ops::Range<u32> = 0x4000_0200..0x4000_0224;
    let compat = call.abi == AbiId::X32 && OWN_BLOCK.contains(&(call.nr as u32));
    if compat && line.args.is_none() {
        text::low(32)
    } else {
        text::mask(call.abi)
    }
}

fn result(call: &Made, line: &Seen) -> Option<String> {
    let Some(raw) = call.result else {
        // The probe saw no result: a signal killed it, or its registers are those of another time
        // (`sigreturn`). The tracer may have seen one, except where there can be none.
        let none = matches!(line.result, SeenResult::None) || !never_returns(call);
        return (!none)
            .then(|| format!("shown with {}, but it did not return", shown(&line.result)));
    };
    let value = text::signed(call.abi, raw);
    let right = match (&line.result, text::error_of(value)) {
        (SeenResult::None, _) => false,
        (SeenResult::Error(name), Some(error)) => is_error(name, error),
        (SeenResult::Error(_), None) => false,
        // A raw negative number is honest in a text; JSON lines say what the kernel calls an error.
        (SeenResult::Value(shown), Some(_)) => {
            same_bits(call, *shown, raw) && (line.raw_result.is_none() || never_fails(call))
        }
        (SeenResult::Value(shown), None) => same_bits(call, *shown, raw),
    };
    let right = right
        && line
            .raw_result
            .is_none_or(|r| text::signed(call.abi, r as u64) == value);
    (!right).then(|| {
        format!(
            "its result is shown as {}, not {}",
            shown(&line.result),
            text::result(call.abi, raw)
        )
    })
}

fn shown(result: &SeenResult) -> String {
    match result {
        SeenResult::None => "unknown".into(),
        SeenResult::Error(name) => name.clone(),
        SeenResult::Value(value) => format!("{value:#x}"),
    }
}

fn same_bits(call: &Made, shown: u64, raw: u64) -> bool {
    (shown ^ raw) & text::mask(call.abi) == 0
}

fn is_error(name: &str, error: u32) -> bool {
    everycall_arch::errno::name(error) == Some(name)
        || name.parse() == Ok(error)
        || (error == libc::EOPNOTSUPP as u32 && name == "ENOTSUP")
}

fn never_returns(call: &Made) -> bool {
    table::by_nr(call.abi, call.nr as u32).is_some_and(|known| known.proto.ret == Ret::NoReturn)
}

fn never_fails(call: &Made) -> bool {
    table::by_nr(call.abi, call.nr as u32)
        .is_some_and(|known| matches!(known.proto.ret, Ret::Id | Ret::Mode | Ret::Never))
}

/// Arguments by name, where the output has them: each is made of its words, and their names are
/// those that the kernel itself gives.
fn arguments(call: &Made, line: &Seen) -> Option<String> {
    let args = line.args.as_ref()?;
    if is_bare(line) && args.is_empty() {
        // A tracer that is older than the call has its number and all its words.
        return None;
    }
    if let Some(wrong) = args.iter().find_map(|arg| value(call, arg)) {
        return Some(wrong);
    }
    if !args
        .windows(2)
        .all(|pair| pair[0].words.last() < pair[1].words.first())
    {
        return Some("its arguments' words do not ascend".into());
    }
    let names: Vec<&str> = args.iter().map(|arg| arg.name.as_str()).collect();
    prototypes::difference(call.abi, call.nr as u32, &names)
        .or_else(|| prototypes::widths(call.abi, call.nr as u32, args))
}

/// What is wrong with an argument's value, held against the words that the probe chose.
fn value(call: &Made, arg: &SeenArg) -> Option<String> {
    let mask = text::mask(call.abi);
    let word = |at: u8| call.words.get(usize::from(at)).map(|word| word & mask);
    let joined = match arg.words.as_slice() {
        [one] => word(*one),
        [low, high] if low.checked_add(1) == Some(*high) && call.abi.abi().word_bits == 32 => {
            word(*low)
                .zip(word(*high))
                .map(|(low, high)| low | high << 32)
        }
        _ => None,
    };
    let Some(right) = joined else {
        return Some(format!(
            "argument {} cannot be made of the words {:?}",
            arg.name, arg.words
        ));
    };
    (arg.value != right).then(|| {
        format!(
            "argument {} is shown as {:#x}, but its words {:?} make {right:#x}",
            arg.name, arg.value, arg.words
        )
    })
}
