//! The kernel as the judge of maps, call by call: `run::compare`, on filters with every action, on chains, and on the corpus.

mod common;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use everycall_arch::AbiId;
use everycall_filter::map::{Field, Map, Outcome, Test};
use everycall_filter::run::{Observed, Plan, Probe, Report, RunError, compare};
use everycall_filter::{
    Action, ByteOrder, Cond, Op, Operand, Program, SeccompData, Strategy, compile_map,
};
use proptest::prelude::{Just, ProptestConfig, prop_assert_eq};
use proptest::strategy::Strategy as Random;
use proptest::test_runner::{TestCaseError, TestRunner};

/// The ABIs whose calls this program can make.
fn abis() -> &'static [AbiId] {
    match std::env::consts::ARCH {
        "x86_64" => &[AbiId::X86_64, AbiId::X32, AbiId::I386],
        "x86" => &[AbiId::I386],
        "aarch64" => &[AbiId::Aarch64],
        _ => &[AbiId::Arm],
    }
}

const BASE: u32 = 0x0eca_1100;

/// A filter that says something else of each of the numbers from `BASE` on, and allows all others.
fn by_number(actions: &[Action]) -> Program {
    let number = [Op::LoadData(0)];
    let cases = actions.iter().zip(BASE..).flat_map(|(action, nr)| {
        let with = Operand::K(nr);
        let cond = Cond::Eq;
        let branch = |nr| Op::Branch {
            cond,
            with: nr,
            jt: 0,
            jf: 1,
        };
        [branch(with), Op::Return(action.to_ret())]
    });
    let allow = [Op::Return(Action::Allow.to_ret())];
    number.into_iter().chain(cases).chain(allow).collect()
}

/// A call of each of the numbers from `BASE` on, of every ABI that has such numbers.
fn probes(count: u32) -> Plan {
    let abis = abis().iter().filter(|abi| **abi != AbiId::X32);
    let probes = abis.flat_map(|&abi| {
        (BASE..BASE + count).map(move |nr| Probe {
            abi,
            nr,
            args: [u64::MAX; 6],
        })
    });
    Plan {
        probes: probes.collect(),
    }
}

const ACTIONS: [Action; 14] = [
    Action::Allow,
    Action::Log,
    Action::Trace(0),
    Action::Trace(0xffff),
    Action::UserNotif,
    Action::Errno(0),
    Action::Errno(38),
    Action::Errno(512),
    Action::Errno(4094),
    Action::Errno(5000),
    Action::Trap(7),
    Action::KillThread,
    Action::KillProcess,
    Action::Unknown(0x0001_0000),
];

#[test]
fn every_action_is_seen_as_it_is() {
    let program = by_number(&ACTIONS);
    let map = Map::of(&program).unwrap();
    let plan = probes(ACTIONS.len() as u32);
    let report = compare(&[program], &map, &plan).unwrap();
    assert_eq!(report.mismatches, []);
    assert_eq!(report.skipped, []);
    let times = plan.probes.len() / ACTIONS.len();
    let wanted = [
        ("ALLOW or LOG", 2),
        ("TRACE", 2),
        ("USER_NOTIF", 1),
        ("ERRNO", 5),
        ("TRAP", 1),
        ("KILL_THREAD", 1),
        ("KILL_PROCESS", 2),
    ];
    let wanted: BTreeMap<&str, usize> = wanted.map(|(name, count)| (name, count * times)).into();
    assert_eq!(report.observed, wanted);
}

/// All pairs of different actions, one loaded and one told: what is not the same is seen.
#[test]
fn what_the_map_says_wrongly_is_seen() {
    let program = by_number(&ACTIONS);
    let wrong: Vec<Action> = ACTIONS
        .iter()
        .copied()
        .cycle()
        .skip(1)
        .take(ACTIONS.len())
        .collect();
    let map = Map::of(&by_number(&wrong)).unwrap();
    let report = compare(&[program], &map, &probes(ACTIONS.len() as u32)).unwrap();
    let mut seen: Vec<(u32, Outcome, Observed)> = report
        .mismatches
        .iter()
        .map(|one| (one.data.nr - BASE, one.expected, one.observed))
        .collect();
    seen.truncate(ACTIONS.len() - 2);
    // ALLOW and LOG, and the two that kill the process, cannot be told apart.
    let told = |at: u32, action, observed| (at, Outcome::Action(action), observed);
    let wanted = [
        told(1, Action::Trace(0), Observed::Runs),
        told(2, Action::Trace(0xffff), Observed::Trace(0)),
        told(3, Action::UserNotif, Observed::Trace(0xffff)),
        told(4, Action::Errno(0), Observed::Notified),
        told(5, Action::Errno(38), Observed::Errno(0)),
        told(6, Action::Errno(512), Observed::Errno(38)),
        told(7, Action::Errno(4094), Observed::Errno(512)),
        told(8, Action::Errno(5000), Observed::Errno(4094)),
        told(9, Action::Trap(7), Observed::Errno(4095)),
        told(10, Action::KillThread, Observed::Trap(7)),
        told(11, Action::KillProcess, Observed::KilledThread),
        told(13, Action::Allow, Observed::KilledProcess),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn of_a_chain_the_strongest_counts_and_of_equals_the_newest() {
    let older = [
        Action::Trace(1),
        Action::Errno(1),
        Action::Allow,
        Action::Trap(1),
    ];
    let newer = [
        Action::Trace(2),
        Action::Trace(1),
        Action::UserNotif,
        Action::KillThread,
    ];
    let chain = [by_number(&older), by_number(&newer)];
    let maps = chain.each_ref().map(|program| Map::of(program).unwrap());
    let map = Map::chain(&maps).unwrap();
    let report = compare(&chain, &map, &probes(5)).unwrap();
    assert_eq!(report.mismatches, []);
    // The other way round the first number is traced with the other data.
    let turned = [chain[1].clone(), chain[0].clone()];
    let report = compare(&turned, &map, &probes(5)).unwrap();
    let numbers: Vec<u32> = report
        .mismatches
        .iter()
        .map(|one| one.data.nr - BASE)
        .collect();
    assert!(
        !numbers.is_empty() && numbers.iter().all(|nr| *nr == 0),
        "{numbers:?}"
    );
}

#[test]
fn words_reach_the_filter_whole() {
    // Sees the last word's highest bit, and the first's lowest.
    let width = abis()[0].abi().word_bits;
    let tests = vec![
        Test::equal(Field::Nr, BASE.into()),
        Test::equal(Field::Arg(5), 1 << (width - 1)),
        Test::masked(Field::Arg(0), 1, 1),
    ];
    let map = Map::of_rules(&[(tests, Action::Errno(77))], Action::Allow).unwrap();
    let program = compile_map(&map, abis()[0].abi().audit_arch, Strategy::Auto).unwrap();
    let plan = Plan::of(std::slice::from_ref(&program), &map, 500);
    let report = compare(&[program], &map, &plan).unwrap();
    assert_eq!(report.mismatches, []);
    assert!(report.observed["ERRNO"] > 0, "{:?}", report.observed);
}

#[test]
fn what_cannot_be_loaded_is_told() {
    let allow = by_number(&[]);
    let map = Map::of(&allow).unwrap();
    let run = |programs: &[Program]| compare(programs, &map, &probes(1)).map(drop);
    assert!(matches!(run(&[]), Err(RunError::NoFilter)));
    let invalid = Program::from_iter([Op::Neg]);
    assert!(matches!(
        run(&[allow.clone(), invalid]),
        Err(RunError::Invalid { place: 1, .. })
    ));
    let asks = by_number(&[Action::UserNotif]);
    assert!(
        matches!(run(&[asks.clone(), asks]), Err(RunError::Supervisors(places)) if places == [0, 1])
    );
    // Nothing can be installed behind it.
    let closed = Program::from_iter([Op::Return(Action::Errno(1).to_ret())]);
    assert!(matches!(
        run(&[closed.clone(), allow.clone()]),
        Err(RunError::Refused { place: 1, .. })
    ));
    let deadly = Program::from_iter([Op::Return(Action::KillProcess.to_ret())]);
    assert!(matches!(run(&[deadly, allow]), Err(RunError::Chain(_))));
}

/// A random program, and some of the calls at which it may change its mind.
fn random() -> impl Random<Value = (Program, Plan)> {
    common::program().prop_flat_map(|program| {
        let calls = proptest::collection::vec(common::calls(&program), 8);
        (Just(program), calls).prop_map(|(program, calls)| {
            let every = |data: &SeccompData| {
                let (nr, args) = (data.nr, data.args);
                abis().iter().map(move |&abi| Probe { abi, nr, args })
            };
            let is_of = |probe: &Probe| {
                let arch = probe.abi.abi().audit_arch;
                AbiId::of_call(arch, probe.nr) == Some(probe.abi)
            };
            let probes = calls.iter().flat_map(every).filter(is_of).collect();
            (program, Plan { probes })
        })
    })
}

#[test]
fn the_kernel_agrees_with_the_maps_of_random_programs() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..common::cases(40)
    };
    let compared = Cell::new(0);
    let judge = |(program, plan): (Program, Plan)| {
        // What the map could not find out it says nothing about.
        let Ok(map) = Map::of(&program) else {
            return Ok(());
        };
        let report = compare(std::slice::from_ref(&program), &map, &plan);
        let report = report.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut mismatches = report.mismatches;
        mismatches.retain(|one| matches!(one.expected, Outcome::Action(_)));
        let count: usize = report.compared.iter().map(|(_, count)| count).sum();
        compared.set(compared.get() + count);
        prop_assert_eq!(mismatches, [], "{}", program);
        Ok(())
    };
    TestRunner::new(config).run(&random(), judge).unwrap();
    assert!(compared.get() > 20, "only {} calls", compared.get());
}

/// The filters of the corpus that were not made for comparison, and what the kernel says of each.
#[test]
fn the_kernel_agrees_with_the_maps_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/filters");
    let limit = if std::env::var_os("EVERYCALL_IN_MACHINE").is_some() {
        30
    } else {
        120
    };
    let mut count = 0;
    for software in [
        "chromium",
        "docker",
        "flatpak",
        "libseccomp",
        "openssh",
        "seccompiler",
        "strace",
        "systemd",
    ] {
        for entry in fs::read_dir(root.join(software)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "bpf") {
                continue;
            }
            let program =
                Program::from_bytes(&fs::read(&path).unwrap(), ByteOrder::Little).unwrap();
            let map = Map::of(&program).unwrap();
            let plan = Plan::of(std::slice::from_ref(&program), &map, limit);
            let report: Report = compare(&[program], &map, &plan).unwrap();
            assert_eq!(report.mismatches, [], "{path:?}");
            assert!(
                report
                    .compared
                    .iter()
                    .map(|(_, count)| count)
                    .sum::<usize>()
                    > limit / 2
            );
            count += 1;
        }
    }
    assert!(count > 40, "{count} filters");
}
