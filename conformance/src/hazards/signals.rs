//! Signals: that they arrive, in their order, and stop what they stop.

use super::script::Script;
use super::{By, Scenario};
use crate::case::Claim;
use crate::probe::{Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;
const SIGSTOP: u64 = 19;
const SIGCONT: u64 = 18;
const SIGUSR1: u64 = 10;
const WUNTRACED: u64 = 2;
const WCONTINUED: u64 = 8;
const BLOCK: u64 = 0;
const UNBLOCK: u64 = 1;

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario::of(
        "stop-group-stop/child",
        &["getppid", "kill"],
        By::All,
        group_stop,
    ),
    Scenario::of(
        "stop-signal-injection/queued",
        &["getppid"],
        By::Own,
        queued,
    ),
    Scenario::of(
        "stop-restart-codes/rt_sigsuspend",
        &["getppid", "rt_sigsuspend"],
        By::Own,
        suspended,
    ),
    Scenario::of(
        "stop-restart-codes/read",
        &["getppid", "read"],
        By::Own,
        restarted,
    ),
    Scenario::of("stop-sud/dispatch", &["getppid"], By::X86, dispatched),
];

/// A child stops itself, and its parent sees that, and that it goes on.
fn group_stop(script: &mut Script) -> Result<(), ProbeError> {
    let (child, pid) = script.child(MAIN, 0)?;
    script.sentinel(child)?;
    script.raise(child, SIGSTOP)?;
    script.sentinel(child)?;
    script.wait(MAIN, pid, WUNTRACED)?;
    let words = [Word::Result(pid), Word::Value(SIGCONT)];
    let continued = script.claimed(MAIN, "kill", &words, Claim::Returns(0))?;
    script.varies(continued);
    script.wait(MAIN, pid, WCONTINUED)?;
    let known = script.sentinel(MAIN)?;
    // It must not end before its parent has seen it go on.
    script.reach(child, known);
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// Real-time signals that wait together arrive each, and in their order, between two calls.
fn queued(script: &mut Script) -> Result<(), ProbeError> {
    const FIRST: u64 = 40;
    const COUNT: u64 = 5;
    script.altstack(MAIN)?;
    for signal in FIRST..FIRST + COUNT {
        let handling = script.handle(MAIN, signal)?;
        script.sentinel(handling)?;
        script.returns(handling)?;
    }
    let set = ((1 << COUNT) - 1) << (FIRST - 1);
    script.mask(MAIN, BLOCK, set)?;
    for signal in (FIRST..FIRST + COUNT).rev() {
        script.raise(MAIN, signal)?;
    }
    script.sentinel(MAIN)?;
    script.mask(MAIN, UNBLOCK, set)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// A call that a signal interrupts ends in a code that only a tracer sees; the program gets EINTR.
fn suspended(script: &mut Script) -> Result<(), ProbeError> {
    const ERESTARTNOHAND: i64 = -514;
    script.altstack(MAIN)?;
    let handling = script.handle(MAIN, SIGUSR1)?;
    script.sentinel(handling)?;
    script.returns(handling)?;
    script.mask(MAIN, BLOCK, 1 << (SIGUSR1 - 1))?;
    script.raise(MAIN, SIGUSR1)?;
    script.sentinel(MAIN)?;
    let none = script.set(0);
    let words = [none, Word::Value(8)];
    let claim = Claim::Interrupted {
        seen: ERESTARTNOHAND,
        got: -4,
    };
    script.claimed(MAIN, "rt_sigsuspend", &words, claim)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// A read of an empty pipe that a signal interrupts, and that begins anew.
fn restarted(script: &mut Script) -> Result<(), ProbeError> {
    const ERESTARTSYS: i64 = -512;
    script.altstack(MAIN)?;
    let handling = script.handle(MAIN, SIGUSR1)?;
    let handled = script.sentinel(handling)?;
    script.returns(handling)?;
    let ends = script.zeros(8);
    let byte = script.zeros(1);
    let pipe = [Word::Address(ends), Word::Value(0)];
    script.claimed(MAIN, "pipe2", &pipe, Claim::Returns(0))?;
    let pid = script.silent(MAIN)?;
    let thread = script.thread(MAIN)?;
    let words = |end: u32| {
        [
            Word::Load32(ends.plus(end)),
            Word::Address(byte),
            Word::Value(1),
        ]
    };
    let read = script.claimed(MAIN, "read", &words(0), Claim::MayRestart(ERESTARTSYS))?;
    script.watch(thread, read);
    // To the leader: this thread has no stack for a handler.
    let signal = [Word::Result(pid), Word::Result(pid), Word::Value(SIGUSR1)];
    let sent = script.claimed(thread, "tgkill", &signal, Claim::Returns(0))?;
    script.varies(sent);
    script.reach(thread, handled);
    script.claimed(thread, "write", &words(4), Claim::Returns(1))?;
    let idle = script.call(thread, "ppoll", &[])?;
    script.varies(idle);
    script.reach(MAIN, idle);
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// Calls that the program has asked to be handed back to it by SIGSYS: no tracer sees them.
fn dispatched(script: &mut Script) -> Result<(), ProbeError> {
    const PR_SET_SYSCALL_USER_DISPATCH: u64 = 59;
    const SIGSYS: u64 = 31;
    const ON: u64 = 1;
    script.sentinel(MAIN)?;
    script.altstack(MAIN)?;
    let handling = script.handle(MAIN, SIGSYS)?;
    let (selector, allow) = (script.zeros(1), script.zeros(1));
    let block = script.probe.bytes(&[1]);
    script.probe.copy(handling, allow, selector, 1);
    script.sentinel(handling)?;
    script.returns(handling)?;
    let words = [
        Word::Value(PR_SET_SYSCALL_USER_DISPATCH),
        Word::Value(ON),
        Word::Value(0),
        Word::Value(0),
        Word::Address(selector),
    ];
    script.claimed(MAIN, "prctl", &words, Claim::Returns(0))?;
    script.sentinel(MAIN)?;
    script.probe.copy(MAIN, block, selector, 1);
    script.claimed(MAIN, "getppid", &[], Claim::Dispatched)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}
