//! Random programs that the kernel takes, and calls at which they are likely to change their mind.

use everycall_filter::{Alu, Cond, Op, Operand, Program, Reg, SeccompData, Source, check};
use proptest::prelude::*;
use proptest::sample::select;

/// Architecture words that real filters know, and others.
pub(crate) const ARCHES: [u32; 6] = [
    0xc000_003e,
    0x4000_0003,
    0xc000_00b7,
    0x4000_0028,
    0,
    u32::MAX,
];

/// How many cases a test tries, unless PROPTEST_CASES says it: an emulated machine takes long for each.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return ProptestConfig::default();
    }
    let emulated = std::env::var_os("EVERYCALL_IN_MACHINE").is_some();
    ProptestConfig {
        cases: if emulated { count / 8 } else { count },
        ..ProptestConfig::default()
    }
}

const CELLS: u32 = 3;

fn constant() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0u32..70,
        2 => select(ARCHES.to_vec()),
        2 => (0u32..32).prop_map(|bit| 1 << bit),
        1 => (0u32..32).prop_map(|bit| u32::MAX << bit),
        1 => any::<u32>(),
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![3 => constant().prop_map(Operand::K), 1 => Just(Operand::X)]
}

fn reg() -> impl Strategy<Value = Reg> {
    select(vec![Reg::A, Reg::X])
}

fn alu() -> impl Strategy<Value = Op> {
    let any = select(vec![
        Alu::Add,
        Alu::Sub,
        Alu::Or,
        Alu::And,
        Alu::And,
        Alu::Xor,
    ]);
    let shift = select(vec![Alu::Lsh, Alu::Rsh]);
    prop_oneof![
        5 => (any, operand()).prop_map(|(alu, with)| Op::Alu(alu, with)),
        3 => (shift.clone(), 0u32..32).prop_map(|(alu, by)| Op::Alu(alu, Operand::K(by))),
        1 => shift.prop_map(|alu| Op::Alu(alu, Operand::X)),
        1 => (0u32..40).prop_map(|by| Op::Alu(Alu::Mul, Operand::K(by))),
        1 => (1u32..40).prop_map(|by| Op::Alu(Alu::Div, Operand::K(by))),
        1 => select(vec![Alu::Mul, Alu::Div]).prop_map(|alu| Op::Alu(alu, Operand::X)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let cond = select(vec![Cond::Eq, Cond::Gt, Cond::Ge, Cond::Set]);
    let ret = select(vec![
        0x8000_0000u32,
        0,
        0x0003_0000,
        0x0005_0001,
        0x0005_0026,
        0x7fc0_0000,
        0x7ff0_ec01,
        0x7ffc_0000,
        0x7fff_0000,
        0x1234_0005,
    ]);
    prop_oneof![
        5 => (0u32..16).prop_map(|word| Op::LoadData(word * 4)),
        3 => select(vec![0u32, 4]).prop_map(Op::LoadData),
        1 => (reg(), constant()).prop_map(|(reg, k)| Op::Load(reg, Source::Imm(k))),
        1 => (reg(), 0..CELLS).prop_map(|(reg, at)| Op::Load(reg, Source::Mem(at))),
        1 => reg().prop_map(|reg| Op::Load(reg, Source::Len)),
        2 => (reg(), 0..CELLS).prop_map(|(reg, at)| Op::Store(reg, at)),
        6 => alu(),
        1 => Just(Op::Neg),
        2 => select(vec![Op::Tax, Op::Txa]),
        1 => (0u32..6).prop_map(Op::Jump),
        9 => (cond, operand(), 0u8..7, 0u8..7)
            .prop_map(|(cond, with, jt, jf)| Op::Branch { cond, with, jt, jf }),
        2 => ret.prop_map(Op::Return),
        1 => Just(Op::ReturnA),
    ]
}

/// A program that the kernel takes.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    let ends = proptest::collection::vec(select(vec![0x7fff_0000u32, 0x8000_0000, 0x0005_0001]), 8);
    (proptest::collection::vec(op(), 1..40), ends).prop_map(|(body, ends)| {
        // Every cell is written first, and every jump lands at most on the last of the returns.
        let head = (0..CELLS).map(|at| Op::Store(Reg::A, at));
        let tail = ends.into_iter().map(Op::Return);
        let program: Program = head.chain(body).chain(tail).collect();
        check(&program).expect("programs are made to be valid");
        program
    })
}

/// Calls near everything that a program compares with.
pub(crate) fn calls(program: &Program) -> impl Strategy<Value = SeccompData> + use<> {
    let mut near: Vec<u32> = program
        .iter()
        .flat_map(|insn| [insn.k.wrapping_sub(1), insn.k, insn.k.wrapping_add(1)])
        .chain([0, 1, 31, 32, 64, u32::MAX])
        .collect();
    near.sort_unstable();
    near.dedup();
    let word = prop_oneof![3 => select(near), 1 => 0u32..100, 1 => any::<u32>()];
    let arch = prop_oneof![3 => select(ARCHES.to_vec()), 1 => word.clone()];
    let words = proptest::collection::vec(word.clone(), 14);
    (arch, word, words).prop_map(|(arch, nr, words)| {
        let long = |at: usize| u64::from(words[2 * at]) << 32 | u64::from(words[2 * at + 1]);
        SeccompData {
            nr,
            arch,
            instruction_pointer: long(6),
            args: std::array::from_fn(long),
        }
    })
}
