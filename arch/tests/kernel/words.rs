//! Which word is which argument, against the running kernel's trace of its calls' beginnings.
//!
//! A thread makes calls that cannot do anything: their first argument is a descriptor or a string that the kernel must
//! look at, and is -1; or they only ask. The trace says which value stood in which argument.

use everycall_arch::slots::{Slot, slots};
use everycall_arch::{Syscall, Ty, Wide, table};

use crate::tracing::{self, Instance};
use crate::{NATIVE, kernel_is_native};

/// Calls that only ask, or that do nothing.
const ASKING: &[&str] = &[
    "getegid",
    "geteuid",
    "getgid",
    "getpgrp",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "sched_yield",
];

/// What a word is set to: the first one is what makes the call fail, the others are told apart by it.
const WORDS: [u64; 6] = [u64::MAX, 0x11, 0x22, 0x33, 0x44, 0x55];

/// Whether the call fails before it does anything, when its first word is -1.
fn fails(call: &Syscall) -> bool {
    let first = call.proto.args.first().map(|arg| arg.ty);
    matches!(first, Some(Ty::Fd | Ty::Dirfd | Ty::Path | Ty::Str)) || ASKING.contains(&call.name)
}

/// Where an argument takes two words, the kernel's events show one word an argument, and so the wrong ones behind it:
/// those calls are judged by what they do (`wide`).
fn is_shown(call: &Syscall) -> bool {
    NATIVE.abi().wide == Wide::Whole || !call.proto.args.iter().any(|arg| arg.ty.is_wide())
}

/// Without what some kernels write and others do not: `0x`, and what an address points at, in quotes or parentheses.
fn plain(line: &str) -> String {
    let unquoted: String = line.split('"').step_by(2).collect();
    let (before, call) = unquoted.split_once(" sys_").unwrap_or(("", &unquoted));
    let mut depth = 0;
    let mut text = format!("{before} sys_");
    for letter in call.chars() {
        depth += usize::from(letter == '(');
        if depth < 2 {
            text.push(letter);
        }
        depth -= usize::from(letter == ')' && depth > 0);
    }
    text.replace("0x", "")
        .replace("  ", " ")
        .replace(" ,", ",")
        .replace(" )", ")")
}

/// `openat` as Linux 7.2 writes it: numbers in decimal, and its flags by their names, which are not looked at here.
fn spelled_out(call: &Syscall) -> Option<String> {
    let value = |slot: Option<&Slot>| slot.map(|slot| slot.value(call.abi, &WORDS));
    let slots = slots(call.abi, call.proto);
    let (dfd, filename) = (value(slots.first())?, value(slots.get(1))?);
    let text = format!(" sys_openat(dfd: {dfd}, filename: {filename}, flags: O_");
    (call.name == "openat").then_some(text)
}

/// The call as the kernel writes it, by the words that the table gives to each argument.
fn expected(call: &Syscall) -> String {
    let arguments = call.proto.args.iter().zip(slots(call.abi, call.proto));
    let parts: Vec<_> = arguments
        .map(|(arg, slot)| format!("{}: {:x}", arg.name, slot.value(call.abi, &WORDS)))
        .collect();
    format!("sys_{}({})", call.proto.name, parts.join(", "))
}

#[test]
fn the_kernel_sees_the_words_that_the_table_says() {
    if !kernel_is_native() {
        return;
    }
    let instance = match Instance::new() {
        Ok(instance) => instance,
        Err(error) => return println!("skipped: {error}"),
    };
    let calls: Vec<_> = table::all(NATIVE)
        .iter()
        .filter(|call| fails(call) && is_shown(call))
        .collect();
    let make = || {
        for call in &calls {
            // SAFETY: `fails` holds for each: the kernel touches no memory of ours.
            let _ = unsafe { crate::call(call.nr, WORDS) };
        }
    };
    let trace = match instance.trace(make) {
        Ok(trace) => trace,
        Err(error) => return println!("skipped: {error}"),
    };
    let trace: Vec<_> = trace.lines().map(plain).collect();
    let mut seen = 0;
    for call in &calls {
        let expected = expected(call);
        let spelled = spelled_out(call);
        let spelled = |line: &String| spelled.as_ref().is_some_and(|text| line.contains(text));
        if trace
            .iter()
            .any(|line| line.ends_with(&expected) || spelled(line))
        {
            seen += 1;
            continue;
        }
        let begins = format!(" sys_{}(", call.proto.name);
        let others: Vec<_> = trace.iter().filter(|line| line.contains(&begins)).collect();
        // A call that this kernel is built without has no event.
        let event = tracing::events().join(format!("sys_enter_{}", call.proto.name));
        assert!(
            !event.exists(),
            "{expected} is not in the trace, but {others:#?}"
        );
    }
    assert!(seen > 100, "only {seen} calls were seen");
    println!("{seen} calls");
}

#[test]
fn what_is_pointed_at_is_left_out() {
    let line =
        "a-1 [001] ..... 33.1: sys_write(fd: 0xffffffff, buf: 0x11 (30:0a) \"0)\", count: 22)";
    assert!(
        plain(line).ends_with(" sys_write(fd: ffffffff, buf: 11, count: 22)"),
        "{}",
        plain(line)
    );
    let line = "a-1 [001] ..... 33.1: sys_write(fd: ffffffff, buf: 11 (, ...), count: 22)";
    assert!(
        plain(line).ends_with(" sys_write(fd: ffffffff, buf: 11, count: 22)"),
        "{}",
        plain(line)
    );
}
