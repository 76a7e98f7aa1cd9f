//! The running kernel as the judge: of validity, of what instructions compute, and of a filter.
//!
//! A filter belongs to the thread that installs it, and ends with it: each test asks the kernel from
//! threads of its own. Programs whose own verdict would be fatal stand behind a `ret ALLOW`, or
//! decide on one number only that nothing else calls.
#![expect(
    unsafe_code,
    reason = "it makes raw system calls, to see what a filter does to them"
)]

use std::cell::Cell;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use everycall_arch::AbiId;
use everycall_filter::{
    Action, Alu, Cond, Insn, InstallFlags, Op, Operand, Policy, Prepared, Program, Proven, Reg,
    SeccompData, Source, check, interpret, set_no_new_privs,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// A number that no kernel implements, and no library calls.
const PROBE: u32 = 0x0eca_1100;
const PROBE_NR: libc::c_long = PROBE as libc::c_long;

/// The architecture word of this process.
fn native() -> u32 {
    let name = match std::env::consts::ARCH {
        "x86" => "i386",
        name => name,
    };
    AbiId::from_name(name)
        .expect("an ABI of the tables")
        .abi()
        .audit_arch
}

/// How many generated programs the kernel is asked about. In a machine it is the architecture that is new, and
/// the generating costs a hundred times as much.
fn cases() -> u32 {
    if std::env::var_os("EVERYCALL_IN_MACHINE").is_some() {
        150
    } else {
        1500
    }
}

/// Runs `f` in a thread whose filters nobody else gets.
fn in_thread<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(f).join().expect("the thread returns"))
}

/// Makes a call; its result, or its errno.
fn call(nr: libc::c_long, args: [u64; 6]) -> Result<libc::c_long, i32> {
    let [a, b, c, d, e, f] = args.map(|arg| arg as libc::c_ulong);
    // SAFETY: the tests call what takes no pointers, or what a filter answers.
    let result = unsafe { libc::syscall(nr, a, b, c, d, e, f) };
    if result == -1 {
        Err(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        Ok(result)
    }
}

/// Installs a program in a new thread that may.
fn kernel_takes(program: &Program) -> Result<(), i32> {
    in_thread(|| {
        set_no_new_privs()?;
        Prepared::unproven(program).install(InstallFlags::NONE)
    })
}

fn scratch() -> impl Strategy<Value = u32> {
    prop_oneof![30 => 0u32..4, 4 => 4u32..16, 1 => 16u32..18]
}

fn alu() -> impl Strategy<Value = Alu> {
    use Alu::{Add, And, Div, Lsh, Mul, Or, Rsh, Sub, Xor};
    proptest::sample::select(vec![Add, Sub, Mul, Div, Or, And, Lsh, Rsh, Xor])
}

fn constant() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 1u32..32, 1 => Just(0), 1 => 30u32..36, 2 => any::<u32>()]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![constant().prop_map(Operand::K), Just(Operand::X)]
}

fn cond() -> impl Strategy<Value = Cond> {
    proptest::sample::select(vec![Cond::Eq, Cond::Gt, Cond::Ge, Cond::Set])
}

fn reg() -> impl Strategy<Value = Reg> {
    prop_oneof![Just(Reg::A), Just(Reg::X)]
}

/// Loads, stores and arithmetic, most of it valid.
fn straight() -> impl Strategy<Value = Op> {
    let source = prop_oneof![
        constant().prop_map(Source::Imm),
        scratch().prop_map(Source::Mem),
        Just(Source::Len)
    ];
    prop_oneof![
        3 => prop_oneof![20 => (4u32..16).prop_map(|word| word * 4), 1 => 0u32..70].prop_map(Op::LoadData),
        2 => (reg(), source).prop_map(|(reg, source)| Op::Load(reg, source)),
        4 => (reg(), scratch()).prop_map(|(reg, index)| Op::Store(reg, index)),
        4 => (alu(), operand()).prop_map(|(alu, with)| Op::Alu(alu, with)),
        1 => Just(Op::Neg),
        2 => Just(Op::Tax),
        1 => Just(Op::Txa),
    ]
}

/// Jumps, short enough to stay inside most of the time.
fn jump() -> impl Strategy<Value = Op> {
    prop_oneof![
        1 => (0u32..4).prop_map(Op::Jump),
        4 => (cond(), operand(), 0u8..4, 0u8..4).prop_map(|(cond, with, jt, jf)| Op::Branch { cond, with, jt, jf }),
    ]
}

/// Anything, ill-formed instructions and misplaced ends included.
fn any_insn() -> impl Strategy<Value = Insn> {
    let wild = (
        prop_oneof![0u16..0x100, any::<u16>()],
        any::<u8>(),
        any::<u8>(),
        any::<u32>(),
    );
    prop_oneof![
        40 => straight().prop_map(Insn::from),
        8 => jump().prop_map(Insn::from),
        2 => prop_oneof![Just(Op::Return(0)), Just(Op::ReturnA)].prop_map(Insn::from),
        1 => wild.prop_map(|(code, jt, jf, k)| Insn { code, jt, jf, k }),
    ]
}

#[test]
fn the_kernel_takes_what_the_rules_allow_and_nothing_else() {
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    });
    let body = (
        proptest::collection::vec(any_insn(), 1..12),
        proptest::bool::weighted(0.95),
    );
    runner
        .run(&body, |(body, ends)| {
            // The verdict is ALLOW, whatever follows; the rules look at all of it.
            let guard = Insn::from(Op::Return(Action::Allow.to_ret()));
            let end = ends.then_some(Op::ReturnA.into());
            let program: Program = [guard].into_iter().chain(body).chain(end).collect();
            let expected = check(&program);
            let count = if expected.is_ok() { &taken } else { &refused };
            count.set(count.get() + 1);
            let found = kernel_takes(&program);
            prop_assert_eq!(
                found,
                expected.map_err(|_| libc::EINVAL),
                "{:?}\n{}",
                expected,
                program
            );
            Ok(())
        })
        .unwrap();
    let (taken, refused) = (taken.get(), refused.get());
    assert!(
        taken > cases() / 8 && refused > cases() / 8,
        "one-sided: {taken} taken, {refused} refused"
    );
}

#[test]
fn every_code_is_judged_as_the_kernel_does() {
    let allow = Insn::from(Op::Return(Action::Allow.to_ret()));
    for code in (0..0x200).chain([0x1006, 0x8020, u16::MAX]) {
        let program = Program::from(vec![
            allow,
            Insn {
                code,
                jt: 0,
                jf: 0,
                k: 4,
            },
            allow,
        ]);
        // A load from M[4] is refused for another reason, by both.
        assert_eq!(
            kernel_takes(&program).is_ok(),
            check(&program).is_ok(),
            "code {code:#x}"
        );
    }
}

#[test]
fn the_kernel_bounds_the_length_as_we_do() {
    for len in [0, 1, 4095, 4096, 4097, 65_535, 65_536] {
        let program =
            Program::from_iter(std::iter::repeat_n(Op::Return(Action::Allow.to_ret()), len));
        let expected = check(&program).map_err(|_| libc::EINVAL);
        assert_eq!(kernel_takes(&program), expected, "{len} instructions");
    }
}

/// A program that answers the call [`PROBE`] with twelve bits that depend on all of A after `body`.
fn observed(body: Vec<Op>) -> Program {
    let is_probe = Op::branch(Cond::Eq, PROBE, 1, 0);
    let head = [
        Op::LoadData(0),
        is_probe,
        Op::Return(Action::Allow.to_ret()),
    ];
    let fold = [
        Op::Alu(Alu::Mul, Operand::K(0x9e37_79b1)),
        Op::Alu(Alu::Rsh, Operand::K(20)),
        Op::Alu(Alu::Or, Operand::K(Action::Errno(0).to_ret())),
        Op::ReturnA,
    ];
    head.into_iter().chain(body).chain(fold).collect()
}

#[test]
fn the_interpreter_computes_what_the_kernel_computes() {
    let compared = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    });
    let op = prop_oneof![8 => straight(), 1 => jump()];
    let args = proptest::array::uniform6(prop_oneof![
        any::<u64>(),
        (0u64..40),
        Just(u64::from(u32::MAX))
    ]);
    runner
        .run(
            &(proptest::collection::vec(op, 1..16), args),
            |(body, args)| {
                // Where the call comes from is the C library's business.
                prop_assume!(!body.iter().any(|op| matches!(op, Op::LoadData(8 | 12))));
                let program = observed(body);
                // A 32-bit process has words of 32 bits, and zeroes above.
                let args = args.map(|arg| arg & usize::MAX as u64);
                let data = SeccompData {
                    nr: PROBE,
                    arch: native(),
                    instruction_pointer: 0,
                    args,
                };
                let Ok(()) = check(&program) else {
                    return Ok(());
                };
                let ret = interpret(&program, &data)
                    .map_err(|fault| TestCaseError::fail(fault.to_string()))?;
                // A division by X = 0 returns 0, which would kill the thread.
                let Action::Errno(expected) = Action::from_ret(ret) else {
                    return Ok(());
                };
                let found: Result<i32, i32> = in_thread(|| {
                    set_no_new_privs()?;
                    Prepared::unproven(&program).install(InstallFlags::NONE)?;
                    Ok(call(PROBE_NR, args).err().unwrap_or(0))
                });
                compared.set(compared.get() + 1);
                // A program that jumps over the fold can say more, and the kernel caps it (MAX_ERRNO).
                prop_assert_eq!(found, Ok(i32::from(expected.min(4095))), "{}", program);
                Ok(())
            },
        )
        .unwrap();
    assert!(
        compared.get() > cases() / 5,
        "only {} programs were compared",
        compared.get()
    );
}

/// Everything of this architecture runs free but these calls.
fn all_but(traced: &[libc::c_long]) -> Proven {
    let mut policy = Policy::new();
    let mut next = 0;
    let mut numbers: Vec<u32> = traced
        .iter()
        .map(|&nr| u32::try_from(nr).unwrap())
        .collect();
    numbers.sort_unstable();
    for nr in numbers {
        if let Some(before) = nr.checked_sub(1) {
            policy.allow(native(), next..=before);
        }
        next = nr + 1;
    }
    policy.allow(native(), next..=u32::MAX);
    Proven::compile(&policy, 0xec01, native()).unwrap()
}

/// What getppid, getpgid(0) and getuid say: the first two are what the filter traces.
fn answers() -> [Result<(), i32>; 3] {
    [libc::SYS_getppid, libc::SYS_getpgid, libc::SYS_getuid].map(|nr| call(nr, [0; 6]).map(drop))
}

/// TRACE without a tracer is ENOSYS: seen where it is wanted, and nowhere else.
const FILTERED: [Result<(), i32>; 3] = [Err(libc::ENOSYS), Err(libc::ENOSYS), Ok(())];

/// Whether this thread has CAP_SYS_ADMIN.
fn is_admin() -> bool {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let caps = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .unwrap();
    u64::from_str_radix(caps.trim(), 16).unwrap() & 1 << 21 != 0
}

#[test]
fn a_filter_does_what_its_policy_says() {
    let prepared = Prepared::from(&all_but(&[libc::SYS_getppid, libc::SYS_getpgid]));
    in_thread(|| {
        assert_eq!(answers(), [Ok(()); 3]);
        // Root needs nothing else; everybody else must give up privileges first.
        let expected = if is_admin() {
            Ok(())
        } else {
            Err(libc::EACCES)
        };
        assert_eq!(prepared.install(InstallFlags::NONE), expected);
        if expected.is_err() {
            set_no_new_privs().unwrap();
            assert_eq!(prepared.install(InstallFlags::NONE), Ok(()));
        }
        assert_eq!(answers(), FILTERED);
    });
    assert_eq!(answers(), [Ok(()); 3], "other threads are as before");
}

#[test]
fn an_ordinary_user_needs_no_new_privs() {
    let prepared = Prepared::from(&all_but(&[libc::SYS_getppid, libc::SYS_getpgid]));
    in_thread(|| {
        if is_admin() {
            // The raw call changes this thread alone.
            let nobody = 65_534;
            call(libc::SYS_setresuid, [nobody, nobody, nobody, 0, 0, 0]).unwrap();
        }
        assert_eq!(prepared.install(InstallFlags::NONE), Err(libc::EACCES));
        assert_eq!(answers(), [Ok(()); 3]);
        set_no_new_privs().unwrap();
        assert_eq!(prepared.install(InstallFlags::NONE), Ok(()));
        assert_eq!(answers(), FILTERED);
    });
}

#[test]
fn a_filter_with_far_jumps_is_taken() {
    let mut policy = Policy::new();
    (0..2048)
        .step_by(2)
        .for_each(|nr| policy.allow(native() ^ 1, nr..=nr));
    policy.allow(native(), 0..=u32::MAX);
    let proven = Proven::compile(&policy, 0xec01, native()).unwrap();
    assert_eq!(kernel_takes(proven.program()), Ok(()));
}

#[test]
fn the_mitigation_of_speculation_stays_as_it_was() {
    let speculation = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        status
            .lines()
            .filter(|line| line.starts_with("Speculation"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let prepared = Prepared::from(&all_but(&[libc::SYS_getppid]));
    in_thread(|| {
        let before = speculation();
        set_no_new_privs().unwrap();
        assert_eq!(prepared.install(InstallFlags::SPEC_ALLOW), Ok(()));
        assert_eq!(call(libc::SYS_getppid, [0; 6]), Err(libc::ENOSYS));
        assert_eq!(speculation(), before);
    });
}

/// Starts this test's own executable, with the filter installed between fork and execve.
fn start_under(proven: &Proven) -> io::Result<bool> {
    let prepared = Prepared::from(proven);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--list").stdout(Stdio::null());
    let install = move || {
        set_no_new_privs().map_err(io::Error::from_raw_os_error)?;
        prepared
            .install(InstallFlags::SPEC_ALLOW)
            .map_err(io::Error::from_raw_os_error)
    };
    // SAFETY: the closure neither allocates nor locks: that is what `install` promises.
    unsafe { command.pre_exec(install) };
    Ok(command.status()?.success())
}

#[test]
fn a_filter_is_installed_between_fork_and_exec() {
    assert!(start_under(&all_but(&[libc::SYS_getppid])).unwrap());
    let error = start_under(&all_but(&[libc::SYS_execve])).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOSYS), "{error}");
}
