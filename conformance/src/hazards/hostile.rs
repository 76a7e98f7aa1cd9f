//! Tracers in trouble: killed, stopped, without descriptors, memory, room or rights. None hangs, crashes, or changes
//! what the program does; none leaves it with a filter and nobody behind it.

use super::script::Script;
use super::{By, CLONE_UNTRACED, Scenario, Steps};
use crate::case::Claim;
use crate::probe::{Flow, ProbeError, Word};
use crate::terms::{Denied, Text, Trouble, Whom};

const MAIN: Flow = Flow::MAIN;
const ASKED: &[&str] = &["getppid", "clone", "execve", "wait4"];

/// Whose calls are traced matters to few of these.
const fn own(name: &'static str, steps: Steps) -> Scenario {
    Scenario::of(name, ASKED, By::Own, steps)
}

pub(super) static SCENARIOS: &[Scenario] = &[
    own("inst-tracer-death/at-1", |s| killed(s, 1, Whom::Front)),
    own("inst-tracer-death/at-20", |s| killed(s, 20, Whom::Front)),
    own("inst-tracer-death/at-50", |s| killed(s, 50, Whom::Front)),
    own("inst-tracer-death/at-80", |s| killed(s, 80, Whom::Front)),
    own("inst-tracer-death/at-110", |s| killed(s, 110, Whom::Front)),
    own("inst-tracer-death/at-140", |s| killed(s, 140, Whom::Front)),
    own("inst-tracer-death/at-170", |s| killed(s, 170, Whom::Front)),
    own("inst-tracer-death/worker-at-10", |s| {
        killed(s, 10, Whom::Tracing)
    }),
    own("inst-tracer-death/worker-at-40", |s| {
        killed(s, 40, Whom::Tracing)
    }),
    own("inst-tracer-death/worker-at-70", |s| {
        killed(s, 70, Whom::Tracing)
    }),
    own("inst-tracer-death/worker-at-100", |s| {
        killed(s, 100, Whom::Tracing)
    }),
    own("inst-tracer-death/worker-at-130", |s| {
        killed(s, 130, Whom::Tracing)
    }),
    own("inst-tracer-death/worker-at-160", |s| {
        killed(s, 160, Whom::Tracing)
    }),
    own("inst-tracer-death/untraced-child", untraced),
    own("inst-tracer-death/attached-too", |script| {
        let trouble = Trouble::Killed {
            after: 60,
            whom: Whom::Front,
            attached: true,
        };
        busy(script, trouble)
    }),
    own("hostile-tracer-stopped/every-10", |s| {
        busy(s, Trouble::Stopped { every: 10 })
    }),
    own("hostile-output/full-disk", |s| busy(s, Trouble::FullDisk)),
    own("hostile-output/closed-pipe", |s| {
        busy(s, Trouble::ClosedPipe)
    }),
    own("hostile-output/slow-pipe", |s| busy(s, Trouble::SlowPipe)),
    own("load-fd-exhaustion/3", |s| busy(s, Trouble::Files(3))),
    own("load-fd-exhaustion/6", |s| busy(s, Trouble::Files(6))),
    own("load-fd-exhaustion/10", |s| busy(s, Trouble::Files(10))),
    Scenario {
        asked: &["getppid", "gettid"],
        ..own("load-fd-exhaustion/threads", |script| {
            script.terms().trouble = Some(Trouble::Files(16));
            super::load::threads(script, 64, 10)
        })
    },
    Scenario {
        asked: &["getppid", "gettid"],
        ..own("load-fd-exhaustion/processes", |script| {
            script.terms().trouble = Some(Trouble::Files(16));
            super::load::processes(script, 12, 2)
        })
    },
    // Less than this does not hold some builds of ours: the kernel kills what it cannot load.
    own("load-tracer-oom/16-mib", |s| busy(s, Trouble::Memory(16))),
    own("load-tracer-oom/32-mib", |s| busy(s, Trouble::Memory(32))),
    own("load-tracer-oom/64-mib", |s| busy(s, Trouble::Memory(64))),
    Scenario {
        asked: &["getppid", "gettid", "clone", "execve", "wait4"],
        ..own("load-tracer-oom/no-more", no_more_memory)
    },
    own("hostile-denied/ptrace", |s| {
        busy(s, Trouble::Denied(Denied::Ptrace))
    }),
    Scenario {
        by: By::All,
        ..own("abi-gsi-absent/denied", |script| {
            busy(script, Trouble::Denied(Denied::SyscallInfo))
        })
    },
    Scenario {
        asked: &["getppid", "openat"],
        ..own("mem-vm-readv-denied/path", |script| {
            script.terms().trouble = Some(Trouble::Denied(Denied::ReadMemory));
            path(script)
        })
    },
];

fn killed(script: &mut Script, after: u32, whom: Whom) -> Result<(), ProbeError> {
    let attached = false;
    busy(
        script,
        Trouble::Killed {
            after,
            whom,
            attached,
        },
    )
}

/// Some 190 calls: children with threads, and a child that becomes another program.
fn busy(script: &mut Script, trouble: Trouble) -> Result<(), ProbeError> {
    const CHILDREN: usize = 2;
    const CALLS: usize = 16;
    script.terms().trouble = Some(trouble);
    script.sentinel(MAIN)?;
    let mut pids = Vec::new();
    for _ in 0..CHILDREN {
        let (child, pid) = script.child(MAIN, 0)?;
        pids.push(pid);
        let thread = script.thread(child)?;
        script.in_turn(thread, CALLS)?;
        script.exit(thread, 3)?;
        script.in_turn(child, CALLS)?;
        script.exit(child, 3)?;
    }
    let (child, pid) = script.child(MAIN, 0)?;
    pids.push(pid);
    script.in_turn(child, 4)?;
    let image = script.exec(child)?;
    script.in_turn(image, 4)?;
    script.end(image)?;
    script.in_turn(MAIN, CALLS)?;
    // Where the tracer is killed it is gone behind this.
    script.probe.wait_at_gate(MAIN);
    script.in_turn(MAIN, 2)?;
    for pid in pids {
        script.wait(MAIN, pid, 0)?;
    }
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// More processes and threads than there were when the tracer last got memory.
fn no_more_memory(script: &mut Script) -> Result<(), ProbeError> {
    const CALLS: usize = 16;
    const THREADS: usize = 64;
    script.terms().trouble = Some(Trouble::NoMoreMemory { after: 1 });
    script.sentinel(MAIN)?;
    script.in_turn(MAIN, CALLS)?;
    script.probe.wait_at_gate(MAIN);
    let (child, pid) = script.child(MAIN, 0)?;
    script.in_turn(child, CALLS)?;
    let image = script.exec(child)?;
    script.in_turn(image, CALLS)?;
    script.end(image)?;
    script.wait(MAIN, pid, 0)?;
    script.crowd_of_threads(MAIN, THREADS, CALLS)?;
    script.end_shown(MAIN)
}

/// A child that the program wants untraced, and that goes on for long.
fn untraced(script: &mut Script) -> Result<(), ProbeError> {
    script.terms().trouble = Some(Trouble::Killed {
        after: 60,
        whom: Whom::Front,
        attached: false,
    });
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, CLONE_UNTRACED)?;
    script.in_turn(child, 30)?;
    script.probe.wait_at_gate(child);
    script.in_turn(child, 2)?;
    script.exit(child, 3)?;
    script.in_turn(MAIN, 20)?;
    script.wait(MAIN, pid, 0)?;
    script.end(MAIN)
}

/// What must be read of the program's memory.
fn path(script: &mut Script) -> Result<(), ProbeError> {
    const AT_FDCWD: Word = Word::Value(0xffff_ff9c);
    script.sentinel(MAIN)?;
    let at = Word::Address(script.probe.bytes(b"/nowhere/at-all\0"));
    let id = script.claimed(MAIN, "openat", &[AT_FDCWD, at], Claim::Returns(-2))?;
    script.told(id, 1, Text::String(vec![b"/nowhere/at-all".to_vec()]));
    script.end_shown(MAIN)
}
