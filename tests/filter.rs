//! `everycall filter`, as people and scripts meet it: what is written, and how it ends.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Allows x86-64's calls but execve; other architectures are killed.
const OLD: &str = "\
ld [4]
jeq #0xc000003e, here, dead
here: ld [0]
jge #0x40000000, dead
jeq #59, dead
ret #0x7fff0000
dead: ret #0x80000000
";

/// What it does, as a policy.
const POLICY: &str = "\
abis = [\"x86_64\"]
default = \"allow\"

[[rule]]
calls = [\"execve\", \"0x80000000-0xffffffff\"]
action = \"kill_process\"
";

fn filter(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_everycall"))
        .arg("filter")
        .args(args)
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is there");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // Who does not read it all ends early, and what it says then is what is judged.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// What it wrote, if it ended with this status.
fn wrote(args: &[&str], input: &str, status: i32) -> String {
    let output = filter(args, input);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {error}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// What it complained of, if it ended with this status.
fn complained(args: &[&str], input: &str, status: i32) -> String {
    let output = filter(args, input);
    assert_eq!(output.status.code(), Some(status), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("it is text")
}

/// A file with this text, of a test of its own.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the directory is there");
    path.to_str().expect("it has a plain name").to_owned()
}

#[test]
fn a_map_is_a_table() {
    let told = wrote(&["map", "-", "--names", "2"], OLD, 0);
    assert_eq!(
        told,
        "\
x86_64
  ALLOW
      read, write, 337-423, 472-0x3fffffff, and 382 more calls
  KILL_PROCESS
      all others: execve, 0x80000000-0xffffffff

i386, x32, aarch64, arm, all other architectures
  KILL_PROCESS
      all numbers
"
    );
    let told = wrote(&["map", "-", "--format", "json"], OLD, 0);
    assert!(
        told.contains("\"name\": \"execve\"") && told.contains("\"instructions\": 7"),
        "{told}"
    );
}

#[test]
fn a_chain_is_what_all_its_filters_do() {
    let one = file("chain-1.asm", OLD);
    let two = file(
        "chain-2.asm",
        "ld [0]\njeq #1, no\nret #0x7fff0000\nno: ret #0x50001\n",
    );
    let told = wrote(&["map", &one, &two, "--names", "1"], "", 0);
    assert!(told.contains("  ERRNO(EPERM)\n      write\n"), "{told}");
    let told = wrote(
        &["explain", &one, &two, "--abi", "x86_64", "--call", "write"],
        "",
        0,
    );
    assert!(
        told.ends_with("all filters together: ERRNO(EPERM)\n"),
        "{told}"
    );
}

#[test]
fn a_proof_is_a_proof_or_a_call_that_shows_the_contrary() {
    let old = file("proof-old.asm", OLD);
    let policy = file("proof.toml", POLICY);
    let known = [
        "--accept",
        "hole-allowed",
        "--accept",
        "unknown-allowed",
        "--accept",
        "unknown-killed",
    ];
    let told = wrote(
        &[&["prove", &old, "--policy", &policy], &known[..]].concat(),
        "",
        0,
    );
    assert!(
        told.contains("equal: ") && told.ends_with("no faults\n"),
        "{told}"
    );
    // What is not accepted is a fault, equal or not.
    let told = wrote(&["prove", &old, "--policy", &policy], "", 1);
    assert!(
        told.contains("executed: number 337 of x86_64 gets ALLOW"),
        "{told}"
    );
    assert!(told.ends_with("3 faults\n"), "{told}");
    let stricter = file(
        "proof-2.toml",
        &POLICY.replace("\"execve\"", "\"execve\", \"ptrace\""),
    );
    let told = wrote(
        &[&["prove", &old, "--policy", &stricter], &known[..]].concat(),
        "",
        1,
    );
    assert!(
        told.contains("different: ptrace (101) of x86_64 gets ALLOW, wanted is KILL_PROCESS"),
        "{told}"
    );
    let told = wrote(
        &["prove", &old, "--policy", &stricter, "--format", "json"],
        "",
        1,
    );
    for part in [
        "\"equal\": false",
        "\"ok\": false",
        "\"nr\": 101",
        "\"kind\": \"hole-allowed\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_difference_is_what_was_and_what_is() {
    let old = file("diff-old.asm", OLD);
    let new = file("diff-new.asm", &OLD.replace("#59", "#101"));
    let told = wrote(&["diff", &old, &new], "", 1);
    assert_eq!(
        told,
        "\
x86_64
  KILL_PROCESS -> ALLOW
      execve
  ALLOW -> KILL_PROCESS
      ptrace

for example execve (59) of x86_64: KILL_PROCESS -> ALLOW
"
    );
    assert_eq!(wrote(&["diff", &old, &old], "", 0), "no difference\n");
    let told = wrote(&["diff", &old, &new, "--format", "json"], "", 1);
    assert!(told.contains("\"equal\": false"), "{told}");
}

#[test]
fn an_explanation_follows_one_call() {
    let args = [
        "explain", "-", "--abi", "x86_64", "--call", "execve", "--arg", "0=-1",
    ];
    assert_eq!(
        wrote(&args, OLD, 0),
        "\
execve (59) of x86_64 with arg0 = 0xffffffffffffffff
   0: ld [4]                   A = arch = 0xc000003e (x86_64)
   1: jeq #0xc000003e, l2, l6  arch == 0xc000003e (x86_64)? yes: to 2
   2: ld [0]                   A = nr = 59 (execve)
   3: jge #0x40000000, l6, l4  nr >= 0x40000000? no: to 4
   4: jeq #0x3b, l6, l5        nr == 59 (execve)? yes: to 6
   6: ret #0x80000000          KILL_PROCESS
"
    );
    let told = wrote(
        &["explain", "-", "--arch", "riscv64", "--call", "56"],
        OLD,
        0,
    );
    assert!(told.starts_with("number 56 of riscv64\n"), "{told}");
}

#[test]
fn what_is_written_is_read_again() {
    for form in ["text", "dump", "pseudo", "c", "rust", "decimal"] {
        let told = wrote(&["show", "-", "--format", form], OLD, 0);
        let again = file(&format!("form-{form}"), &told);
        let old = file(&format!("form-{form}-old"), OLD);
        assert_eq!(
            wrote(&["diff", &old, &again], "", 0),
            "no difference\n",
            "{form}"
        );
    }
    let raw = file("form-raw", "");
    for form in ["raw", "raw-le", "raw-be"] {
        wrote(&["show", "-", "--format", form, "-o", &raw], OLD, 0);
        assert_eq!(fs::read(&raw).expect("it was written").len(), 7 * 8);
        let old = file("form-raw-old", OLD);
        assert_eq!(
            wrote(&["diff", &old, &raw], "", 0),
            "no difference\n",
            "{form}"
        );
    }
}

#[test]
fn what_is_compiled_does_what_was_wanted() {
    let old = file("compile-old.asm", OLD);
    for strategy in ["auto", "linear", "search", "bitmap"] {
        let text = wrote(&["compile", "-", "--strategy", strategy], POLICY, 0);
        let new = file(&format!("compile-{strategy}"), &text);
        assert_eq!(
            wrote(&["diff", &old, &new], "", 0),
            "no difference\n",
            "{strategy}"
        );
    }
    assert!(complained(&["compile", &old, "--strategy", "magic"], "", 2).contains("magic"));
}

#[test]
fn the_kernel_says_what_the_map_says() {
    let told = wrote(&["run", "-", "--calls", "500"], OLD, 0);
    assert!(told.ends_with("kernel and map agree\n"), "{told}");
}

#[test]
fn errors_say_where_and_what() {
    let said = complained(&["map", "-"], "ld [4]\njeq #1, yes\n", 2);
    assert_eq!(
        said,
        "everycall filter: standard input:2:9: there is no label 'yes'\n"
    );
    let said = complained(&["map", "-"], "ld [4]\nld [64]\nret #0\n", 1);
    assert!(
        said.starts_with("everycall filter: standard input:2: the kernel would not take this filter: instruction 1: `ld [64]`"),
        "{said}"
    );
    let said = complained(&["map", "no-such-file"], "", 2);
    assert!(
        said.starts_with("everycall filter: no-such-file: No such file"),
        "{said}"
    );
    for (args, part) in [
        (&["map"][..], "FILTER"),
        (&["map", "-", "--from", "elf"], "elf"),
        (&["map", "pid:x"], "no process"),
        (&["explain", "-", "--call", "raed"], "no call 'raed'"),
        (
            &["explain", "-", "--call", "read", "--arg", "6=1"],
            "0 to 5",
        ),
        (&["prove", "-", "--accept", "everything"], "hole-allowed"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let said = complained(args, OLD, 2);
        assert!(said.contains(part), "{args:?}: {said}");
    }
}

#[test]
fn help_shows_every_command() {
    let told = wrote(&["--help"], "", 0);
    for command in [
        "map", "prove", "diff", "explain", "show", "compile", "run", "capture",
    ] {
        assert!(
            told.contains(&format!("\n  {command}")),
            "{command}: {told}"
        );
    }
}
