//! Compiler, prover and interpreter, held against each other.
//!
//! The compiler emits comparisons of the number and the architecture with constants only. Between
//! two such constants nothing can change, so the constants and their neighbours are *all* that
//! must be looked at to know what a program does: the interpreter on these is an independent judge.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::thread;

use everycall_arch::AbiId;
use everycall_filter::map::{self, Map, MapError, ProofError};
use everycall_filter::{
    Action, CompileError, Cond, Insn, Mismatch, Op, Operand, Policy, Program, ProveError, Proven,
    Reg, SeccompData, Source, Verdict, check, compile_with, interpret, prove,
};
use proptest::prelude::*;

const DATA: u16 = 0xec01;

/// Programs of nothing but comparisons, as the prover of policies is for; the other strategies have tests of their own.
fn compile(policy: &Policy, data: u16, first: u32) -> Result<Program, CompileError> {
    compile_with(policy, data, first, everycall_filter::Strategy::Search)
}

fn arch(id: AbiId) -> u32 {
    id.abi().audit_arch
}

/// A range as a tracer's policy has them: table-like, around x32's bit, at the ends, or anywhere.
fn range() -> impl Strategy<Value = RangeInclusive<u32>> {
    let low = prop_oneof![
        8 => 0u32..600,
        2 => 0x4000_0000u32..0x4000_0240,
        1 => 0x7fff_fff0u32..0x8000_0010,
        1 => u32::MAX - 8..=u32::MAX,
        1 => any::<u32>(),
    ];
    let more = prop_oneof![6 => 0u32..4, 3 => 0u32..80, 1 => any::<u32>()];
    (low, more).prop_map(|(low, more)| low..=low.saturating_add(more))
}

fn policy() -> impl Strategy<Value = Policy> {
    let word = prop_oneof![
        8 => proptest::sample::select(AbiId::ALL.map(arch).to_vec()),
        1 => proptest::sample::select(vec![0, 1, u32::MAX]),
        1 => any::<u32>(),
    ];
    proptest::collection::vec((word, proptest::collection::vec(range(), 0..60)), 0..5).prop_map(
        |arches| {
            let mut policy = Policy::new();
            for (word, ranges) in arches {
                ranges
                    .into_iter()
                    .for_each(|range| policy.allow(word, range));
            }
            policy
        },
    )
}

/// Every number and architecture word that a program or a policy names, and their neighbours.
fn landmarks(program: &Program, policy: &Policy) -> BTreeSet<u32> {
    let constants = program.iter().filter_map(|insn| match insn.op() {
        Some(Op::Branch {
            with: Operand::K(k),
            ..
        }) => Some(k),
        _ => None,
    });
    let numbers = policy
        .arches()
        .flat_map(|word| policy.allowed(word).ranges())
        .flat_map(|r| [*r.start(), *r.end()]);
    constants
        .chain(numbers)
        .chain(policy.arches())
        .chain([0, u32::MAX])
        .flat_map(|k| [k.wrapping_sub(1), k, k.wrapping_add(1)])
        .collect()
}

fn wanted(policy: &Policy, word: u32, nr: u32) -> Action {
    match policy.verdict(word, nr) {
        Verdict::Allow => Action::Allow,
        Verdict::Trace => Action::Trace(DATA),
    }
}

/// What the interpreter says that a program does.
fn done(program: &Program, word: u32, nr: u32) -> Action {
    Action::from_ret(
        interpret(program, &SeccompData::of_call(word, nr)).expect("the program was checked"),
    )
}

/// A call at which the interpreter sees program and policy differ.
fn difference(program: &Program, policy: &Policy) -> Option<(u32, u32)> {
    let landmarks = landmarks(program, policy);
    // Real architecture words are above 2^30, and need not be sought among the lower constants.
    let words = landmarks.iter().copied().filter(|&word| {
        !(2..=1 << 30).contains(&word) || policy.arches().any(|named| named.abs_diff(word) < 2)
    });
    words
        .flat_map(|word| landmarks.iter().map(move |&nr| (word, nr)))
        .find(|&(word, nr)| done(program, word, nr) != wanted(policy, word, nr))
}

/// Whether the prover's word on a program is true, as far as the interpreter and the map can tell.
fn judge(program: &Program, policy: &Policy) -> Result<Outcome, String> {
    let proof = prove(program, policy, DATA);
    let wanted_map = Map::of_policy(policy, DATA).map_err(|error| error.to_string())?;
    match (&proof, map::prove(program, &wanted_map)) {
        (Ok(_), Ok(()))
        | (Err(ProveError::Mismatch(_)), Err(ProofError::Counterexample(_)))
        | (Err(ProveError::Invalid(_)), Err(ProofError::Map(MapError::Invalid(_)))) => {}
        // The map decides more, but not everything: `ret a` may return more values than a map may have.
        (
            Err(ProveError::Undecided(_)),
            Ok(()) | Err(ProofError::Counterexample(_) | ProofError::Undecided(_)),
        ) => {}
        // And the other way: `ret a` is decided where one number is left, and the map takes it whole.
        (Err(ProveError::Mismatch(_)), Err(ProofError::Undecided(at)))
            if program.get(at.pc).and_then(|insn| insn.op()) == Some(Op::ReturnA) => {}
        (proof, by_map) => return Err(format!("{proof:?}, by the map {by_map:?}")),
    }
    match proof {
        Ok(_) => match difference(program, policy) {
            None => Ok(Outcome::Proven),
            Some(call) => Err(format!("proven, but {call:x?} differs in\n{program}")),
        },
        Err(ProveError::Mismatch(Mismatch {
            arch,
            nr,
            expected,
            found,
        })) => {
            let true_report =
                done(program, arch, nr) == found && wanted(policy, arch, nr) == expected;
            if true_report && found != expected {
                Ok(Outcome::Refuted)
            } else {
                Err(format!("no mismatch at {arch:#x} {nr:#x} in\n{program}"))
            }
        }
        Err(ProveError::Invalid(error)) if check(program) == Err(error) => Ok(Outcome::Refused),
        Err(ProveError::Undecided(_)) => Ok(Outcome::Refused),
        Err(error) => Err(format!("{error} in\n{program}")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Proven,
    Refuted,
    Refused,
}

/// One small fault in one instruction.
fn mutations(insn: Insn) -> Vec<Insn> {
    let Insn { code, jt, jf, k } = insn;
    let mut mutants = vec![
        Insn {
            k: k.wrapping_add(1),
            ..insn
        },
        Insn {
            k: k.wrapping_sub(1),
            ..insn
        },
        Insn {
            k: k ^ 1 << 30,
            ..insn
        },
        Insn {
            k: k ^ 1 << 31,
            ..insn
        },
        Insn {
            jt: jt.wrapping_add(1),
            ..insn
        },
        Insn {
            jf: jf.wrapping_add(1),
            ..insn
        },
        Insn {
            jt: jf,
            jf: jt,
            ..insn
        },
        Insn {
            code: code ^ 0x10,
            ..insn
        },
        Insn {
            code: code ^ 0x08,
            ..insn
        },
    ];
    if matches!(insn.op(), Some(Op::Return(_))) {
        mutants.push(Insn {
            k: Action::Allow.to_ret(),
            ..insn
        });
        mutants.push(Insn {
            k: Action::Trace(DATA).to_ret(),
            ..insn
        });
    }
    mutants.retain(|&mutant| mutant != insn);
    mutants
}

/// A policy like that of `strace -f -e trace=execve,openat` on an x86-64 kernel.
fn typical() -> Policy {
    let mut policy = Policy::new();
    for range in [
        0..=58,
        60..=256,
        258..=334,
        424..=471,
        0x4000_0000..=0x4000_0207,
    ] {
        policy.allow(arch(AbiId::X86_64), range);
    }
    for range in [0..=10, 12..=294, 296..=471] {
        policy.allow(arch(AbiId::I386), range);
    }
    policy
}

#[test]
fn every_small_fault_in_a_filter_is_found() {
    let policy = typical();
    let program = compile(&policy, DATA, arch(AbiId::X86_64)).unwrap();
    let mut refuted = 0;
    let mut harmless = Vec::new();
    for (pc, &insn) in program.iter().enumerate() {
        for mutant in mutations(insn) {
            let mut insns = program.to_vec();
            insns[pc] = mutant;
            let broken = Program::from(insns);
            match judge(&broken, &policy).unwrap() {
                Outcome::Refuted => refuted += 1,
                Outcome::Proven => harmless.push((pc, mutant)),
                Outcome::Refused => {}
            }
        }
    }
    // Harmless is only what the kernel does not look at: fields that an instruction does not use,
    // and the data of an action that has none.
    let seen = |insn: Insn| match insn.op() {
        Some(Op::Return(ret)) => Some(Op::Return(Action::from_ret(ret).to_ret())),
        op => op,
    };
    for &(pc, mutant) in &harmless {
        assert_eq!(
            seen(mutant),
            seen(program[pc]),
            "instruction {pc} of\n{program}"
        );
    }
    assert!(
        refuted > 3 * program.len(),
        "only {refuted} of the faults were found"
    );
}

#[test]
fn every_second_number_is_proven_with_far_jumps() {
    for count in [1u32 << 9, 1 << 10, 1 << 11] {
        let mut policy = Policy::new();
        (0..count)
            .step_by(2)
            .for_each(|nr| policy.allow(arch(AbiId::X86_64), nr..=nr));
        let program = compile(&policy, DATA, arch(AbiId::X86_64)).unwrap();
        let proven = Proven::new(program, &policy, DATA).unwrap();
        let far = proven
            .program()
            .iter()
            .filter(|insn| matches!(insn.op(), Some(Op::Jump(k)) if k > 255))
            .count();
        assert!(far > 0, "{count} numbers need no far jump");
        assert_eq!(difference(proven.program(), &policy), None);
    }
}

/// `ret a` with the number in A: where the policy leaves one number, the prover decides, and the
/// map, whose region has more values than a map may have, says so. Neither guesses.
#[test]
fn a_number_returned_as_an_action_is_never_guessed() {
    let mut policy = Policy::new();
    policy.allow(arch(AbiId::X86_64), 0..=67_930);
    policy.allow(arch(AbiId::X86_64), u32::MAX..=u32::MAX);
    let program = compile(&policy, DATA, arch(AbiId::X86_64)).unwrap();
    let mut refuted = 0;
    for pc in 0..program.len() {
        let mut insns = program.to_vec();
        if !matches!(insns[pc].op(), Some(Op::Return(_))) {
            continue;
        }
        insns[pc] = Op::ReturnA.into();
        refuted += usize::from(judge(&insns.into(), &policy).unwrap() == Outcome::Refuted);
    }
    assert!(refuted > 0, "{program}");
}

/// The number is in A, in X and in scratch memory; x32's bit is looked at by a mask; each traced
/// number has its own comparison, one after the other, as other generators do it.
#[test]
fn programs_of_other_shapes_are_proven() {
    let traced: Vec<u32> = (0..200).map(|nr| nr * 2).collect();
    let mut policy = Policy::new();
    for nr in traced.iter().map(|nr| nr + 1) {
        policy.allow(arch(AbiId::X86_64), nr..=nr);
    }
    let head = [
        Op::LoadData(0),
        Op::Store(Reg::A, 7),
        Op::LoadData(4),
        Op::branch(Cond::Eq, arch(AbiId::X86_64), 0, 4),
        Op::Load(Reg::X, Source::Mem(7)),
        Op::Txa,
        Op::branch(Cond::Set, 1 << 30, 1, 0),
        Op::branch(Cond::Gt, 399, 0, 1),
        Op::Return(Action::Trace(DATA).to_ret()),
    ];
    let chain = (traced.iter().rev())
        .zip(0u8..)
        .map(|(&nr, at)| Op::branch(Cond::Eq, nr, 200 - at, 0));
    let tail = [
        Op::Return(Action::Allow.to_ret()),
        Op::Return(Action::Trace(DATA).to_ret()),
    ];
    let program: Program = head.into_iter().chain(chain).chain(tail).collect();
    assert_eq!(judge(&program, &policy), Ok(Outcome::Proven));
    policy.allow(arch(AbiId::X86_64), 0x4000_0000..=0x4000_0000);
    assert_eq!(judge(&program, &policy), Ok(Outcome::Refuted));
}

#[test]
fn a_policy_that_does_not_fit_is_an_error_not_a_wrong_filter() {
    let mut policy = Policy::new();
    // Different numbers for each: sections that are the same are one.
    for (id, start) in [
        (AbiId::X86_64, 0),
        (AbiId::I386, 4096),
        (AbiId::Aarch64, 8192),
    ] {
        (start..start + 2048)
            .step_by(2)
            .for_each(|nr| policy.allow(arch(id), nr..=nr));
    }
    let error = compile(&policy, DATA, 0).unwrap_err();
    assert!(
        matches!(error, CompileError::TooLong { len } if len > 4096),
        "{error}"
    );
    assert!(error.to_string().contains("at most 4096"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_compiled_is_proven(policy in policy(), first in proptest::sample::select(AbiId::ALL.to_vec())) {
        let program = compile(&policy, DATA, arch(first)).unwrap();
        prop_assert_eq!(judge(&program, &policy), Ok(Outcome::Proven));
    }

    #[test]
    fn proven_programs_do_what_is_wanted_anywhere(
        policy in policy(),
        calls in proptest::collection::vec((any::<u32>(), any::<u32>()), 200),
    ) {
        let proven = Proven::compile(&policy, DATA, arch(AbiId::Aarch64)).unwrap();
        let words: Vec<u32> = policy.arches().collect();
        for (word, nr) in calls {
            let named = words.get(word as usize % (words.len() + 1)).copied().unwrap_or(word);
            for (word, nr) in [(word, nr), (named, nr), (named, nr % 1024)] {
                prop_assert_eq!(done(proven.program(), word, nr), wanted(&policy, word, nr));
            }
        }
    }

    #[test]
    fn the_prover_tells_the_truth_about_broken_programs(
        policy in policy(),
        pick in any::<proptest::sample::Index>(),
        how in any::<proptest::sample::Index>(),
        k in any::<u32>(),
    ) {
        let program = compile(&policy, DATA, arch(AbiId::X86_64)).unwrap();
        let pc = pick.index(program.len());
        let mut mutants = mutations(program[pc]);
        mutants.push(Insn { k, ..program[pc] });
        mutants.push(Insn { jt: k as u8, ..program[pc] });
        let mut insns = program.to_vec();
        insns[pc] = mutants[how.index(mutants.len())];
        let outcome = judge(&Program::from(insns), &policy);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }

    #[test]
    fn a_proof_for_one_policy_is_none_for_another(policy in policy(), word in any::<u32>(), nr in any::<u32>()) {
        let program = compile(&policy, DATA, 0).unwrap();
        let mut other = policy.clone();
        other.allow(word, nr..=nr);
        prop_assume!(other != policy && policy.verdict(word, nr) == Verdict::Trace);
        let expected = Mismatch { arch: word, nr, expected: Action::Allow, found: Action::Trace(DATA) };
        prop_assert_eq!(prove(&program, &other, DATA), Err(ProveError::Mismatch(expected)));
    }
}

/// The interpreter on all these numbers.
fn brute_force(numbers: impl Iterator<Item = u32>) {
    let policy = typical();
    let proven = Proven::compile(&policy, DATA, arch(AbiId::X86_64)).unwrap();
    for nr in numbers {
        for word in [arch(AbiId::X86_64), arch(AbiId::I386), arch(AbiId::Aarch64)] {
            assert_eq!(
                done(proven.program(), word, nr),
                wanted(&policy, word, nr),
                "{word:#x} {nr:#x}"
            );
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
#[ignore = "2^32 numbers of three architectures take more than a quarter of an hour of processor time in a release build"]
fn brute_force_agrees_on_all_numbers() {
    thread::scope(|scope| {
        for quarter in 0..4u32 {
            scope.spawn(move || brute_force(quarter << 30..=quarter << 30 | u32::MAX >> 2));
        }
    });
}
