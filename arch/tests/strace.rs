//! The tables of this machine's ABIs, and the classes, against the installed strace, as an independent witness.
//!
//! A child installs a seccomp filter that answers every call with an error, then makes every number of a table:
//! none of them runs, and strace names each one that belongs to what it was asked for.
#![cfg(target_os = "linux")]
#![allow(
    unsafe_code,
    reason = "makes system calls by number, also by int 0x80, which no safe interface can"
)]

mod common;

use std::collections::BTreeMap;
use std::process::Command;
use std::{env, fs};

use everycall_arch::slots::slots;
use everycall_arch::{AbiId, Syscall, class, table};

use common::{NATIVE, install, is_filtered, op};

/// Says to the child which table's numbers it is to make.
const ASK: &str = "EVERYCALL_STRACE_CHILD";

/// The numbers from 0 on that are made; the last of the tables, and some holes behind it.
const NUMBERS: u32 = 600;

const EXIT: u32 = libc::SYS_exit_group as u32;

/// The error that the filter gives: no call that runs returns it.
const FILTERED: &str = "EDOM";

/// This program's own `exit_group` is let through, all else is answered with EDOM.
fn install_filter() {
    install(vec![
        op(0x20, 0, 0, 4),
        op(0x15, 0, 3, NATIVE.abi().audit_arch),
        op(0x20, 0, 0, 0),
        op(0x15, 0, 1, EXIT),
        op(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
        op(
            0x06,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | libc::EDOM.cast_unsigned(),
        ),
    ]);
}

/// A call of i386 from 64-bit code.
#[cfg(target_arch = "x86_64")]
fn int_0x80(nr: u32) {
    // SAFETY: the filter answers; the kernel changes rax only (r8 to r11 are cleared by old kernels).
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") u64::from(nr) => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn int_0x80(nr: u32) {
    unreachable!("{nr}: this program's calls are all of one ABI");
}

/// Not a test: what the child does.
#[test]
fn child() {
    let Ok(abi) = env::var(ASK) else { return };
    let abi = AbiId::from_name(&abi).expect("the name of an ABI");
    install_filter();
    for nr in (0..NUMBERS).filter(|nr| is_filtered(NATIVE, *nr) && *nr != EXIT) {
        if abi == NATIVE || abi == AbiId::X32 {
            let nr = nr | abi.abi().nr_base;
            // SAFETY: the filter answers; nothing runs.
            unsafe { libc::syscall(nr as usize as libc::c_long, 0, 0, 0, 0, 0, 0) };
        } else {
            int_0x80(nr);
        }
    }
    // SAFETY: ends the process, without the destructors, whose calls would all fail.
    unsafe { libc::syscall(libc::SYS_exit_group, 0) };
}

/// Calls of which only the number is left: no source says what their arguments were, and we show all six words.
const NUMBER_ONLY: &[&str] = &[
    "afs_syscall",
    "break",
    "epoll_ctl_old",
    "epoll_wait_old",
    "ftime",
    "getpmsg",
    "gtty",
    "idle",
    "lock",
    "mpx",
    "prof",
    "profil",
    "putpmsg",
    "security",
    "stty",
    "tuxcall",
    "ulimit",
    "vserver",
];

/// Calls of which strace shows another number of words than the kernel takes.
fn differs(abi: AbiId, name: &str) -> bool {
    NUMBER_ONLY.contains(&name)
        // The kernel's entry points have a fifth argument, of which 64-bit ABIs use nothing.
        || matches!(abi, AbiId::X86_64 | AbiId::Aarch64) && matches!(name, "preadv" | "pwritev")
        // strace shows five words; `sys_vm86` takes two.
        || name == "vm86"
        // Linux 7.0 gave it two more, where its command says so; strace shows them from then on.
        || name == "bpf"
}

/// The calls that strace shows when it is asked for `what`: number to name and number of words. Unknown numbers are
/// left out.
fn shown(abi: AbiId, what: &str) -> BTreeMap<u32, (String, usize)> {
    // A file for each thread: in one for all, lines are cut in two where another thread makes a call meanwhile.
    let output = tempfile::tempdir().expect("a temporary directory");
    let status = Command::new("strace")
        .args([
            "-ff",
            "-n",
            "-e",
            &format!("trace={what}"),
            "-e",
            "raw=all",
            "-o",
        ])
        .arg(output.path().join("thread"))
        .arg(env::current_exe().expect("this program has a path"))
        .args(["--exact", "child"])
        .env(ASK, abi.name())
        .output()
        .expect("strace starts");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let files = fs::read_dir(output.path()).expect("strace wrote its output");
    let text: String = files
        .map(|file| file.and_then(|file| fs::read_to_string(file.path())))
        .collect::<Result<_, _>>()
        .expect("strace wrote text");
    let calls = text
        .lines()
        .filter(|line| line.contains(FILTERED))
        .filter_map(|line| {
            let (nr, call) = line.strip_prefix('[')?.split_once("] ")?;
            let nr = match nr.trim().strip_prefix("0x") {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => nr.trim().parse().ok()?,
            };
            let (name, arguments) = call.split_once('(')?;
            let arguments = arguments.split_once(')')?.0;
            let words = arguments
                .split(", ")
                .filter(|word| !word.is_empty())
                .count();
            // `readv#64`: a number of x86-64 that x32 does not have.
            let known = !name.starts_with("syscall_0x") && !name.ends_with("#64");
            known.then(|| (nr, (name.to_owned(), words)))
        });
    calls.collect()
}

/// What keeps the comparison from being made here.
fn hindrance() -> Option<String> {
    match Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
    {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// How many words the call takes: the end of its last argument.
fn words_of(call: &Syscall) -> usize {
    let last = slots(call.abi, call.proto).pop();
    last.map_or(0, |slot| usize::from(slot.first + slot.words))
}

/// Classes do not depend on the kernel, and in a machine each run of strace costs seconds: one class is asked for there,
/// which is also the one that sees other calls on each architecture.
fn is_asked(class: &str) -> bool {
    env::var_os("EVERYCALL_IN_MACHINE").is_none() || class == "file"
}

/// What strace says otherwise than the table, of the call of this number.
fn fault(abi: AbiId, nr: u32, name: &str, words: usize) -> Option<String> {
    let Some(call) = table::by_nr(abi, nr) else {
        // strace names what old ARM kernels had; today's have no such numbers, as `holes` asks them.
        return (abi != AbiId::Arm).then(|| format!("{abi:?} {nr} is {name}, nothing here"));
    };
    if call.name != name {
        return Some(format!("{abi:?} {nr} is {name}, {} here", call.name));
    }
    let ours = words_of(call);
    (ours != words && !differs(abi, name))
        .then(|| format!("{abi:?} {name} has {words} words, {ours} here"))
}

fn agree(abi: AbiId) {
    if let Some(why) = hindrance() {
        println!("skipped: strace: {why}");
        return;
    }
    let names = shown(abi, "all");
    assert!(names.len() > 250, "{} names", names.len());
    let mut faults: Vec<_> = names
        .iter()
        .filter_map(|(nr, (name, words))| fault(abi, *nr, name, *words))
        .collect();
    let classes: Vec<_> = class::names()
        .iter()
        .filter(|class| is_asked(class))
        .collect();
    println!(
        "{} names of {abi:?}, {} classes",
        names.len(),
        classes.len()
    );
    for class in classes {
        let members = shown(abi, &format!("%{class}"));
        for call in names.keys().filter_map(|nr| table::by_nr(abi, *nr)) {
            let strace = members.contains_key(&call.nr);
            if class::contains(class, call) != Some(strace) {
                faults.push(format!("{abi:?} {} in %{class}: {strace}", call.name));
            }
        }
    }
    assert!(faults.is_empty(), "strace says:\n{}", faults.join("\n"));
}

#[test]
fn strace_agrees() {
    agree(NATIVE);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn strace_agrees_on_i386() {
    agree(AbiId::I386);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn strace_agrees_on_x32() {
    agree(AbiId::X32);
}
