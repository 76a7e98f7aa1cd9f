//! Each usual fault, in a filter that has it and in one that does not.

mod build;

use build::{ALLOW, ARM, Block, ERRNO, I386, KILL, TRACE, X86_64, filter};
use everycall_filter::map::render::{self, Style};
use everycall_filter::map::{Field, Finding, Kind, Level, Map, Test, findings, json};
use everycall_filter::{
    Action, Alu, Cond, Op, Operand, Policy, Program, Proven, Reg, Source, interpret,
};

fn of(program: &Program, kind: Kind) -> Vec<Finding> {
    let mut found = findings(program).unwrap();
    let told = json::findings(&found);
    let text = render::findings(&found, Style::default());
    for (finding, told) in found.iter().zip(told.as_array().unwrap()) {
        assert_eq!(told["kind"], finding.kind.code());
        assert_eq!(told["text"], finding.text);
        assert!(text.contains(finding.kind.code()));
    }
    found.retain(|finding| finding.kind == kind);
    found
}

/// The only finding of a kind, whose example, if it has one, the interpreter answers so.
fn only(program: &Program, kind: Kind, ret: u32) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(of(program, kind)).unwrap();
    if let Some(data) = &finding.example {
        assert_eq!(interpret(program, data), Ok(ret), "{}", finding.text);
    }
    finding
}

fn ranges(finding: &Finding) -> Vec<(u32, u32)> {
    finding
        .numbers
        .ranges()
        .map(|range| (*range.start(), *range.end()))
        .collect()
}

/// Every call of the tables but execve, and nothing else.
fn careful() -> Program {
    filter(
        &[Block::new(X86_64, TRACE)
            .range(0, 58, ALLOW)
            .range(60, 334, ALLOW)],
        TRACE,
    )
}

#[test]
fn a_careful_filter_has_no_faults() {
    let faults: Vec<String> = findings(&careful())
        .unwrap()
        .into_iter()
        .filter(|finding| finding.kind.level() == Level::Fault)
        .map(|finding| finding.text)
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn our_own_filters_have_no_findings_at_all() {
    let mut policy = Policy::new();
    for range in [0..=58, 60..=256, 258..=334, 424..=471] {
        policy.allow(X86_64, range);
    }
    policy.allow(I386, 0..=10);
    policy.allow(I386, 12..=221);
    let proven = Proven::compile(&policy, 1, X86_64).unwrap();
    let found = findings(proven.program()).unwrap();
    let others: Vec<&Finding> = found
        .iter()
        .filter(|finding| finding.kind != Kind::AbiMismatch)
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_filter_that_does_not_look_at_the_architecture_is_found() {
    let program = Program::from_iter([
        Op::LoadData(0),
        Op::branch(Cond::Eq, 39, 0, 1),
        Op::Return(ALLOW),
        Op::Return(KILL),
    ]);
    only(&program, Kind::ArchNotChecked, ALLOW);
    assert!(of(&careful(), Kind::ArchNotChecked).is_empty());
}

#[test]
fn architectures_that_nobody_named_and_yet_are_allowed_are_found() {
    let open = filter(&[Block::new(X86_64, KILL).range(0, 10, ALLOW)], ALLOW);
    let finding = only(&open, Kind::ForeignArchAllowed, ALLOW);
    assert!(finding.text.starts_with("all calls"), "{}", finding.text);
    // And so are the ABIs that it does not name.
    let names: Vec<_> = of(&open, Kind::AbiAllowed)
        .into_iter()
        .filter_map(|finding| finding.abi)
        .collect();
    assert_eq!(names.len(), 3);
    // One architecture more by its name is no fault.
    let riscv = Block::new(0xc000_00f3, KILL).range(0, 10, ALLOW);
    let named = filter(&[Block::new(X86_64, KILL).range(0, 10, ALLOW), riscv], KILL);
    assert!(of(&named, Kind::ForeignArchAllowed).is_empty());
}

#[test]
fn a_number_that_is_looked_at_before_the_architecture_is_found() {
    let mut ops = vec![
        Op::LoadData(0),
        Op::branch(Cond::Eq, 59, 0, 1),
        Op::Return(TRACE),
    ];
    let inner = careful();
    ops.extend(inner.iter().filter_map(|insn| insn.op()));
    let program = Program::from_iter(ops);
    assert_eq!(only(&program, Kind::ArchCheckedLate, 0).instructions, [2]);
    assert!(of(&careful(), Kind::ArchCheckedLate).is_empty());
}

#[test]
fn unknown_numbers_that_are_allowed_are_told_as_holes_and_as_what_is_above() {
    // As a filter does that names only what it forbids.
    let denying = filter(&[Block::new(X86_64, ALLOW).range(59, 59, ERRNO)], KILL);
    let holes = only(&denying, Kind::HoleAllowed, ALLOW);
    assert_eq!(ranges(&holes), [(337, 423)]);
    let above: Vec<Finding> = of(&denying, Kind::UnknownAllowed);
    let x86_64 = above
        .iter()
        .find(|finding| finding.abi.unwrap().name() == "x86_64");
    assert_eq!(
        ranges(x86_64.unwrap())[1],
        (0x8000_0000, u32::MAX),
        "x32's numbers are not x86-64's"
    );
    assert!(of(&careful(), Kind::HoleAllowed).is_empty());
    assert!(of(&careful(), Kind::UnknownAllowed).is_empty());
}

#[test]
fn a_forgotten_bit_30_is_found_with_the_calls_that_slip_through() {
    let denying = filter(
        &[Block::new(X86_64, ALLOW)
            .range(59, 59, ERRNO)
            .range(101, 101, KILL)],
        KILL,
    );
    // execve and ptrace have numbers of their own in x32, and these were not thought of.
    let finding = of(&denying, Kind::X32Forgotten);
    assert!(finding.is_empty(), "x32 is open as a whole: {finding:?}");
    assert_eq!(
        only(&denying, Kind::AbiAllowed, ALLOW).abi.unwrap().name(),
        "x32"
    );
    let half = filter(
        &[Block::new(X86_64, ALLOW)
            .range(59, 59, ERRNO)
            .range(101, 101, KILL)
            .range(0x4000_0000 + 59, 0x4000_0000 + 59, ERRNO)],
        KILL,
    );
    let finding = only(&half, Kind::X32Forgotten, ALLOW);
    assert_eq!(finding.names, ["execve", "ptrace"]);
    assert_eq!(ranges(&finding), [(0x4000_0208, 0x4000_0209)]);
}

#[test]
fn calls_that_one_abi_allows_and_another_does_not_are_found_by_name() {
    let program = filter(
        &[
            Block::new(X86_64, KILL).range(0, 2, ALLOW),
            Block::new(I386, KILL).range(3, 6, ALLOW),
        ],
        KILL,
    );
    // i386: read, write, open and close are 3 to 6; x86-64: read, write and open are 0 to 2.
    let finding = only(&program, Kind::AbiMismatch, ALLOW);
    assert_eq!(
        (finding.abi.unwrap().name(), &finding.names[..]),
        ("i386", &["close"][..])
    );
}

#[test]
fn numbers_that_the_kernel_would_answer_are_not_to_be_killed_or_misled() {
    let killing = filter(&[Block::new(X86_64, KILL).range(0, 334, ALLOW)], KILL);
    let finding = only(&killing, Kind::UnknownKilled, KILL);
    assert_eq!(ranges(&finding)[0], (337, 423));
    assert_eq!(
        ranges(&only(&killing, Kind::MinusOneKilled, KILL)),
        [(u32::MAX, u32::MAX)]
    );
    let refusing = filter(&[Block::new(X86_64, ERRNO).range(0, 334, ALLOW)], KILL);
    assert_eq!(
        ranges(&only(&refusing, Kind::UnknownRefused, ERRNO))[0],
        (337, 423)
    );
    assert!(of(&refusing, Kind::UnknownKilled).is_empty());
    // ENOSYS is what the kernel says, too.
    let enosys = filter(
        &[Block::new(X86_64, 0x0005_0026).range(0, 334, ALLOW)],
        KILL,
    );
    assert!(of(&enosys, Kind::UnknownRefused).is_empty());
    // ARM's private numbers are calls; what is between is not a hole in the table.
    let arm = filter(&[Block::new(ARM, ERRNO).range(0, 0x000f_0006, ALLOW)], KILL);
    let above = only(&arm, Kind::UnknownAllowed, ALLOW);
    assert_eq!(ranges(&above).last(), Some(&(472, 0x000f_0000)));
}

/// Its author thinks of words of 64 bits; an i386 call has only their low halves, but 64-bit code that uses int $0x80
/// fills the high ones as it likes, and the kernel shows them to the filter (seen on Linux 6.18).
#[test]
fn high_halves_of_i386_words_are_not_to_be_looked_at() {
    let arg0 = |value| Test::equal(Field::Arg(0), value);
    let rules = |arch: u32, test: Test| {
        let arch = Test::equal(Field::Arch, arch.into());
        let mut all = vec![(
            vec![arch.clone(), Test::equal(Field::Nr, 102), test],
            Action::Errno(1),
        )];
        all.push((vec![arch, Test::within(Field::Nr, 0, 300)], Action::Allow));
        Map::of_rules(&all, Action::KillProcess)
            .unwrap()
            .findings()
            .unwrap()
    };
    let high = |found: &[Finding]| -> Vec<(u32, u32)> {
        let found = found
            .iter()
            .filter(|finding| finding.kind == Kind::HighHalf);
        found.flat_map(ranges).collect()
    };
    assert_eq!(high(&rules(I386, arg0(5))), [(102, 102)]);
    assert_eq!(
        high(&rules(I386, Test::masked(Field::Arg(0), 0xffff_ffff, 5))),
        []
    );
    assert_eq!(high(&rules(X86_64, arg0(5))), []);
}

#[test]
fn dead_instructions_and_wide_shifts_are_found() {
    let dead = filter(
        &[
            Block::new(X86_64, KILL).range(0, 2, ALLOW),
            Block::new(X86_64, KILL).range(0, 5, ALLOW),
        ],
        KILL,
    );
    let finding = only(&dead, Kind::DeadInstruction, 0);
    assert_eq!(finding.instructions, [9, 10, 11, 12, 13]);
    assert!(of(&careful(), Kind::DeadInstruction).is_empty());
    let shift = |mask| {
        Program::from_iter([
            Op::LoadData(0),
            Op::Alu(Alu::And, Operand::K(mask)),
            Op::Tax,
            Op::Load(Reg::A, Source::Imm(1)),
            Op::Alu(Alu::Lsh, Operand::X),
            Op::ReturnA,
        ])
    };
    assert_eq!(only(&shift(63), Kind::WideShift, 0).instructions, [4]);
    assert!(of(&shift(31), Kind::WideShift).is_empty());
}

#[test]
fn numbers_that_are_too_many_cases_are_said_to_be() {
    let odd = vec![
        Test::equal(Field::Arch, I386.into()),
        Test::masked(Field::Nr, 1, 1),
    ];
    let map = Map::of_rules(&[(odd, Action::Allow)], Action::KillProcess).unwrap();
    let found = map.findings().unwrap();
    let irregular = found
        .iter()
        .filter(|finding| finding.kind == Kind::Irregular);
    let abis: Vec<_> = irregular.filter_map(|finding| finding.abi).collect();
    assert_eq!(
        abis.iter().map(|abi| abi.name()).collect::<Vec<_>>(),
        ["i386"]
    );
}

#[test]
fn actions_that_are_not_what_they_seem_are_told() {
    let odd = |ret| -> Vec<String> {
        let program = filter(&[Block::new(X86_64, ALLOW).range(59, 59, ret)], TRACE);
        of(&program, Kind::OddAction)
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    };
    assert_eq!(odd(ERRNO), Vec::<String>::new());
    for (ret, told) in [
        (
            0x0005_0000,
            "ERRNO(0): the call is not executed, and returns 0",
        ),
        (0x0005_1000, "ERRNO(4096): the kernel makes it 4095"),
        (0x7fc0_0000, "USER_NOTIF: there since Linux 5.0"),
        (0x1234_0000, "no kernel defines it"),
    ] {
        let [text] = <[String; 1]>::try_from(odd(ret)).unwrap();
        assert!(text.contains(told), "{text}");
    }
}

/// As libseccomp 2.5.4 writes a filter when the first rule of an ABI is for a call that the ABI does not have.
#[test]
fn an_architecture_that_is_compared_with_numbers_is_a_fault() {
    let with = |load: Option<Op>| -> Program {
        let head = [Op::LoadData(4), Op::branch(Cond::Eq, X86_64, 1, 0)];
        let tail = [
            Op::branch(Cond::Eq, 59, 0, 1),
            Op::Return(KILL),
            Op::Return(ALLOW),
        ];
        let head = head.into_iter().chain([Op::Return(KILL)]);
        head.chain(load).chain(tail).collect()
    };
    let wrong = with(None);
    let finding = only(&wrong, Kind::ArchConfused, 0);
    assert_eq!(finding.instructions, [3]);
    assert!(finding.text.contains("0x3b"), "{}", finding.text);
    assert!(of(&with(Some(Op::LoadData(0))), Kind::ArchConfused).is_empty());
}

#[test]
fn what_is_undecided_is_a_finding_and_what_is_constant_too() {
    let product = Program::from_iter([
        Op::LoadData(16),
        Op::Tax,
        Op::LoadData(24),
        Op::Alu(Alu::Mul, Operand::X),
        Op::branch(Cond::Eq, 0x1234_5677, 0, 1),
        Op::Return(KILL),
        Op::Return(ALLOW),
    ]);
    assert_eq!(only(&product, Kind::Undecided, 0).instructions, [4]);
    let allow = Program::from_iter([Op::Return(ALLOW)]);
    assert_eq!(
        only(&allow, Kind::Constant, 0).text,
        "every call there can be gets ALLOW"
    );
    let map = Map::of(&allow).unwrap();
    assert_eq!(map.findings().unwrap()[0].kind, Kind::Constant);
    assert_eq!(Action::from_ret(ALLOW), Action::Allow);
}
