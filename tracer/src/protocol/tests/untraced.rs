//! Children that the program wants untraced: behind a filter they are traced all the same, and nothing shows it.

use super::*;

/// inst-clone-untraced: the child would inherit the filter, and have no tracer.
#[test]
fn clone_untraced_is_cleared_and_put_back_in_both() {
    let mut machine = running(&[]);
    let mut effects = Vec::new();
    let flags = 0x0080_0011;
    let clone = call(nr("clone"), [flags, 0, 0, 0, 0, 0]);
    assert_eq!(
        step(&mut machine, 10, Stop::Seccomp(clone, MAGIC), &mut effects),
        Resume::Syscall(0)
    );
    // The child may stop before its parent's event.
    machine.add_unclaimed(12, 12, &mut effects);
    assert_eq!(
        step(&mut machine, 12, Stop::Trap, &mut effects),
        Resume::Hold
    );
    step(
        &mut machine,
        10,
        Stop::NewThread {
            tid: 12,
            pid: 12,
            vfork: false,
        },
        &mut effects,
    );
    step(
        &mut machine,
        10,
        Stop::Exit {
            value: 12,
            error: false,
            trapped: false,
        },
        &mut effects,
    );
    let sets: Vec<(i32, u64)> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SetFirstWord { tid, value, .. } => Some((*tid, *value)),
            Effect::RestoreFirstWord { tid, value, .. } => Some((*tid, *value)),
            _ => None,
        })
        .collect();
    assert_eq!(sets, [(10, 0x11), (12, flags), (10, flags)]);
    let releases = |effect: &Effect| {
        matches!(
            effect,
            Effect::Release {
                tid: 12,
                resume: Resume::Continue(0)
            }
        )
    };
    assert!(
        effects.iter().any(releases),
        "the child goes on: {effects:?}"
    );
}

/// What is set in whose memory by a `clone3` with these flags and its child's first stop.
fn sets_of_clone3(flags: u64) -> Vec<(i32, u64)> {
    let mut machine = running(&[]);
    let mut effects = Vec::new();
    let clone3 = call(nr("clone3"), [0x6000, 88, 0, 0, 0, 0]);
    let peek = |_: i32, addr: u64| (addr == 0x6000).then_some(flags);
    let stop = Stop::Seccomp(clone3, MAGIC);
    machine.step(10, stop, SystemTime::UNIX_EPOCH, &peek, &mut effects);
    let (tid, pid) = (12, 12);
    let vfork = false;
    step(
        &mut machine,
        10,
        Stop::NewThread { tid, pid, vfork },
        &mut effects,
    );
    step(&mut machine, tid, Stop::Trap, &mut effects);
    let returned = Stop::Exit {
        value: 12,
        error: false,
        trapped: false,
    };
    step(&mut machine, 10, returned, &mut effects);
    let sets = effects.iter().filter_map(|effect| match effect {
        Effect::SetMemory { tid, addr, value } => {
            assert_eq!(*addr, 0x6000);
            Some((*tid, *value))
        }
        _ => None,
    });
    sets.collect()
}

#[test]
fn clone3_untraced_is_cleared_in_memory_and_put_back_before_anybody_runs() {
    const UNTRACED: u64 = 0x0080_0000;
    const VM: u64 = 0x100;
    assert_eq!(sets_of_clone3(0), []);
    assert_eq!(
        sets_of_clone3(UNTRACED),
        [(10, 0), (10, UNTRACED), (12, UNTRACED)]
    );
    // Memory that both share: put back once, since the parent may write there before its child's first stop.
    assert_eq!(
        sets_of_clone3(UNTRACED | VM),
        [(10, VM), (10, UNTRACED | VM)]
    );
}
