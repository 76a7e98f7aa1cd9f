//! A program that becomes one of another kind, 64-bit or 32-bit, and then itself again: the ABI of calls changes in
//! the middle of one.

use everycall_arch::AbiId;

use super::script::Script;
use super::{By, Gate, Scenario};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{Flow, OTHER, OTHER_BYTES, ProbeError, Target, Via, Word};

const MAIN: Flow = Flow::MAIN;

pub(super) static SCENARIOS: &[Scenario] = &[Scenario {
    needs: Some(Need::OtherKind),
    ..Scenario::of(
        "stop-exec-arch-change/there-and-back",
        &["getppid", "execve", "execveat"],
        By::Own,
        there_and_back,
    )
}];

/// Twice, since what a tracer keeps of the first time may be wrong the second.
fn there_and_back(script: &mut Script) -> Result<(), ProbeError> {
    let own = script.gate;
    let mut flow = MAIN;
    for _ in 0..2 {
        script.sentinel(flow)?;
        let image = other_kind(script, flow)?;
        script.sentinel(image)?;
        script.silent(image)?;
        script.sentinel(image)?;
        flow = script.exec(image)?;
        script.gate = own;
        script.sentinel(flow)?;
        script.silent(flow)?;
    }
    script.end_shown(flow)
}

/// Becomes a program of the other kind. Its file is made in memory. From here on calls are those of that kind.
fn other_kind(script: &mut Script, flow: Flow) -> Result<Flow, ProbeError> {
    const AT_EMPTY_PATH: u64 = 0x1000;
    let gate = other(script.gate);
    let image = script.probe.image_of(gate.target)?;
    script.goes_on(flow, image);
    let path = script.probe.own_path();
    let file = script.claimed(
        flow,
        "memfd_create",
        &[Word::Address(path)],
        Claim::Succeeds,
    )?;
    let words = [
        Word::Result(file),
        Word::Value(OTHER),
        Word::Value(OTHER_BYTES),
    ];
    let whole = Claim::Returns(OTHER_BYTES.cast_signed());
    script.claimed(flow, "write", &words, whole)?;
    let empty = Word::Address(script.probe.bytes(b"\0"));
    let argv = script.probe.arguments(script.gate.abi, path, image);
    let words = [
        Word::Result(file),
        empty,
        argv,
        Word::Value(0),
        Word::Value(AT_EMPTY_PATH),
    ];
    script.claimed(flow, "execveat", &words, Claim::Leaves(0))?;
    script.gate = gate;
    Ok(image)
}

fn other(gate: Gate) -> Gate {
    let (abi, target, via) = match gate.target {
        Target::X86_64 => (AbiId::I386, Target::I386, Via::Int80),
        Target::I386 => (AbiId::X86_64, Target::X86_64, Via::Syscall),
        Target::Aarch64 => (AbiId::Arm, Target::Arm, Via::A32),
        Target::Arm => (AbiId::Aarch64, Target::Aarch64, Via::A64),
    };
    Gate {
        abi,
        target,
        via,
        prefix: gate.prefix,
    }
}
