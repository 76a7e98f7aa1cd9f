//! Calls that only 32-bit programs have: several in one, ids of 16 bits, times of 64; the vDSO's code for calls; and
//! code of 32 bits and of 64 in one program.

use everycall_arch::AbiId;

use super::script::{Script, number};
use super::{By, Scenario, all, having};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{CallId, Flow, Probe, ProbeError, Target, Word};

const MAIN: Flow = Flow::MAIN;

pub(super) static SCENARIOS: &[Scenario] = &[
    having(
        "abi-socketcall/refused",
        &["getppid", "socketcall"],
        &["socketcall"],
        socketcall,
    ),
    having(
        "abi-uid16/unchanged",
        &["getppid", "setresuid", "setreuid"],
        &["setresuid32"],
        ids_of_16_bits,
    ),
    having(
        "abi-time64/dirty-padding",
        &["getppid", "ppoll_time64", "clock_nanosleep_time64"],
        &["ppoll_time64"],
        times_of_64_bits,
    ),
    Scenario {
        by: By::Vdso,
        needs: Some(Need::Vdso),
        ..all(
            "abi-i386-arg6/vdso",
            &["getppid", "mmap2", "pselect6"],
            vdso,
        )
    },
    Scenario {
        by: By::Far,
        needs: Some(Need::OtherKind),
        ..all("abi-per-call-personality/far", &["getppid", "close"], far)
    },
];

/// The kernel's own code puts the sixth word on the stack, since `sysenter` wants its register, and the kernel takes it
/// from there.
fn vdso(script: &mut Script) -> Result<(), ProbeError> {
    asked(script, AbiId::I386, "mmap2", Probe::call_vdso)
}

/// Code of the other kind, 32 bits or 64, in the same program: the call is its kind's, whatever the program is.
fn far(script: &mut Script) -> Result<(), ProbeError> {
    let other = match script.gate.target {
        Target::X86_64 => AbiId::I386,
        _ => AbiId::X86_64,
    };
    asked(script, other, "close", Probe::call_far)
}

/// Calls that code of this kind makes, one of them refused for its descriptor. Whatever is asked, unknown numbers are shown.
fn asked(
    script: &mut Script,
    abi: AbiId,
    refused: &'static str,
    make: fn(&mut Probe, Flow, u64, &[Word]) -> Result<CallId, ProbeError>,
) -> Result<(), ProbeError> {
    const UNKNOWN: u64 = 4000;
    let words = [1, 2, 3, 4, 5, 6].map(|at| Word::Value(0x6eed_0000 + 0x1111 * at));
    for (name, claim) in [
        ("getppid", Claim::Succeeds),
        (refused, Claim::Returns(-9)),
        ("getpid", Claim::Succeeds),
        ("pselect6", Claim::Returns(-14)),
    ] {
        script.sentinel(MAIN)?;
        let id = make(&mut script.probe, MAIN, number(abi, name)?, &words)?;
        script.claim(id, claim);
        if claim == Claim::Succeeds {
            script.varies(id);
        }
    }
    for nr in [UNKNOWN, u64::from(u32::MAX)] {
        let id = make(&mut script.probe, MAIN, nr, &words)?;
        script.claim(id, Claim::Returns(-38));
    }
    script.end_shown(MAIN)
}

/// Calls that there are not, and arguments that cannot be read.
fn socketcall(script: &mut Script) -> Result<(), ProbeError> {
    const NOWHERE: Word = Word::Value(0x6eed_1001);
    const EINVAL: Claim = Claim::Returns(-22);
    const EFAULT: Claim = Claim::Returns(-14);
    script.sentinel(MAIN)?;
    for (which, claim) in [(0, EINVAL), (99, EINVAL), (1, EFAULT), (17, EFAULT)] {
        script.claimed(MAIN, "socketcall", &[Word::Value(which), NOWHERE], claim)?;
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}

/// All ones in 16 bits are no id, but say that one is to stay as it is. What stands above is not looked at.
fn ids_of_16_bits(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    for none in [0xffff, 0x6eed_ffff] {
        let words = [Word::Value(none); 3];
        script.claimed(MAIN, "setresuid", &words, Claim::Returns(0))?;
        script.claimed(MAIN, "setreuid", &words[..2], Claim::Returns(0))?;
    }
    script.end_shown(MAIN)
}

/// Nanoseconds have 32 bits and as many that nobody looks at.
fn times_of_64_bits(script: &mut Script) -> Result<(), ProbeError> {
    const CLOCK_MONOTONIC: Word = Word::Value(1);
    const PADDING: u64 = 0x5eed_5eed << 32;
    script.sentinel(MAIN)?;
    let time = [0, PADDING].map(u64::to_le_bytes).concat();
    let time = Word::Address(script.probe.bytes(&time));
    let none = Word::Value(0);
    let words = [none, none, time];
    script.claimed(MAIN, "ppoll_time64", &words, Claim::Returns(0))?;
    let words = [CLOCK_MONOTONIC, none, time];
    script.claimed(MAIN, "clock_nanosleep_time64", &words, Claim::Returns(0))?;
    script.end_shown(MAIN)
}
