//! `everycall filter capture`, run on this program itself, which then installs filters in every way that there is.
#![expect(unsafe_code, reason = "what is captured makes raw system calls")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use everycall_filter::{Action, ByteOrder, Op, Program};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

/// By this the program knows that it is the one that is captured, and what it is to do.
const PART: &str = "EVERYCALL_CAPTURE_PART";

fn main() -> ExitCode {
    match std::env::var(PART).as_deref() {
        Ok("four") => four(),
        #[cfg(target_arch = "x86_64")]
        Ok("int80") => int80(),
        Ok("signal") => {
            // SAFETY: a plain system call.
            unsafe { libc::raise(libc::SIGTERM) };
            ExitCode::FAILURE
        }
        Ok(_) => ExitCode::FAILURE,
        Err(_) => trials(),
    }
}

fn trials() -> ExitCode {
    let args = Arguments::from_args();
    let mut trials = vec![
        Trial::test("ptrace", || all_are_kept("ptrace")),
        Trial::test("notify", || all_are_kept("notify")),
        Trial::test("ends-as-the-program", ends_as_the_program),
        Trial::test("a-tracer", a_tracer),
        Trial::test("usage", usage),
    ];
    if cfg!(target_arch = "x86_64") {
        trials.push(Trial::test("int80", of_64_bit_code_by_int80));
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// `length` instructions that allow everything.
fn filter(length: usize) -> Program {
    let loads = std::iter::repeat_n(Op::LoadData(0), length - 1);
    loads.chain([Op::Return(Action::Allow.to_ret())]).collect()
}

/// A program that the kernel refuses.
fn invalid() -> Program {
    Program::from_iter([Op::LoadData(0)])
}

/// Installs four filters, of which one is refused, and ends with status 3.
fn four() -> ExitCode {
    println!("the program's own output");
    // SAFETY: plain system calls, and a fork of a program with one thread.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        install(&filter(1), |fprog| {
            libc::syscall(libc::SYS_prctl, libc::PR_SET_SECCOMP, 2, fprog)
        });
        let mut ends = [0; 2];
        libc::pipe(ends.as_mut_ptr());
        let mut byte = [0_u8];
        let child = match libc::fork() {
            0 => {
                const LOG: i32 = 2;
                install(&filter(2), |fprog| {
                    libc::syscall(libc::SYS_seccomp, 1, LOG, fprog)
                });
                libc::write(ends[1], byte.as_ptr().cast(), 1);
                // Not to be gone before anyone has looked at it.
                loop {
                    libc::pause();
                }
            }
            child => child,
        };
        libc::read(ends[0], byte.as_mut_ptr().cast(), 1);
        install(&invalid(), |fprog| {
            libc::syscall(libc::SYS_seccomp, 1, 0, fprog)
        });
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
        const TSYNC: i32 = 1;
        install(&filter(1), |fprog| {
            libc::syscall(libc::SYS_seccomp, 1, TSYNC, fprog)
        });
        // Only asks whether the kernel knows the flag.
        libc::syscall(libc::SYS_seccomp, 1, TSYNC, 0);
    }
    ExitCode::from(3)
}

/// Hands a program over as the kernel takes it.
fn install(program: &Program, call: impl FnOnce(*const libc::sock_fprog) -> libc::c_long) {
    let bytes = program.to_bytes(ByteOrder::NATIVE);
    let mut insns: Vec<libc::sock_filter> = Vec::new();
    for insn in program.iter() {
        insns.push(libc::sock_filter {
            code: insn.code,
            jt: insn.jt,
            jf: insn.jf,
            k: insn.k,
        });
    }
    assert_eq!(bytes.len(), insns.len() * 8);
    let fprog = libc::sock_fprog {
        len: insns.len() as u16,
        filter: insns.as_mut_ptr(),
    };
    call(&raw const fprog);
}

/// As a 32-bit program would: everything below 4 GiB, and a `struct sock_fprog` of eight bytes.
#[cfg(target_arch = "x86_64")]
fn int80() -> ExitCode {
    const SECCOMP: u64 = 354;
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT,
    );
    let program = filter(4).to_bytes(ByteOrder::NATIVE);
    let mut result = SECCOMP;
    // SAFETY: what is written is inside the new mapping; the call reads from there only.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        let at = libc::mmap(std::ptr::null_mut(), 4096, access, kind, -1, 0).cast::<u8>();
        let insns = at.add(64);
        insns.copy_from_nonoverlapping(program.as_ptr(), program.len());
        at.cast::<u16>().write(4);
        at.add(4).cast::<u32>().write(insns.addr() as u32);
        std::arch::asm!(
            "xchg rbx, {op}", "int 0x80", "xchg rbx, {op}",
            op = inout(reg) 1_u64 => _, inout("rax") result, in("rcx") 0, in("rdx") at.addr(),
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    ExitCode::from(u8::from(result != 0))
}

fn capture(backend: &str, out: &Path, part: &str) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everycall"));
    command.args(["filter", "capture", "--backend", backend, "--out"]);
    command.arg(out).arg("--").arg(std::env::current_exe()?);
    Ok(command.env(PART, part).output()?)
}

/// The filters that an index tells of.
fn index(out: &Path) -> Result<Vec<Value>, Failed> {
    let text = fs::read_to_string(out.join("index.json"))?;
    let index: Value = serde_json::from_str(&text)?;
    let filters = index["filters"].as_array().ok_or("no list of filters")?;
    Ok(filters.clone())
}

/// Some of what is told of each filter.
fn told(filters: &[Value], keys: &[&str]) -> Vec<Value> {
    let one = |filter: &Value| keys.iter().map(|key| filter[*key].clone()).collect();
    filters.iter().map(one).collect()
}

fn all_are_kept(backend: &str) -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("filters");
    let output = capture(backend, &out, "four")?;
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "the program's own output\n"
    );
    let table = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{table}");
    let filters = index(&out)?;
    let keys = ["call", "flags", "file", "instructions"];
    let wanted = [
        json!(["prctl", [], "001.bpf", 1]),
        json!(["seccomp", ["LOG"], "002.bpf", 2]),
        json!(["seccomp", [], "003.bpf", 1]),
        json!(["seccomp", ["TSYNC"], "001.bpf", 1]),
    ];
    assert_eq!(told(&filters, &keys), wanted, "{table}");
    for (file, program) in [
        ("001.bpf", filter(1)),
        ("002.bpf", filter(2)),
        ("003.bpf", invalid()),
    ] {
        assert_eq!(
            fs::read(out.join(file))?,
            program.to_bytes(ByteOrder::NATIVE),
            "{file}"
        );
    }
    // The backend without ptrace sees that a call has failed, but not why.
    let why = match backend {
        "ptrace" => json!("EINVAL"),
        _ => Value::Null,
    };
    let wanted = [
        json!([true, null]),
        json!([true, null]),
        json!([false, why]),
        json!([true, null]),
    ];
    assert_eq!(told(&filters, &["installed", "error"]), wanted, "{table}");
    let pids = told(&filters, &["pid"]);
    assert!(
        pids[0] == pids[2] && pids[0] == pids[3] && pids[0] != pids[1],
        "{pids:?}"
    );
    assert!(
        table.contains("3 filters installed, of 4 that were asked for"),
        "{table}"
    );
    Ok(())
}

fn of_64_bit_code_by_int80() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("filters");
    let output = capture("ptrace", &out, "int80")?;
    assert!(output.status.success(), "{output:?}");
    let wanted = [json!(["i386", "seccomp", true, 4])];
    let keys = ["abi", "call", "installed", "instructions"];
    assert_eq!(told(&index(&out)?, &keys), wanted);
    assert_eq!(
        fs::read(out.join("001.bpf"))?,
        filter(4).to_bytes(ByteOrder::NATIVE)
    );
    Ok(())
}

fn ends_as_the_program() -> Result<(), Failed> {
    for backend in ["ptrace", "notify"] {
        let dir = tempfile::tempdir()?;
        let output = capture(backend, &dir.path().join("filters"), "signal")?;
        assert_eq!(output.status.signal(), Some(libc::SIGTERM), "{output:?}");
        assert!(index(&dir.path().join("filters"))?.is_empty());
    }
    Ok(())
}

/// A tracer cannot be traced, but it can be captured: our own, which installs its filter in what it traces.
fn a_tracer() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("filters");
    let everycall = env!("CARGO_BIN_EXE_everycall");
    let mut command = Command::new(everycall);
    command
        .args(["filter", "capture", "--backend", "notify", "--out"])
        .arg(&out);
    command.args([
        "--",
        everycall,
        "trace",
        "-f",
        "-o",
        "/dev/null",
        "--backend=seccomp",
    ]);
    // That the filter is there can be seen while its thread is: it waits for the copy, not for ever.
    let wait = r#"until [ -e "$0" ]; do :; done"#;
    command.args(["-e", "trace=openat", "timeout", "300", "sh", "-c", wait]);
    let output = command.arg(out.join("001.bpf")).output()?;
    assert!(output.status.success(), "{output:?}");
    let filters = index(&out)?;
    assert_eq!(
        told(&filters, &["installed", "flags"]),
        [json!([true, ["SPEC_ALLOW"]])]
    );
    let bytes = fs::read(out.join("001.bpf"))?;
    let program = Program::from_bytes(&bytes, ByteOrder::NATIVE)?;
    // It is one that ectrace has proven: what it knows and was not asked for is allowed.
    assert!(everycall_filter::check(&program).is_ok() && program.len() > 5);
    Ok(())
}

fn usage() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().to_str().ok_or("a name that is no text")?;
    fs::write(dir.path().join("index.json"), "{}")?;
    let cases: [(&[&str], i32, &str); 4] = [
        (&["capture"], 2, "<COMMAND>..."),
        (
            &["capture", "--out", out, "true"],
            2,
            "holds a capture already",
        ),
        (
            &["capture", "/nothing/here"],
            2,
            "Can't stat '/nothing/here'",
        ),
        (&["capture", "--help"], 0, ""),
    ];
    for (words, status, told) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycall"));
        let output = command.arg("filter").args(words).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {text}");
        assert!(text.contains(told), "{words:?}: {text}");
    }
    Ok(())
}
