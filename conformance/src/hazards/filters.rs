//! Filters of tracers: calls that nobody asks for run free, and those between them are seen.

use super::script::Script;
use super::{Scenario, Steps};
use crate::case::Claim;
use crate::probe::{CallId, Flow, ProbeError, Word};
use crate::terms::Free;

const MAIN: Flow = Flow::MAIN;
const ASKED: &[&str] = &["getppid"];

const fn having(name: &'static str, needed: &'static [&'static str], steps: Steps) -> Scenario {
    super::having(name, ASKED, needed, steps)
}

pub(super) static SCENARIOS: &[Scenario] = &[
    having("filt-always-trace-cost/getpid", &[], |s| free(s, "getpid")),
    having("filt-always-trace-cost/execve", &[], |s| free(s, "execve")),
    having("filt-always-trace-cost/clone3", &[], |s| free(s, "clone3")),
    having("filt-always-trace-cost/socketcall", &["socketcall"], |s| {
        free(s, "socketcall")
    }),
    having("filt-always-trace-cost/ipc", &["ipc"], |s| free(s, "ipc")),
    Scenario {
        asked: &["getppid", "fcntl"],
        ..having("filt-arg-hi-word/fcntl", &[], dirty)
    },
];

/// A call that fails or does nothing, again and again.
fn free(script: &mut Script, name: &'static str) -> Result<(), ProbeError> {
    const CALLS: u32 = 500;
    script.sentinel(MAIN)?;
    let before = sleeps(script)?;
    let call = script.described(name, &[])?;
    let count = script.probe.countdown(CALLS);
    let place = script.probe.place(MAIN);
    script.aside(MAIN, call, None, count)?;
    script.probe.until_counted(MAIN, count, place);
    let behind = sleeps(script)?;
    script.terms().free = Some(Free {
        before: before.index(),
        behind: behind.index(),
        calls: CALLS,
    });
    script.end_shown(MAIN)
}

/// Words of which the kernel looks at the lower half.
fn dirty(script: &mut Script) -> Result<(), ProbeError> {
    const DIRT: u64 = 0x5eed_5eed_0000_0000;
    const F_GETFD: u64 = 1;
    const F_SETFD: u64 = 2;
    const NO_FD: u64 = 0x6eed_1001;
    const STDIN: u64 = 0;
    const FD_CLOEXEC: u64 = 1;
    script.sentinel(MAIN)?;
    for (fd, command, argument, result) in [
        (NO_FD, F_GETFD, 0, -9),
        (STDIN, F_SETFD, FD_CLOEXEC, 0),
        (STDIN, F_GETFD, 0, 1),
    ] {
        let words = [fd, command, argument].map(|word| Word::Value(DIRT | word));
        script.claimed(MAIN, "fcntl", &words, Claim::Returns(result))?;
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}

/// Tells how often the thread has gone to sleep by itself: `ru_nvcsw` of `struct rusage`, behind two times and
/// twelve other numbers, each as wide as a long of the kernel's (x32's too: it has no getrusage of its own).
fn sleeps(script: &mut Script) -> Result<CallId, ProbeError> {
    const RUSAGE_THREAD: u64 = 1;
    let long = script.gate.abi.abi().word_bits / 8;
    let usage = script.zeros(256);
    let words = [Word::Value(RUSAGE_THREAD), Word::Address(usage)];
    let asked = script.call(MAIN, "getrusage", &words)?;
    script.varies(asked);
    let told = script.tell(MAIN, &[Word::Load32(usage.plus(16 * long))])?;
    script.varies(told);
    Ok(told)
}
