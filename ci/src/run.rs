//! Runs the checks one after the other, and the rows beside them: builds in turn, and what is built is run, several rows
//! at a time.
//!
//! A machine without acceleration keeps one core busy, and a build mostly another: so the next rows are built while others
//! run. Whatever fails stops nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use everycall_vm::kernels;

use crate::count::Count;
use crate::excerpt;
use crate::job::{Job, typed};
use crate::matrix::{Check, Row};
use crate::owner::Owner;
use crate::report::{Line, Report};
use crate::stream;

/// Where everything that was said is kept, a file a row.
const LOGS: &str = "target/ci";

/// Runs them all, `at_once` rows at a time, and prints the table.
pub(crate) fn all(root: &Path, checks: &[Check], rows: &[&Row], at_once: usize) -> ExitCode {
    let start = Instant::now();
    let logs = root.join(LOGS);
    if let Err(error) = fs::create_dir_all(&logs) {
        eprintln!("everycall-ci: {}: {error}", logs.display());
        return ExitCode::FAILURE;
    }
    let beside = !rows.is_empty();
    let mut report = Report::default();
    thread::scope(|scope| {
        let checks = scope.spawn(|| {
            let checks = checks.iter();
            checks
                .map(|check| command(root, &logs, check, beside))
                .collect::<Vec<_>>()
        });
        let rows = lines(root, &logs, rows, at_once);
        let checks = checks.join();
        report.lines = checks.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        report.lines.extend(rows);
    });
    report.took = start.elapsed();
    // Before the table: where only the end of the output is shown, both can be read.
    for line in report.lines.iter().filter(|line| line.failure.is_some()) {
        println!("\n== {}: what its log says of the failure", line.name);
        for said in excerpt::of(&log(&logs, &line.name)) {
            println!("{said}");
        }
    }
    println!("\n{report}");
    match report.passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The rows' lines, in the order of the rows.
fn lines(root: &Path, logs: &Path, rows: &[&Row], at_once: usize) -> Vec<Line> {
    // Lines of rows that run at a time are told apart.
    let several = at_once > 1 && rows.len() > 1;
    let works = rows.iter().map(|row| Work::new(root, logs, row, several));
    let (built, to_run) = mpsc::channel();
    let to_run = Mutex::new(to_run);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once.max(1) {
            scope.spawn(|| {
                while let Some((place, work)) = next(&to_run) {
                    let line = Work::run(work);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place, line));
                }
            });
        }
        for (place, mut work) in works.enumerate() {
            work.build();
            // Those who run wait until this end is dropped.
            let _ = built.send((place, work));
        }
        drop(built);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, line)| line).collect()
}

fn next<T>(queue: &Mutex<mpsc::Receiver<T>>) -> Option<T> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}

/// Fetches what the rows need, so that no test waits for a mirror.
pub(crate) fn fetch(rows: &[&Row]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    // The matrix has been checked: every machine is there.
    let machines = rows.iter().flat_map(|row| {
        let machines = row.machines().unwrap_or_default().into_iter();
        machines.map(|machine| (*row, machine))
    });
    for (row, (machine, kernel)) in machines {
        let kernel = kernels::find(machine.debian, kernel);
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

/// Runs a check. Beside rows, its lines are told apart from theirs.
fn command(root: &Path, logs: &Path, check: &Check, beside: bool) -> Line {
    let mut command = Command::new("sh");
    command
        .args(["-c", &check.command])
        .current_dir(root)
        .envs(&check.env);
    let said = Said {
        name: check.name.clone(),
        label: label(&check.name, beside),
        log: fresh(logs, &check.name),
    };
    let (step, run) = timed(|| said.step(&mut command));
    Line {
        run,
        failure: step.failure,
        ..Line::new(&check.name, None)
    }
}

/// A row at work.
struct Work {
    about: String,
    job: Job,
    said: Said,
    line: Line,
}

impl Work {
    fn new(root: &Path, logs: &Path, row: &Row, several: bool) -> Self {
        Self {
            about: row.to_string(),
            job: Job::of(row, root),
            said: Said {
                name: row.name.clone(),
                label: label(&row.name, several),
                log: fresh(logs, &row.name),
            },
            line: Line::new(&row.name, Some(row.target_name())),
        }
    }

    fn build(&mut self) {
        println!("\n== {}", self.about);
        let mut builds = self.job.builds.iter_mut();
        let (failure, took) = timed(|| builds.find_map(|build| self.said.step(build).failure));
        self.line.build = took;
        self.line.failure = failure.map(|what| format!("the build: {what}"));
    }

    fn run(mut self) -> Line {
        if self.line.failure.is_some() {
            return self.line;
        }
        let owner = match Owner::start() {
            Ok(owner) => owner,
            Err(error) => {
                self.line.failure = Some(format!("cat, for which a machine is kept: {error}"));
                return self.line;
            }
        };
        for command in &mut self.job.tests {
            owner.of(command);
            let (step, took) = timed(|| self.said.step(command));
            self.line.run += took;
            self.line.count = self.line.count + step.count;
            // A filter that fits nothing would pass for ever.
            let none = (step.count == Count::default())
                .then(|| format!("no test was run: {}", typed(command)));
            let failure = self.line.failure.take();
            self.line.failure = failure.or(step.failure).or(none);
        }
        self.line
    }
}

/// Where what a row says goes.
struct Said {
    name: String,
    label: String,
    log: PathBuf,
}

/// How a command went.
#[derive(Default)]
struct Step {
    count: Count,
    failure: Option<String>,
}

impl Said {
    fn step(&self, command: &mut Command) -> Step {
        println!("{}== {}: {}", self.label, self.name, typed(command));
        match stream::run(command, &self.log, &self.label) {
            Ok(ended) => Step {
                count: ended.count,
                failure: (!ended.status.success())
                    .then(|| format!("{}; see {LOGS}/{}.log", ended.status, self.name)),
            },
            Err(error) => Step {
                failure: Some(error.to_string()),
                ..Step::default()
            },
        }
    }
}

/// What stands before each line.
fn label(name: &str, several: bool) -> String {
    let label = several.then(|| format!("{name:13} | "));
    label.unwrap_or_default()
}

/// The file for the output of a row, or of a check.
fn log(logs: &Path, name: &str) -> PathBuf {
    logs.join(format!("{name}.log"))
}

/// The same, empty.
fn fresh(logs: &Path, name: &str) -> PathBuf {
    let log = log(logs, name);
    // It may not be there.
    let _ = fs::remove_file(&log);
    log
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = what();
    (result, start.elapsed())
}
