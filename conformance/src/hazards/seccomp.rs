//! Filters of the traced program's own, and what its being filtered changes.

use everycall_filter::Action;

use super::script::Script;
use super::{By, Scenario, Steps};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;
const ASKED: &[&str] = &["getppid"];

const fn all(name: &'static str, steps: Steps) -> Scenario {
    super::all(name, ASKED, steps)
}

pub(super) static SCENARIOS: &[Scenario] = &[
    all("inst-own-ret-trace-executes/trace", |script| {
        refused(script, Action::Trace(7), Claim::Returns(-38))
    }),
    all("inst-own-ret-trace-executes/trace-0", |script| {
        refused(script, Action::Trace(0), Claim::Returns(-38))
    }),
    Scenario {
        asked: &["getppid", "execve"],
        ..all("inst-own-ret-trace-executes/after-exec", |script| {
            inherited(script, Heir::Image)
        })
    },
    all("inst-own-ret-trace-executes/in-thread", |script| {
        inherited(script, Heir::Thread)
    }),
    all("inst-own-ret-trace-executes/in-child", |script| {
        inherited(script, Heir::Child)
    }),
    all("inst-prec-errno-trap-kill/errno-over-trace", two_filters),
    all("inst-tsync-interplay/tsync", tsync),
    all("inst-prec-errno-trap-kill/errno", |script| {
        refused(script, Action::Errno(11), Claim::Returns(-11))
    }),
    all("inst-prec-errno-trap-kill/errno-0", |script| {
        refused(script, Action::Errno(0), Claim::Returns(0))
    }),
    all("inst-prec-errno-trap-kill/errno-4095", |script| {
        refused(script, Action::Errno(4095), Claim::Returns(-4095))
    }),
    all("inst-prec-errno-trap-kill/log", |script| {
        refused(script, Action::Log, Claim::Succeeds)
    }),
    all("inst-prec-errno-trap-kill/kill-thread", |script| {
        refused(script, Action::KillThread, Claim::Never)
    }),
    all("inst-prec-errno-trap-kill/kill-process", |script| {
        refused(script, Action::KillProcess, Claim::Never)
    }),
    Scenario {
        by: By::Own,
        ..all("inst-rollback-rval/trap", trapped)
    },
    all("inst-thread-race-install/other-thread", other_thread),
    Scenario {
        needs: Some(Need::Unfiltered),
        ..all("inst-mode-strict-einval/strict", strict)
    },
    Scenario {
        asked: &["getppid", "time", "gettimeofday", "getcpu"],
        by: By::Page,
        needs: Some(Need::Page),
        ..all("stop-vsyscall/page", page)
    },
];

/// A child whose own filter answers a call; its parent goes on unfiltered.
fn refused(script: &mut Script, action: Action, claim: Claim) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, 0)?;
    script.sentinel(child)?;
    script.filter(child, "getppid", action, 0)?;
    script.silent(child)?;
    let id = script.claimed(child, "getppid", &[], claim)?;
    if claim == Claim::Succeeds {
        script.varies(id);
    }
    if claim != Claim::Never {
        script.silent(child)?;
        script.exit(child, 3)?;
    }
    script.wait(MAIN, pid, 0)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// Who comes after a thread that has a filter.
#[derive(Clone, Copy)]
enum Heir {
    Image,
    Thread,
    Child,
}

/// A filter that refuses by RET_TRACE is inherited.
fn inherited(script: &mut Script, heir: Heir) -> Result<(), ProbeError> {
    const REFUSED: Claim = Claim::Returns(-38);
    script.sentinel(MAIN)?;
    script.filter(MAIN, "getppid", Action::Trace(7), 0)?;
    let last = match heir {
        Heir::Image => {
            let image = script.exec(MAIN)?;
            script.claimed(image, "getppid", &[], REFUSED)?;
            image
        }
        Heir::Thread => {
            let thread = script.thread(MAIN)?;
            script.claimed(thread, "getppid", &[], REFUSED)?;
            let end = script.exit(thread, 0)?;
            script.watch(MAIN, end);
            MAIN
        }
        Heir::Child => {
            let (child, pid) = script.child(MAIN, 0)?;
            script.claimed(child, "getppid", &[], REFUSED)?;
            script.exit(child, 3)?;
            script.wait(MAIN, pid, 0)?;
            MAIN
        }
    };
    script.silent(last)?;
    script.claimed(last, "getppid", &[], REFUSED)?;
    script.end(last)
}

/// Of two filters the one whose action is graver decides, the older one here.
fn two_filters(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    script.filter(MAIN, "getppid", Action::Errno(11), 0)?;
    script.filter(MAIN, "getppid", Action::Trace(7), 0)?;
    script.silent(MAIN)?;
    script.claimed(MAIN, "getppid", &[], Claim::Returns(-11))?;
    script.end(MAIN)
}

/// A filter that comes over a thread that runs: its next call is refused by it.
fn tsync(script: &mut Script) -> Result<(), ProbeError> {
    const TSYNC: u64 = 1;
    let thread = script.thread(MAIN)?;
    script.sentinel(thread)?;
    let ready = script.silent(thread)?;
    script.reach(MAIN, ready);
    let installed = script.filter(MAIN, "getppid", Action::Trace(7), TSYNC)?;
    script.claim(installed, Claim::Returns(0));
    let after = script.silent(MAIN)?;
    script.reach(thread, after);
    script.claimed(thread, "getppid", &[], Claim::Returns(-38))?;
    let end = script.exit(thread, 0)?;
    script.watch(MAIN, end);
    script.claimed(MAIN, "getppid", &[], Claim::Returns(-38))?;
    script.end(MAIN)
}

/// A filter is that of the thread which installs it: one that was there before has none.
fn other_thread(script: &mut Script) -> Result<(), ProbeError> {
    let thread = script.thread(MAIN)?;
    script.sentinel(thread)?;
    let ready = script.silent(thread)?;
    script.reach(MAIN, ready);
    script.filter(MAIN, "getppid", Action::Trace(7), 0)?;
    let after = script.silent(MAIN)?;
    script.reach(thread, after);
    script.sentinel(thread)?;
    script.silent(thread)?;
    script.sentinel(thread)?;
    let end = script.exit(thread, 0)?;
    script.watch(MAIN, end);
    script.claimed(MAIN, "getppid", &[], Claim::Returns(-38))?;
    script.end(MAIN)
}

/// The call is not executed; what the program's register has afterwards is what was there before.
fn trapped(script: &mut Script) -> Result<(), ProbeError> {
    const SIGSYS: u64 = 31;
    script.sentinel(MAIN)?;
    script.altstack(MAIN)?;
    let handling = script.handle(MAIN, SIGSYS)?;
    script.silent(handling)?;
    script.returns(handling)?;
    script.filter(MAIN, "getppid", Action::Trap(0), 0)?;
    script.silent(MAIN)?;
    script.claimed(MAIN, "getppid", &[], Claim::NotExecuted)?;
    script.silent(MAIN)?;
    script.end(MAIN)
}

/// A thread with a filter cannot enter the strict mode any more.
fn strict(script: &mut Script) -> Result<(), ProbeError> {
    const PR_SET_SECCOMP: u64 = 22;
    const SECCOMP_MODE_STRICT: u64 = 1;
    script.sentinel(MAIN)?;
    let (child, pid) = script.child(MAIN, 0)?;
    let words = [
        Word::Value(PR_SET_SECCOMP),
        Word::Value(SECCOMP_MODE_STRICT),
    ];
    script.claimed(child, "prctl", &words, Claim::Returns(0))?;
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.sentinel(MAIN)?;
    script.end(MAIN)
}

/// Calls that the kernel carries out when a program jumps to a page of its.
fn page(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    for offset in [0x400, 0, 0x800] {
        script.page(MAIN, offset)?;
        script.sentinel(MAIN)?;
    }
    script.silent(MAIN)?;
    script.end(MAIN)
}
