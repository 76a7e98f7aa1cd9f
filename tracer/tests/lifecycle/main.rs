//! `ectrace` on the running kernel: threads, execve, filters of the tracee's own, signals, and what
//! becomes of tracees when the tracer goes.
//!
//! The traced programs are this executable itself (`tracee`), so no compiler is needed. Every case
//! runs untraced first: a program that does not do on the bare kernel what it claims is a fault here.
#![expect(
    unsafe_code,
    reason = "the traced programs make system calls that have no safe form"
)]

mod tracee;
mod tracer;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tracer::{BACKENDS, Trace, kill, tracer};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, name] = &args[..]
        && mode == "tracee"
    {
        std::process::exit(tracee::run(name));
    }
    let mut trials = Vec::new();
    for backend in BACKENDS {
        let mut add = |name: &str, case: fn(&str) -> Result<(), Failed>| {
            trials.push(Trial::test(format!("{backend}::{name}"), move || {
                case(backend)
            }));
        };
        add("stop-exec-nonleader-restart", |b| {
            exec_from_thread(b, "exec-from-thread")
        });
        add("stop-leader-exit", |b| {
            exec_from_thread(b, "exec-after-leader-exit")
        });
        add("inst-own-ret-trace-executes", |b| {
            own_filter(b, "ret-trace", Some("ENOSYS"))
        });
        add("inst-prec-errno", |b| {
            own_filter(b, "ret-errno", Some("EAGAIN"))
        });
        add("inst-rollback-rval", |b| own_filter(b, "ret-trap", None));
        add("inst-notif-continue-hidden", notify);
        add("tsync", tsync);
        add("stop-vfork-blocked", vfork);
        add("stop-group-stop", |b| as_untraced(b, "group-stop"));
        add("stop-skip-minus1", negative_numbers);
        add("stop-signal-injection", |b| {
            as_untraced(b, "queued-signals")
        });
        add("sigpipe-is-as-it-was", sigpipe);
        add("attach", attach);
    }
    let mut add = |name: &str, case: fn() -> Result<(), Failed>| {
        trials.push(Trial::test(format!("seccomp::{name}"), case));
    };
    add("inst-clone-untraced", clone_untraced);
    add("inst-nnp", no_new_privs);
    add("inst-exitkill-tree-death", caretaker);
    add("inst-tracer-death", || tracer_death(false));
    add("inst-tracer-death-of-the-worker", || tracer_death(true));
    let mut add = |name: &str, case: fn() -> Result<Completion, Failed>| {
        trials.push(Trial::ignorable_test(format!("seccomp::{name}"), case));
    };
    add("stop-vsyscall", vsyscall);
    add("inst-u-before-attach", other_user);
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn require(what: &str, holds: bool, seen: &dyn std::fmt::Debug) -> Result<(), Failed> {
    if holds {
        Ok(())
    } else {
        Err(format!("{what}; seen: {seen:#?}").into())
    }
}

fn exec_from_thread(backend: &str, program: &str) -> Result<(), Failed> {
    let trace = Trace::of(backend, "getuid,getgid,execve", program)?;
    let names: Vec<(&str, Option<i64>)> = trace.main_calls();
    // The first execve is the launch of the program itself. In a thread that is not the leader the
    // entry of the second comes under another thread id, and its result under the process's.
    let expected = ["execve", "getuid", "execve", "getuid", "getgid", "getuid"];
    let seen: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    require(
        "execve by a thread loses or invents nothing",
        seen == expected,
        &trace,
    )?;
    let results: Vec<_> = names.iter().filter(|(name, _)| *name == "execve").collect();
    require(
        "both succeeded",
        results.iter().all(|(_, r)| *r == Some(0)),
        &trace,
    )
}

fn own_filter(backend: &str, program: &str, error: Option<&str>) -> Result<(), Failed> {
    if (backend, program) == ("seccomp", "ret-trace") && tracer::is_too_narrow() {
        let (_, trace) = Trace::whatever(backend, "getppid", program)?;
        return require("it says so", trace.admits("a 64-bit call"), &trace);
    }
    let trace = Trace::of(backend, "getppid", program)?;
    let [call] = &trace.calls("getppid")[..] else {
        return Err(format!("getppid is not there once: {trace:#?}").into());
    };
    match error {
        Some(error) => require("the filter's error", call["error"] == error, &trace),
        None => require(
            "not made, so no result",
            call["outcome"] == "unknown",
            &trace,
        ),
    }
}

fn notify(backend: &str) -> Result<(), Failed> {
    let trace = Trace::of(backend, "getppid", "notify")?;
    // Once before the filter, and once that a supervisor let continue.
    require(
        "both calls are there",
        trace.calls("getppid").len() == 2,
        &trace,
    )
}

fn tsync(backend: &str) -> Result<(), Failed> {
    let trace = Trace::of(backend, "getppid", "tsync")?;
    let [call] = &trace.calls("getppid")[..] else {
        return Err(format!("getppid is not there once: {trace:#?}").into());
    };
    require(
        "refused by the filter that came over it",
        call["error"] == "EAGAIN",
        &trace,
    )
}

fn vfork(backend: &str) -> Result<(), Failed> {
    let trace = Trace::of(backend, "getgid", "vfork")?;
    require(
        "three children, one call each",
        trace.calls("getgid").len() == 3,
        &trace,
    )
}

/// To the kernel a negative number at a stop is a tracer's wish to skip the call.
fn negative_numbers(backend: &str) -> Result<(), Failed> {
    for program in ["negative-numbers", "filtered-negative-numbers"] {
        let trace = Trace::of(backend, "getgid", program)?;
        let numbers = trace.numbers();
        let expected = [0x8000_0000, 0x8000_0027, 0xffff_ffff];
        require("all are seen, once", numbers.as_slice() == expected, &trace)?;
    }
    Ok(())
}

fn as_untraced(backend: &str, program: &str) -> Result<(), Failed> {
    Trace::of(backend, "getgid", program).map(drop)
}

/// Rust's runtime ignores SIGPIPE, and what is ignored stays so through execve.
fn sigpipe(backend: &str) -> Result<(), Failed> {
    let program = ["grep", "SigIgn", "/proc/self/status"];
    let traced = tracer(backend, "getgid").args(program).output()?;
    let plain = std::process::Command::new(program[0])
        .args(&program[1..])
        .output()?;
    require(
        "as without a tracer",
        traced.stdout == plain.stdout,
        &traced,
    )
}

fn clone_untraced() -> Result<(), Failed> {
    let trace = Trace::of("seccomp", "getppid", "untraced")?;
    let seen = trace.calls("getppid").len();
    require("the children work, and are seen", seen == 2, &trace)
}

fn vsyscall() -> Result<Completion, Failed> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    if !maps.contains("[vsyscall]") {
        let reason =
            "no vsyscall page: 64-bit programs of x86 have one, where the kernel was told so";
        return Ok(Completion::ignored_with(reason));
    }
    if std::env::var_os("EVERYCALL_TRACEE").is_some() {
        return Ok(Completion::ignored_with(
            "for programs of our own kind only",
        ));
    }
    let trace = Trace::of("seccomp", "time,getuid,getgid", "vsyscall")?;
    let names: Vec<&str> = trace.main_calls().iter().map(|(name, _)| *name).collect();
    require("in order", names == ["getuid", "time", "getgid"], &trace)?;
    require(
        "no invented result",
        trace.calls("time")[0]["outcome"] == "unknown",
        &trace,
    )?;
    Ok(Completion::Completed)
}

/// With CAP_SYS_ADMIN the program does not get no_new_privs; without it the filter needs it.
fn no_new_privs() -> Result<(), Failed> {
    let program = ["grep", "NoNewPrivs", "/proc/self/status"];
    let root = nix::unistd::geteuid().is_root();
    let output = tracer("seccomp", "getgid").args(program).output()?;
    let says = |text: &str| String::from_utf8_lossy(&output.stdout).contains(text);
    require(
        "as the capability says",
        says(if root { "\t0" } else { "\t1" }),
        &output,
    )?;
    if root {
        let (_place, mut tracer) = tracer::unprivileged("seccomp", "getgid")?;
        let output = tracer.args(program).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        require("an ordinary user's filter", text.contains("\t1"), &output)?;
    }
    Ok(())
}

/// `-u` makes calls of its own between the filter and execve, which must not be those of a tracee
/// without a tracer.
fn other_user() -> Result<Completion, Failed> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(Completion::ignored_with("-u needs root"));
    }
    let output = tracer("seccomp", "%process,%signal,%creds")
        .args(["-u", "nobody", "id", "-un"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    require("it runs as the other user", text == "nobody\n", &output)?;
    Ok(Completion::Completed)
}

/// Reads up to the line that starts with this, and returns it.
fn line(reader: &mut BufReader<ChildStdout>, start: &str) -> Result<String, Failed> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(format!("no line that starts with {start:?} came").into());
        }
        if line.starts_with(start) {
            return Ok(line);
        }
    }
}

/// The program that goes on when its tracer ends, under `ectrace` with a filter.
struct Survivor {
    tracer: Child,
    /// Open, so that the program has no reason to end by itself.
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pid: u32,
}

impl Survivor {
    fn start() -> Result<Survivor, Failed> {
        let mut command = tracer::to_stderr("seccomp", "getuid");
        tracer::program(&mut command, "survivor");
        let mut tracer = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = tracer.stdin.take().ok_or("no input")?;
        let mut output = BufReader::new(tracer.stdout.take().ok_or("no output")?);
        let ready = line(&mut output, "ready")?;
        let pid = ready.trim_start_matches("ready ").trim().parse()?;
        Ok(Survivor {
            tracer,
            input,
            output,
            pid,
        })
    }

    /// What a call of the program gives now.
    fn getuid(&mut self) -> Result<String, Failed> {
        self.input.write_all(b"x")?;
        line(&mut self.output, "getuid")
    }

    /// The process that traces it; 0 for none.
    fn traced_by(&self) -> Result<u32, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:\t"));
        Ok(tracer.ok_or("no such line")?.parse()?)
    }
}

/// After SIGTERM to the tracer a child that goes on has its calls answered as before.
fn caretaker() -> Result<(), Failed> {
    let mut survivor = Survivor::start()?;
    let before = survivor.getuid()?;
    kill(survivor.tracer.id(), libc::SIGTERM);
    let status = survivor.tracer.wait()?;
    require("the tracer ended", !status.success(), &status)?;
    for _ in 0..3 {
        let after = survivor.getuid()?;
        require("as before", before == after, &after)?;
    }
    let tracer = survivor.traced_by()?;
    require("somebody traces it", tracer != 0, &tracer)?;
    drop(survivor.input);
    line(&mut survivor.output, "end")?;
    // The caretaker ends with its last tracee, and with it what holds the pipe open.
    survivor.output.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Whoever kills the tracer outright does not leave a program whose calls fail.
fn tracer_death(of_the_worker: bool) -> Result<(), Failed> {
    let mut survivor = Survivor::start()?;
    let victim = match of_the_worker {
        true => survivor.traced_by()?,
        false => survivor.tracer.id(),
    };
    kill(victim, libc::SIGKILL);
    survivor.tracer.wait()?;
    // The pipe ends only when every process that has it is gone; its input is still open.
    let mut rest = String::new();
    survivor.output.read_to_string(&mut rest)?;
    require("it ended without a word", rest.is_empty(), &rest)
}

/// Attaches to a process that runs, sees what it does, and leaves it as it was.
fn attach(backend: &str) -> Result<(), Failed> {
    if backend == "seccomp" {
        // A filter cannot be put on another process: that is refused, in one line.
        let output = tracer(backend, "getuid").args(["-p", "1"]).output()?;
        return require("refused", output.status.code() == Some(1), &output);
    }
    let mut target = tracer::tracee("ready-then-ids")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = target.stdin.take().ok_or("no input")?;
    let mut output = BufReader::new(target.stdout.take().ok_or("no output")?);
    line(&mut output, "ready")?;
    let mut command = tracer::to_stderr(backend, "getuid");
    let mut tracing = command
        .args(["-p", &target.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()?;
    let mut log = BufReader::new(tracing.stderr.take().ok_or("no log")?);
    let mut first = String::new();
    log.read_line(&mut first)?;
    require("it says so", first.contains("attached"), &first)?;
    input.write_all(b"x")?;
    line(&mut output, "done")?;
    let mut call = String::new();
    // A note comes first where the program is not of the tracer's kind.
    while call.is_empty() || call.starts_with("[ Process PID=") {
        call.clear();
        require("a line", log.read_line(&mut call)? > 0, &call)?;
    }
    require("the call", call.contains("getuid"), &call)?;
    kill(tracing.id(), libc::SIGINT);
    tracing.wait()?;
    input.write_all(b"x")?;
    line(&mut output, "done")?;
    drop(input);
    require("the program ends as ever", target.wait()?.success(), &call)
}
