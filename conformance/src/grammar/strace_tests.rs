//! Lines as strace 6.1 printed them here, lines as its sources allow them, and lines that nobody should print.

use super::*;
use crate::grammar::Grammar;
use crate::observe::SeenWord;

fn text(output: &str) -> Output {
    read(
        output.as_bytes(),
        Reading {
            grammar: Grammar::Strace,
            raw: true,
            start: Some(AbiId::X86_64),
            notes: Vec::new(),
            machine: AbiId::X86_64,
        },
    )
}

fn words(seen: &Seen) -> Vec<u64> {
    seen.words
        .iter()
        .map(|w| w.map_or(u64::MAX - 9, |w| w.value))
        .collect()
}

#[test]
fn a_plain_call() {
    let out = text("62  openat(0xffffff9c, 0x1000, 0, 0) = -1 EFAULT (Bad address)\n");
    let [call] = out.calls.as_slice() else {
        panic!("{out:?}");
    };
    assert_eq!(call.tid, Some(62));
    assert_eq!(call.name.as_deref(), Some("openat"));
    assert_eq!(call.nr, None);
    assert_eq!(words(call), [0xffff_ff9c, 0x1000, 0, 0]);
    assert_eq!(call.result, SeenResult::Error("EFAULT".into()));
    assert!(out.unreadable.is_empty());
}

#[test]
fn results() {
    let cases = [
        ("f() = 0x3", SeenResult::Value(3)),
        ("f()                          = 0", SeenResult::Value(0)),
        ("f() = -38", SeenResult::Value(-38_i64 as u64)),
        ("f() = 3</dev/null>", SeenResult::Value(3)),
        ("f() = 0 (Timeout)", SeenResult::Value(0)),
        ("f() = -1 (errno 530)", SeenResult::Error("530".into())),
        (
            "f() = -1 ENOSYS (Function not implemented) (INJECTED)",
            SeenResult::Error("ENOSYS".into()),
        ),
        (
            "f() = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
            SeenResult::Error("ERESTARTSYS".into()),
        ),
        ("f() = ?", SeenResult::None),
        ("f( <unfinished ...>", SeenResult::None),
        ("f() = <unavailable>", SeenResult::None),
        ("f(0x1 <detached ...>", SeenResult::None),
    ];
    for (line, result) in cases {
        let out = text(line);
        assert!(out.unreadable.is_empty(), "{line}: {out:?}");
        assert_eq!(out.calls[0].result, result, "{line}");
    }
}

#[test]
fn unknown_numbers_are_cut_to_what_the_kernel_looks_at() {
    let out = text(
        "1 syscall_0x150(0x1, 0x2) = 0\n1 syscall_0xffffffff80000027(0x1) = 0\n1 syscall_0x40000258() = 0\n",
    );
    let numbers: Vec<_> = out.calls.iter().map(|c| (c.nr, c.name.clone())).collect();
    assert_eq!(
        numbers,
        [
            (Some(0x150), None),
            (Some(0x8000_0027), None),
            (Some(0x4000_0258), None)
        ]
    );
}

#[test]
fn an_unfinished_call_stands_where_it_was_entered() {
    let out = text(concat!(
        "7 read(0x3, <unfinished ...>\n",
        "8 getpid() = 0x8\n",
        "7 <... read resumed>0x1000, 0x5) = 0x5\n",
        "8 exit_group(0x2a <unfinished ...>\n",
        "8 <... exit_group resumed>)         = ?\n",
        "8 +++ exited with 42 +++\n",
    ));
    assert!(out.unreadable.is_empty(), "{out:?}");
    let names: Vec<_> = out.calls.iter().filter_map(|c| c.name.as_deref()).collect();
    assert_eq!(names, ["read", "getpid", "exit_group"]);
    assert_eq!(words(&out.calls[0]), [3, 0x1000, 5]);
    assert_eq!(out.calls[0].result, SeenResult::Value(5));
    assert_eq!(words(&out.calls[2]), [42]);
}

#[test]
fn mode_lines_tell_the_abi_by_thread() {
    let out = text(concat!(
        "1 getpid() = 0x1\n",
        "3 getpid() = 0x3\n",
        "2 [ Process PID=2 runs in x32 mode. ]\n",
        "1 getpid() = 0x1\n",
        "3 getpid() = 0x3\n",
        "1 [ Process PID=1 runs in 32 bit mode. ]\n",
        "1 getpid() = 0x1\n",
        "2 getpid() = -1 ENOSYS (Function not implemented)\n",
        "4 getpid() = 0x4\n",
    ));
    let abis: Vec<_> = out.calls.iter().map(|c| c.abi).collect();
    let (x86_64, i386, x32) = (Some(AbiId::X86_64), Some(AbiId::I386), Some(AbiId::X32));
    // Of threads 3 and 4 nothing is known once there are two ABIs.
    assert_eq!(abis, [x86_64, x86_64, x86_64, None, i386, x32, None]);
}

#[test]
fn an_execve_that_changes_the_abi_keeps_that_of_its_entry() {
    let out = text(concat!(
        "1 execve(0x1, 0x2, 0x3 <unfinished ...>\n",
        "1 [ Process PID=1 runs in 32 bit mode. ]\n",
        "1 <... execve resumed>) = 0\n",
    ));
    assert_eq!(out.calls[0].abi, Some(AbiId::X86_64));
    assert_eq!(out.calls[0].result, SeenResult::Value(0));
}

#[test]
fn an_execve_by_another_thread_moves_to_the_leader() {
    let out = text(concat!(
        "1 pause( <unfinished ...>\n",
        "2 execve(0x1, 0x2, 0x3 <pid changed to 1 ...>\n",
        "1 +++ superseded by execve in pid 2 +++\n",
    ));
    assert!(out.unreadable.is_empty(), "{out:?}");
    assert_eq!(out.calls.len(), 2);
    let out = text("2 execve(0x1, 0x2, 0x3 <pid changed to 1 ...>\n1 <... execve resumed>) = 0\n");
    assert_eq!(out.calls[0].result, SeenResult::Value(0));
}

#[test]
fn signals_and_ends_are_no_calls() {
    let out = text(concat!(
        "1 --- SIGCHLD {si_signo=SIGCHLD, si_pid=2} ---\n",
        "1 --- stopped by SIGSTOP ---\n",
        "1 +++ killed by SIGKILL (core dumped) +++\n",
        "\n",
    ));
    assert_eq!(out, Output::default());
}

#[test]
fn decoded_arguments_are_words_of_which_nothing_is_known() {
    let out = read(
        b"openat(AT_FDCWD, \"/etc/a, b)\\n\", O_RDONLY|O_CLOEXEC, 0600) = 3</etc/x>\n",
        Reading {
            grammar: Grammar::Strace,
            raw: false,
            start: None,
            notes: Vec::new(),
            machine: AbiId::X86_64,
        },
    );
    let word = SeenWord {
        value: 0o600,
        bits: 12,
    };
    assert_eq!(out.calls[0].words, [None, None, None, Some(word)]);
    assert_eq!(out.calls[0].abi, None);
    assert!(!out.calls[0].raw);
}

#[test]
fn what_is_not_of_the_grammar_is_said() {
    let lines = [
        "hello",
        "f(",
        "f(1, 2",
        "f() 3",
        "f() = x",
        "f() =",
        "(1) = 0",
        "a b(1) = 0",
        "<... f resumed>) = 0",
        "<... f",
        "[ Process 1 ]",
        "[ Process PID=1 runs in 16 bit mode. ]",
        "+++ exited",
        "f() = -1 (errno",
        "f() = -1 (errno x)",
        "12",
        "[pid 12",
        "\u{0}\u{fffd}((((",
        "f(\"abc) = 0",
        "f() = -1 (errno 5",
    ];
    for line in lines {
        let out = text(line);
        // A call that was cut off is a call, if its name can be read: all else is unreadable.
        assert_eq!(
            out.calls.len() + out.unreadable.len(),
            1,
            "{line:?}: {out:?}"
        );
    }
    assert_eq!(text("f() = x").unreadable.len(), 1);
    assert_eq!(text("hello").unreadable.len(), 1);
    assert_eq!(text("<... f resumed>) = 0").unreadable.len(), 1);
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    let mut bytes = Vec::new();
    for seed in 0..4096_u32 {
        bytes.push(seed.wrapping_mul(2_654_435_761).rotate_left(seed % 31) as u8);
    }
    for cut in 0..bytes.len() {
        if cut % 64 == 0 {
            let out = read(
                &bytes[cut..],
                Reading {
                    grammar: Grammar::Detect,
                    raw: true,
                    start: None,
                    notes: Vec::new(),
                    machine: AbiId::X86_64,
                },
            );
            assert!(out.calls.len() <= 4096);
        }
    }
}

#[test]
fn a_name_of_x86_64_in_x32_is_a_number_too() {
    let out = text("1 uselib#64(0x1) = -1 ENOSYS (Function not implemented)\n1 nosuch#64() = 0\n");
    let calls: Vec<_> = out
        .calls
        .iter()
        .map(|c| (c.nr, c.name.as_deref()))
        .collect();
    assert_eq!(
        calls,
        [
            (Some(0x4000_0086), Some("uselib#64")),
            (None, Some("nosuch#64"))
        ]
    );
}

#[test]
fn on_arm_a_32_bit_program_is_one_of_arm() {
    let text = "7 getpid() = 7\n7 [ Process PID=7 runs in 32 bit mode. ]\n7 getpid() = 7\n\
                7 [ Process PID=7 runs in 64 bit mode. ]\n7 getpid() = 7\n";
    let reading = Reading {
        grammar: Grammar::Strace,
        raw: true,
        start: Some(AbiId::Aarch64),
        notes: Vec::new(),
        machine: AbiId::Aarch64,
    };
    let calls = read(text.as_bytes(), reading).calls;
    let abis: Vec<Option<AbiId>> = calls.iter().map(|call| call.abi).collect();
    let right = [AbiId::Aarch64, AbiId::Arm, AbiId::Aarch64];
    assert_eq!(abis, right.map(Some));
}

#[test]
fn an_execve_by_a_thread_ends_under_the_leaders_id() {
    let lines = [
        "7 ppoll(0 <unfinished ...>",
        "8 execve(0x1, 0x2, 0 <unfinished ...>",
        "7 <... ppoll resumed>) = ?",
        "7 +++ superseded by execve in pid 8 +++",
        "7 <... execve resumed>) = 0",
    ];
    let out = text(&(lines.join("\n") + "\n"));
    assert_eq!(out.unreadable, [""; 0]);
    let calls: Vec<_> = out
        .calls
        .iter()
        .map(|call| (call.name.as_deref(), call.result.clone()))
        .collect();
    let right = [
        (Some("ppoll"), SeenResult::None),
        (Some("execve"), SeenResult::Value(0)),
    ];
    assert_eq!(calls, right);
}
