//! Many at once: every call of every thread and process is there, exactly once.

use everycall_filter::Action;

use super::script::Script;
use super::{Scenario, Steps};
use crate::probe::{CallId, Flow, ProbeError};

const MAIN: Flow = Flow::MAIN;
const ASKED: &[&str] = &["getppid", "gettid"];

const fn all(name: &'static str, steps: Steps) -> Scenario {
    super::all(name, ASKED, steps)
}

pub(super) static SCENARIOS: &[Scenario] = &[
    all("load-count-exact/64-threads", |script| {
        threads(script, 64, 100)
    }),
    all("load-fork-storm-death/200-processes", |script| {
        processes(script, 25, 2)
    }),
    Scenario {
        asked: &["getppid", "execve"],
        ..all("load-exec-in-thread-storm/3-times", exec_in_storm)
    },
    all("load-many-filters/30", many_filters),
    all("load-output-order/thread", |script| {
        turns(script, Script::thread)
    }),
    all("load-output-order/child", |script| {
        turns(script, |script, flow| {
            let (child, _) = script.child(flow, 0)?;
            Ok(child)
        })
    }),
];

/// What takes long. 640,000 lines of ectrace are 160 MiB: a sandbox has room for them where the machine has 2 GiB of memory.
pub(super) static SLOW: &[Scenario] = &[
    all("load-count-exact/64-threads-10000-calls", |script| {
        threads(script, 64, 10_000)
    }),
    all("load-fork-storm-death/2000-processes", |script| {
        processes(script, 250, 5)
    }),
];

pub(super) fn threads(script: &mut Script, threads: usize, each: usize) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    script.crowd_of_threads(MAIN, threads, each)?;
    script.end_shown(MAIN)
}

/// Eight at a time.
pub(super) fn processes(script: &mut Script, waves: usize, each: usize) -> Result<(), ProbeError> {
    const BESIDE: usize = 8;
    script.sentinel(MAIN)?;
    script.crowd_of_processes(MAIN, BESIDE, waves, each)?;
    script.end_shown(MAIN)
}

/// Threads that call when another ends them by becoming another program: the leader, then one that is not.
fn exec_in_storm(script: &mut Script) -> Result<(), ProbeError> {
    const ROUNDS: usize = 3;
    const THREADS: usize = 4;
    const CALLS: usize = 20;
    let mut leader = MAIN;
    for round in 0..ROUNDS {
        script.sentinel(leader)?;
        let mut threads = Vec::new();
        for _ in 0..THREADS {
            let thread = script.thread(leader)?;
            let first = script.cut(thread)?;
            for _ in 1..CALLS {
                script.cut(thread)?;
            }
            threads.push((thread, first));
        }
        let by = match round % 2 {
            0 => leader,
            _ => {
                let by = script.thread(leader)?;
                // So that the call that made it has returned when its leader is gone.
                let made = script.cut(leader)?;
                script.reach(by, made);
                by
            }
        };
        for &(_, first) in &threads {
            script.reach(by, first);
        }
        script.sentinel(by)?;
        let image = script.exec(by)?;
        let over = script.sentinel(image)?;
        // Whoever comes so far waits for what comes only when he is gone.
        let waiting = threads.into_iter().map(|(thread, _)| thread);
        for thread in waiting.chain((by != leader).then_some(leader)) {
            script.reach(thread, over);
        }
        leader = image;
    }
    script.end_shown(leader)
}

/// Filters of the program's own, one above the other.
fn many_filters(script: &mut Script) -> Result<(), ProbeError> {
    const FILTERS: usize = 30;
    script.sentinel(MAIN)?;
    for _ in 0..FILTERS {
        script.filter(MAIN, "getuid", Action::Allow, 0)?;
    }
    let (child, pid) = script.child(MAIN, 0)?;
    for flow in [child, MAIN] {
        script.sentinel(flow)?;
        script.silent(flow)?;
        script.sentinel(flow)?;
    }
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// Somebody that another makes.
type Makes = fn(&mut Script, Flow) -> Result<Flow, ProbeError>;

/// Two that call in turn, each when the other's call has returned.
fn turns(script: &mut Script, other: Makes) -> Result<(), ProbeError> {
    const TURNS: usize = 4;
    script.sentinel(MAIN)?;
    let other = other(script, MAIN)?;
    let mut last: Option<(CallId, CallId)> = None;
    for flow in [other, MAIN].repeat(TURNS) {
        if let Some((_, returned)) = last {
            script.reach(flow, returned);
        }
        let call = script.sentinel(flow)?;
        // When this is begun, that one has returned.
        let returned = script.silent(flow)?;
        if let Some((before, _)) = last {
            let pair = (before.index(), call.index());
            script.terms().ordered.push(pair);
        }
        last = Some((call, returned));
    }
    let end = script.exit(other, 3)?;
    script.reach(MAIN, end);
    script.end_shown(MAIN)
}
