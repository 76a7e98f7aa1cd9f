//! Threads, children and programs that begin and end.

use super::script::Script;
use super::{CLONE_UNTRACED, Scenario, all};
use crate::probe::{Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;
const CLONE_VFORK: u64 = 0x4000;

pub(super) static SCENARIOS: &[Scenario] = &[
    all(
        "stop-exec-nonleader-restart/leader-waits",
        &["getppid", "execve"],
        |script| exec_by_thread(script, Leader::Waits),
    ),
    all(
        "stop-exec-nonleader-restart/leader-shown",
        &["getppid", "execve", "ppoll"],
        |script| exec_by_thread(script, Leader::Waits),
    ),
    all(
        "stop-exec-nonleader-restart/leader-gone",
        &["getppid", "execve"],
        |script| exec_by_thread(script, Leader::Gone),
    ),
    all(
        "stop-exec-nonleader-restart/execve-silent",
        &["getppid"],
        |script| exec_by_thread(script, Leader::Waits),
    ),
    all(
        "stop-exec-leader/thread-runs",
        &["getppid", "execve"],
        exec_by_leader,
    ),
    all(
        "stop-vfork-blocked/exec",
        &["getppid", "execve"],
        vfork_exec,
    ),
    all("inst-clone-untraced/clone", &["getppid"], |script| {
        untraced(script, 0)
    }),
    all("inst-clone-untraced/vfork", &["getppid"], |script| {
        untraced(script, CLONE_VFORK)
    }),
    all("inst-clone-untraced/thread", &["getppid"], untraced_thread),
    all(
        "inst-clone3-untraced/clone3",
        &["getppid"],
        untraced_by_clone3,
    ),
    all(
        "stop-exit-group-race/threads-wait",
        &["getppid", "exit_group"],
        exit_group_race,
    ),
    all("load-count-exact/threads", &["getppid"], storm),
    all("stop-fork-child-order/storm", &["getppid"], fork_storm),
];

#[derive(Clone, Copy)]
enum Leader {
    Waits,
    Gone,
}

/// A thread that is not the leader calls execve: the new program goes on under the leader's id.
fn exec_by_thread(script: &mut Script, leader: Leader) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let thread = script.thread(MAIN)?;
    // Somewhere for the leader to be: it waits for a child that never ends by itself, or is no more.
    let last = match leader {
        Leader::Gone => script.exit(MAIN, 0)?,
        Leader::Waits => sleep(script, MAIN)?,
    };
    script.varies(last);
    script.sentinel(thread)?;
    script.watch(thread, last);
    script.sentinel(thread)?;
    let image = script.exec(thread)?;
    script.sentinel(image)?;
    script.silent(image)?;
    script.sentinel(image)?;
    script.end(image)
}

/// Waits for ever in a call that every ABI has: `ppoll` of nothing.
fn sleep(script: &mut Script, flow: Flow) -> Result<crate::probe::CallId, ProbeError> {
    script.call(flow, "ppoll", &[])
}

/// The leader calls execve while another thread is inside a call.
fn exec_by_leader(script: &mut Script) -> Result<(), ProbeError> {
    let thread = script.thread(MAIN)?;
    script.sentinel(thread)?;
    let last = sleep(script, thread)?;
    script.varies(last);
    script.watch(MAIN, last);
    script.sentinel(MAIN)?;
    let image = script.exec(MAIN)?;
    script.sentinel(image)?;
    script.silent(image)?;
    script.end(image)
}

/// Three children, each a new program; the parent sleeps until each has begun.
fn vfork_exec(script: &mut Script) -> Result<(), ProbeError> {
    const CLONE_VM: u64 = 0x100;
    for _ in 0..3 {
        script.sentinel(MAIN)?;
        let (child, pid) = script.child(MAIN, CLONE_VFORK | CLONE_VM)?;
        script.silent(child)?;
        let image = script.exec(child)?;
        script.sentinel(image)?;
        script.end(image)?;
        script.wait(MAIN, pid, 0)?;
    }
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// A child that nobody is to trace does all the same what it does untraced.
fn untraced(script: &mut Script, flags: u64) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, CLONE_UNTRACED | flags)?;
    script.silent(child)?;
    script.sentinel(child)?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

fn untraced_thread(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let thread = script.thread_with(MAIN, CLONE_UNTRACED)?;
    script.sentinel(thread)?;
    script.silent(thread)?;
    script.sentinel(thread)?;
    let end = script.exit(thread, 0)?;
    script.watch(MAIN, end);
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// The same, with the flags in memory; they are as they were afterwards, for both.
fn untraced_by_clone3(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (child, pid, args) = script.clone3(MAIN, CLONE_UNTRACED)?;
    script.sentinel(child)?;
    script.tell(child, &[Word::Load32(args)])?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.tell(MAIN, &[Word::Load32(args)])?;
    script.end(MAIN)
}

/// Threads that are inside a call when another ends the process.
fn exit_group_race(script: &mut Script) -> Result<(), ProbeError> {
    let mut last = Vec::new();
    for _ in 0..4 {
        let thread = script.thread(MAIN)?;
        script.sentinel(thread)?;
        last.push(sleep(script, thread)?);
    }
    for call in last {
        script.varies(call);
        script.reach(MAIN, call);
    }
    script.probe.linger(MAIN);
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// Processes with threads that all call at once: each call is there once.
fn storm(script: &mut Script) -> Result<(), ProbeError> {
    const PROCESSES: usize = 6;
    const THREADS: usize = 4;
    const CALLS: usize = 40;
    const STATUS: u64 = 3;
    let mut pids = Vec::new();
    for _ in 0..PROCESSES {
        let (child, pid) = script.child(MAIN, 0)?;
        pids.push(pid);
        for _ in 0..THREADS {
            let thread = script.thread(child)?;
            script.in_turn(thread, CALLS)?;
            script.exit(thread, STATUS)?;
        }
        script.in_turn(child, CALLS)?;
        // The process ends with the last of its threads, whichever that is, and as that one does.
        script.exit(child, STATUS)?;
    }
    for pid in pids {
        script.wait(MAIN, pid, 0)?;
    }
    script.end(MAIN)
}

/// Children by the dozen that call at once, and have children themselves.
fn fork_storm(script: &mut Script) -> Result<(), ProbeError> {
    const CHILDREN: usize = 24;
    let mut pids = Vec::new();
    for _ in 0..CHILDREN {
        let (child, pid) = script.child(MAIN, 0)?;
        pids.push(pid);
        script.sentinel(child)?;
        let (grandchild, grandpid) = script.child(child, 0)?;
        script.sentinel(grandchild)?;
        script.silent(grandchild)?;
        script.exit(grandchild, 5)?;
        script.silent(child)?;
        script.wait(child, grandpid, 0)?;
        script.sentinel(child)?;
        script.exit(child, 3)?;
    }
    for pid in pids {
        script.wait(MAIN, pid, 0)?;
    }
    script.end(MAIN)
}
