//! Every way of compiling makes programs that do what is wanted: proven by the prover of policies, and by the map.

#[path = "common/mod.rs"]
mod common;

use everycall_arch::{AbiId, table};
use everycall_filter::map::{Field, Map, Outcome, Term, Test, prove as prove_map};
use everycall_filter::{
    Action, Alu, CompileError, Cond, MapCompileError, Op, Operand, Policy, Program, Proven,
    SeccompData, Strategy, check, compile_map, compile_rules, compile_with, interpret,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;

const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
const DATA: u16 = 0xec01;

/// Compiles by every strategy, and proves twice.
fn proven(policy: &Policy, first: u32) -> Vec<(Strategy, Program)> {
    let wanted = Map::of_policy(policy, DATA).expect("it has a map");
    let by = |strategy| {
        let program = compile_with(policy, DATA, first, strategy).expect("it fits");
        let proven = Proven::new(program.clone(), policy, DATA);
        proven.unwrap_or_else(|error| panic!("{strategy}: {error}\n{program}"));
        prove_map(&program, &wanted)
            .unwrap_or_else(|error| panic!("{strategy}: {error}\n{program}"));
        (strategy, program)
    };
    Strategy::ALL.map(by).into()
}

/// All numbers of x86-64's table but those that `traced` says, and all of i386's.
fn policy(traced: impl Fn(&str, u32) -> bool) -> Policy {
    let mut policy = Policy::new();
    for (id, arch) in [(AbiId::X86_64, X86_64), (AbiId::I386, I386)] {
        for call in table::all(id) {
            if !traced(call.name, call.nr) {
                policy.allow(arch, call.nr..=call.nr);
            }
        }
    }
    policy
}

#[test]
fn the_sets_that_tracers_ask_for_are_proven() {
    let files = [
        "open", "openat", "openat2", "stat", "execve", "unlink", "rename",
    ];
    let sets: [Policy; 6] = [
        policy(|_, _| false),
        policy(|name, _| name == "chdir"),
        policy(|name, _| files.contains(&name)),
        policy(|_, nr| nr % 2 == 1),
        policy(|name, _| name != "getppid"),
        policy(|name, _| name.starts_with('s')),
    ];
    for set in sets {
        proven(&set, X86_64);
    }
}

/// What the interpreter says of a program, and what the map says.
fn agree(program: &Program, map: &Map, data: &SeccompData) -> bool {
    let done = interpret(program, data).map(Action::from_ret);
    done.map(Outcome::Action) == Ok(map.at(data))
}

/// Conditions of every kind, on halves, masks, and several words.
fn rules_with_arguments() -> Vec<(Term, Action)> {
    let call = |nr| Test::equal(Field::Nr, nr);
    let here = || Test::equal(Field::Arch, X86_64.into());
    let arg = Field::Arg;
    vec![
        (
            vec![here(), call(0), Test::equal(arg(0), 0x1_0000_0002)],
            Action::Allow,
        ),
        (
            vec![here(), call(0), Test::within(arg(2), 0, 4096)],
            Action::Allow,
        ),
        (
            vec![here(), call(1), Test::equal(arg(1), 7).negate()],
            Action::Errno(13),
        ),
        (
            vec![here(), call(16), Test::masked(arg(1), 0xffff_ffff, 0x5401)],
            Action::Allow,
        ),
        (
            vec![here(), call(56), Test::masked(arg(0), 0x7e02_0000, 0)],
            Action::Allow,
        ),
        (
            vec![
                here(),
                call(9),
                Test::masked(arg(2), 0x8000_0000_0000_0006, 6),
            ],
            Action::KillProcess,
        ),
        (
            vec![
                here(),
                Test::within(Field::Nr, 100, 200),
                Test::within(Field::Ip, 1 << 47, u64::MAX),
            ],
            Action::Trap(1),
        ),
        (vec![here(), Test::within(Field::Nr, 20, 50)], Action::Allow),
    ]
}

#[test]
fn conditions_on_arguments_become_code() {
    let rules = rules_with_arguments();
    let wanted = Map::of_rules(&rules, Action::Errno(38)).expect("it has a map");
    for strategy in Strategy::ALL {
        let program = compile_rules(&rules, Action::Errno(38), X86_64, strategy).expect("it fits");
        assert_eq!(check(&program), Ok(()));
        assert_eq!(prove_map(&program, &wanted), Ok(()), "{strategy}");
        let call = |nr, args: [u64; 6]| SeccompData {
            nr,
            arch: X86_64,
            instruction_pointer: 0,
            args,
        };
        for (nr, args, action) in [
            (0, [0x1_0000_0002, 0, 5000, 0, 0, 0], Action::Allow),
            (0, [2, 0, 5000, 0, 0, 0], Action::Errno(38)),
            (0, [2, 0, 4096, 0, 0, 0], Action::Allow),
            (1, [0, 7, 0, 0, 0, 0], Action::Errno(38)),
            (1, [0, 7 | 1 << 32, 0, 0, 0, 0], Action::Errno(13)),
            (9, [0, 0, 7, 0, 0, 0], Action::KillProcess),
            (9, [0, 0, 1 << 63 | 6, 0, 0, 0], Action::Errno(38)),
            (56, [0x0102_0000, 0, 0, 0, 0, 0], Action::Errno(38)),
            (56, [1 << 40, 0, 0, 0, 0, 0], Action::Allow),
        ] {
            let data = call(nr, args);
            let done = interpret(&program, &data).map(Action::from_ret);
            assert_eq!(done, Ok(action), "{strategy} {data:x?}\n{program}");
            assert!(agree(&program, &wanted, &data));
        }
    }
}

#[test]
fn what_a_map_does_not_know_or_a_program_cannot_hold_is_an_error() {
    // The product of two words.
    let product: Program = [
        Op::LoadData(16),
        Op::Tax,
        Op::LoadData(24),
        Op::Alu(Alu::Mul, Operand::X),
        Op::branch(Cond::Eq, 0x1234_5678, 0, 1),
        Op::Return(0x7fff_0000),
        Op::Return(0),
    ]
    .into_iter()
    .collect();
    let map = Map::of(&product).expect("it has a map");
    let error = compile_map(&map, X86_64, Strategy::Auto).unwrap_err();
    assert!(matches!(error, MapCompileError::Undecided(_)), "{error}");
    // Each of the first 400 numbers has four conditions of its own.
    let rule = |nr: u64| {
        let tests = (0..4).map(move |n| Test::equal(Field::Arg(n), nr * 7919 + u64::from(n)));
        let tests = tests.chain([Test::equal(Field::Nr, nr)]).collect();
        (tests, Action::Allow)
    };
    let rules: Vec<_> = (0..400).map(rule).collect();
    let error = compile_rules(&rules, Action::KillProcess, X86_64, Strategy::Auto).unwrap_err();
    let too_long = |len| len > everycall_filter::MAX_INSNS;
    assert!(
        matches!(error, MapCompileError::Compile(CompileError::TooLong { len }) if too_long(len)),
        "{error}"
    );
}

fn strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    proptest::sample::select(Strategy::ALL.to_vec())
}

proptest! {
    #![proptest_config(common::cases(160))]

    /// The compiler proves what it makes, and so cannot be wrong silently; here the interpreter judges the proof.
    #[test]
    fn any_filter_compiled_anew_does_the_same(
        (program, calls) in common::program().prop_flat_map(|program| {
            let calls = proptest::collection::vec(common::calls(&program), 24);
            (Just(program), calls)
        }),
        strategy in strategy(),
    ) {
        let map = Map::of(&program).unwrap();
        match compile_map(&map, X86_64, strategy) {
            Ok(anew) => {
                prop_assert_eq!(check(&anew), Ok(()));
                for call in calls {
                    // Data that the kernel never looks at is not kept.
                    let done = |program: &Program| interpret(program, &call).map(Action::from_ret);
                    prop_assert_eq!(done(&anew), done(&program));
                }
            }
            Err(MapCompileError::Undecided(_)) => prop_assert!(!map.undecided().is_empty()),
            Err(error) => prop_assert!(matches!(error, MapCompileError::Compile(_)), "{error}"),
        }
    }
}

proptest! {
    #![proptest_config(common::cases(32))]

    #[test]
    fn any_policy_is_proven_whatever_the_strategy(
        ranges in proptest::collection::vec((0u32..600, 0u32..9, 0usize..3), 0..90),
        lift in proptest::sample::select(vec![0, 1 << 30, u32::MAX - 608]),
    ) {
        let mut policy = Policy::new();
        for (low, more, arch) in ranges {
            let lift = if arch == 0 { lift } else { 0 };
            policy.allow([X86_64, I386, 7][arch], low + lift..=low + more + lift);
        }
        proven(&policy, X86_64);
    }
}
