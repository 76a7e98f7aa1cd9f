//! What numbers and architecture words are called.

use everycall_arch::slots::{Slot, slots};
use everycall_arch::{AbiId, Syscall, table};

use super::set::{Range, Set, Test, View};
use super::{Field, Outcome, Space};
use crate::SeccompData;
use crate::action::Action;

/// `AUDIT_ARCH_*` of linux/audit.h: the ELF machine, and bits for 64 bits and little-endian.
const ARCHES: &[(u32, &str)] = &[
    (0x0000_0002, "sparc"),
    (0x0000_0004, "m68k"),
    (0x0000_0008, "mips"),
    (0x0000_000f, "parisc"),
    (0x0000_0014, "ppc"),
    (0x0000_0016, "s390"),
    (0x0000_0028, "armeb"),
    (0x0000_002a, "sh"),
    (0x0000_005c, "openrisc"),
    (0x0000_005e, "xtensa"),
    (0x4000_0003, "i386"),
    (0x4000_0008, "mipsel"),
    (0x4000_0028, "arm"),
    (0x4000_002a, "shel"),
    (0x4000_00f3, "riscv32"),
    (0x4000_00fc, "csky"),
    (0x4000_0102, "loongarch32"),
    (0x8000_0008, "mips64"),
    (0x8000_000f, "parisc64"),
    (0x8000_0015, "ppc64"),
    (0x8000_0016, "s390x"),
    (0x8000_002b, "sparc64"),
    (0xa000_0008, "mips64n32"),
    (0xc000_0008, "mipsel64"),
    (0xc000_0015, "ppc64le"),
    (0xc000_0032, "ia64"),
    (0xc000_003e, "x86_64"),
    (0xc000_00b7, "aarch64"),
    (0xc000_00f3, "riscv64"),
    (0xc000_0102, "loongarch64"),
    (0xc000_9026, "alpha"),
    (0xe000_0008, "mipsel64n32"),
];

/// The name of an architecture word.
#[must_use]
pub fn arch_name(word: u32) -> Option<&'static str> {
    let at = ARCHES.binary_search_by_key(&word, |arch| arch.0).ok()?;
    ARCHES.get(at).map(|arch| arch.1)
}

/// The architecture word of a name, in any case, with or without `AUDIT_ARCH_` before it.
#[must_use]
pub fn arch_named(name: &str) -> Option<u32> {
    let lower = name.to_ascii_lowercase();
    let name = lower.strip_prefix("audit_arch_").unwrap_or(&lower);
    let found = ARCHES.iter().find(|arch| arch.1 == name);
    found.map(|arch| arch.0)
}

/// The architecture words that have names.
pub fn arch_words() -> impl Iterator<Item = u32> {
    ARCHES.iter().map(|arch| arch.0)
}

/// Numbers of a region, with the calls that they are.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// A call of the table.
    Call(&'static Syscall),
    /// Numbers that the table does not have, from the first to the last.
    Unknown(u32, u32),
    /// Numbers that are told by a condition.
    When(Test),
}

/// Numbers as they are.
const NUMBERS: View = View {
    bits: 32,
    signed: false,
};

/// The numbers of a region in ascending order; those that are told by a condition first, then the calls among them.
#[must_use]
pub fn numbers(space: &Space, test: &Test) -> Vec<Numbers> {
    let calls: &[Syscall] = match space {
        Space::Abi(id) => table::all(*id),
        Space::Others(_) => &[],
    };
    match (&test.set, test.negated) {
        (Set::Ranges(view, ranges), false) if *view == NUMBERS => {
            let mut found = Vec::new();
            for range in ranges {
                in_range(calls, range, &mut found);
            }
            found
        }
        _ => {
            let holds = |call: &&Syscall| test.holds(call.nr.into()) == Some(true);
            let calls = calls.iter().filter(holds).map(Numbers::Call);
            std::iter::once(Numbers::When(test.clone()))
                .chain(calls)
                .collect()
        }
    }
}

/// Adds the numbers of one range.
fn in_range(calls: &'static [Syscall], range: &Range, found: &mut Vec<Numbers>) {
    let mut next = range.low;
    let first = calls.partition_point(|call| i128::from(call.nr) < range.low);
    let inside = calls
        .iter()
        .skip(first)
        .take_while(|call| i128::from(call.nr) <= range.high);
    for call in inside {
        let nr = i128::from(call.nr);
        if next < nr {
            found.push(Numbers::Unknown(next as u32, (nr - 1) as u32));
        }
        found.push(Numbers::Call(call));
        next = nr + 1;
    }
    if next <= range.high {
        found.push(Numbers::Unknown(next as u32, range.high as u32));
    }
}

/// What a word of a call is, by the prototype: the name of the argument that it is all or half of.
#[must_use]
pub fn argument_name(call: &Syscall, word: u8) -> Option<&'static str> {
    let slots = slots(call.abi, call.proto);
    let has = |slot: &Slot| (slot.first..slot.first + slot.words).contains(&word);
    let at = slots.iter().position(has)?;
    call.proto.args.get(at).map(|arg| arg.name)
}

/// What a space is called.
#[must_use]
pub fn space_name(space: &Space) -> String {
    match space {
        Space::Abi(id) => id.name().to_owned(),
        Space::Others(test) => match &test.set {
            Set::Ranges(_, ranges) if !test.negated => arches(ranges),
            _ => format!("other architectures: {test}"),
        },
    }
}

/// What a list of architecture words is called that has none of those that are ABIs of ours.
fn arches(ranges: &[Range]) -> String {
    let single = |range: &Range| (range.low == range.high).then_some(range.low as u32);
    let words: Vec<u32> = ranges.iter().filter_map(single).collect();
    if words.len() == ranges.len() && words.len() <= 8 {
        let names: Vec<String> = words
            .iter()
            .map(|&word| match arch_name(word) {
                Some(name) => name.to_owned(),
                None => format!("architecture {word:#010x}"),
            })
            .collect();
        return names.join(", ");
    }
    let count: i128 = ranges.iter().map(|range| range.high - range.low + 1).sum();
    match count > 1 << 31 {
        true => "all other architectures".to_owned(),
        false => format!("{count} other architecture words"),
    }
}

/// A number, as it is easier to read: small ones in decimal.
pub(super) fn number(value: impl Into<i128>) -> String {
    let value = value.into();
    if value.unsigned_abs() < 1 << 16 {
        value.to_string()
    } else if value < 0 {
        format!("-{:#x}", value.unsigned_abs())
    } else {
        format!("{value:#x}")
    }
}

/// What a call is called: `execve (59) of x86_64`, `number 999 of x86_64`.
#[must_use]
pub fn call_name(data: &SeccompData) -> String {
    let abi = AbiId::of_call(data.arch, data.nr);
    let place = match (abi, arch_name(data.arch)) {
        (Some(abi), _) => abi.name().to_owned(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => format!("architecture {:#010x}", data.arch),
    };
    let nr = number(data.nr);
    match abi.and_then(|abi| table::by_nr(abi, data.nr)) {
        Some(call) => format!("{} ({nr}) of {place}", call.name),
        None => format!("number {nr} of {place}"),
    }
}

/// The words of a call that are not zero: ` with arg1 = 0x5`; nothing where all are.
#[must_use]
pub fn words_told(data: &SeccompData) -> String {
    let fields = Field::ALL.iter().skip(2);
    let told: Vec<String> = fields
        .map(|field| (field.name(), field.of(data)))
        .filter(|&(_, value)| value != 0)
        .map(|(name, value)| format!("{name} = {value:#x}"))
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" with {}", told.join(", ")),
    }
}

/// What an outcome is called; an error with its name.
#[must_use]
pub fn outcome_name(outcome: Outcome) -> String {
    match outcome {
        Outcome::Action(Action::Errno(errno)) => match everycall_arch::errno::name(errno.into()) {
            Some(name) => format!("ERRNO({name})"),
            None => format!("ERRNO({errno})"),
        },
        Outcome::Action(action) => action.to_string(),
        Outcome::Undecided(at) => format!(
            "undecided (filter {}, instruction {}, by what {} computes)",
            at.filter, at.pc, at.origin
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_in_order_and_ours_agree() {
        assert!(ARCHES.is_sorted_by_key(|arch| arch.0));
        for id in AbiId::ALL.into_iter().filter(|&id| id != AbiId::X32) {
            assert_eq!(arch_name(id.abi().audit_arch), Some(id.name()));
        }
    }

    #[test]
    fn words_are_called_as_the_prototype_says() {
        let name = |abi, call, word| argument_name(table::by_name(abi, call).unwrap(), word);
        assert_eq!(name(AbiId::X86_64, "openat", 2), Some("flags"));
        assert_eq!(name(AbiId::X86_64, "openat", 4), None);
        // A file offset is two words there.
        let offset = name(AbiId::X86_64, "pread64", 3);
        assert!(offset.is_some());
        assert_eq!(name(AbiId::I386, "pread64", 3), offset);
        assert_eq!(name(AbiId::I386, "pread64", 4), offset);
    }

    #[test]
    fn numbers_are_calls_or_unknown_and_none_is_left_out() {
        let space = Space::Abi(AbiId::X86_64);
        let told = |low, high| numbers(&space, &Test::within(Field::Nr, low, high));
        let name = |numbers: &Numbers| match numbers {
            Numbers::Call(call) => call.name.to_owned(),
            Numbers::Unknown(low, high) => format!("{low}-{high}"),
            Numbers::When(test) => test.to_string(),
        };
        let names: Vec<String> = told(332, 426).iter().map(name).collect();
        assert_eq!(
            names,
            [
                "statx",
                "io_pgetevents",
                "rseq",
                "uretprobe",
                "uprobe",
                "337-423",
                "pidfd_send_signal",
                "io_uring_setup",
                "io_uring_enter"
            ]
        );
        let count = |numbers: &Numbers| match numbers {
            Numbers::Unknown(low, high) => u64::from(high - low) + 1,
            _ => 1,
        };
        assert_eq!(
            told(0, u32::MAX.into()).iter().map(count).sum::<u64>(),
            1 << 32
        );
        let odd = numbers(&space, &Test::masked(Field::Nr, 1, 1));
        assert_eq!(name(&odd[0]), "nr & 0x1 == 0x1");
        assert_eq!(name(&odd[1]), "write");
    }
}
