//! Negative numbers, which the kernel takes at a stop for a tracer's wish to skip the call.

use super::*;

fn unskips(effects: &[Effect]) -> usize {
    let is_unskip = |effect: &&Effect| matches!(effect, Effect::Unskip { tid: 10, .. });
    effects.iter().filter(is_unskip).count()
}

#[test]
fn every_negative_number_is_kept_from_being_skipped_after_our_filter() {
    for (number, wanted) in [(0x7fff_ffff, 0), (0x8000_0000, 1), (u32::MAX, 1)] {
        let mut effects = Vec::new();
        let info = call(number, [0; 6]);
        step(
            &mut running(&[]),
            10,
            Stop::Seccomp(info, MAGIC),
            &mut effects,
        );
        assert_eq!(unskips(&effects), wanted, "{number:#x}");
    }
}

#[test]
fn at_the_entry_only_minus_one_is_taken_for_a_wish() {
    for (number, wanted) in [(0x8000_0000, 0), (u32::MAX, 1)] {
        let mut machine = machine(&[]);
        let mut effects = Vec::new();
        machine.add_attached(10, 10);
        step(
            &mut machine,
            10,
            Stop::Entry(call(number, [0; 6])),
            &mut effects,
        );
        assert_eq!(unskips(&effects), wanted, "{number:#x}");
    }
}

/// A filter of the program's own wished for a tracer: without one its call fails.
#[test]
fn what_is_to_be_skipped_is_skipped() {
    let mut effects = Vec::new();
    let info = call(u32::MAX, [0; 6]);
    step(
        &mut running(&[]),
        10,
        Stop::Seccomp(info, MAGIC + 1),
        &mut effects,
    );
    assert_eq!(unskips(&effects), 0);
}

/// On 32-bit ARM the number that was set at the entry is the one that the filter then tells, but for the bits that a kernel
/// built for the old ABI too cuts off.
#[test]
fn the_stand_in_is_the_same_call() {
    const NR_SYSCALL_MASK: u32 = 0x000f_ffff;
    assert_eq!(STAND_IN & NR_SYSCALL_MASK, STAND_IN);
    let mut machine = running(&[]);
    let mut effects = Vec::new();
    let install = call(nr("seccomp"), [1, 0, 0x5000, 0, 0, 0]);
    let done = Stop::Exit {
        value: 0,
        error: false,
        trapped: false,
    };
    step(
        &mut machine,
        10,
        Stop::Seccomp(install, MAGIC),
        &mut effects,
    );
    step(&mut machine, 10, done, &mut effects);
    effects.clear();
    for stop in [
        Stop::Entry(call(u32::MAX, [7; 6])),
        Stop::Seccomp(call(STAND_IN, [7; 6]), MAGIC),
        done,
    ] {
        step(&mut machine, 10, stop, &mut effects);
    }
    let entered = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Entered(_)));
    assert_eq!(entered.count(), 1);
    assert_eq!(unskips(&effects), 1);
}
