//! Running a probe in a sandbox, by itself or under a tracer, and reading what came of it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ledger::{self, Ledger, LedgerError};
use crate::outlet::Outlet;
use crate::probe::{LEDGER_FILE, PROGRAM};
use crate::sandbox::{Ended, Job, MAX_FILE, Privilege, Sandbox, Troubled};
use crate::terms::Trouble;

const OUT: &str = "out";

/// What came of one execution.
#[derive(Debug)]
pub struct Ran {
    /// How what was started ended: the probe, or the tracer around it.
    pub ended: Ended,
    /// What the probe did.
    pub ledger: Result<Ledger, LedgerError>,
    /// The tracer's output file; empty when there is none.
    pub out: Vec<u8>,
}

/// Runs probes, one after the other, in one sandbox.
#[derive(Debug)]
pub struct Runner {
    sandbox: Sandbox,
    /// The program that is in place: consecutive runs often share it.
    installed: Vec<u8>,
}

impl Runner {
    /// A runner with a sandbox of its own.
    pub fn start(privilege: Privilege) -> io::Result<Runner> {
        Ok(Runner {
            sandbox: Sandbox::start(privilege)?,
            installed: Vec::new(),
        })
    }

    /// Where the probe is when a job runs.
    #[must_use]
    pub fn probe(&self) -> PathBuf {
        self.sandbox.dir().join(PROGRAM)
    }

    /// The file that a tracer is to write.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.sandbox.dir().join(OUT)
    }

    /// Who the programs are.
    #[must_use]
    pub fn privilege(&self) -> Privilege {
        self.sandbox.privilege()
    }

    /// The sandbox.
    pub fn sandbox(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }

    /// The path by which a program can be started inside.
    pub fn program(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.sandbox.program(path)
    }

    /// Runs the probe on the bare kernel. `slots`: how many calls its description has.
    pub fn native(&mut self, elf: &[u8], slots: usize, timeout: Duration) -> io::Result<Ran> {
        let argv = vec![self.probe().into_os_string()];
        self.run(elf, slots, argv, Vec::new(), timeout, None)
    }

    /// Runs a command that runs the probe (`self.probe()`) and may write `self.out()`, which may get into trouble.
    pub fn run(
        &mut self,
        elf: &[u8],
        slots: usize,
        argv: Vec<OsString>,
        env: Vec<(OsString, OsString)>,
        timeout: Duration,
        trouble: Option<&Trouble>,
    ) -> io::Result<Ran> {
        if self.installed != elf {
            self.sandbox.install(PROGRAM, elf)?;
            self.installed = elf.to_vec();
        }
        let bytes = ledger::bytes(slots);
        let file = self.sandbox.blank(LEDGER_FILE, bytes as u64)?;
        self.sandbox.remove(OUT)?;
        if !trouble.is_some_and(Trouble::opens_the_gate) {
            ledger::open_gate(&File::options().write(true).open(&file)?)?;
        }
        let outlet = match trouble {
            Some(trouble) => Outlet::open(&self.out(), trouble)?,
            None => None,
        };
        let troubled = trouble.map(|trouble| Troubled {
            trouble: trouble.clone(),
            ledger: file.clone(),
        });
        let ended = self.sandbox.run(&Job {
            argv,
            env,
            timeout,
            troubled,
        });
        // Whatever came of the job: nobody else ends its reader.
        let out = match outlet {
            Some(outlet) => outlet.close(),
            None => self.written(),
        };
        let ledger = Ledger::read(&read(&file, bytes as u64)?, slots);
        Ok(Ran {
            ended: ended?,
            ledger,
            out: out?,
        })
    }

    /// What stands in the tracer's file; nothing when there is none.
    fn written(&self) -> io::Result<Vec<u8>> {
        match read(&self.out(), MAX_FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            out => out,
        }
    }
}

/// The beginning of a file that somebody hostile may have put there.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut options = File::options();
    options
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        let text = format!("{} is no regular file", path.display());
        return Err(io::Error::other(text));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
