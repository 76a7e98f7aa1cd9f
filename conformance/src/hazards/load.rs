//! Many at once: every call of every thread and process is there, exactly once.

use super::script::Script;
use super::{Scenario, Steps};
use crate::probe::{Flow, ProbeError};

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
];

/// What takes long. A sandbox's files have 64 MiB, so that there is no room for more lines.
pub(super) static SLOW: &[Scenario] = &[
    all("load-count-exact/64-threads-1000-calls", |script| {
        threads(script, 64, 1000)
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
