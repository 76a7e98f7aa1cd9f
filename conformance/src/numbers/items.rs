//! Which numbers are called: all that are known, all that are not and lie between or behind them, and
//! the edges.

use everycall_arch::{AbiId, table};

use super::forms::{self, Form};
use crate::probe::{Target, Via};

/// How many numbers behind the last one of a table are called.
const BEYOND: u32 = 64;
/// What stands in the upper half of the number register where the kernel must not look.
const GARBAGE: u64 = 0xdead_beef_0000_0000;

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
}

/// How the calls of an ABI are made on this kind of machine.
pub(super) fn gates(abi: AbiId) -> Vec<Gate> {
    let gate = |target, via, prefix| Gate {
        abi,
        target,
        via,
        prefix,
    };
    match abi {
        AbiId::X86_64 | AbiId::X32 => vec![gate(Target::X86_64, Via::Syscall, "")],
        AbiId::I386 => vec![
            gate(Target::I386, Via::Int80, ""),
            gate(Target::X86_64, Via::Int80, "int80-"),
        ],
        AbiId::Aarch64 | AbiId::Arm => Vec::new(),
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
    let table = table::all(abi);
    let (Some(first), Some(last)) = (table.first(), table.last()) else {
        return Vec::new();
    };
    let item = |label: String, nr: u64| Item::new(gate, &label, nr);
    let mut items: Vec<Item> = (first.nr..=last.nr.saturating_add(BEYOND))
        .map(|nr| match table::by_nr(abi, nr) {
            Some(call) => item(call.name.to_owned(), nr.into()),
            None if nr < last.nr => item(format!("hole-{}", index(nr)), nr.into()),
            None => item(format!("beyond-{}", index(nr)), nr.into()),
        })
        .collect();
    let edges = edges(gate, last.nr).into_iter();
    items.extend(edges.map(|nr| item(format!("edge-{nr:#x}"), nr)));
    if gate.target == Target::X86_64 {
        let hole = (first.nr..last.nr).find(|nr| table::by_nr(abi, *nr).is_none());
        let names = ["getpid", "openat"];
        let known = names.iter().filter_map(|name| table::by_name(abi, name));
        let known = known.map(|call| (call.name.to_owned(), call.nr));
        let hole = hole.map(|nr| (format!("hole-{}", index(nr)), nr));
        let dirty = known
            .chain(hole)
            .map(|(label, nr)| item(format!("upper-garbage-{label}"), GARBAGE | u64::from(nr)));
        items.extend(dirty);
    }
    items
}

/// A number without the bit that every number of x32 has.
fn index(nr: u32) -> u32 {
    match AbiId::of_call(AbiId::X86_64.abi().audit_arch, nr) {
        Some(AbiId::X32) => nr - AbiId::X32.abi().nr_base,
        _ => nr,
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
        AbiId::Aarch64 | AbiId::Arm => Vec::new(),
    };
    if gate.target == Target::X86_64 && gate.abi != AbiId::X32 {
        edges.push(u64::MAX);
    }
    edges
}

impl Item {
    /// The number as the kernel looks at it.
    pub(super) fn low(&self) -> u32 {
        self.gate.via.seen(self.nr).1
    }

    fn new(gate: Gate, label: &str, nr: u64) -> Item {
        let (abi, low) = gate.via.seen(nr);
        let name = table::by_nr(abi, low).map(|call| call.name);
        let row = name.and_then(forms::of);
        Item {
            label: format!("{}{label}", gate.prefix),
            gate,
            nr,
            name,
            form: row.map_or(Form::Sentinels, |row| row.form),
            volatile: row.is_some_and(|row| row.volatile),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ABIS: [AbiId; 3] = [AbiId::X86_64, AbiId::I386, AbiId::X32];

    #[test]
    fn every_number_of_every_table_is_called_once() {
        for abi in ABIS {
            for gate in gates(abi) {
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
        for abi in ABIS {
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
        ] {
            let labels = labels(abi);
            for label in expected.split(' ') {
                assert!(labels.contains(label), "{abi:?} has no {label}");
            }
        }
    }
}
