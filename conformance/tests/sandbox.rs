//! What the sandbox promises, on the running kernel: nothing reaches out, nothing is left, and a hang
//! is told. A program of its own (no harness), because a sandbox's worker is this same program.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use everycall_conformance::host;
use everycall_conformance::probe::{Call, CallId, Flow, Probe, Target, Word};
use everycall_conformance::runner::{Ran, Runner};
use everycall_conformance::sandbox::{Ended, Job, Privilege, Sandbox, serve_if_worker};
use libtest_mimic::{Arguments, Failed, Trial};

type Outcome = Result<(), Failed>;
type Test = fn(Privilege) -> Outcome;

const PRIVILEGES: [Privilege; 2] = [Privilege::NamespaceRoot, Privilege::User];

const TESTS: [(&str, Test); 13] = [
    (
        "a_refusal_says_what_an_admin_can_do",
        a_refusal_says_what_an_admin_can_do,
    ),
    (
        "a_program_runs_and_is_captured",
        a_program_runs_and_is_captured,
    ),
    ("ids_and_capabilities", ids_and_capabilities),
    (
        "signals_are_as_in_a_new_session",
        signals_are_as_in_a_new_session,
    ),
    ("nothing_outside_is_seen", nothing_outside_is_seen),
    (
        "nothing_outside_can_be_written",
        nothing_outside_can_be_written,
    ),
    (
        "what_is_left_behind_is_killed",
        what_is_left_behind_is_killed,
    ),
    ("a_hang_is_told", a_hang_is_told),
    ("a_signal_is_told", a_signal_is_told),
    (
        "a_missing_program_is_an_error",
        a_missing_program_is_an_error,
    ),
    ("output_is_bounded", output_is_bounded),
    (
        "programs_that_are_out_of_reach_are_copied",
        programs_that_are_out_of_reach_are_copied,
    ),
    ("nothing_survives_the_suite", nothing_survives_the_suite),
];

/// Those that run probes.
const PROBES: [(&str, Test); 3] = [
    ("probes_tell_the_same_twice", probes_tell_the_same_twice),
    (
        "a_probe_that_forks_and_pauses",
        a_probe_that_forks_and_pauses,
    ),
    ("a_probe_that_hangs", a_probe_that_hangs),
];

fn main() {
    serve_if_worker();
    let args: Vec<String> = std::env::args().collect();
    let privilege = match args.get(2).map(String::as_str) {
        Some("User") => Privilege::User,
        Some("Observer") => Privilege::Observer,
        _ => Privilege::NamespaceRoot,
    };
    match args.get(1).map(String::as_str) {
        Some(SUITE) => return suite(privilege).expect("the suite runs until it is killed"),
        Some(REFUSED) => return refused(privilege).expect("no sandbox can be made"),
        _ => {}
    }
    let trials = TESTS
        .into_iter()
        .chain(PROBES)
        .flat_map(|(name, test)| {
            privileges().into_iter().map(move |privilege| {
                Trial::test(format!("{privilege:?}::{name}"), move || test(privilege))
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Those that can be had here.
fn privileges() -> Vec<Privilege> {
    let mut all = PRIVILEGES.to_vec();
    if Privilege::can_observe() {
        all.push(Privilege::Observer);
    }
    all
}

/// Runs a line of shell.
fn shell(privilege: Privilege, line: &str) -> Result<Ended, Failed> {
    Ok(Sandbox::start(privilege)?.run(&shell_job(line))?)
}

fn shell_job(line: &str) -> Job {
    Job::new(["/bin/sh", "-c", line])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it reads better where it is called"
)]
fn expect<T: PartialEq + std::fmt::Debug>(what: &str, is: T, must: T) -> Outcome {
    if is == must {
        return Ok(());
    }
    Err(format!("{what}: it is {is:?} and must be {must:?}").into())
}

fn a_program_runs_and_is_captured(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    for _ in 0..3 {
        let ended = sandbox.run(&shell_job("pwd; echo no >&2; exit 7"))?;
        expect("status", ended.status, Some(7))?;
        expect("signal", ended.signal, None)?;
        expect(
            "stdout",
            text(&ended.stdout),
            sandbox.dir().display().to_string(),
        )?;
        expect("stderr", text(&ended.stderr), "no".to_owned())?;
        expect("left behind", ended.left_behind, 0)?;
    }
    Ok(())
}

/// The field of /proc/self/status, as a program inside reads it.
fn status_field(privilege: Privilege, field: &str) -> Result<Vec<String>, Failed> {
    let ended = shell(privilege, "exec cat /proc/self/status")?;
    let all = text(&ended.stdout);
    let line = all.lines().find_map(|line| line.strip_prefix(field));
    let line = line.ok_or_else(|| format!("{field} is not in {all:?}"))?;
    Ok(line.split_whitespace().map(str::to_owned).collect())
}

/// Who the programs inside are, outside: the owner of their directory.
fn user_of(sandbox: &Sandbox) -> Result<u32, Failed> {
    Ok(std::fs::metadata(sandbox.dir())?.uid())
}

fn ids_and_capabilities(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    let user = user_of(&sandbox)?;
    let inner = match privilege {
        Privilege::NamespaceRoot | Privilege::Observer => 0,
        Privilege::User if user == 0 => 65534,
        Privilege::User => user,
    };
    expect(
        "uids",
        status_field(privilege, "Uid:")?,
        vec![inner.to_string(); 4],
    )?;
    let effective = status_field(privilege, "CapEff:")?.concat();
    let none = effective.chars().all(|digit| digit == '0');
    expect("no capability", none, privilege == Privilege::User)?;
    if privilege == Privilege::Observer {
        // CAP_PERFMON and CAP_BPF, and nothing that could be had besides.
        for set in ["CapEff:", "CapPrm:", "CapBnd:"] {
            expect(
                set,
                status_field(privilege, set)?.concat(),
                "000000c000000000".into(),
            )?;
        }
        expect(
            "CapInh",
            status_field(privilege, "CapInh:")?.concat(),
            "0".repeat(16),
        )?;
    }
    expect(
        "no_new_privs",
        status_field(privilege, "NoNewPrivs:")?.concat(),
        "0".into(),
    )?;
    // Whatever it is called inside, outside it is the unprivileged user.
    sandbox.run(&shell_job("echo > owned"))?;
    let owned = std::fs::metadata(sandbox.dir().join("owned"))?;
    expect("owner", owned.uid(), user)
}

fn signals_are_as_in_a_new_session(privilege: Privilege) -> Outcome {
    // Those two are the C library's own, which it lets nobody touch.
    let own = 1 << 31 | 1 << 32;
    for field in ["SigBlk:", "SigIgn:", "SigPnd:", "ShdPnd:"] {
        let mask = u64::from_str_radix(&status_field(privilege, field)?.concat(), 16)?;
        expect(field, mask & !own, 0)?;
    }
    Ok(())
}

fn nothing_outside_is_seen(privilege: Privilege) -> Outcome {
    let line = "echo /proc/[0-9]*; cat /proc/net/dev | grep -c :; echo $$";
    let ended = shell(privilege, line)?;
    // Process 1 is the worker, 2 the shell; the only interface is the loopback, which is down.
    expect(
        "processes",
        text(&ended.stdout),
        "/proc/1 /proc/2\n1\n2".to_owned(),
    )
}

fn nothing_outside_can_be_written(privilege: Privilege) -> Outcome {
    // A directory that everybody may write to, as far as its owner is concerned.
    let outside = tempfile::tempdir()?;
    std::fs::set_permissions(outside.path(), PermissionsExt::from_mode(0o777))?;
    let line = format!(
        "echo > {}/file || echo refused; echo > here && echo written",
        outside.path().display()
    );
    let ended = shell(privilege, &line)?;
    expect("files", std::fs::read_dir(outside.path())?.count(), 0)?;
    let told = text(&ended.stderr).contains("Read-only file system");
    expect("the reason is the mount, not the owner", told, true)?;
    expect("stdout", text(&ended.stdout), "refused\nwritten".to_owned())
}

fn what_is_left_behind_is_killed(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    // One child, and one that left the session and whose parent is gone.
    let line = "sleep 1000 & setsid sh -c 'sleep 1000 & exec true'; exit 3";
    let ended = sandbox.run(&shell_job(line))?;
    expect("status", ended.status, Some(3))?;
    expect("left behind", ended.left_behind, 2)?;
    let next = sandbox.run(&shell_job("set -- /proc/[0-9]*; echo $#"))?;
    expect("worker and shell", text(&next.stdout), "2".to_owned())
}

fn a_hang_is_told(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    let mut job = shell_job("trap '' TERM; sleep 1000; sleep 1000");
    job.timeout = Duration::from_secs(2);
    let ended = sandbox.run(&job)?;
    expect("timed out", ended.timed_out, true)?;
    expect("signal", ended.signal, Some(9))?;
    expect(
        "the next one",
        sandbox.run(&shell_job("exit 5"))?.status,
        Some(5),
    )
}

fn a_signal_is_told(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    // 40 is a real-time signal, which some readers of wait statuses do not know.
    for signal in [6, 15, 40] {
        let ended = sandbox.run(&shell_job(&format!("kill -{signal} $$")))?;
        expect("signal", ended.signal, Some(signal))?;
        expect("status", ended.status, None)?;
        expect("timed out", ended.timed_out, false)?;
    }
    Ok(())
}

fn a_missing_program_is_an_error(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    let error = sandbox.run(&Job::new(["/nowhere/at/all"])).err();
    let error = error
        .ok_or("a program that is not there was started")?
        .to_string();
    expect(
        "named",
        error.contains("/nowhere/at/all: No such file"),
        true,
    )?;
    expect(
        "the next one",
        sandbox.run(&shell_job("exit 5"))?.status,
        Some(5),
    )
}

fn output_is_bounded(privilege: Privilege) -> Outcome {
    // What is not written takes no time: a file ends at 256 MiB, or at an eighth of the memory.
    let most = (nix::sys::sysinfo::sysinfo()?.ram_total() / 8).min(256 << 20);
    let script = "head -c 300000 /dev/zero; exec dd if=/dev/zero count=1 bs=1";
    let ended = shell(privilege, &format!("{script} seek={most}"))?;
    expect("signal", ended.signal, Some(25))?;
    expect("kept", ended.stdout.len(), 256 << 10)
}

fn programs_that_are_out_of_reach_are_copied(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    let sh = sandbox.program("/bin/sh".as_ref())?;
    expect(
        "in reach",
        sh,
        std::path::Path::new("/bin/sh").canonicalize()?,
    )?;
    if user_of(&sandbox)? == nix::unistd::geteuid().as_raw() {
        // Whoever runs the suite is the user inside: nothing of his is out of his reach.
        return Ok(());
    }
    let home = private_directory()?;
    let hidden = home.path().join("true");
    std::fs::write(&hidden, "#!/bin/sh\nexit 7\n")?;
    std::fs::set_permissions(&hidden, PermissionsExt::from_mode(0o755))?;
    let copy = sandbox.program(&hidden)?;
    expect("copied", copy.starts_with(sandbox.dir()), true)?;
    expect("status", sandbox.run(&Job::new([copy]))?.status, Some(7))
}

fn private_directory() -> std::io::Result<tempfile::TempDir> {
    let mode = PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir()
}

/// The argument that makes this program a suite that can be killed.
const SUITE: &str = "--suite";

/// The argument that makes this program one that may not make user namespaces.
const REFUSED: &str = "--refused";

/// A sandbox where the system allows none: in a namespace whose own limit is 0. Prints the error.
fn refused(privilege: Privilege) -> Outcome {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/sys/user/max_user_namespaces", "0")?;
    let error = Sandbox::start(privilege).err();
    println!("{}", error.ok_or("a sandbox was made")?);
    Ok(())
}

fn a_refusal_says_what_an_admin_can_do(privilege: Privilege) -> Outcome {
    let output = std::process::Command::new("/proc/self/exe")
        .args([REFUSED, &format!("{privilege:?}")])
        .output()?;
    let said = text(&output.stdout);
    expect("stderr", text(&output.stderr), String::new())?;
    let named = match privilege {
        // In a namespace of users, root is not the system's own.
        Privilege::Observer => said.contains("PR_CAPBSET_DROP), which only root may, failed"),
        Privilege::NamespaceRoot | Privilege::User => {
            said.contains("unshare(CLONE_NEWUSER|...) was refused")
                && said.contains("user.max_user_namespaces must not be 0 (it is 0)")
        }
    };
    expect(&said, named, true)
}

/// A suite in the middle of a run: its program holds a FIFO open for as long as it lives.
fn suite(privilege: Privilege) -> Outcome {
    let mut sandbox = Sandbox::start(privilege)?;
    println!("{}", sandbox.dir().display());
    sandbox.run(&shell_job(
        "mkfifo fifo; chmod 666 fifo; echo > made; exec sleep 1000 > fifo",
    ))?;
    Ok(())
}

fn nothing_survives_the_suite(privilege: Privilege) -> Outcome {
    let mut suite = std::process::Command::new("/proc/self/exe")
        .args([SUITE, &format!("{privilege:?}")])
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let mut dir = String::new();
    let stdout = suite.stdout.take().ok_or("no output")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut dir)?;
    let dir = std::path::PathBuf::from(dir.trim());
    let deadline = std::time::Instant::now() + TIMEOUT;
    while !dir.join("made").exists() {
        let late = std::time::Instant::now() > deadline;
        expect("the program inside does not start", late, false)?;
        std::thread::yield_now();
    }
    // This returns when the program has opened its end, and the read below when it is gone.
    let mut fifo = std::fs::File::open(dir.join("fifo"))?;
    suite.kill()?;
    suite.wait()?;
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut fifo, &mut rest)?;
    std::fs::remove_dir_all(dir)?;
    expect("written", rest.len(), 0)
}

const TIMEOUT: Duration = Duration::from_secs(120);

fn native(privilege: Privilege, probe: &Probe, timeout: Duration) -> Result<Ran, Failed> {
    let built = probe.build()?;
    let mut runner = Runner::start(privilege)?;
    Ok(runner.native(&built.elf, built.calls.len(), timeout)?)
}

fn probes_tell_the_same_twice(privilege: Privilege) -> Outcome {
    for target in host::targets() {
        let mut probe = Probe::new(target)?;
        probe.native(Flow::MAIN, 0x1234, &[Word::Value(5); 6])?;
        probe.exit_group(Flow::MAIN, 9)?;
        let built = probe.build()?;
        let mut runner = Runner::start(privilege)?;
        let mut run = || runner.native(&built.elf, built.calls.len(), TIMEOUT);
        let (first, second) = (run()?, run()?);
        expect("status", first.ended.status, Some(9))?;
        expect(
            "calls",
            first.ledger.as_ref().map_or(0, |l| l.calls.len()),
            5,
        )?;
        expect("ledger", first.ledger, second.ledger)?;
    }
    Ok(())
}

const SIGCHLD: u64 = 17;

fn some_target() -> Result<Target, Failed> {
    let here = host::targets().first().copied();
    here.ok_or_else(|| format!("no program runs here: {:?}", host::tried()).into())
}

/// Waits for a signal that nobody sends, by `rt_sigsuspend`: not every ABI has `pause`.
fn sleep_for_ever(probe: &mut Probe, flow: Flow, target: Target) -> Result<CallId, Failed> {
    let nr = match target {
        Target::X86_64 => 130,
        Target::I386 | Target::Arm => 179,
        Target::Aarch64 => 133,
    };
    let mask = Word::Address(probe.bytes(&[0; 8]));
    Ok(probe.native(flow, nr, &[mask, Word::Value(8)])?)
}

fn a_probe_that_forks_and_pauses(privilege: Privilege) -> Outcome {
    let target = some_target()?;
    let mut probe = Probe::new(target)?;
    let child = probe.flow();
    let clone = probe.natives().clone;
    let fork = Call::new(target.via(), clone, &[Word::Value(SIGCHLD)]);
    probe.fork(Flow::MAIN, fork, child)?;
    let pause = sleep_for_ever(&mut probe, child, target)?;
    probe.watch(Flow::MAIN, pause);
    probe.exit_group(Flow::MAIN, 0)?;
    let ran = native(privilege, &probe, TIMEOUT)?;
    expect("status", ran.ended.status, Some(0))?;
    expect("left behind", ran.ended.left_behind, 1)?;
    let paused = ran
        .ledger?
        .slot(pause.index())
        .copied()
        .ok_or("it did not pause")?;
    expect("it did not return", paused.result, None)
}

fn a_probe_that_hangs(privilege: Privilege) -> Outcome {
    let target = some_target()?;
    let mut probe = Probe::new(target)?;
    let pause = sleep_for_ever(&mut probe, Flow::MAIN, target)?;
    let ran = native(privilege, &probe, Duration::from_secs(2))?;
    expect("timed out", ran.ended.timed_out, true)?;
    let paused = ran
        .ledger?
        .slot(pause.index())
        .copied()
        .ok_or("it did not pause")?;
    expect("it did not return", paused.result, None)
}
