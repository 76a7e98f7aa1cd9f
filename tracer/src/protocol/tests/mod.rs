//! The machine against hand-written orders of stops, and against a model of the kernel that makes
//! up orders of its own.

mod exempt;
mod model;
mod negative;
mod orders;
mod untraced;

use std::collections::BTreeSet;
use std::time::SystemTime;

use everycall_arch::AbiId;

use super::*;
use crate::event::Outcome;
use crate::select::Selection;

/// The data of "our" filter in these tests.
const MAGIC: u32 = 0xec;

/// A machine that was asked for these x86-64 numbers.
fn machine(asked: &[u32]) -> Protocol {
    let calls = asked
        .iter()
        .map(|&nr| (AbiId::X86_64, nr))
        .collect::<BTreeSet<_>>();
    let rules = Rules {
        calls: Selection::Known(calls),
        magic: MAGIC,
        watched: WatchList::default(),
    };
    Protocol::new(rules)
}

fn nr(name: &str) -> u32 {
    everycall_arch::table::by_name(AbiId::X86_64, name)
        .expect("the table has it")
        .nr
}

fn call(nr: u32, words: [u64; 6]) -> CallInfo {
    CallInfo {
        arch: AbiId::X86_64.abi().audit_arch,
        nr,
        words,
        ip: 0x40_1000,
    }
}

/// A machine that was asked for these x86-64 numbers, and whose thread 10 runs with our filter.
fn running(asked: &[u32]) -> Protocol {
    let mut machine = machine(asked);
    let mut effects = Vec::new();
    machine.add_launching(10);
    step(&mut machine, 10, Stop::Signal(19), &mut effects);
    machine.set_filtered(10, true);
    step(&mut machine, 10, Stop::Exec { former: 10 }, &mut effects);
    machine
}

/// One step whose memory is empty.
fn step(machine: &mut Protocol, tid: i32, stop: Stop, effects: &mut Vec<Effect>) -> Resume {
    machine.step(tid, stop, SystemTime::UNIX_EPOCH, &|_, _| None, effects)
}
