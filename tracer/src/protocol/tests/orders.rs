//! Orders of stops that are known to go wrong, each with what must come of it.

use super::*;

const OK: Stop = Stop::Exit {
    value: 0,
    error: false,
    trapped: false,
};

/// A machine whose command runs under our filter as thread 10, past its execve.
fn running(asked: &[u32]) -> Protocol {
    let mut machine = machine(asked);
    let mut effects = Vec::new();
    machine.add_launching(10);
    assert_eq!(
        step(&mut machine, 10, Stop::Signal(19), &mut effects),
        Resume::Syscall(0)
    );
    machine.set_filtered(10, true);
    step(&mut machine, 10, Stop::Exec { former: 10 }, &mut effects);
    assert!(
        effects.is_empty(),
        "nothing of the set-up is shown: {effects:?}"
    );
    machine
}

/// What was shown of calls: number and outcome.
fn ended(effects: &[Effect]) -> Vec<(u32, Outcome)> {
    let ended = effects.iter().filter_map(|effect| match effect {
        Effect::Ended(call, outcome) => Some((call.nr, *outcome)),
        _ => None,
    });
    ended.collect()
}

fn returned(value: i64) -> Outcome {
    Outcome::Returned {
        value,
        error: false,
    }
}

#[test]
fn a_filtered_call_is_one_call_and_the_thread_runs_free_after_it() {
    let mut machine = running(&[nr("getppid")]);
    let mut effects = Vec::new();
    let info = call(nr("getppid"), [0; 6]);
    assert_eq!(
        step(&mut machine, 10, Stop::Seccomp(info, MAGIC), &mut effects),
        Resume::Syscall(0)
    );
    assert_eq!(
        step(&mut machine, 10, OK, &mut effects),
        Resume::Continue(0)
    );
    assert_eq!(ended(&effects), [(nr("getppid"), returned(0))]);
}

#[test]
fn the_setup_of_the_command_is_not_shown_and_its_execve_is() {
    let mut machine = machine(&[nr("execve"), nr("kill"), nr("write")]);
    let mut effects = Vec::new();
    machine.add_launching(10);
    let kill = call(nr("kill"), [10, 19, 0, 0, 0, 0]);
    assert_eq!(
        step(&mut machine, 10, Stop::Seccomp(kill, MAGIC), &mut effects),
        Resume::Continue(0)
    );
    step(&mut machine, 10, Stop::Signal(19), &mut effects);
    machine.set_filtered(10, true);
    assert!(effects.is_empty());
    step(
        &mut machine,
        10,
        Stop::Seccomp(call(nr("execve"), [1; 6]), MAGIC),
        &mut effects,
    );
    let failed = Stop::Exit {
        value: -8,
        error: true,
        trapped: false,
    };
    step(&mut machine, 10, failed, &mut effects);
    assert_eq!(
        ended(&effects),
        [(
            nr("execve"),
            Outcome::Returned {
                value: -8,
                error: true
            }
        )]
    );
    // What our own child does then is nobody's program.
    step(
        &mut machine,
        10,
        Stop::Seccomp(call(nr("write"), [1; 6]), MAGIC),
        &mut effects,
    );
    assert_eq!(effects.len(), 2);
}

/// stop-exec-nonleader-restart: the stop after execve comes under the leader's id, but the state
/// is the caller's.
#[test]
fn execve_by_another_thread_keeps_its_entry() {
    let mut machine = running(&[nr("execve"), nr("pause")]);
    let mut effects = Vec::new();
    let thread = Stop::NewThread {
        tid: 11,
        pid: 10,
        vfork: false,
    };
    step(&mut machine, 10, thread, &mut effects);
    step(&mut machine, 11, Stop::Trap, &mut effects);
    step(
        &mut machine,
        10,
        Stop::Seccomp(call(nr("pause"), [0; 6]), MAGIC),
        &mut effects,
    );
    step(
        &mut machine,
        11,
        Stop::Seccomp(call(nr("execve"), [1; 6]), MAGIC),
        &mut effects,
    );
    let resume = step(&mut machine, 10, Stop::Exec { former: 11 }, &mut effects);
    assert_eq!(
        resume,
        Resume::Syscall(0),
        "the exit of execve is still to come"
    );
    assert_eq!(
        step(&mut machine, 10, OK, &mut effects),
        Resume::Continue(0)
    );
    let expected = [
        (nr("pause"), Outcome::Superseded),
        (nr("execve"), returned(0)),
    ];
    assert_eq!(ended(&effects), expected);
    let supersedes = |effect: &Effect| {
        matches!(
            effect,
            Effect::Superseded {
                pid: 10,
                former: 11
            }
        )
    };
    assert!(effects.iter().any(supersedes));
}

#[test]
fn execve_that_was_not_asked_for_leaves_the_thread_free() {
    let mut machine = running(&[nr("getppid")]);
    let mut effects = Vec::new();
    let resume = step(&mut machine, 10, Stop::Exec { former: 10 }, &mut effects);
    assert_eq!(resume, Resume::Continue(0));
}

/// inst-own-ret-trace-executes: without a tracer the call would fail with ENOSYS.
#[test]
fn a_tracees_own_ret_trace_is_skipped() {
    let mut machine = running(&[nr("getppid")]);
    let mut effects = Vec::new();
    let install = call(nr("seccomp"), [1, 0, 0x5000, 0, 0, 0]);
    assert_eq!(
        step(
            &mut machine,
            10,
            Stop::Seccomp(install, MAGIC),
            &mut effects
        ),
        Resume::Syscall(0)
    );
    assert_eq!(
        step(&mut machine, 10, OK, &mut effects),
        Resume::Syscall(0),
        "every call from now on"
    );
    let info = call(nr("getppid"), [0; 6]);
    step(&mut machine, 10, Stop::Entry(info), &mut effects);
    step(
        &mut machine,
        10,
        Stop::Seccomp(info, MAGIC + 1),
        &mut effects,
    );
    let skips = |effect: &Effect| matches!(effect, Effect::Skip { tid: 10, .. });
    assert!(effects.iter().any(skips));
    step(
        &mut machine,
        10,
        Stop::Exit {
            value: -38,
            error: true,
            trapped: false,
        },
        &mut effects,
    );
    let expected = [(
        nr("getppid"),
        Outcome::Returned {
            value: -38,
            error: true,
        },
    )];
    assert_eq!(ended(&effects), expected);
}

#[test]
fn a_failed_installation_changes_nothing() {
    let mut machine = running(&[]);
    let mut effects = Vec::new();
    let install = call(nr("prctl"), [22, 2, 0x5000, 0, 0, 0]);
    assert_eq!(
        step(
            &mut machine,
            10,
            Stop::Seccomp(install, MAGIC),
            &mut effects
        ),
        Resume::Syscall(0)
    );
    let failed = Stop::Exit {
        value: -14,
        error: true,
        trapped: false,
    };
    assert_eq!(
        step(&mut machine, 10, failed, &mut effects),
        Resume::Continue(0)
    );
    assert!(effects.is_empty());
}

/// A filter for all threads hides calls of threads that run: they are stopped first.
#[test]
fn tsync_waits_for_the_siblings() {
    let mut machine = running(&[nr("getppid")]);
    let mut effects = Vec::new();
    step(
        &mut machine,
        10,
        Stop::NewThread {
            tid: 11,
            pid: 10,
            vfork: false,
        },
        &mut effects,
    );
    assert_eq!(
        step(&mut machine, 11, Stop::Trap, &mut effects),
        Resume::Continue(0)
    );
    let install = call(nr("seccomp"), [1, 1, 0x5000, 0, 0, 0]);
    assert_eq!(
        step(
            &mut machine,
            10,
            Stop::Seccomp(install, MAGIC),
            &mut effects
        ),
        Resume::Hold
    );
    assert!(matches!(
        effects.last(),
        Some(Effect::Interrupt { tid: 11 })
    ));
    assert_eq!(
        step(&mut machine, 11, Stop::Trap, &mut effects),
        Resume::Syscall(0)
    );
    let last = effects.last();
    assert!(
        matches!(
            last,
            Some(Effect::Release {
                tid: 10,
                resume: Resume::Syscall(0)
            })
        ),
        "{last:?}"
    );
}

/// stop-vsyscall: the filter stops it, and there is neither an entry nor an exit.
#[test]
fn a_vsyscall_has_no_exit() {
    let mut machine = running(&[nr("time"), nr("getppid")]);
    let mut effects = Vec::new();
    let time = CallInfo {
        ip: 0xffff_ffff_ff60_0400,
        ..call(nr("time"), [0; 6])
    };
    assert_eq!(
        step(&mut machine, 10, Stop::Seccomp(time, MAGIC), &mut effects),
        Resume::Continue(0)
    );
    let [(number, Outcome::Unknown(_))] = ended(&effects)[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(number, nr("time"));
}

#[test]
fn a_group_stop_is_listened_to_and_a_signal_is_delivered() {
    let mut machine = running(&[]);
    let mut effects = Vec::new();
    assert_eq!(
        step(&mut machine, 10, Stop::Signal(19), &mut effects),
        Resume::Continue(19)
    );
    assert_eq!(
        step(&mut machine, 10, Stop::Group(19), &mut effects),
        Resume::Listen
    );
    assert_eq!(
        step(&mut machine, 10, Stop::Trap, &mut effects),
        Resume::Continue(0)
    );
}

#[test]
fn a_thread_that_dies_in_a_call_ends_it() {
    let mut machine = running(&[nr("pause")]);
    let mut effects = Vec::new();
    step(
        &mut machine,
        10,
        Stop::Seccomp(call(nr("pause"), [0; 6]), MAGIC),
        &mut effects,
    );
    assert_eq!(
        step(&mut machine, 10, Stop::Killed(9, false), &mut effects),
        Resume::Gone
    );
    assert_eq!(ended(&effects), [(nr("pause"), Outcome::Ended)]);
    assert!(machine.is_empty());
}

#[test]
fn a_caretaker_shows_nothing_and_resumes_everything() {
    let mut machine = running(&[nr("getppid")]);
    machine.take_care();
    let mut effects = Vec::new();
    let info = call(nr("getppid"), [0; 6]);
    for _ in 0..2 {
        let resume = step(&mut machine, 10, Stop::Seccomp(info, MAGIC), &mut effects);
        assert_eq!(resume, Resume::Continue(0));
    }
    assert_eq!(
        step(&mut machine, 10, Stop::Signal(15), &mut effects),
        Resume::Continue(15)
    );
    assert!(effects.is_empty());
}
