//! Readers and writers: every form of a program is the same program, and what is none is told with its place.

mod common;

use common::{calls, cases, program};
use everycall_arch::AbiId;
use everycall_filter::map::{self, Map, Outcome, execute, explain_in};
use everycall_filter::read::{Filter, Format, Options, Place, ReadError, filters};
use everycall_filter::write::Form;
use everycall_filter::{ByteOrder, Cond, Op, Program};
use proptest::prelude::*;

fn options() -> Options {
    Options {
        abi: AbiId::X86_64,
        ..Options::default()
    }
}

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Filter>, ReadError> {
    filters(bytes.as_ref(), "it", &options())
}

/// The only program of an input.
fn single(bytes: impl AsRef<[u8]>) -> Program {
    let mut filters = read(bytes).unwrap();
    assert_eq!(filters.len(), 1);
    filters.remove(0).program
}

/// Kills execve and x32, allows the rest of x86-64.
fn sample() -> Program {
    Program::from_iter([
        Op::LoadData(4),
        Op::branch(Cond::Eq, 0xc000_003e, 0, 4),
        Op::LoadData(0),
        Op::branch(Cond::Eq, 59, 2, 0),
        Op::branch(Cond::Ge, 0x4000_0000, 1, 0),
        Op::Return(0x7fff_0000),
        Op::Return(0x8000_0000),
    ])
}

#[test]
fn everybodys_text_of_one_program_is_that_program() {
    let texts = [
        (
            "bpf_asm",
            "ld [4]\njeq #0xc000003e, good, dead\ngood: ld [0]\njeq #59, dead\njge #0x40000000, dead\nret #0x7fff0000\ndead: ret #0x80000000\n",
        ),
        (
            "bpf_asm, opposites and comments",
            "/* arch */ ld [4] ; of the call\njneq #0xc000003e, dead\nld [0]\njeq #0x3b, dead, on\non:\njlt #1073741824, ok, dead\nok: ret #2147418112\n# the end\ndead: ret #-2147483648\n",
        ),
        (
            "bpf_dbg",
            "l0:\tld [4]\nl1:\tjeq #0xc000003e, l2, l6\nl2:\tld [0]\nl3:\tjeq #0x3b, l6, l4\nl4:\tjge #0x40000000, l6, l5\nl5:\tret #0x7fff0000\nl6:\tret #0x80000000\n",
        ),
        (
            "bpf_asm -c",
            "{ 0x20,  0,  0, 0x00000004 },\n{ 0x15,  0,  4, 0xc000003e },\n{ 0x20,  0,  0, 0000000000 },\n{ 0x15,  2,  0, 0x0000003b },\n{ 0x35,  1,  0, 0x40000000 },\n{ 0x06,  0,  0, 0x7fff0000 },\n{ 0x06,  0,  0, 0x80000000 },\n",
        ),
        (
            "bpf_asm's numbers",
            "7,32 0 0 4,21 0 4 3221225534,32 0 0 0,21 2 0 59,53 1 0 1073741824,6 0 0 2147418112,6 0 0 2147483648,\n",
        ),
        (
            "macros",
            "#include <linux/filter.h>\nstruct sock_filter f[] = {\n  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),\n  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 4),\n  BPF_STMT(BPF_LD + BPF_W + BPF_ABS, (offsetof(struct seccomp_data, nr))),\n  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 2, 0), // no programs\n  BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __X32_SYSCALL_BIT, 1, 0),\n  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),\n  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),\n};\nstruct sock_fprog prog = { .len = 7, .filter = f };\n",
        ),
        (
            "strace",
            "{len=7, filter=[BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4), BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0xc000003e, 0, 0x4), BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0), BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x3b, 0x2, 0), BPF_JUMP(BPF_JMP|BPF_K|BPF_JGE, 0x40000000, 0x1, 0), BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_KILL_PROCESS)]}",
        ),
        (
            "seccomp-tools dump",
            " line  CODE  JT   JF      K\n=================================\n 0000: 0x20 0x00 0x00 0x00000004  A = arch\n 0001: 0x15 0x00 0x04 0xc000003e  if (A != ARCH_X86_64) goto 0006\n 0002: 0x20 0x00 0x00 0x00000000  A = sys_number\n 0003: 0x15 0x02 0x00 0x0000003b  if (A == execve) goto 0006\n 0004: 0x35 0x01 0x00 0x40000000  if (A >= 0x40000000) goto 0006\n 0005: 0x06 0x00 0x00 0x7fff0000  return ALLOW\n 0006: 0x06 0x00 0x00 0x80000000  return KILL_PROCESS\n",
        ),
        (
            "scmp_bpf_disasm, in colours",
            " line  OP   JT   JF   K\n=================================\n\u{1b}[32m 0000: 0x20 0x00 0x00 0x00000004   ld  $data[4]\u{1b}[0m\n 0001: 0x15 0x00 0x04 0xc000003e   jeq 3221225534 true:0002 false:0006\n 0002: 0x20 0x00 0x00 0x00000000   ld  $data[0]\n 0003: 0x15 0x02 0x00 0x0000003b   jeq 59   true:0006 false:0004\n 0004: 0x35 0x01 0x00 0x40000000   jge 1073741824 true:0006 false:0005\n 0005: 0x06 0x00 0x00 0x7fff0000   ret ALLOW\n 0006: 0x06 0x00 0x00 0x80000000   ret KILL\n",
        ),
        (
            "seccomp-tools asm",
            "# no programs\nA = arch\nif (A != ARCH_X86_64) goto dead\nA = sys_number\nA == execve ? dead : next\nif (A >= 0x40000000) goto dead else goto ok\nok:\nreturn ALLOW\ndead:\nreturn KILL_PROCESS\n",
        ),
    ];
    for (form, text) in texts {
        assert_eq!(single(text), sample(), "{form}");
    }
}

#[test]
fn several_dumps_are_a_chain() {
    let dump = "0000: 0x06 0x00 0x00 0x7fff0000\n";
    let text = format!(
        " line  CODE  JT   JF      K\n====\n{dump}\n line  CODE  JT   JF      K\n====\n{dump}"
    );
    assert_eq!(read(text).unwrap().len(), 2);
}

#[test]
fn what_is_no_program_is_told_with_its_place() {
    let line = Place::Line;
    for (text, place, part) in [
        ("", Place::Whole, "it is empty"),
        ("; nothing\n", Place::Whole, "no instruction"),
        (
            "ld [4]\nldh [12]\nret #0\n",
            line(2, 1),
            "seccomp has no `ldh`",
        ),
        (
            "ld [4]\njeq #1, a1, b1\na1: ret #0\n",
            line(2, 13),
            "no label 'b1'",
        ),
        ("l0: ld [4]\nja l0\n", line(2, 4), "only go forward"),
        ("l0: ld [4]\nl0: ret #0\n", line(2, 1), "twice"),
        ("ld [4\nret #0", line(2, 1), "`]`"),
        ("ld [x + 4]\nret #0", line(1, 5), "offset"),
        ("ret #0x1ffffffff\n", line(1, 6), "0xffffffff"),
        ("ld [4]\nret #", line(2, 1), "ends too early"),
        ("ld [4] /* open\nret #0", line(1, 8), "does not end"),
        ("frobnicate #1\n", line(1, 1), "an instruction"),
        (
            "0000: 0x20 0x00 0x00 0x00000004\n0002: 0x06 0x00 0x00 0x00000000\n",
            line(2, 1),
            "called instruction 2",
        ),
        (
            "0000: 0x20 0x000 0x00 0x00000004\n0001: 0x06 0x100 0x00 0x00000000\n",
            line(2, 12),
            "no jump",
        ),
        (
            "0000: 0x20 0x00 0x00 0x00000004\nsomething\n",
            line(2, 1),
            "no instruction",
        ),
        ("{ 0x20, 0, 0, 4 },\n{ 0x06, 0, 0 },\n", line(2, 14), "`,`"),
        ("{ 0x10020, 0, 0, 4 }", line(1, 3), "is no code"),
        ("BPF_STMT(BPF_RET | BPF_Q, 0)", line(1, 20), "BPF_Q"),
        (
            "BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0), ...]",
            Place::Whole,
            "abbreviated",
        ),
        (" 0", Place::Whole, "no instruction"),
        ("2,6 0 0 0,\n", Place::Whole, "2 instructions are announced"),
        ("1,6 0 0 4294967296,\n", line(1, 1), "32 bits"),
        (
            "A = arch\nif (A == ARCH_I386) goto 1\nA == open ? 1 : next\n1: return ALLOW\n",
            line(3, 6),
            "names another architecture",
        ),
        ("A = args[6]\n", line(1, 5), "args[0] to args[5]"),
        ("A = arch\nreturn ERRNO(65536)\n", line(2, 14), "16 bits"),
        (
            "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [}",
            line(1, 50),
            "expected value",
        ),
        ("{\"something\": 1}", Place::Whole, "neither an OCI profile"),
        (
            "default = \"allow\"\n[[rule]]\naction = \"deny\"\ncalls = [\"read\"]\n",
            line(3, 10),
            "'deny' is no action",
        ),
        ("default = \"errno\"\n", line(1, 11), "which error?"),
        ("default = \"errno(EWHAT)\"\n", line(1, 11), "EWHAT"),
        (
            "default = \"allow\"\n[[rule]]\naction = \"log\"\ncalls = [\"raed\"]\n",
            line(4, 10),
            "'raed'",
        ),
        (
            "default = \"allow\"\n[[rule]]\naction = \"log\"\ncalls = [\"9-1\"]\n",
            line(4, 10),
            "no range",
        ),
        (
            "default = \"allow\"\nabis = [\"vax\"]\n",
            line(2, 9),
            "'vax' is no ABI",
        ),
        (
            "default = \"allow\"\n[[rule]]\naction = \"log\"\ncalls = [\"read\"]\nwhen = [\"arg0 == 1\", \"arg1 ~ 2\"]\n",
            line(5, 28),
            "no comparison",
        ),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.what.contains(part), "{text:?}: {error}");
        assert_eq!(error.place, place, "{text:?}: {error}");
    }
}

#[test]
fn bytes_that_are_nothing_are_told_so() {
    let error = read([0xff, 0xfe, b'a']).unwrap_err();
    assert_eq!(error.place, Place::Byte(0));
    let error = read([6, 0, 0, 0, 0, 0, 0xff, 0x7f, 6, 0]).unwrap_err();
    assert_eq!(error.place, Place::Byte(8), "{error}");
    assert!(error.to_string().starts_with("it: byte 8: "), "{error}");
    let long = vec![b'\n'; everycall_filter::read::MAX_BYTES + 1];
    assert!(read(long).unwrap_err().what.contains("more than"));
}

/// Every form, and whether it keeps several programs apart.
const FORMS: [Form; 8] = [
    Form::Raw,
    Form::RawBig,
    Form::Asm,
    Form::Dump,
    Form::Pseudo,
    Form::C,
    Form::Rust,
    Form::Decimal,
];

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn every_form_of_a_program_is_read_back(program in program()) {
        for form in FORMS {
            let bytes = program.write(form);
            let filters = read(&bytes).map_err(|error| TestCaseError::fail(
                format!("{form:?}: {error}\n{}", String::from_utf8_lossy(&bytes))))?;
            prop_assert_eq!(filters.len(), 1);
            prop_assert_eq!(&filters[0].program, &program, "{:?}\n{}", form, String::from_utf8_lossy(&bytes));
            let order = if form == Form::RawBig { ByteOrder::Big } else { ByteOrder::Little };
            if matches!(form, Form::Raw | Form::RawBig) {
                prop_assert_eq!(filters[0].order, order);
            } else {
                prop_assert_eq!(filters[0].lines.len(), program.len());
            }
        }
    }

    // Halves of words stand the other way round there: map, interpreter and explanation know it.
    #[test]
    fn a_program_of_a_big_endian_machine_is_judged_as_on_one(
        (program, calls) in program().prop_flat_map(|program| {
            let calls = proptest::collection::vec(calls(&program), 10);
            (Just(program), calls)
        }),
    ) {
        let filter = read(program.write(Form::RawBig)).unwrap().remove(0);
        prop_assert_eq!(filter.order, ByteOrder::Big);
        let options = map::Options { order: filter.order, nodes: 1 << 14 };
        let Ok(map) = Map::with(&filter.program, options) else {
            return Err(TestCaseError::reject("it does not fit small limits"));
        };
        for data in &calls {
            let action = execute(&[(&filter.program, filter.order)], data).unwrap();
            if let Outcome::Action(told) = map.at(data) {
                prop_assert_eq!(told, action);
            }
            let way = explain_in(&filter.program, data, filter.order).unwrap();
            prop_assert_eq!(way.action, action);
        }
    }

    // Whatever it is: an answer, and no panic. Most of it is text that nearly makes sense.
    #[test]
    fn noise_is_an_error_or_a_program(
        program in program(),
        form in proptest::sample::select(FORMS.to_vec()),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0usize..4), 1..6),
        format in proptest::sample::select(vec![
            Format::Auto, Format::Raw, Format::RawBig, Format::Text, Format::Oci, Format::Seccompiler, Format::Policy,
        ]),
    ) {
        let mut bytes = program.write(form);
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at.max(1)),
                _ => { bytes.remove(at); }
            }
            if bytes.is_empty() {
                bytes.push(byte);
            }
        }
        let options = Options { format, ..options() };
        if let Ok(filters) = filters(&bytes, "it", &options) {
            prop_assert!(!filters.is_empty());
        }
    }
}
