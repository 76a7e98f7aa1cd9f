//! Runs the checks and the rows one after the other. One that fails does not stop the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use everycall_vm::kernels;

use crate::count::Count;
use crate::job::{Job, typed};
use crate::matrix::{Check, Row};
use crate::report::{Line, Report};
use crate::stream;

/// Where everything that was said is kept, a file a row.
const LOGS: &str = "target/ci";

/// Runs them all, and prints the table.
pub(crate) fn all(root: &Path, checks: &[Check], rows: &[&Row]) -> ExitCode {
    let logs = root.join(LOGS);
    if let Err(error) = fs::create_dir_all(&logs) {
        eprintln!("everycall-ci: {}: {error}", logs.display());
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    for check in checks {
        report.lines.push(command(root, &logs, check));
    }
    for row in rows {
        report.lines.push(tests(root, &logs, row));
    }
    println!("\n{report}");
    match report.passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Fetches what the rows need, so that no test waits for a mirror.
pub(crate) fn fetch(rows: &[&Row]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for row in rows {
        let Ok(Some(machine)) = row.machine() else {
            continue;
        };
        let kernel = kernels::find(machine.debian, row.kernel.as_deref());
        let both = kernel.and_then(|kernel| Ok((kernel, kernels::userland(machine.debian)?)));
        match both {
            Ok((kernel, _)) => println!("{}: {} {}", row.name, machine.name, kernel.release),
            Err(error) => {
                eprintln!("everycall-ci: {}: {error}", row.name);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn command(root: &Path, logs: &Path, check: &Check) -> Line {
    let mut command = Command::new("sh");
    command
        .args(["-c", &check.command])
        .current_dir(root)
        .envs(&check.env);
    let log = fresh(logs, &check.name);
    let (ended, run) = timed(|| step(&check.name, &mut command, &log));
    Line {
        name: check.name.clone(),
        target: None,
        build: Duration::ZERO,
        run,
        count: Count::default(),
        failure: ended.err(),
    }
}

fn tests(root: &Path, logs: &Path, row: &Row) -> Line {
    println!("\n== {row}");
    let mut job = Job::of(row, root);
    let log = fresh(logs, &row.name);
    let (built, build) = timed(|| {
        let mut builds = job.builds.iter_mut();
        builds.try_for_each(|command| step(&row.name, command, &log).map(drop))
    });
    let mut line = Line {
        name: row.name.clone(),
        target: Some(row.target_name().to_owned()),
        build,
        run: Duration::ZERO,
        count: Count::default(),
        failure: built.err().map(|what| format!("the build: {what}")),
    };
    if line.failure.is_some() {
        return line;
    }
    for command in &mut job.tests {
        let mut count = Count::default();
        let (ended, run) = timed(|| step_counted(&row.name, command, &log, &mut count));
        line.run += run;
        line.count = line.count + count;
        // A filter that fits nothing would pass for ever.
        let none =
            (count == Count::default()).then(|| format!("no test was run: {}", typed(command)));
        line.failure = line.failure.or(ended.err()).or(none);
    }
    line
}

fn step(name: &str, command: &mut Command, log: &Path) -> Result<(), String> {
    step_counted(name, command, log, &mut Count::default())
}

fn step_counted(
    name: &str,
    command: &mut Command,
    log: &Path,
    count: &mut Count,
) -> Result<(), String> {
    println!("== {name}: {}", typed(command));
    let ended = stream::run(command, log).map_err(|error| error.to_string())?;
    *count = ended.count;
    match ended.status.success() {
        true => Ok(()),
        false => Err(format!("{}; see {LOGS}/{name}.log", ended.status)),
    }
}

/// The file for a row's output, empty.
fn fresh(logs: &Path, name: &str) -> PathBuf {
    let log = logs.join(format!("{name}.log"));
    // It may not be there.
    let _ = fs::remove_file(&log);
    log
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = what();
    (result, start.elapsed())
}
