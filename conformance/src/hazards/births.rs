//! Children of unusual kinds: that share memory, are alone in a namespace, outlive their parents, are traced by the
//! program itself, or are killed at any moment; and what `clone3` refuses.

use super::script::Script;
use super::{CLONE_UNTRACED, Scenario, all};
use crate::case::Claim;
use crate::probe::{CallId, Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;
const CLONE_VM: u64 = 0x100;
const CLONE_VFORK: u64 = 0x4000;
const ASKED: &[&str] = &["getppid"];

pub(super) static SCENARIOS: &[Scenario] = &[
    all(
        "stop-clone-vm-shared/exec",
        &["getppid", "execve"],
        shared_memory,
    ),
    all("inst-clone3-untraced/vfork", ASKED, |script| {
        untraced_in_shared_memory(script, CLONE_VFORK)
    }),
    all("inst-clone3-untraced/vm", ASKED, |script| {
        untraced_in_shared_memory(script, 0)
    }),
    all("abi-clone3-size/refused", &["getppid", "clone3"], refused),
    all("abi-clone3-size/longer", &["getppid", "clone3"], longer),
    all("load-daemonize/twice", &["getppid", "setsid"], daemon),
    all("load-pidns/first", &["getppid", "getpid"], namespace),
    all("load-pidns/same-id", ASKED, same_id),
    all(
        "inst-tracee-is-tracer/traceme",
        &["getppid", "ptrace"],
        traces,
    ),
    all("stop-kill-in-stop/child", ASKED, killed),
];

/// A process that shares its parent's memory until it becomes another program.
fn shared_memory(script: &mut Script) -> Result<(), ProbeError> {
    const CALLS: usize = 8;
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, CLONE_VM)?;
    for flow in [child, MAIN] {
        script.in_turn(flow, CALLS)?;
    }
    let image = script.exec(child)?;
    script.sentinel(image)?;
    script.end(image)?;
    script.in_turn(MAIN, CALLS)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// The flags stand in memory that is the child's as well, and what it writes there afterwards is there.
fn untraced_in_shared_memory(script: &mut Script, flags: u64) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (child, pid, args) = script.clone3(MAIN, CLONE_UNTRACED | CLONE_VM | flags)?;
    script.tell(child, &[Word::Load32(args)])?;
    let written = script.probe.bytes(&[0x6e; 8]);
    script.probe.copy(child, written, args, 8);
    script.sentinel(child)?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.tell(MAIN, &[Word::Load32(args)])?;
    script.end_shown(MAIN)
}

/// Fewer bytes than there ever were, more than a page, something where nobody knows anything, and no memory at all.
fn refused(script: &mut Script) -> Result<(), ProbeError> {
    const ROOM: usize = 256;
    const EINVAL: Claim = Claim::Returns(-22);
    const E2BIG: Claim = Claim::Returns(-7);
    const EFAULT: Claim = Claim::Returns(-14);
    script.sentinel(MAIN)?;
    let mut more = [Word::Value(0); ROOM / 8 - 8];
    more[ROOM / 8 - 9] = Word::Value(1 << 63);
    let args = script.clone_args(CLONE_UNTRACED, &more);
    let nowhere = Word::Value(0x6eed_1001);
    for (at, bytes, claim) in [
        (Word::Address(args), 0, EINVAL),
        (Word::Address(args), 63, EINVAL),
        (Word::Address(args), 0x10_0000, E2BIG),
        (Word::Address(args), ROOM as u64, E2BIG),
        (nowhere, 64, EFAULT),
    ] {
        script.claimed(MAIN, "clone3", &[at, Word::Value(bytes)], claim)?;
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}

/// More than any kernel knows, but nothing in it.
fn longer(script: &mut Script) -> Result<(), ProbeError> {
    const ROOM: usize = 256;
    script.sentinel(MAIN)?;
    let args = script.clone_args(0, &[Word::Value(0); ROOM / 8 - 8]);
    let (child, pid) = script.clone3_at(MAIN, args, ROOM as u64)?;
    script.claim(pid, Claim::MAKES);
    script.sentinel(child)?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// A process whose parent is gone, in a session of its own, that becomes another program.
fn daemon(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, 0)?;
    let (daemon, _) = script.child(child, 0)?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    let orphaned = script.silent(MAIN)?;
    script.reach(daemon, orphaned);
    let session = script.claimed(daemon, "setsid", &[], Claim::Succeeds)?;
    script.varies(session);
    script.sentinel(daemon)?;
    script.silent(daemon)?;
    let image = script.exec(daemon)?;
    script.sentinel(image)?;
    script.sentinel(image)?;
    let last = script.exit(image, 0)?;
    script.reach(MAIN, last);
    script.end_shown(MAIN)
}

/// The first process of a namespace: to itself it has another id than to its tracer.
fn namespace(script: &mut Script) -> Result<(), ProbeError> {
    const CLONE_NEWUSER: u64 = 0x1000_0000;
    const CLONE_NEWPID: u64 = 0x2000_0000;
    script.sentinel(MAIN)?;
    let flags = Word::Value(CLONE_NEWUSER | CLONE_NEWPID);
    script.claimed(MAIN, "unshare", &[flags], Claim::Returns(0))?;
    let (child, pid) = script.child(MAIN, 0)?;
    for _ in 0..2 {
        script.claimed(child, "getpid", &[], Claim::Returns(1))?;
        script.claimed(child, "getppid", &[], Claim::Returns(0))?;
    }
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// Children that have all the same id, one after the other; where that needs a right that the program does not have,
/// there are none.
fn same_id(script: &mut Script) -> Result<(), ProbeError> {
    const CHILDREN: usize = 4;
    const ID: u32 = 31_777;
    script.sentinel(MAIN)?;
    let id = script.probe.bytes(&ID.to_le_bytes());
    let more = [Word::Address(id), Word::Value(1), Word::Value(0)];
    let args = script.clone_args(0, &more);
    for _ in 0..CHILDREN {
        let (child, pid) = script.clone3_at(MAIN, args, 88)?;
        script.sentinel(child)?;
        script.silent(child)?;
        script.sentinel(child)?;
        let end = script.exit(child, 3)?;
        script.varies(end);
        let words = [Word::Result(pid)];
        let waited = script.claimed(MAIN, "wait4", &words, Claim::WAITS_FOR_ANY)?;
        script.varies(waited);
    }
    script.end_shown(MAIN)
}

/// A child that asks to be traced by its parent.
fn traces(script: &mut Script) -> Result<(), ProbeError> {
    const PTRACE_TRACEME: Word = Word::Value(0);
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, 0)?;
    script.sentinel(child)?;
    script.claimed(child, "ptrace", &[PTRACE_TRACEME], Claim::Returns(0))?;
    script.sentinel(child)?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// Children that are killed between any two steps of their calls.
fn killed(script: &mut Script) -> Result<(), ProbeError> {
    const CHILDREN: usize = 6;
    const CALLS: usize = 24;
    const SIGKILL: Word = Word::Value(9);
    script.sentinel(MAIN)?;
    for round in 0..CHILDREN {
        let (child, pid) = script.child(MAIN, 0)?;
        let calls: Result<Vec<CallId>, ProbeError> =
            (0..CALLS).map(|_| script.cut(child)).collect();
        script.reach(MAIN, calls?[2 * round]);
        let words = [Word::Result(pid), SIGKILL];
        let sent = script.claimed(MAIN, "kill", &words, Claim::Returns(0))?;
        script.varies(sent);
        script.wait(MAIN, pid, 0)?;
        // Who came so far waits for what comes only when he is dead.
        let over = script.sentinel(MAIN)?;
        script.reach(child, over);
    }
    script.end_shown(MAIN)
}
