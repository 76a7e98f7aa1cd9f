//! Kernels and userlands in the user's cache, and how they get there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::KernelError;
use super::apt::Apt;
use super::cache;
use super::control::{self, Package};
use super::host::Host;
use super::table::{Arch, NEWEST, Series, USERLAND, USERLAND_SUITE};
use super::unpack::{self, Wrong};
use crate::kernel::Kernel;

/// The cache, and the host whose apt fills it.
pub(super) struct Store {
    cache: PathBuf,
    /// Asked when first needed, if not given.
    host: Option<Host>,
}

/// What an entry of the cache says of itself. It is written last.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// `uname -r`; empty for a userland.
    pub(super) release: String,
    pub(super) packages: Vec<Package>,
}

const ENTRY: &str = "entry.json";

impl Store {
    pub(super) fn of_this_user() -> Result<Self, KernelError> {
        let cache = cache::cache_dir()?;
        Ok(Self { cache, host: None })
    }

    #[cfg(test)]
    pub(super) fn of(cache: &Path, host: Host) -> Self {
        Self {
            cache: cache.to_owned(),
            host: Some(host),
        }
    }

    /// The kernel of that name, fetched if it is not there.
    pub(super) fn kernel(&self, arch: &'static Arch, name: &str) -> Result<Kernel, KernelError> {
        let series = arch.series_of(name)?;
        let name = match series {
            Series::Newest if name == NEWEST => self.offer(arch, series)?.name,
            _ => name.to_owned(),
        };
        let make = |new: &Path| self.fetch_kernel(arch, series, &name, new);
        cache::entry(&self.kernels(), &key(arch, &name), read_kernel, make)
    }

    /// The programs for that architecture, fetched if they are not there.
    pub(super) fn userland(&self, arch: &'static Arch) -> Result<PathBuf, KernelError> {
        let make = |new: &Path| self.fetch_userland(arch, new);
        cache::entry(&self.userlands(), arch.name, read_userland, make)
    }

    /// The kernels of that line which are there, with their entries, by name.
    pub(super) fn cached_kernels(&self, arch: &Arch, series: Series) -> Vec<(String, Entry)> {
        let prefix = format!("{}-", arch.name);
        let Ok(entries) = fs::read_dir(self.kernels()) else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_prefix(&prefix)?.to_owned())
        });
        let mut found: Vec<_> = names
            .filter(|name| arch.series_of(name).is_ok_and(|its| its == series))
            .filter_map(|name| {
                let place = self.kernels().join(key(arch, &name));
                read_kernel(&place)?;
                Some((name, read_entry(&place)?))
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// The userland's entry, if it is there.
    pub(super) fn cached_userland(&self, arch: &Arch) -> Option<Entry> {
        let place = self.userlands().join(arch.name);
        read_userland(&place)?;
        read_entry(&place)
    }

    /// What the suite has today.
    pub(super) fn offer(&self, arch: &'static Arch, series: Series) -> Result<Offer, KernelError> {
        Offer::of(&self.apt(series.suite(), arch)?, arch)
    }

    /// What a userland would be made of today.
    pub(super) fn offered_userland(
        &self,
        arch: &'static Arch,
    ) -> Result<Vec<Package>, KernelError> {
        self.apt(USERLAND_SUITE, arch)?.closure(&USERLAND)
    }

    fn kernels(&self) -> PathBuf {
        self.cache.join("kernels")
    }

    fn userlands(&self) -> PathBuf {
        self.cache.join("userlands")
    }

    fn apt(&self, suite: &'static str, arch: &'static Arch) -> Result<Apt, KernelError> {
        match &self.host {
            Some(host) => Apt::updated(&self.cache, host, suite, arch),
            None => Apt::updated(&self.cache, &Host::ask()?, suite, arch),
        }
    }

    fn fetch_kernel(
        &self,
        arch: &'static Arch,
        series: Series,
        name: &str,
        new: &Path,
    ) -> Result<(), KernelError> {
        let apt = self.apt(series.suite(), arch)?;
        let offer = Offer::of(&apt, arch)?;
        if offer.name != name {
            return Err(KernelError::MovedOn {
                arch: arch.name,
                name: name.to_owned(),
                suite: series.suite(),
                now: offer.name,
                from: format!("{} {}", offer.from.name, offer.from.version),
            });
        }
        let packages = offer.packages;
        say(&format!("kernel {name} for {}", arch.name), &packages);
        let (debs, unpacked) = (new.join("debs"), new.join("unpacked"));
        cache::directory(&debs)?;
        apt.download(&packages, &debs)?;
        drop(apt);
        unpack::packages(&debs, &unpacked)?;
        let release = unpack::kernel(&unpacked, new).map_err(|wrong| match wrong {
            Wrong::System(error) => error,
            Wrong::Content(what) => KernelError::Unexpected {
                packages: names(&packages),
                what,
            },
        })?;
        finish(new, [debs, unpacked], &Entry { release, packages })
    }

    fn fetch_userland(&self, arch: &'static Arch, new: &Path) -> Result<(), KernelError> {
        let apt = self.apt(USERLAND_SUITE, arch)?;
        let packages = apt.closure(&USERLAND)?;
        say(&format!("programs for {}", arch.name), &packages);
        let debs = new.join("debs");
        apt.download_closure(&USERLAND, &debs)?;
        drop(apt);
        unpack::packages(&debs, &new.join("root"))?;
        let release = String::new();
        finish(new, [debs], &Entry { release, packages })
    }
}

/// The kernel that a suite has today.
pub(super) struct Offer {
    /// The first two numbers of its version.
    pub(super) name: String,
    /// The package that leads to it.
    from: Package,
    /// The packages that hold it.
    pub(super) packages: Vec<Package>,
}

impl Offer {
    fn of(apt: &Apt, arch: &Arch) -> Result<Self, KernelError> {
        let first = apt.describe(&arch.package())?;
        let unexpected = |what: &str| KernelError::Unexpected {
            packages: first.package.name.clone(),
            what: what.to_owned(),
        };
        let name = control::line_of(&first.package.version);
        let name = name.ok_or_else(|| unexpected("a version without two numbers"))?;
        let packages = apt.kernel_packages(&first)?;
        if packages.is_empty() {
            return Err(unexpected("no way to a kernel"));
        }
        Ok(Self {
            name,
            from: first.package,
            packages,
        })
    }
}

fn key(arch: &Arch, name: &str) -> String {
    format!("{}-{name}", arch.name)
}

fn names(packages: &[Package]) -> String {
    let names: Vec<_> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    names.join(", ")
}

/// Fetching may take minutes: whoever waits shall know for what.
fn say(what: &str, packages: &[Package]) {
    let size: u64 = packages.iter().map(|package| package.size).sum();
    let mib = size.div_ceil(1 << 20);
    eprintln!(
        "everycall: fetching {what}: {} ({mib} MiB)",
        names(packages)
    );
}

fn finish<const N: usize>(
    new: &Path,
    used: [PathBuf; N],
    entry: &Entry,
) -> Result<(), KernelError> {
    for path in used {
        cache::clear(&path)?;
    }
    let path = new.join(ENTRY);
    let text = serde_json::to_vec_pretty(entry).map_err(std::io::Error::from);
    let written = text.and_then(|text| fs::write(&path, text));
    written.map_err(KernelError::system("write", &path))
}

fn read_entry(place: &Path) -> Option<Entry> {
    serde_json::from_slice(&fs::read(place.join(ENTRY)).ok()?).ok()
}

fn read_kernel(place: &Path) -> Option<Kernel> {
    let release = read_entry(place)?.release;
    let modules = place.join("lib/modules").join(&release);
    let image = modules.join("vmlinuz");
    (!release.is_empty() && image.is_file() && modules.join("kernel").is_dir()).then_some(Kernel {
        image,
        modules,
        release,
    })
}

fn read_userland(place: &Path) -> Option<PathBuf> {
    read_entry(place)?;
    Some(place.join("root")).filter(|root| root.is_dir())
}
