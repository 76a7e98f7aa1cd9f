//! Why there is no kernel, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A kernel or a userland that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// Debian's architecture has no row here.
    #[error("no kernels for the architecture '{0}': there are amd64, i386, arm64, armhf")]
    NoArchitecture(String),
    /// No machine has that name.
    #[error("{0}")]
    NoMachine(String),
    /// The name is nobody's.
    #[error("no kernel '{name}' for {arch}: there are {known}, or give the path of an image")]
    NoKernel {
        /// Debian's architecture.
        arch: &'static str,
        /// As it was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The suite has another kernel by now.
    #[error("no kernel '{name}' for {arch}: {suite} has {now} today ({from})")]
    MovedOn {
        /// Debian's architecture.
        arch: &'static str,
        /// As it was asked for.
        name: String,
        /// The suite.
        suite: &'static str,
        /// The name that it would have now.
        now: String,
        /// The package that leads to it, with its version.
        from: String,
    },
    /// A program that fetches or unpacks is not there.
    #[error(
        "{program} is not there, so no kernel can be fetched; where there is no apt, EVERYCALL_KERNEL=/path/to/vmlinuz \
         names a kernel, EVERYCALL_MODULES its modules (.../lib/modules/<release>), and EVERYCALL_USERLAND a root \
         directory with busybox"
    )]
    NoProgram {
        /// Its name.
        program: String,
    },
    /// The host's own apt knows no mirror of Debian's.
    #[error(
        "this host's apt knows no mirror of Debian (or has never been updated: apt-get update); a kernel can be \
         named by its path instead: EVERYCALL_KERNEL=/path/to/vmlinuz"
    )]
    NoMirror,
    /// Debian's keys are not there.
    #[error(
        "Debian's keys are not at {0} (package debian-archive-keyring), so no package can be verified"
    )]
    NoKeyring(PathBuf),
    /// A program failed.
    #[error("cannot {what}: {said}")]
    Failed {
        /// What it should have done.
        what: String,
        /// What it said.
        said: String,
    },
    /// A package that must be there is not.
    #[error("{suite} has no package {package} for {arch}")]
    NoPackage {
        /// The suite.
        suite: &'static str,
        /// The package.
        package: String,
        /// Debian's architecture.
        arch: &'static str,
    },
    /// The packages hold no kernel.
    #[error("the packages {packages} hold {what}")]
    Unexpected {
        /// Their names.
        packages: String,
        /// What is wrong with them.
        what: String,
    },
    /// The directory that a variable names is none.
    #[error("EVERYCALL_USERLAND is {0}, which is no directory")]
    NoUserland(PathBuf),
    /// There is no place for a cache.
    #[error(
        "no place for the cache: neither EVERYCALL_CACHE nor XDG_CACHE_HOME nor HOME is an absolute path"
    )]
    NoCache,
    /// The system said no.
    #[error("cannot {what} {path}: {error}")]
    System {
        /// What could not be done.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl KernelError {
    /// What could not be done to a file, for an error of the system.
    pub(super) fn system(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::System { what, path, error }
    }
}
