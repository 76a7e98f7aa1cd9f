//! What a user wants of a machine. Two who want the same of one cargo get the same machine.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::machine::{self, Machine, NoMachine};

/// A machine as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Wish {
    /// Its row in the table.
    pub(crate) machine: String,
    /// The kernel's name or path, if not the usual one.
    pub(crate) kernel: Option<String>,
    /// `-m`.
    pub(crate) memory: String,
    /// More words on the kernel's command line.
    pub(crate) kernel_args: String,
    /// `-accel`, if it is not to be found out.
    pub(crate) accel: Option<String>,
    /// Directories of the host.
    pub(crate) shares: Vec<PathBuf>,
    /// Seconds for the boot.
    pub(crate) boot: u64,
    /// Seconds for which a command may say nothing.
    pub(crate) silence: u64,
}

/// A wish that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WishError {
    #[error(transparent)]
    NoMachine(#[from] NoMachine),
    #[error("{name} is '{value}', which is no number of seconds")]
    Seconds { name: &'static str, value: String },
    #[error("{OWNER} is '{0}', which is no process id")]
    Owner(String),
    #[error("{0} is not UTF-8")]
    NotText(&'static str),
}

pub(crate) const MACHINE: &str = "EVERYCALL_MACHINE";
pub(crate) const KERNEL: &str = "EVERYCALL_KERNEL";
const MEMORY: &str = "EVERYCALL_VM_MEMORY";
const ARGS: &str = "EVERYCALL_VM_ARGS";
const ACCEL: &str = "EVERYCALL_VM_ACCEL";
const BOOT: &str = "EVERYCALL_VM_BOOT";
const SILENCE: &str = "EVERYCALL_VM_SILENCE";
const OWNER: &str = "EVERYCALL_VM_OWNER";

/// A boot takes seconds; on a host that does something else too, more of them.
const BOOT_LIMIT: u64 = 180;

/// Generous: a test binary that says what it does says it more often.
const SILENCE_LIMIT: u64 = 600;

impl Wish {
    /// What the variables say, for this machine if they name none.
    pub(crate) fn from_variables(machine: &Machine) -> Result<Self, WishError> {
        match text(MACHINE)? {
            Some(name) => Self::for_machine(machine::by_name(&name)?),
            None => Self::for_machine(machine),
        }
    }

    /// What the variables say of everything but the machine.
    pub(crate) fn for_machine(machine: &Machine) -> Result<Self, WishError> {
        Ok(Self {
            machine: machine.name.to_owned(),
            kernel: text(KERNEL)?,
            memory: text(MEMORY)?.unwrap_or_else(|| machine.memory.to_owned()),
            kernel_args: text(ARGS)?.unwrap_or_default(),
            accel: text(ACCEL)?,
            shares: Vec::new(),
            boot: seconds(BOOT, BOOT_LIMIT)?,
            silence: seconds(SILENCE, SILENCE_LIMIT)?,
        })
    }

    pub(crate) fn machine(&self) -> Result<&'static Machine, NoMachine> {
        machine::by_name(&self.machine)
    }

    pub(crate) fn boot(&self) -> Duration {
        Duration::from_secs(self.boot)
    }

    pub(crate) fn silence(&self) -> Duration {
        Duration::from_secs(self.silence)
    }
}

/// The process for as long as which the machine is there, if a variable names one.
pub(crate) fn owner() -> Result<Option<Pid>, WishError> {
    let Some(value) = text(OWNER)? else {
        return Ok(None);
    };
    match value
        .parse()
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
    {
        Some(pid) => Ok(Some(pid)),
        None => Err(WishError::Owner(value)),
    }
}

fn text(name: &'static str) -> Result<Option<String>, WishError> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(WishError::NotText(name)),
    }
}

fn seconds(name: &'static str, usual: u64) -> Result<u64, WishError> {
    let Some(value) = text(name)? else {
        return Ok(usual);
    };
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(WishError::Seconds { name, value }),
    }
}
