//! Running `ectrace` on one of the programs, and reading what it says.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// How calls are observed.
pub(crate) const BACKENDS: [&str; 2] = ["ptrace", "seccomp"];

/// `ectrace` that writes its text nowhere.
pub(crate) fn tracer(backend: &str, calls: &str) -> Command {
    let mut command = to_stderr(backend, calls);
    command.args(["-o", "/dev/null"]);
    command
}

/// `ectrace` that writes its text to standard error.
pub(crate) fn to_stderr(backend: &str, calls: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ectrace"));
    command
        .args(["-f", "--backend", backend, "-e"])
        .arg(format!("trace={calls}"));
    command
}

/// The same as a user without privileges, and the directory where he can reach its executable: a copy.
pub(crate) fn unprivileged(backend: &str, calls: &str) -> Result<(TempDir, Command), Failed> {
    const NOBODY: u32 = 65534;
    let dir = tempfile::Builder::new()
        .permissions(PermissionsExt::from_mode(0o755))
        .tempdir()?;
    let copy = dir.path().join("ectrace");
    // A child of another test can hold open what this process writes, and the kernel does not execute it then.
    // What `cp` writes only `cp` has open.
    let status = Command::new("cp")
        .args([Path::new(env!("CARGO_BIN_EXE_ectrace")), &copy])
        .status()?;
    if !status.success() {
        return Err(format!("cp: {status}").into());
    }
    let mut command = Command::new(copy);
    command.args(["-f", "-o", "/dev/null", "--backend", backend, "-e"]);
    command
        .arg(format!("trace={calls}"))
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/");
    Ok((dir, command))
}

/// Whether the programs are 64-bit ones, which the file behind [`tracee`] says, in the byte behind its magic.
fn programs_have_64_bits() -> bool {
    let mut ident = [0; 5];
    let file =
        File::open(tracee("").get_program()).and_then(|mut file| file.read_exact(&mut ident));
    file.is_ok() && ident[4] == 2
}

/// Whether the tracer is too narrow to give a call of the programs a result: on ARM the kernel lets a 32-bit
/// tracer set 32 bits of a 64-bit register, and clears the others.
pub(crate) fn is_too_narrow() -> bool {
    cfg!(target_arch = "arm") && programs_have_64_bits()
}

/// This executable as the program of that name; or another architecture's build of it, whose path this
/// variable has: so every case is also one of a 32-bit program under a 64-bit tracer, or the reverse.
pub(crate) fn tracee(name: &str) -> Command {
    let executable = match std::env::var_os("EVERYCALL_TRACEE") {
        Some(path) => path.into(),
        None => std::env::current_exe().expect("it runs"),
    };
    let mut command = Command::new(executable);
    command.args(["tracee", name]);
    command
}

/// Adds the program of that name to a tracer's command line.
pub(crate) fn program(command: &mut Command, name: &str) {
    let program = tracee(name);
    command.arg(program.get_program()).args(program.get_args());
}

/// Sends a signal.
pub(crate) fn kill(pid: u32, signal: i32) {
    // SAFETY: a plain system call.
    unsafe { libc::kill(pid as i32, signal) };
}

/// What `ectrace --format json` said of a program.
#[derive(Debug)]
pub(crate) struct Trace(Vec<Value>);

impl Trace {
    /// Runs the program untraced, and then traced, which must end as well.
    pub(crate) fn of(backend: &str, calls: &str, name: &str) -> Result<Trace, Failed> {
        let plain = tracee(name).output()?;
        if !plain.status.success() {
            return Err(format!("the suite is wrong: untraced, {name} gives {plain:?}").into());
        }
        let (traced, trace) = Trace::whatever(backend, calls, name)?;
        if (traced.status, &traced.stdout) != (plain.status, &plain.stdout) {
            return Err(format!("altered: untraced {plain:?}, traced {traced:?}").into());
        }
        Ok(trace)
    }

    /// Runs the program traced, however it ends.
    pub(crate) fn whatever(
        backend: &str,
        calls: &str,
        name: &str,
    ) -> Result<(Output, Trace), Failed> {
        let log = NamedTempFile::new()?;
        let mut command = to_stderr(backend, calls);
        command.args(["--format", "json", "-o"]).arg(log.path());
        program(&mut command, name);
        let traced = command.output()?;
        let text = std::fs::read_to_string(log.path())?;
        let events = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        Ok((traced, Trace(events)))
    }

    /// Whether the tracer said that something could not be, in these words.
    pub(crate) fn admits(&self, words: &str) -> bool {
        let mut lost = self.0.iter().filter(|event| event["event"] == "lost");
        lost.any(|event| event.to_string().contains(words))
    }

    /// The calls of this name, in the order in which they ended.
    pub(crate) fn calls(&self, name: &str) -> Vec<&Value> {
        let named = |event: &&Value| event["event"] == "call" && event["name"] == name;
        self.0.iter().filter(named).collect()
    }

    /// The numbers of the calls that have no name, in the order in which they ended.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let calls = self.0.iter().filter(|event| event["event"] == "call");
        let unnamed = calls.filter(|call| call["name"].is_null());
        unnamed.filter_map(|call| call["nr"].as_u64()).collect()
    }

    /// Names and results of all calls, in the order in which they ended.
    pub(crate) fn main_calls(&self) -> Vec<(&str, Option<i64>)> {
        let calls = self.0.iter().filter(|event| event["event"] == "call");
        calls
            .map(|call| {
                (
                    call["name"].as_str().unwrap_or("?"),
                    call["result"].as_i64(),
                )
            })
            .collect()
    }
}
