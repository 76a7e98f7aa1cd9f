//! Probes on the bare kernel. Those here make harmless calls only; what is not harmless runs in the
//! sandbox (tests/sandbox.rs).

use std::process::Command;

use everycall_arch::AbiId;

use super::*;
use crate::host;
use crate::ledger::{self, Ledger};

/// Runs a probe and returns its ledger.
fn run(probe: &Probe) -> Ledger {
    let built = probe.build().expect("the probe is built");
    let dir = tempfile::tempdir().expect("a directory for the probe");
    let file = dir.path().join(PROGRAM);
    let slots = built.calls.len();
    std::fs::write(dir.path().join(LEDGER_FILE), vec![0; ledger::bytes(slots)])
        .expect("the ledger's file is written");
    // `cp` writes the program, so that no child of another test holds it open for writing.
    std::fs::write(dir.path().join("bytes"), &built.elf).expect("the probe is written");
    let copied = Command::new("cp")
        .arg(dir.path().join("bytes"))
        .arg(&file)
        .status();
    assert!(copied.expect("cp runs").success());
    let chmod = Command::new("chmod").arg("755").arg(&file).status();
    assert!(chmod.expect("chmod runs").success());
    let status = Command::new(&file)
        .current_dir(dir.path())
        .status()
        .expect("the probe starts");
    assert!(status.success(), "{status}");
    let bytes = std::fs::read(dir.path().join(LEDGER_FILE)).expect("the ledger is there");
    Ledger::read(&bytes, slots).expect("the ledger is whole")
}

const SENTINELS: [Word; 6] = [
    Word::Value(0x1111_1111_6eed_1001),
    Word::Value(0x2222_2222_6eed_2002),
    Word::Value(0x3333_3333_6eed_3003),
    Word::Value(0x4444_4444_6eed_4004),
    Word::Value(0x5555_5555_6eed_5005),
    Word::Value(0x6666_6666_6eed_6006),
];

fn value(word: Word) -> u64 {
    match word {
        Word::Value(value) => value,
        other => panic!("{other:?} is no value"),
    }
}

/// Of each target: each instruction, and number registers for `getpid`, then one for no call.
fn numbers(target: Target) -> Vec<(Via, u64)> {
    const GARBAGE: u64 = 0xdead_beef_0000_0000;
    let own = target.vias().iter().flat_map(|&via| {
        let getpid = if via == Via::Int80 {
            20
        } else {
            Probe::new(target).unwrap().natives().getpid
        };
        let wide = [(via, GARBAGE | getpid)]
            .into_iter()
            .filter(|_| is_wide(target));
        [(via, getpid)].into_iter().chain(wide)
    });
    own.chain([(target.via(), 0xffff)]).collect()
}

fn is_wide(target: Target) -> bool {
    target.abi().abi().word_bits == 64
}

#[test]
fn every_register_is_what_was_described() {
    for target in host::targets() {
        let mut probe = Probe::new(target).unwrap();
        let first = probe.len();
        let numbers = numbers(target);
        for &(via, nr) in &numbers {
            let words = SENTINELS;
            probe.call(Flow::MAIN, Call { via, nr, words }).unwrap();
        }
        probe.exit_group(Flow::MAIN, 0).unwrap();
        let ledger = run(&probe);
        let made = &ledger.calls[first..];
        let mask = if is_wide(target) {
            u64::MAX
        } else {
            0xffff_ffff
        };
        let pid = made[0].result;
        assert!(pid.is_some_and(|pid| pid > 1));
        let enosys = Some((-38_i64).cast_unsigned() & mask);
        for (made, &(via, nr)) in made.iter().zip(&numbers) {
            assert_eq!(
                made.words,
                SENTINELS.map(|word| value(word) & mask),
                "{made:?}"
            );
            assert_eq!((made.abi, made.nr), (via.seen(nr).0, nr), "{target:?}");
            let result = if nr == 0xffff { enosys } else { pid };
            assert_eq!(made.result, result, "{target:?} {via:?} {nr:#x}");
        }
        assert_eq!(
            made[numbers.len()].result,
            None,
            "{target:?} does not return from its end"
        );
        let seqs: Vec<u64> = ledger.calls.iter().map(|made| made.seq).collect();
        assert_eq!(seqs, (1..=ledger.calls.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn this_machine_runs_its_own_programs() {
    let own = match std::env::consts::ARCH {
        "x86_64" => Target::X86_64,
        "x86" => Target::I386,
        "aarch64" => Target::Aarch64,
        "arm" => Target::Arm,
        other => panic!("no target for {other}"),
    };
    assert!(host::targets().contains(&own), "{:?}", host::tried());
    for tried in host::tried() {
        if let Some(reason) = &tried.refused {
            println!("skipped: {:?} programs: {reason}", tried.target);
        }
    }
}

#[test]
fn bit_30_makes_a_call_of_x32() {
    let seen = |nr| Via::Syscall.seen(nr).0;
    assert_eq!(seen(39), AbiId::X86_64);
    assert_eq!(seen(0x4000_0027), AbiId::X32);
    assert_eq!(seen(u64::MAX), AbiId::X86_64);
}

#[test]
fn the_set_up_calls_are_in_the_ledger() {
    for target in host::targets() {
        let mut probe = Probe::new(target).unwrap();
        let natives = probe.natives();
        probe.exit_group(Flow::MAIN, 0).unwrap();
        let calls = run(&probe).calls;
        let numbers: Vec<u64> = calls.iter().map(|made| made.nr).collect();
        let expected = [
            natives.openat,
            natives.mmap,
            natives.close,
            natives.exit_group,
        ];
        assert_eq!(numbers, expected, "{target:?}");
        let fd = calls[0].result.expect("openat returned");
        assert_eq!(calls[1].words[4], fd);
        assert_eq!(calls[1].result, Some(LEDGER));
        assert_eq!(calls[2].words[0], fd);
        assert_eq!(calls[2].result, Some(0));
    }
}

#[test]
fn children_and_earlier_results() {
    for target in host::targets() {
        let mut probe = Probe::new(target).unwrap();
        let child = probe.flow();
        let started = probe.child(Flow::MAIN, child).unwrap();
        let ended = probe.exit(child, 3).unwrap();
        let status = probe.words(&[Word::Value(0)]);
        let pid = Word::Result(started);
        let words = [pid, Word::Address(status)];
        let waited = probe
            .native(Flow::MAIN, probe.natives().wait4, &words)
            .unwrap();
        let told = probe
            .native(Flow::MAIN, 0xffff, &[Word::Load32(status)])
            .unwrap();
        probe.exit_group(Flow::MAIN, 0).unwrap();
        let ledger = run(&probe);
        let get = |call: CallId| ledger.slot(call.index()).expect("the call was made");
        assert_eq!(
            get(waited).words[0],
            get(started).result.unwrap(),
            "{target:?}"
        );
        assert_eq!(get(waited).result, get(started).result, "{target:?}");
        assert_eq!(get(ended).result, None, "{target:?}");
        assert_eq!(get(told).words[0], 3 << 8, "{target:?}");
        assert!(get(ended).seq < get(waited).seq, "{target:?}");
    }
}

#[test]
fn steps_that_need_a_success_are_skipped_after_a_failure() {
    for target in host::targets() {
        let mut probe = Probe::new(target).unwrap();
        let natives = probe.natives();
        let mut inner = Vec::new();
        for nr in [0xffff, natives.getpid] {
            let call = probe.native(Flow::MAIN, nr, &[]).unwrap();
            let steps = |probe: &mut Probe| {
                inner.push(probe.native(Flow::MAIN, natives.getppid, &[])?);
                Ok(())
            };
            probe.unless_failed(Flow::MAIN, call, steps).unwrap();
        }
        probe.exit_group(Flow::MAIN, 0).unwrap();
        let ledger = run(&probe);
        let made: Vec<bool> = inner
            .iter()
            .map(|call| ledger.slot(call.index()).is_some())
            .collect();
        assert_eq!(made, [false, true], "{target:?}");
    }
}

#[test]
fn a_flow_without_an_end_is_stopped() {
    for target in host::targets() {
        without_an_end(target);
    }
}

fn without_an_end(target: Target) {
    let mut probe = Probe::new(target).unwrap();
    let child = probe.flow();
    probe.child(Flow::MAIN, child).unwrap();
    let status = probe.words(&[Word::Value(0)]);
    let words = [Word::Value(u64::from(u32::MAX)), Word::Address(status)];
    probe
        .native(Flow::MAIN, probe.natives().wait4, &words)
        .unwrap();
    let told = probe
        .native(Flow::MAIN, 0xffff, &[Word::Load32(status)])
        .unwrap();
    probe.exit_group(Flow::MAIN, 0).unwrap();
    const SIGILL: u64 = 4;
    let made = run(&probe);
    assert_eq!(made.slot(told.index()).unwrap().words[0] & 0x7f, SIGILL);
}

#[test]
fn signal_handlers_return_where_they_came_from() {
    /// Of each target: `rt_sigaction`, `sigaltstack`, `tkill`, `gettid`, `rt_sigreturn`.
    const NUMBERS: [(Target, [u64; 5]); 4] = [
        (Target::X86_64, [13, 131, 200, 186, 15]),
        (Target::I386, [174, 186, 238, 224, 173]),
        (Target::Aarch64, [134, 132, 130, 178, 139]),
        (Target::Arm, [174, 186, 238, 224, 173]),
    ];
    const SIGUSR1: Word = Word::Value(10);
    const SA_RESTORER_ONSTACK_SIGINFO: Word = Word::Value(0x0c00_0004);
    let here = host::targets();
    for (target, [action, altstack, tkill, gettid, sigreturn]) in NUMBERS
        .into_iter()
        .filter(|(target, _)| here.contains(target))
    {
        let mut probe = Probe::new(target).unwrap();
        let handling = probe.flow();
        let handler = probe.handler(handling, false);
        let stack = probe.bytes(&[0; 16384]);
        let stack = probe.words(&[Word::Address(stack), Word::Value(0), Word::Value(16384)]);
        let code = Word::Handler(handler);
        let act = [
            code,
            SA_RESTORER_ONSTACK_SIGINFO,
            code,
            Word::Value(0),
            Word::Value(0),
        ];
        let act = probe.words(&act);
        let main = Flow::MAIN;
        probe
            .native(main, altstack, &[Word::Address(stack)])
            .unwrap();
        let words = [SIGUSR1, Word::Address(act), Word::Value(0), Word::Value(8)];
        let installed = probe.native(main, action, &words).unwrap();
        let tid = probe.native(main, gettid, &[]).unwrap();
        let sent = probe
            .native(main, tkill, &[Word::Result(tid), SIGUSR1])
            .unwrap();
        let back = Call::new(target.via(), sigreturn, &[]);
        let returned = probe
            .call_on(handling, back, probe.handler_stack())
            .unwrap();
        probe.exit_group(main, 0).unwrap();
        let ledger = run(&probe);
        let get = |call: CallId| ledger.slot(call.index()).expect("the call was made");
        assert_eq!(get(installed).result, Some(0), "{target:?}");
        assert_eq!(get(sent).result, Some(0), "{target:?}");
        assert_eq!(get(returned).result, None, "{target:?}");
    }
}

#[test]
fn what_cannot_be_built_is_an_error() {
    let mut probe = Probe::new(Target::I386).unwrap();
    let wrong = probe.call(Flow::MAIN, Call::new(Via::Syscall, 39, &[]));
    assert!(matches!(
        wrong,
        Err(ProbeError::NoInstruction(Target::I386, Via::Syscall))
    ));
    for _ in 0..20_000 {
        probe.native(Flow::MAIN, 20, &[]).unwrap();
    }
    assert!(matches!(probe.build(), Err(ProbeError::TooLarge)));
}

#[test]
fn a_program_that_starts_itself_again_goes_on_in_its_ledger() {
    for target in host::targets() {
        let mut probe = Probe::new(target).unwrap();
        let natives = probe.natives();
        let execve = match target {
            Target::X86_64 => 59,
            Target::I386 | Target::Arm => 11,
            Target::Aarch64 => 221,
        };
        let getppid = |probe: &mut Probe, flow| {
            probe
                .native(flow, natives.getppid, &[Word::Value(7)])
                .unwrap()
        };
        let thread = probe.flow();
        let call = Call::new(target.via(), natives.clone, &[]);
        probe.thread(Flow::MAIN, call, thread).unwrap();
        let before = getppid(&mut probe, thread);
        let (via, mut last) = (target.via(), Vec::new());
        let mut at = thread;
        // The first image's leader does nothing more.
        probe.exit(Flow::MAIN, 0).unwrap();
        for _ in 0..2 {
            let image = probe.image().unwrap();
            let path = probe.own_path();
            let exec = probe.exec(at, (via, execve), path, image).unwrap();
            last.push((exec, getppid(&mut probe, image)));
            at = image;
        }
        probe.exit_group(at, 0).unwrap();
        let ledger = run(&probe);
        let get = |call: CallId| ledger.slot(call.index()).expect("the call was made");
        let mut seq = get(before).seq;
        for (exec, after) in last {
            assert_eq!(get(exec).result, None, "{target:?}");
            assert_eq!(
                (get(after).words[0], get(after).result),
                (7, get(before).result)
            );
            assert!(
                seq < get(exec).seq && get(exec).seq < get(after).seq,
                "{target:?}"
            );
            seq = get(after).seq;
        }
    }
}
