//! Failure is never success: each way that a machine can fail has its message, and leaves nothing behind.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    DEBIAN, MACHINE, Place, Said, TARGET, assert_no_socket, begun, cargo, said, signal,
};
use everycall_vm::kernel::Kernel;
use object::{Object, ObjectSection, ObjectSymbol};
use rustix::process::Signal;

/// The command failed, saying this, and all is gone.
fn assert_failed(place: &Place, said: &Said, message: &str) {
    assert!(said.err.contains(message), "{said:#?}");
    assert_eq!(said.code, Some(1), "{said:#?}");
    place.assert_clean();
}

fn kernel() -> Kernel {
    everycall_vm::kernels::find(DEBIAN, None).unwrap()
}

#[test]
fn a_kernel_that_panics() {
    let place = Place::new();
    // The kernel may die before anybody reads the pipe, unless it waits for us to have done so.
    let script =
        "echo before; until [ -e heard ]; do sleep 0.1; done; echo c > /proc/sysrq-trigger";
    let (child, mut out, line) = begun(&mut place.sh(script));
    assert_eq!(line, "before\n");
    let heard = place.path().join("heard");
    fs::write(&heard, "").unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    fs::remove_file(heard).unwrap();
    let message =
        "everycall vm: the kernel panicked: Kernel panic - not syncing: sysrq triggered crash";
    assert_failed(&place, &said, message);
}

/// Before the machine is up, what its kernel said last is all that there is to go by.
#[test]
fn a_kernel_that_panics_at_boot() {
    let place = Place::new();
    let mut command = place.vm();
    command.args(["run", "-m", MACHINE, "--kernel-args", "rdinit=/nothing"]);
    let said = said(command.args(["--", "true"]));
    assert_failed(&place, &said, "everycall vm: the kernel panicked: ");
    let (_, lines) = said.err.split_once("the console's last lines:\n").unwrap();
    assert!(lines.contains("Kernel panic - not syncing: "), "{said:#?}");
}

#[test]
fn a_kernel_that_oopses() {
    let place = Place::new();
    let module = place.path().join("broken.ko");
    fs::write(&module, broken_module(&kernel().modules)).unwrap();
    let said = said(&mut place.sh("insmod broken.ko; echo survived"));
    fs::remove_file(module).unwrap();
    assert_failed(
        &place,
        &said,
        "everycall vm: the kernel oopsed: Internal error: Oops",
    );
    assert!(!said.out.contains("survived"));
}

/// A module of this kernel whose first instructions are none.
fn broken_module(modules: &Path) -> Vec<u8> {
    let mut bytes = fs::read(modules.join("kernel/drivers/virtio/virtio_input.ko")).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let start = file.symbol_by_name("init_module").unwrap();
    let section = file
        .section_by_index(start.section_index().unwrap())
        .unwrap();
    let offset = section.file_range().unwrap().0 + start.address();
    let offset = usize::try_from(offset).unwrap();
    // `udf #0`, thrice: the first may be where the kernel's own tracing patches.
    bytes[offset..offset + 12].fill(0);
    // A module with a wrong signature is refused; one without any is not.
    let signed = b"~Module signature appended~\n";
    if bytes.ends_with(signed) {
        bytes.truncate(bytes.len() - signed.len());
    }
    bytes
}

#[test]
fn a_command_that_says_nothing() {
    let place = Place::new();
    let mut command = place.sh("sleep 100000");
    let said = said(command.env("EVERYCALL_VM_SILENCE", "3"));
    let message = "everycall vm: nothing was heard of the command for 3 s";
    assert_failed(&place, &said, message);
}

#[test]
fn a_machine_that_stands_still() {
    let place = Place::new();
    let mut command = place.sh("echo begun; sleep 100000");
    let (child, _out, line) = begun(command.env("EVERYCALL_VM_SILENCE", "3"));
    assert_eq!(line, "begun\n");
    rustix::process::kill_process(place.qemu(), Signal::STOP).unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_failed(&place, &said, "the machine itself does not answer either");
}

#[test]
fn a_machine_that_does_not_come_up() {
    let place = Place::new();
    let mut command = place.vm();
    command.args(["run", "-m", MACHINE, "--kernel-args"]);
    // The kernel gives words that it does not know to its first process.
    command.args(["rdinit=/usr/bin/busybox sleep 100000", "--", "true"]);
    let said = said(command.env("EVERYCALL_VM_BOOT", "15"));
    assert_failed(
        &place,
        &said,
        "everycall vm: the machine was not up after 15 s",
    );
}

#[test]
fn a_machine_without_memory_even_if_the_command_survives() {
    let place = Place::new();
    let mut command = place.vm();
    command.args(["run", "-m", MACHINE, "--memory", "256M", "--"]);
    let said = said(command.args(["sh", "-c", "tail /dev/zero; echo survived"]));
    assert_eq!(said.out, "survived\n", "{said:#?}");
    let message = "everycall vm: the machine ran out of memory: Out of memory: Killed process";
    assert_failed(&place, &said, message);
}

#[test]
fn a_machine_that_ends_without_a_verdict() {
    let place = Place::new();
    let said = said(&mut place.sh("poweroff -f; sleep 100000"));
    let message = "everycall vm: the machine ended without a verdict of the command";
    assert_failed(&place, &said, message);
}

#[test]
fn a_command_that_forges_a_verdict() {
    let said = forged("verdict");
    let message = "two verdicts came for one command: exit status 0 and exit status 3";
    assert!(said.err.contains(message), "{said:#?}");
}

#[test]
fn a_command_that_writes_to_the_port() {
    let said = forged("garbage");
    let message = "the machine's port carried a frame of 4294967295 bytes";
    assert!(said.err.contains(message), "{said:#?}");
}

fn forged(what: &str) -> Said {
    let place = Place::new();
    let program = forger();
    fs::copy(program, place.path().join("forge")).unwrap();
    let said = said(&mut place.sh(&format!("./forge {what}; exit 3")));
    fs::remove_file(place.path().join("forge")).unwrap();
    assert_eq!(said.code, Some(1), "{said:#?}");
    place.assert_clean();
    said
}

/// The example of everycall-init, built for the machine beside its PID 1.
fn forger() -> PathBuf {
    let dir = everycall_vm::kernels::cache_dir().unwrap().join("init");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "everycall-init",
        ])
        .args(["--example", "forge", "--target", TARGET, "--target-dir"])
        .arg(&dir)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/init"));
    assert!(cargo.status().unwrap().success());
    dir.join(TARGET).join("release/examples/forge")
}

#[test]
fn qemu_is_missing() {
    let place = Place::new();
    // By path, and with a cache of its own: no cargo and no apt are needed, and none would be found.
    let cache = tempfile::tempdir().unwrap();
    let userland = everycall_vm::kernels::userland(DEBIAN).unwrap();
    let mut command = place.sh("true");
    command
        .env("EVERYCALL_CACHE", cache.path())
        .env("EVERYCALL_INIT", env!("CARGO_BIN_EXE_everycall-vm"))
        .env("EVERYCALL_KERNEL", kernel().image)
        .env("EVERYCALL_USERLAND", userland)
        .env("PATH", place.path());
    let said = said(&mut command);
    assert_failed(
        &place,
        &said,
        "everycall vm: qemu-system-aarch64 is not installed",
    );
}

#[test]
fn the_kernel_is_missing() {
    let place = Place::new();
    let mut command = place.vm();
    command.args(["run", "-m", MACHINE, "-k", "/none/vmlinuz-9", "--", "true"]);
    assert_failed(&place, &said(&mut command), "/none/vmlinuz-9: No such file");
}

#[test]
fn ctrl_c() {
    let place = Place::new();
    let (child, _out, line) = begun(&mut place.sh("echo begun; sleep 100000"));
    assert_eq!(line, "begun\n");
    let pid = child.id();
    signal(pid, Signal::INT);
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(
        said.err,
        "everycall vm: interrupted: the machine is ended\n"
    );
    assert_eq!(said.code, Some(130));
    place.assert_clean();
    assert_no_socket(pid);
}

#[test]
fn a_caller_that_is_killed() {
    let place = Place::new();
    let (mut child, _out, line) = begun(&mut place.sh("echo begun; sleep 100000"));
    assert_eq!(line, "begun\n");
    assert!(place.processes().len() >= 2, "QEMU and its owner run");
    child.kill().unwrap();
    child.wait().unwrap();
    place.assert_clean();
    assert_no_socket(child.id());
}

#[test]
fn an_owner_that_is_killed() {
    let place = Place::new();
    let (child, _out, line) = begun(&mut place.sh("echo begun; sleep 100000"));
    assert_eq!(line, "begun\n");
    // A machine whose port is closed switches itself off, unless it stands still.
    rustix::process::kill_process(place.qemu(), Signal::STOP).unwrap();
    let all = place.processes();
    let owner = all.iter().find(|(_, line)| line.contains(" serve "));
    rustix::process::kill_process(owner.expect("the owner runs").0, Signal::KILL).unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    let message = "everycall vm: the process that owns the machine went away without a word";
    assert_failed(&place, &said, message);
}

#[test]
fn a_cargo_that_is_killed() {
    let place = Place::new();
    let script = r#""$VM" runner "$BUSYBOX" sh -c 'echo begun; sleep 100000'; true"#;
    let (mut child, mut out, line) = begun(&mut cargo(&place, script));
    assert_eq!(line, "begun\n");
    child.kill().unwrap();
    child.wait().unwrap();
    // The program's caller ends too: it holds the other end.
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    fs::remove_file(place.path().join("cargo")).unwrap();
    place.assert_clean();
    assert_no_socket(child.id());
}
