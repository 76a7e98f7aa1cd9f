//! Maps and the interpreter, held against each other on random programs.

mod build;
mod common;

use build::{ALLOW, Block, ERRNO, I386, KILL, X86_64, filter};
use common::{calls, cases, program};
use everycall_arch::AbiId;
use everycall_filter::map::{
    Change, Field, Map, MapError, Options, Outcome, Region, Section, Set, Space, Term, Test, When,
};
use everycall_filter::{Action, ByteOrder, Cond, Op, Program, SeccompData, check, interpret};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Small limits: what random programs compute is seldom worth more.
const SMALL: Options = Options {
    nodes: 1 << 13,
    order: ByteOrder::NATIVE,
};

/// The map of a random program; one that does not fit the small limits is no case.
fn mapped(program: &Program) -> Result<Map, TestCaseError> {
    match Map::with(program, SMALL) {
        Err(error @ MapError::TooLarge { .. }) => Err(TestCaseError::reject(error.to_string())),
        map => Ok(map.expect("the program was checked")),
    }
}

/// What the interpreter says.
fn truth(program: &Program, data: &SeccompData) -> Outcome {
    Outcome::Action(Action::from_ret(
        interpret(program, data).expect("the program was checked"),
    ))
}

/// A program and calls for it.
fn with_calls(count: usize) -> impl Strategy<Value = (Program, Vec<SeccompData>)> {
    program().prop_flat_map(move |program| {
        let calls = proptest::collection::vec(calls(&program), count);
        (Just(program), calls)
    })
}

/// What a table says of a call: `Ok(None)` where it says that it is irregular.
fn told(sections: &[Section<Outcome>], data: &SeccompData) -> Result<Option<Outcome>, String> {
    let abi = AbiId::of_call(data.arch, data.nr);
    let mut found = Vec::new();
    let mut irregular = false;
    for section in sections {
        let here = match (&section.space, abi) {
            (Space::Abi(id), abi) => abi == Some(*id),
            (Space::Others(test), None) => {
                let holds = test.holds_of(data);
                irregular |= holds.is_none();
                holds.unwrap_or(true)
            }
            (Space::Others(_), Some(_)) => false,
        };
        let regions = section.regions.iter().filter(|_| here);
        found.extend(regions.filter(|region| region.numbers.holds_of(data) != Some(false)));
    }
    let unclear = |region: &&Region<Outcome>| region.numbers.holds_of(data).is_none();
    irregular |= found.iter().any(unclear);
    let [region] = *found else {
        return if irregular {
            Ok(None)
        } else {
            Err(format!("{found:?}"))
        };
    };
    let mut left = None;
    for rule in &region.rules {
        match (&rule.when, rule.when.holds(data)) {
            (_, Some(true)) => return Ok(Some(rule.then)),
            (When::Otherwise, _) => left = Some(rule.then),
            (_, None) => irregular = true,
            (_, Some(false)) => {}
        }
    }
    match left {
        _ if irregular => Ok(None),
        Some(then) => Ok(Some(then)),
        None => Err(format!("no rule of {:?}", region.rules)),
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_map_says_what_the_interpreter_says((program, calls) in with_calls(64)) {
        let map = mapped(&program)?;
        for data in calls {
            match map.at(&data) {
                Outcome::Undecided(at) => prop_assert!(map.undecided().contains(&at)),
                found => prop_assert_eq!(found, truth(&program, &data), "{:x?}\n{}", data, program),
            }
        }
    }

    #[test]
    fn a_table_says_what_the_map_says((program, calls) in with_calls(64)) {
        let map = mapped(&program)?;
        // A map of thousands of treatments has no table, and says so.
        if let Ok(sections) = map.sections() {
            for data in calls {
                let told = told(&sections, &data).map_err(TestCaseError::fail)?;
                if let Some(told) = told {
                    prop_assert_eq!(told, map.at(&data), "{:x?}\n{}", data, program);
                }
            }
        }
    }
}

/// The rules that a table is, if it tells everything.
fn as_rules(sections: &[Section<Outcome>]) -> Option<Vec<(Term, Action)>> {
    let mut rules = Vec::new();
    for section in sections {
        let space = match &section.space {
            Space::Abi(id) => {
                let arch = Test::equal(Field::Arch, id.abi().audit_arch.into());
                let x32 = Test::within(Field::Nr, 1 << 30, (1 << 31) - 1);
                match id {
                    AbiId::X86_64 => vec![arch, x32.negate()],
                    AbiId::X32 => vec![arch, x32],
                    _ => vec![arch],
                }
            }
            Space::Others(test) => vec![test.clone()],
        };
        for region in &section.regions {
            // What is left counts after the others.
            let (last, first): (Vec<_>, Vec<_>) =
                (region.rules.iter()).partition(|rule| rule.when == When::Otherwise);
            for rule in first.into_iter().chain(last) {
                let terms = match &rule.when {
                    When::Always | When::Otherwise => vec![Term::new()],
                    When::Any(terms) => terms.clone(),
                    When::Irregular { .. } => return None,
                };
                let Outcome::Action(action) = rule.then else {
                    return None;
                };
                for term in terms {
                    let all: Term =
                        [&space[..], std::slice::from_ref(&region.numbers), &term].concat();
                    let irregular = |test: &Test| matches!(test.set, Set::Irregular { .. });
                    if all.iter().any(irregular) {
                        return None;
                    }
                    rules.push((all, action));
                }
            }
        }
    }
    Some(rules)
}

proptest! {
    #![proptest_config(cases(40))]

    // Not of some calls but of all: the table alone makes the same map again.
    #[test]
    fn a_table_is_the_whole_map(program in program()) {
        let map = mapped(&program)?;
        let Some(rules) = map.sections().ok().and_then(|sections| as_rules(&sections)) else {
            return Ok(());
        };
        // No rule is missing: the default is an action that no program of ours returns.
        let again = Map::of_rules(&rules, Action::Trap(0xdead)).unwrap();
        let difference = map.difference(&again).unwrap();
        prop_assert!(difference.is_none(), "{:x?}\n{}", difference.example(), program);
    }

    #[test]
    fn a_chain_does_what_the_kernel_makes_of_all_its_filters(
        (programs, calls) in proptest::collection::vec(program(), 0..4).prop_flat_map(|programs| {
            let calls: Vec<_> = programs.iter().map(|program| proptest::collection::vec(calls(program), 20)).collect();
            (Just(programs), calls)
        }),
    ) {
        let maps = programs.iter().map(mapped).collect::<Result<Vec<Map>, _>>()?;
        let Ok(chain) = Map::chain(&maps) else { return Ok(()) };
        for data in calls.iter().flatten() {
            // kernel/seccomp.c: from the newest to the oldest, what is strictly lower replaces what there is.
            let mut expected = 0x7fff_0000u32;
            for program in programs.iter().rev() {
                let ret = interpret(program, data).unwrap();
                if ((ret & 0xffff_0000) as i32) < (expected & 0xffff_0000) as i32 {
                    expected = ret;
                }
            }
            if let Outcome::Action(found) = chain.at(data) {
                prop_assert_eq!(found, Action::from_ret(expected));
            } else {
                let undecided = |map: &Map| matches!(map.at(data), Outcome::Undecided(_));
                prop_assert!(maps.iter().any(undecided));
            }
        }
    }

    #[test]
    fn a_difference_is_where_two_programs_differ(
        (program, calls) in with_calls(40),
        (at, k) in (any::<proptest::sample::Index>(), any::<u32>()),
    ) {
        let mut other = program.to_vec();
        let at = at.index(other.len());
        other[at].k = if matches!(other[at].op(), Some(Op::Return(_))) { k } else { other[at].k ^ 1 };
        prop_assume!(check(&other).is_ok());
        let other = Program::from(other);
        let maps = [mapped(&program)?, mapped(&other)?];
        let Ok(difference) = maps[0].difference(&maps[1]) else { return Ok(()) };
        for data in &calls {
            let [from, to] = [&maps[0], &maps[1]].map(|map| map.at(data));
            let same = from == to && matches!(from, Outcome::Action(_));
            prop_assert_eq!(difference.at(data), (!same).then_some(Change { from, to }));
        }
        match difference.example() {
            None => prop_assert!(difference.is_none()),
            Some((data, change)) => {
                prop_assert_eq!([maps[0].at(&data), maps[1].at(&data)], [change.from, change.to]);
                prop_assert!(change.from != change.to || matches!(change.from, Outcome::Undecided(_)));
            }
        }
    }
}

/// What would make the tests above worthless: maps that give up, and tables that say nothing.
#[test]
fn most_random_programs_are_followed_and_told() {
    let mut runner = TestRunner::deterministic();
    let (mut all, mut decided, mut clear, mut whole) = (0, 0, 0, 0);
    for _ in 0..50 {
        let program = program().new_tree(&mut runner).unwrap().current();
        let map = Map::with(&program, SMALL).unwrap();
        let sections = map.sections();
        whole += usize::from(sections.as_ref().is_ok_and(|told| as_rules(told).is_some()));
        for _ in 0..20 {
            let data = calls(&program).new_tree(&mut runner).unwrap().current();
            all += 1;
            decided += usize::from(matches!(map.at(&data), Outcome::Action(_)));
            clear += usize::from(
                sections
                    .as_ref()
                    .is_ok_and(|told_by| matches!(told(told_by, &data), Ok(Some(_)))),
            );
        }
    }
    assert!(decided * 100 > all * 80, "{decided} of {all} are decided");
    assert!(whole > 30, "{whole} of 50 tables tell everything");
    assert!(clear * 100 > all * 70, "{clear} of {all} are told");
}

/// A filter that looks at numbers, at an argument as 64 bits, and at flags.
fn with_arguments() -> Program {
    let numbers = filter(
        &[
            Block::new(X86_64, ERRNO)
                .range(0, 55, ALLOW)
                .range(57, 134, ALLOW)
                .range(136, 334, ALLOW)
                .range(0x4000_0000, 0x4000_0201, ALLOW)
                .range(u32::MAX, u32::MAX, ALLOW),
            Block::new(I386, KILL)
                .range(1, 119, ALLOW)
                .range(121, 400, ERRNO),
        ],
        KILL,
    );
    let half = |word: u32, high: bool| {
        let second = high == (ByteOrder::NATIVE == ByteOrder::Little);
        Op::LoadData(16 + 8 * word + 4 * u32::from(second))
    };
    let head = [
        Op::LoadData(0),
        Op::branch(Cond::Eq, 56, 0, 3),
        half(0, false),
        Op::branch(Cond::Set, 0x7e02_0000, 6, 0),
        Op::Return(ALLOW),
        Op::branch(Cond::Eq, 135, 0, 4),
        half(0, true),
        Op::branch(Cond::Gt, 7, 2, 0),
        half(0, false),
        Op::branch(Cond::Gt, 4095, 0, 0),
    ];
    let rest = numbers.iter().filter_map(|insn| insn.op());
    head.into_iter().chain(rest).collect()
}

/// Map and interpreter on these numbers, with words that change from number to number.
fn brute_force(numbers: impl Iterator<Item = u32>) {
    let program = with_arguments();
    let map = Map::of(&program).unwrap();
    assert_eq!(map.undecided(), []);
    for nr in numbers {
        let noise = u64::from(nr).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for arch in [X86_64, I386, 0xc000_00b7] {
            let mut data = SeccompData::of_call(arch, nr);
            data.args[0] = noise >> (noise >> 58);
            assert_eq!(map.at(&data), truth(&program, &data), "{data:x?}");
        }
    }
}

#[test]
fn brute_force_agrees_near_every_power_of_two() {
    brute_force((0..32).flat_map(|bit| {
        let power = 1u32 << bit;
        (power.saturating_sub(600)..power.saturating_add(600)).chain(!power - 8..=!power)
    }));
}

#[test]
#[ignore = "2^32 numbers of three architectures, for a release build: the interpreter alone takes a quarter of an hour of processor time"]
fn brute_force_agrees_on_all_numbers() {
    std::thread::scope(|scope| {
        for quarter in 0..4u32 {
            scope.spawn(move || brute_force(quarter << 30..=quarter << 30 | u32::MAX >> 2));
        }
    });
}
