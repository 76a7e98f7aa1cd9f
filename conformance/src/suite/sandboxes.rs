//! The real bench: probes and tracers in sandboxes, one for each worker.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Bench, CaseName, Done};
use crate::case::Run;
use crate::observe::End;
use crate::runner::{Ran, Runner};
use crate::sandbox::{Ended, Privilege};
use crate::subject::{Ours, Subject, Words};
use crate::terms::Trouble;

/// For hangs only: nothing that works takes a part of it, on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Runners that are free, and how tracers are started in them.
#[derive(Debug)]
pub struct Sandboxes {
    free: Mutex<Vec<Runner>>,
    privilege: Privilege,
    ours: Ours,
}

impl Sandboxes {
    /// No sandbox is made before it is needed.
    #[must_use]
    pub fn new(privilege: Privilege, ours: Ours) -> Sandboxes {
        Sandboxes {
            free: Mutex::new(Vec::new()),
            privilege,
            ours,
        }
    }

    /// Does something with a runner for this subject. One with which something went wrong is not used again.
    fn with(
        &self,
        subject: &Subject,
        work: impl FnOnce(&mut Runner) -> io::Result<Ran>,
    ) -> Result<Done, String> {
        let privilege = match subject.observes_system {
            true => Privilege::Observer,
            false => self.privilege,
        };
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |runner: &Runner| runner.privilege() == privilege;
        let taken = {
            let mut free = free();
            free.iter().position(fits).map(|at| free.swap_remove(at))
        };
        let mut runner = match taken {
            Some(runner) => runner,
            None => Runner::start(privilege)
                .map_err(|error| format!("failed to make a sandbox: {error}"))?,
        };
        let ran = work(&mut runner).map_err(|error| format!("in the sandbox: {error}"))?;
        free().push(runner);
        Ok(Done {
            end: end(&ran.ended),
            stderr: String::from_utf8_lossy(&ran.ended.stderr).into_owned(),
            left_behind: ran.ended.left_behind,
            ledger: ran.ledger.map_err(|error| error.to_string()),
            output: ran.out,
        })
    }

    /// A subject's command, with programs that can be reached from inside.
    fn argv(&self, runner: &mut Runner, subject: &Subject, run: &Run) -> io::Result<Vec<OsString>> {
        let mut argv = subject.argv(&Words {
            ours: &self.ours,
            out: &runner.out(),
            ask: &run.ask,
            cmd: &[runner.probe().into_os_string()],
        });
        if let Some(program) = argv.first_mut() {
            let found = find(Path::new(program)).ok_or_else(|| {
                let text = format!("{}: no such program", program.to_string_lossy());
                io::Error::new(io::ErrorKind::NotFound, text)
            })?;
            *program = runner.program(&found)?.into_os_string();
        }
        Ok(argv)
    }
}

impl Bench for Sandboxes {
    fn runs(&self, cases: &[CaseName]) -> Result<Vec<Run>, String> {
        super::catalogue::runs(cases)
    }

    fn lacking(&self, case: &CaseName) -> Option<String> {
        super::catalogue::lacking(case)
    }

    fn native(&self, run: &Run, subject: &Subject) -> Result<Done, String> {
        self.with(subject, |runner| {
            runner.native(&run.elf, run.shown.len(), TIMEOUT)
        })
    }

    fn traced(&self, run: &Run, subject: &Subject) -> Result<Done, String> {
        self.with(subject, |runner| {
            let attached = matches!(
                run.terms.trouble,
                Some(Trouble::Killed { attached: true, .. })
            );
            let argv = match attached {
                true => self.argv(runner, &subject.attaching(), run)?,
                false => self.argv(runner, subject, run)?,
            };
            let trouble = run.terms.trouble.as_ref();
            let slots = run.shown.len();
            runner.run(&run.elf, slots, argv, environment(), TIMEOUT, trouble)
        })
    }
}

/// What a tracer may need to start: never what the caller's own environment says beyond that.
fn environment() -> Vec<(OsString, OsString)> {
    ["PATH", "LD_LIBRARY_PATH"]
        .into_iter()
        .filter_map(|name| Some((name.into(), std::env::var_os(name)?)))
        .collect()
}

/// The program of this name: itself when it has a slash, else the first in `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() {
        return Some(program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| {
            std::fs::metadata(file)
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

fn end(ended: &Ended) -> End {
    match (ended.timed_out, ended.status, ended.signal) {
        (true, ..) => End::TimedOut,
        (false, _, Some(signal)) => End::Killed(signal),
        (false, status, None) => End::Exited(status.unwrap_or(0)),
    }
}
