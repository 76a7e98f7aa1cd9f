//! Which calls the kernel is asked about: near everything that a filter distinguishes, and all numbers that have names.

use std::collections::BTreeSet;

use everycall_arch::{AbiId, table};

use super::native;
use crate::Program;
use crate::insn::{Op, Operand};
use crate::map::{Field, Map, Region, Section, Set, Space, Term, Test, When};

/// A call that the kernel is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// As which ABI's it is made.
    pub abi: AbiId,
    /// Its number.
    pub nr: u32,
    /// Its words. Where words have 32 bits, only that much of them is there.
    pub args: [u64; 6],
}

/// The calls that the kernel is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub probes: Vec<Probe>,
}

/// Numbers that are the kernel's own exceptions: it does not ask filters about `uretprobe` and `uprobe`.
pub(super) const EXEMPT: [u32; 2] = [335, 336];

/// As many values are tried of one word.
const VALUES: usize = 64;

impl Plan {
    /// At most `limit` calls, the same ones each time, of the ABIs whose calls this program can make: of every region of the map
    /// its limits and its calls, and of every condition the values on both sides of where it changes.
    #[must_use]
    pub fn of(programs: &[Program], map: &Map, limit: usize) -> Plan {
        let mut constants =
            BTreeSet::from([0, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 1 << 31, u32::MAX]);
        for insn in programs.iter().flat_map(|program| program.iter()) {
            if let Some(Op::Branch {
                with: Operand::K(k),
                ..
            }) = insn.op()
            {
                constants.extend([k.wrapping_sub(1), k, k.wrapping_add(1)]);
            }
        }
        // A map too irregular to be told is still one that can be asked.
        let sections = map.sections().unwrap_or_default();
        let mut probes = Vec::new();
        for abi in AbiId::ALL
            .into_iter()
            .filter(|abi| native::door(*abi).is_some())
        {
            let section = sections
                .iter()
                .find(|section| section.space == Space::Abi(abi));
            let of_abi = of_abi(abi, &constants, section);
            probes.extend(of_abi);
        }
        Plan {
            probes: thinned(probes, limit),
        }
    }
}

/// As many of them as there may be, evenly.
fn thinned(probes: Vec<Probe>, limit: usize) -> Vec<Probe> {
    let all = probes.len();
    if all <= limit {
        return probes;
    }
    let kept = |at: usize| at * limit / all != (at + 1) * limit / all;
    let numbered = probes.into_iter().enumerate();
    numbered
        .filter(|(at, _)| kept(*at))
        .map(|(_, probe)| probe)
        .collect()
}

fn of_abi<T>(abi: AbiId, constants: &BTreeSet<u32>, section: Option<&Section<T>>) -> Vec<Probe> {
    let bit = abi.abi().nr_base;
    let named = table::all(abi).iter().map(|call| call.nr);
    let mut numbers: BTreeSet<u32> = named.chain(constants.iter().copied()).collect();
    numbers.extend(constants.iter().map(|k| k | bit));
    let last = numbers
        .iter()
        .rev()
        .find(|nr| table::by_nr(abi, **nr).is_some());
    numbers.extend(last.copied().map(|last| last.wrapping_add(1)));
    // Which ABI a number is of may be a matter of the number itself.
    let arch = abi.abi().audit_arch;
    numbers.retain(|nr| AbiId::of_call(arch, *nr) == Some(abi));
    if abi == AbiId::X86_64 {
        numbers.retain(|nr| !EXEMPT.contains(nr));
    }
    let mut probes = Vec::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for nr in numbers {
        let noise = noise(nr);
        probes.push(Probe {
            abi,
            nr,
            args: noise,
        });
        let regions = section
            .map(|section| section.regions.as_slice())
            .unwrap_or_default();
        let region = regions
            .iter()
            .position(|region| region.numbers.holds(nr.into()) == Some(true));
        let Some((at, region)) = region.and_then(|at| Some((at, regions.get(at)?))) else {
            continue;
        };
        // Of calls that are treated alike one is tried thoroughly.
        let whole = told.insert(at);
        let vectors = vectors(region, noise);
        let some = if whole { vectors.len() } else { 2 };
        probes.extend(
            vectors
                .into_iter()
                .take(some)
                .map(|args| Probe { abi, nr, args }),
        );
    }
    probes
}

/// Words that mean nothing, but are the same each time.
fn noise(seed: u32) -> [u64; 6] {
    let mut state = u64::from(seed);
    std::array::from_fn(|_| {
        // As splitmix64 does.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    })
}

/// Words for which the rules of a region hold, and words for which they just do not.
fn vectors<T>(region: &Region<T>, noise: [u64; 6]) -> Vec<[u64; 6]> {
    let mut vectors = Vec::new();
    for rule in &region.rules {
        match &rule.when {
            When::Any(terms) => terms
                .iter()
                .for_each(|term| of_term(term, noise, &mut vectors)),
            When::Irregular { example } => vectors.push(example.args),
            When::Always | When::Otherwise => {}
        }
    }
    vectors
}

fn of_term(term: &Term, noise: [u64; 6], vectors: &mut Vec<[u64; 6]>) {
    let mut holding = noise;
    for test in term {
        let Field::Arg(word) = test.field else {
            continue;
        };
        let value = values(test)
            .into_iter()
            .find(|value| test.holds(*value) == Some(true));
        let Some(value) = value else { return };
        holding[usize::from(word)] = value;
    }
    vectors.push(holding);
    for test in term {
        let Field::Arg(word) = test.field else {
            continue;
        };
        for value in values(test) {
            let mut args = holding;
            args[usize::from(word)] = value;
            vectors.push(args);
        }
    }
}

/// Values of a word around the limits of a condition.
fn values(test: &Test) -> Vec<u64> {
    let mut values = vec![0, u64::MAX, 1 << 32, u64::from(u32::MAX), 1 << 63];
    match &test.set {
        Set::Ranges(_, ranges) => {
            let ends = ranges.iter().flat_map(|range| [range.low, range.high]);
            // Of a signed value of any width the low bits are the value's.
            values.extend(
                ends.flat_map(|end| [end - 1, end, end + 1])
                    .map(|end| end as u64),
            );
        }
        Set::Masked(patterns) => {
            for pattern in patterns {
                let lowest = pattern.mask & pattern.mask.wrapping_neg();
                values.extend([
                    pattern.value,
                    pattern.value | !pattern.mask,
                    pattern.value ^ lowest,
                ]);
            }
        }
        Set::Irregular { example, .. } => values.extend([*example, example.wrapping_add(1)]),
    }
    let high: Vec<u64> = values.iter().map(|value| value ^ 1 << 32).collect();
    values.extend(high);
    values.truncate(VALUES);
    values
}
