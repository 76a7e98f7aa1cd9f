//! Which kernels there are, and which packages hold them. Everything about Debian that can change is here.

use super::KernelError;

/// An architecture of Debian's whose kernels and programs machines run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arch {
    /// As Debian calls it.
    pub(super) name: &'static str,
    /// The kind of kernel: `linux-image-<flavour>`.
    pub(super) flavour: &'static str,
    /// The kernels there are for it.
    pub(super) series: &'static [Series],
}

/// A line of kernels: what a suite has today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    /// The suite keeps this line for good.
    Kept {
        /// The kernel's name, the first two numbers of its version.
        name: &'static str,
        /// The suite.
        suite: &'static str,
    },
    /// Whatever the suite for the newest of everything has today; that kernel's name is in its version.
    Newest,
}

/// The suite of the newest packages.
pub(super) const NEWEST: &str = "sid";

/// The suite that the programs come from: the one that has all four architectures.
pub(super) const USERLAND_SUITE: &str = "bookworm";

/// A shell and tools in one file, and a tracer to hold ours against, with what they need.
pub(super) const USERLAND: [&str; 3] = ["busybox-static", "libc6", "strace"];

/// What is kept of a kernel's modules, below `kernel/`: the ways to the host, and their like. The rest, hundreds of
/// megabytes of drivers, has no device in any machine.
pub(super) const MODULES: [&str; 10] = [
    "drivers/block/virtio_blk",
    "drivers/char/hw_random/",
    "drivers/char/virtio_console",
    "drivers/virtio/",
    "fs/9p/",
    "fs/fscache/",
    "fs/fuse/",
    "fs/netfs/",
    "fs/overlayfs/",
    "net/9p/",
];

const OLDEST: Series = Series::Kept {
    name: "6.1",
    suite: "bookworm",
};

const ALL: &[Series] = &[
    OLDEST,
    Series::Kept {
        name: "6.12",
        suite: "trixie",
    },
    Series::Newest,
];

pub(super) const ARCHES: [Arch; 4] = [
    Arch {
        name: "amd64",
        flavour: "amd64",
        series: ALL,
    },
    Arch {
        name: "i386",
        flavour: "686-pae",
        // The last that Debian builds for 32-bit x86.
        series: &[OLDEST],
    },
    Arch {
        name: "arm64",
        flavour: "arm64",
        series: ALL,
    },
    Arch {
        name: "armhf",
        flavour: "armmp",
        series: ALL,
    },
];

/// The architecture of that name.
pub(super) fn arch(debian: &str) -> Result<&'static Arch, KernelError> {
    let found = ARCHES.iter().find(|arch| arch.name == debian);
    found.ok_or_else(|| KernelError::NoArchitecture(debian.to_owned()))
}

impl Arch {
    /// The line of kernels in which this name may be. A name that no suite keeps may be the newest's.
    pub(super) fn series_of(&self, name: &str) -> Result<Series, KernelError> {
        let kept =
            |series: &&Series| matches!(series, Series::Kept { name: kept, .. } if *kept == name);
        if let Some(series) = self.series.iter().find(kept) {
            return Ok(*series);
        }
        if self.series.contains(&Series::Newest) && (name == NEWEST || is_version(name)) {
            return Ok(Series::Newest);
        }
        Err(self.no_kernel(name))
    }

    pub(super) fn no_kernel(&self, name: &str) -> KernelError {
        let names = self.series.iter().map(|series| series.name());
        KernelError::NoKernel {
            arch: self.name,
            name: name.to_owned(),
            known: names.collect::<Vec<_>>().join(", "),
        }
    }

    /// The package that always needs the newest kernel of its suite.
    pub(super) fn package(&self) -> String {
        format!("linux-image-{}", self.flavour)
    }
}

impl Series {
    /// As a user asks for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kept { name, .. } => name,
            Self::Newest => NEWEST,
        }
    }

    pub(super) fn suite(self) -> &'static str {
        match self {
            Self::Kept { suite, .. } => suite,
            Self::Newest => NEWEST,
        }
    }
}

fn is_version(name: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.split_once('.')
        .is_some_and(|(major, minor)| number(major) && number(minor))
}
