//! The x86 tables and the classes against the installed strace, as an independent witness.
//!
//! A child installs a seccomp filter that answers every call with an error, then makes every number of a table:
//! none of them runs, and strace names each one that belongs to what it was asked for.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(
    unsafe_code,
    reason = "makes system calls by number, also by int 0x80, which no safe interface can"
)]

use std::collections::BTreeMap;
use std::process::Command;
use std::{arch::asm, env, fs};

use everycall_arch::slots::slots;
use everycall_arch::{AbiId, Syscall, class, table};

/// Says to the child which table's numbers it is to make.
const ASK: &str = "EVERYCALL_STRACE_CHILD";

/// The numbers from 0 on that are made; the last of the tables, and some holes behind it.
const NUMBERS: u32 = 600;

/// These two are not subject to seccomp, and raise SIGILL when no probe has been set.
const NOT_FILTERED: [u32; 2] = [335, 336];

/// The error that the filter gives: no call that runs returns it.
const FILTERED: &str = "EDOM";

/// `exit_group` of x86-64 is let through, all else is answered with EDOM.
fn install_filter() {
    let op = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        op(0x20, 0, 0, 4),
        op(0x15, 0, 3, 0xc000_003e),
        op(0x20, 0, 0, 0),
        op(0x15, 0, 1, 231),
        op(0x06, 0, 0, 0x7fff_0000),
        op(0x06, 0, 0, 0x0005_0000 | libc::EDOM.cast_unsigned()),
    ];
    let filter = libc::sock_fprog {
        len: 6,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the filter is valid and lives until the call returns; both calls touch only this thread.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const filter,
            ) == 0
    };
    assert!(installed, "{}", std::io::Error::last_os_error());
}

/// Not a test: what the child does.
#[test]
fn child() {
    let Ok(abi) = env::var(ASK) else { return };
    let abi = AbiId::from_name(&abi).expect("the name of an ABI");
    install_filter();
    for nr in (0..NUMBERS).filter(|nr| !NOT_FILTERED.contains(nr) && *nr != 231) {
        if abi == AbiId::I386 {
            // SAFETY: the filter answers; the kernel changes rax only (r8 to r11 are cleared by old kernels).
            unsafe {
                asm!("int 0x80", inout("rax") u64::from(nr) => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
            }
        } else {
            let nr = nr | abi.abi().nr_base;
            // SAFETY: the filter answers; nothing runs.
            unsafe { libc::syscall(nr.into(), 0, 0, 0, 0, 0, 0) };
        }
    }
    // SAFETY: ends the process, without the destructors, whose calls would all fail.
    unsafe { libc::syscall(231, 0) };
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
        || abi == AbiId::X86_64 && matches!(name, "preadv" | "pwritev")
        // strace shows five words; `sys_vm86` takes two.
        || name == "vm86"
        // Linux 7.0 gave it two more, where its command says so; strace shows them from then on.
        || name == "bpf"
}

/// The calls that strace shows when it is asked for `what`: number to name and number of words. Unknown numbers are
/// left out.
fn shown(abi: AbiId, what: &str) -> BTreeMap<u32, (String, usize)> {
    let output = tempfile::NamedTempFile::new().expect("a temporary file");
    let status = Command::new("strace")
        .args([
            "-f",
            "-n",
            "-e",
            &format!("trace={what}"),
            "-e",
            "raw=all",
            "-o",
        ])
        .arg(output.path())
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
    let text = fs::read_to_string(output.path()).expect("strace wrote its output");
    let calls = text
        .lines()
        .filter(|line| line.contains(FILTERED))
        .filter_map(|line| {
            let (nr, call) = line.split_once('[')?.1.split_once("] ")?;
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

fn agree(abi: AbiId) {
    if let Some(why) = hindrance() {
        println!("skipped: strace: {why}");
        return;
    }
    let names = shown(abi, "all");
    assert!(names.len() > 300, "{} names", names.len());
    for (nr, (name, words)) in &names {
        let call = table::by_nr(abi, *nr);
        assert_eq!(
            call.map(|call| call.name),
            Some(name.as_str()),
            "{abi:?} {nr}"
        );
        let taken = call.map(words_of);
        if !differs(abi, name) {
            assert_eq!(taken, Some(*words), "words of {abi:?} {name}");
        }
    }
    for class in class::names() {
        let members = shown(abi, &format!("%{class}"));
        for nr in names.keys() {
            let Some(call) = table::by_nr(abi, *nr) else {
                continue;
            };
            assert_eq!(
                class::contains(class, call),
                Some(members.contains_key(nr)),
                "{abi:?} {} in %{class}",
                call.name
            );
        }
    }
}

#[test]
fn x86_64() {
    agree(AbiId::X86_64);
}

#[test]
fn i386() {
    agree(AbiId::I386);
}

#[test]
fn x32() {
    agree(AbiId::X32);
}
