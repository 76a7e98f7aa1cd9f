//! Calls that the kernel exempts from seccomp are seen by their SIGILL, and once.

use super::*;

const SIGILL: Stop = Stop::Signal(libc::SIGILL);

/// What is told of `uretprobe` with this bit set, whose filter's stop comes or does not.
fn told(bit: u32, filtered: bool) -> Vec<Outcome> {
    let number = nr("uretprobe");
    let mut machine = running(&[]);
    machine.rules.calls = Selection::All;
    let mut effects = Vec::new();
    let info = call(number | bit, [0; 6]);
    // A call before it changes nothing, though the same instruction made it.
    let seen = [Some(nr("getppid")), filtered.then_some(number | bit)];
    for before in seen.into_iter().flatten() {
        let stop = Stop::Seccomp(call(before, [0; 6]), MAGIC);
        step(&mut machine, 10, stop, &mut effects);
        let exit = Stop::Exit {
            value: -1,
            error: true,
            trapped: false,
        };
        step(&mut machine, 10, exit, &mut effects);
    }
    machine.exempt_call(10, info, SystemTime::UNIX_EPOCH, &mut effects);
    step(&mut machine, 10, SIGILL, &mut effects);
    let ended = effects.into_iter().filter_map(|effect| match effect {
        Effect::Ended(call, outcome) if call.nr == number | bit => Some(outcome),
        _ => None,
    });
    ended.collect()
}

#[test]
fn what_no_filter_stopped_at_is_told_by_its_signal() {
    assert!(matches!(told(0, false)[..], [Outcome::Unknown(_)]));
}

#[test]
fn what_a_filter_stopped_at_is_told_once() {
    for bit in [0, AbiId::X32.abi().nr_base] {
        assert!(matches!(told(bit, true)[..], [Outcome::Returned { .. }]));
    }
}
