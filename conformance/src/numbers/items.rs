//! Which numbers are called: all that are known, all that are not and lie between or behind them, and
//! the edges.

use std::ops::RangeInclusive;

use everycall_arch::table::Syscall;
use everycall_arch::{AbiId, table};

use super::forms::{self, Form};
use crate::probe::{Target, Via};

/// How many numbers behind the last one of a table are called.
const BEYOND: u32 = 64;
/// What stands in the upper half of the number register where the kernel must not look.
const GARBAGE: u64 = 0xdead_beef_0000_0000;

/// Tables whose numbers lie further apart than this have a gap that nobody goes through whole.
const APART: u32 = 4096;

/// Something to call, and in which kind of program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    /// The ABI of the calls.
    pub(super) abi: AbiId,
    /// The program.
    pub(super) target: Target,
    /// The instruction.
    pub(super) via: Via,
    /// What the names of its cases begin with.
    pub(super) prefix: &'static str,
    /// Which numbers.
    extent: Extent,
}

impl Gate {
    /// Whether all numbers of the ABI go through it.
    pub(super) fn is_whole(self) -> bool {
        self.extent == Extent::Whole
    }
}

/// Which numbers of an ABI go through a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of them.
    Whole,
    /// Those where the instruction might matter: a few of each kind. To the kernel there is one entry for
    /// them all.
    Few,
}

/// How the calls of an ABI are made.
pub(super) fn gates(abi: AbiId) -> Vec<Gate> {
    use Extent::{Few, Whole};
    let gate = |target, via, prefix, extent| Gate {
        abi,
        target,
        via,
        prefix,
        extent,
    };
    match abi {
        AbiId::X86_64 | AbiId::X32 => vec![gate(Target::X86_64, Via::Syscall, "", Whole)],
        AbiId::I386 => vec![
            gate(Target::I386, Via::Int80, "", Whole),
            gate(Target::X86_64, Via::Int80, "int80-", Whole),
        ],
        AbiId::Aarch64 => vec![
            gate(Target::Aarch64, Via::A64, "", Whole),
            gate(Target::Aarch64, Via::A64Immediate, "imm-", Few),
        ],
        AbiId::Arm => vec![
            gate(Target::Arm, Via::A32, "", Whole),
            gate(Target::Arm, Via::A32Immediate, "imm-", Few),
            gate(Target::Arm, Via::T32, "thumb-", Few),
            gate(Target::Arm, Via::T32Immediate, "thumb-imm-", Few),
        ],
    }
}

/// One number of one ABI, by one gate.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The beginning of its cases' names: `openat`, `hole-336`, `int80-edge-0x7fffffff`.
    pub(super) label: String,
    /// By what.
    pub(super) gate: Gate,
    /// The number register, all of it.
    pub(super) nr: u64,
    /// The name, when a table knows the number.
    pub(super) name: Option<&'static str>,
    /// How the call is made.
    pub(super) form: Form,
    /// Whether its words or its result differ from run to run.
    pub(super) volatile: bool,
}

/// Every item of an ABI by a gate, in the order of their numbers.
pub(super) fn items(gate: Gate) -> Vec<Item> {
    let abi = gate.abi;
    let item = |label: String, nr: u64| Item::new(gate, &label, nr);
    let mut items = Vec::new();
    for part in parts(abi) {
        let (first, last) = (*part.start(), *part.end());
        items.extend(
            (first..=last.saturating_add(BEYOND)).map(|nr| match table::by_nr(abi, nr) {
                Some(call) => item(call.name.to_owned(), nr.into()),
                None if nr < last => item(format!("hole-{}", index(nr)), nr.into()),
                None => item(format!("beyond-{}", index(nr)), nr.into()),
            }),
        );
    }
    let last = table::all(abi).last().map_or(0, |call| call.nr);
    let edges = edges(gate, last).into_iter();
    items.extend(edges.map(|nr| item(format!("edge-{nr:#x}"), nr)));
    if gate.extent == Extent::Few {
        items.retain(Item::is_of_few);
    }
    if is_wide(gate.target) {
        let hole = items.iter().find(|item| item.name.is_none());
        let names = ["getpid", "openat"];
        let known = names.iter().filter_map(|name| table::by_name(abi, name));
        let known = known.map(|call| (call.name.to_owned(), u64::from(call.nr)));
        let hole = hole.map(|hole| {
            let label = hole.label.strip_prefix(gate.prefix);
            (label.unwrap_or(&hole.label).to_owned(), hole.nr)
        });
        let dirty = known
            .chain(hole)
            .map(|(label, nr)| item(format!("upper-garbage-{label}"), GARBAGE | nr))
            .collect::<Vec<Item>>();
        items.extend(dirty);
    }
    items
}

/// From the first number to the last of each part of a table.
fn parts(abi: AbiId) -> Vec<RangeInclusive<u32>> {
    let mut parts: Vec<RangeInclusive<u32>> = Vec::new();
    for call in table::all(abi) {
        match parts.last_mut() {
            Some(part) if call.nr - part.end() < APART => *part = *part.start()..=call.nr,
            _ => parts.push(call.nr..=call.nr),
        }
    }
    parts
}

/// Whether the number register is wider than the numbers are.
fn is_wide(target: Target) -> bool {
    target.abi().abi().word_bits == 64
}

/// A number as a label tells it: without the bit that every number of x32 has.
fn index(nr: u32) -> String {
    match AbiId::of_call(AbiId::X86_64.abi().audit_arch, nr) {
        Some(AbiId::X32) => (nr - AbiId::X32.abi().nr_base).to_string(),
        _ if nr > APART => format!("{nr:#x}"),
        _ => nr.to_string(),
    }
}

/// Numbers where filters and tables go wrong, of this ABI as the kernel sees it.
fn edges(gate: Gate, last: u32) -> Vec<u64> {
    const BIT_30: u64 = 0x4000_0000;
    const BIT_31: u64 = 0x8000_0000;
    let mut edges = match gate.abi {
        // Neither is x32: bit 31 makes the number negative.
        AbiId::X86_64 => vec![
            BIT_30 - 1,
            BIT_31,
            BIT_31 | 39,
            BIT_31 | 257,
            BIT_31 | BIT_30 | 39,
            BIT_31 | u64::from(last),
            u64::from(u32::MAX),
        ],
        AbiId::X32 => vec![BIT_30 | 0x1000, 0x6000_0000, BIT_31 - 1],
        AbiId::I386 => vec![
            BIT_30 - 1,
            BIT_30,
            BIT_30 | 20,
            BIT_31 - 1,
            BIT_31,
            BIT_31 | 20,
            BIT_31 | u64::from(last),
            u64::from(u32::MAX),
        ],
        AbiId::Aarch64 => vec![
            BIT_30 - 1,
            BIT_30 | 172,
            BIT_31 - 1,
            BIT_31,
            BIT_31 | 172,
            BIT_31 | u64::from(last),
            u64::from(u32::MAX),
        ],
        // 0x9000xx are the old ABI's numbers; 0xf07ff is the last private number that is refused with
        // an error, and 0xfffff the last one that is private.
        AbiId::Arm => vec![
            0x90_0014,
            0xe_ffff,
            0xf_0000,
            0xf_07ff,
            0xf_0800,
            0xf_ffff,
            0x10_0000,
            0x10_0014,
            BIT_30 | 20,
            BIT_31 - 1,
            BIT_31,
            BIT_31 | 20,
            u64::from(u32::MAX),
        ],
    };
    if is_wide(gate.target) && gate.abi != AbiId::X32 {
        edges.push(u64::MAX);
    }
    edges
}

impl Item {
    /// The number as the kernel looks at it.
    pub(super) fn low(&self) -> u32 {
        self.gate.via.seen(self.nr).1
    }

    /// Whether it is one of the few: some plain calls, some after which the program goes on elsewhere, an
    /// unknown number of each kind, ARM's own numbers, and the edges.
    fn is_of_few(&self) -> bool {
        const KNOWN: [&str; 6] = ["clone", "getpid", "openat", "read", "rt_sigreturn", "vfork"];
        let nr = self.low();
        let first = |is: fn(&Syscall, &Syscall) -> bool| {
            let gaps = table::all(self.gate.abi).windows(2);
            let gap = gaps
                .filter(|pair| is(&pair[0], &pair[1]))
                .map(|pair| pair[0].nr + 1);
            gap.min() == Some(nr)
        };
        match self.name {
            Some(name) => KNOWN.contains(&name) || nr > APART,
            None => {
                self.label.contains("edge-")
                    || first(|low, high| (2..APART).contains(&(high.nr - low.nr)))
                    || first(|low, high| high.nr - low.nr >= APART)
            }
        }
    }

    fn new(gate: Gate, label: &str, nr: u64) -> Item {
        let (abi, low) = gate.via.seen(nr);
        let name = table::by_nr(abi, low).map(|call| call.name);
        let row = name.and_then(forms::of);
        let form = row.map_or_else(|| forms::of_number(abi, low), |row| row.form);
        Item {
            label: format!("{}{label}", gate.prefix),
            gate,
            nr,
            name,
            form,
            volatile: row.is_some_and(|row| row.volatile),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_of_every_table_is_called_once() {
        for abi in AbiId::ALL {
            for gate in gates(abi)
                .into_iter()
                .filter(|gate| gate.extent == Extent::Whole)
            {
                let items = items(gate);
                for call in table::all(abi) {
                    let nr = u64::from(call.nr);
                    let found: Vec<&Item> = items.iter().filter(|item| item.nr == nr).collect();
                    assert_eq!(found.len(), 1, "{abi:?} {}", call.name);
                    assert_eq!(found[0].name, Some(call.name));
                }
            }
        }
    }

    #[test]
    fn labels_are_distinct_and_the_kernel_sees_the_abi() {
        for abi in AbiId::ALL {
            let mut labels = BTreeSet::new();
            for gate in gates(abi) {
                for item in items(gate) {
                    assert!(labels.insert(item.label.clone()), "{} twice", item.label);
                    assert_eq!(item.gate.via.seen(item.nr).0, abi, "{}", item.label);
                }
            }
        }
    }

    #[test]
    fn holes_ends_and_edges_are_there() {
        let labels = |abi| -> BTreeSet<String> {
            let items = gates(abi).into_iter().flat_map(items);
            items.map(|item| item.label).collect()
        };
        for (abi, expected) in [
            (
                AbiId::X86_64,
                "hole-337 edge-0x3fffffff edge-0x80000027 edge-0xffffffff",
            ),
            (
                AbiId::X86_64,
                "edge-0xffffffffffffffff upper-garbage-getpid",
            ),
            (
                AbiId::X32,
                "hole-13 beyond-548 edge-0x7fffffff upper-garbage-openat",
            ),
            (
                AbiId::I386,
                "hole-222 int80-hole-222 edge-0xffffffff int80-openat",
            ),
            (
                AbiId::I386,
                "int80-upper-garbage-getpid edge-0x80000014 edge-0x40000014",
            ),
            (
                AbiId::Aarch64,
                "hole-244 imm-getpid imm-hole-244 edge-0xffffffffffffffff upper-garbage-openat",
            ),
            (
                AbiId::Arm,
                "hole-7 thumb-imm-hole-7 edge-0xf0000 breakpoint beyond-0xf0007 edge-0xf0800",
            ),
            (AbiId::Arm, "imm-vfork thumb-rt_sigreturn thumb-breakpoint"),
        ] {
            let labels = labels(abi);
            for label in expected.split(' ') {
                assert!(labels.contains(label), "{abi:?} has no {label}");
            }
        }
    }
}
