//! Our own tracer under load: what it needs does not grow with what it has seen. Ten times as many calls or
//! processes are traced in the same memory, and with as many open files.

mod common;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use everycall_arch::table;
use everycall_conformance::host;
use everycall_conformance::ledger;
use everycall_conformance::probe::{
    Built, Call, CallId, Flow, LEDGER_FILE, Probe, ProbeError, Target, Word,
};
use everycall_conformance::runner::{Ran, Runner};
use everycall_conformance::sandbox::{Privilege, serve_if_worker};
use everycall_conformance::terms::Trouble;
use libtest_mimic::{Arguments, Failed, Trial};

use common::ours;

/// For hangs only.
const TIMEOUT: Duration = Duration::from_secs(120);
/// What may come and go with the allocator's mood.
const SLACK_KIB: u64 = 512;
const TIMES: u32 = 10;

/// What is done a number of times.
#[derive(Clone, Copy)]
enum Load {
    Calls(u32),
    Processes(u32),
}

/// What a tracer needs when it has seen all.
#[derive(Debug)]
struct Need {
    peak_kib: u64,
    files: usize,
}

/// A probe that does its load and then waits.
struct Loaded {
    built: Built,
    /// Begun when all is done.
    done: CallId,
}

fn main() {
    serve_if_worker();
    let mut args = Arguments::from_args();
    // A tracer is found by being a descendant of ours: there must be one at a time.
    args.test_threads = Some(1);
    let mut trials = Vec::new();
    for backend in ["ptrace", "seccomp"] {
        let mut add = |name: &str, small: Load, large: Load| {
            trials.push(Trial::test(format!("{backend}::{name}"), move || {
                flat(backend, small, large)
            }));
        };
        add("calls", Load::Calls(1500), Load::Calls(1500 * TIMES));
        add(
            "processes",
            Load::Processes(16),
            Load::Processes(16 * TIMES),
        );
    }
    libtest_mimic::run(&args, trials).exit();
}

fn flat(backend: &str, small: Load, large: Load) -> Result<(), Failed> {
    let (few, many) = (need(backend, small)?, need(backend, large)?);
    if many.peak_kib > few.peak_kib + SLACK_KIB {
        return Err(format!("its memory grows: {few:?}, and then {many:?}").into());
    }
    if many.files != few.files {
        return Err(format!("its files are more: {few:?}, and then {many:?}").into());
    }
    Ok(())
}

fn probe(load: Load) -> Result<Loaded, Failed> {
    let target = *host::targets().first().ok_or("no program runs here")?;
    let mut probe = Probe::new(target)?;
    match load {
        Load::Calls(count) => calls(&mut probe, target, count)?,
        Load::Processes(count) => processes(&mut probe, target, count)?,
    }
    let natives = probe.natives();
    let done = probe.native(Flow::MAIN, natives.getppid, &[])?;
    probe.wait_at_gate(Flow::MAIN);
    probe.exit_group(Flow::MAIN, 0)?;
    let built = probe.build()?;
    Ok(Loaded { built, done })
}

fn named(target: Target, name: &'static str, word: u64) -> Result<Call, ProbeError> {
    let call = table::by_name(target.abi(), name);
    let call = call.ok_or(ProbeError::NoCall(target.abi(), name))?;
    Ok(Call::new(
        target.via(),
        call.nr.into(),
        &[Word::Value(word)],
    ))
}

fn calls(probe: &mut Probe, target: Target, count: u32) -> Result<(), ProbeError> {
    let count = probe.countdown(count);
    let place = probe.place(Flow::MAIN);
    let call = named(target, "gettid", 0)?;
    probe.aside(Flow::MAIN, call, None, count)?;
    probe.until_counted(Flow::MAIN, count, place);
    Ok(())
}

/// One after the other, each with one call that is shown.
fn processes(probe: &mut Probe, target: Target, count: u32) -> Result<(), ProbeError> {
    const SIGCHLD: u64 = 17;
    const ANY_CHILD: u64 = u32::MAX as u64;
    let (others, rounds) = (probe.countdown(0), probe.countdown(count));
    let child = probe.flow();
    probe.aside(child, named(target, "gettid", 0)?, None, others)?;
    probe.aside(child, named(target, "exit", 0)?, None, others)?;
    let place = probe.place(Flow::MAIN);
    let clone = named(target, "clone", SIGCHLD)?;
    probe.aside(Flow::MAIN, clone, Some(child), others)?;
    let wait = named(target, "wait4", ANY_CHILD)?;
    probe.aside(Flow::MAIN, wait, None, rounds)?;
    probe.until_counted(Flow::MAIN, rounds, place);
    Ok(())
}

/// Runs the load under the tracer, and looks at the tracer while the probe waits.
fn need(backend: &str, load: Load) -> Result<Need, Failed> {
    let loaded = probe(load)?;
    let mut runner = Runner::start(Privilege::of_caller())?;
    let argv = argv(&mut runner, backend)?;
    let ledger = runner.sandbox().dir().join(LEDGER_FILE);
    let slots = loaded.built.calls.len();
    let (ran, need) = std::thread::scope(|scope| {
        let run = || {
            runner.run(
                &loaded.built.elf,
                slots,
                argv,
                Vec::new(),
                TIMEOUT,
                Some(&Trouble::Watched),
            )
        };
        let run = scope.spawn(run);
        let over = || run.is_finished();
        let need = look(&ledger, &loaded, over);
        (run.join(), need)
    });
    let ran: Ran = ran.map_err(|_| "the run panicked")??;
    let Some(need) = need? else {
        return Err(format!("the probe did not come to its end: {:?}", ran.ended).into());
    };
    if ran.ended.status != Some(0) {
        return Err(format!("the tracer did not end well: {:?}", ran.ended).into());
    }
    let (Load::Calls(count) | Load::Processes(count)) = load;
    let text = String::from_utf8_lossy(&ran.out);
    let shown = text.matches("\"name\":\"gettid\"").count();
    if shown != count as usize {
        return Err(format!("{shown} calls are shown of {count}").into());
    }
    Ok(need)
}

/// Waits until all is done, looks at the tracer, and lets the probe end. None when the run is over before.
fn look(ledger: &Path, loaded: &Loaded, over: impl Fn() -> bool) -> Result<Option<Need>, Failed> {
    while !over() {
        // The runner makes it anew when it begins.
        let file = File::options().read(true).write(true).open(ledger);
        if let Ok(file) = file
            && ledger::has_begun(&file, loaded.done)?
        {
            let need = tracer().map(need_of);
            ledger::open_gate(&file)?;
            return Ok(Some(need.ok_or("no tracer is found")??));
        }
        std::thread::yield_now();
    }
    Ok(None)
}

fn need_of(pid: u32) -> Result<Need, Failed> {
    let status = status(pid);
    let peak = status.get("VmHWM").and_then(|text| text.split(' ').next());
    Ok(Need {
        peak_kib: peak.ok_or("the tracer has no VmHWM")?.parse()?,
        files: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
    })
}

/// The fields of a process's status; none when it is gone.
fn status(pid: u32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    text.lines().filter_map(field).collect()
}

fn number(pid: u32, field: &str) -> u32 {
    let value = status(pid).get(field).and_then(|text| text.parse().ok());
    value.unwrap_or(0)
}

/// The process that traces a descendant of ours.
fn tracer() -> Option<u32> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut traced = pids.filter(|pid| number(*pid, "TracerPid") != 0 && is_ours(*pid));
    Some(number(traced.next()?, "TracerPid"))
}

fn is_ours(mut pid: u32) -> bool {
    while pid > 1 {
        pid = number(pid, "PPid");
        if pid == std::process::id() {
            return true;
        }
    }
    false
}

fn argv(runner: &mut Runner, backend: &str) -> Result<Vec<OsString>, Failed> {
    let ours = ours().ok_or("our own tracer is not built: run `cargo build` first")?;
    let (program, first) = ours.0.split_first().ok_or("it has no program")?;
    let program = runner.program(Path::new(program))?;
    let mut argv: Vec<OsString> = vec![program.into()];
    argv.extend(first.iter().cloned());
    argv.extend(["-f", "--backend", backend, "--format", "json", "-o"].map(OsString::from));
    argv.push(runner.out().into());
    argv.extend(["-e", "trace=gettid", "--"].map(OsString::from));
    argv.push(runner.probe().into());
    Ok(argv)
}
