//! What the tests of machines share: a directory of their own, the program, and the search for what it left behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

/// The machine of these tests: the one that is up first.
pub(crate) const MACHINE: &str = "aarch64";

/// The same, as Debian and Rust call it.
pub(crate) const DEBIAN: &str = "arm64";
pub(crate) const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Nothing takes so long.
const LIMIT: Timespec = Timespec {
    tv_sec: 300,
    tv_nsec: 0,
};

/// A directory that one test's machines share, by which their processes are known.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("everycall-vm-").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program, here, with none of the caller's wishes.
    pub(crate) fn vm(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycall-vm"));
        self.bare(&mut command);
        command
    }

    /// Takes a command's wishes away, and starts it here.
    pub(crate) fn bare(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("EVERYCALL_") && name != "EVERYCALL_CACHE" {
                command.env_remove(name);
            }
        }
        command.current_dir(self.path()).stdin(Stdio::null());
    }

    /// `run` of a shell's script.
    pub(crate) fn sh(&self, script: &str) -> Command {
        let mut command = self.vm();
        command.args(["run", "-m", MACHINE, "--", "sh", "-c", script]);
        command
    }

    /// What bears this directory in its command line: QEMU and its owner.
    pub(crate) fn processes(&self) -> Vec<(Pid, String)> {
        let mark = self.path().to_str().unwrap();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let pid = entry.file_name().to_string_lossy().parse().ok();
            if let Some(pid) = pid.and_then(Pid::from_raw)
                && line.contains(mark)
            {
                found.push((pid, line));
            }
        }
        found
    }

    /// QEMU's process.
    pub(crate) fn qemu(&self) -> Pid {
        let all = self.processes();
        let qemu = all
            .iter()
            .find(|(_, line)| line.starts_with("qemu-system-"));
        qemu.expect("QEMU runs").0
    }

    /// Nothing may be left: no process, no socket, no file. Those that are ending may do so.
    pub(crate) fn assert_clean(&self) {
        for (pid, line) in self.processes() {
            if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
                assert!(ends(&pidfd), "left behind: {pid:?} {line}");
            }
        }
        let left: Vec<_> = fs::read_dir(self.path()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

fn ends(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    poll(&mut fds, Some(&LIMIT)).unwrap() == 1
}

/// No socket by that process' name is left.
pub(crate) fn assert_no_socket(owner: u32) {
    let sockets = fs::read_to_string("/proc/net/unix").unwrap();
    let name = format!(
        "@everycall-vm/{}/{owner}/",
        rustix::process::getuid().as_raw()
    );
    assert!(!sockets.contains(&name), "left behind: {name}");
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            out: text(output.stdout),
            err: text(output.stderr),
            code: output.status.code(),
        }
    }
}

pub(crate) fn said(command: &mut Command) -> Said {
    command.output().unwrap().into()
}

/// A command that runs in a machine, and has said its first line.
pub(crate) fn begun(
    command: &mut Command,
) -> (Child, BufReader<std::process::ChildStdout>, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, out, line)
}

/// Sends a signal.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The machine's busybox, which is a static program like those that cargo builds.
pub(crate) fn busybox() -> PathBuf {
    let root = everycall_vm::kernels::userland(DEBIAN).unwrap();
    let places = ["bin/busybox", "usr/bin/busybox"].map(|place| root.join(place));
    let found = places.into_iter().find(|place| place.is_file());
    found.expect("the userland has busybox")
}

/// A shell that the kernel calls `cargo`, running a script of calls of `$VM runner $BUSYBOX`.
pub(crate) fn cargo(place: &Place, script: &str) -> Command {
    let shell = place.path().join("cargo");
    // `cp` writes it: what this process has open for writing another test's child has open, too, and nobody can
    // execute it then.
    let copied = Command::new("cp").arg("/bin/sh").arg(&shell).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&shell);
    place.bare(&mut command);
    command
        .args(["-c", script])
        .env("VM", env!("CARGO_BIN_EXE_everycall-vm"))
        .env("BUSYBOX", busybox());
    command
}
