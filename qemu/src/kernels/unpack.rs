//! From packages to the few files that a machine needs of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::KernelError;
use super::apt;
use super::cache;
use super::table::MODULES;

/// Unpacks every package in a directory.
pub(super) fn packages(debs: &Path, into: &Path) -> Result<(), KernelError> {
    cache::directory(into)?;
    for path in listing(debs)? {
        if path.extension().is_some_and(|extension| extension == "deb") {
            let what = format!("unpack {}", path.display());
            apt::run(
                &what,
                Command::new("dpkg-deb").arg("-x").arg(&path).arg(into),
            )?;
        }
    }
    Ok(())
}

/// Moves a kernel's image, its configuration and the modules worth keeping from unpacked packages to
/// `into/lib/modules/<release>`, and says its release.
pub(super) fn kernel(unpacked: &Path, into: &Path) -> Result<String, Wrong> {
    // Where /usr holds everything, packages carry usr/lib only.
    let places = ["lib/modules", "usr/lib/modules"].map(|place| unpacked.join(place));
    let mut releases = Vec::new();
    for place in places.iter().filter(|place| place.is_dir()) {
        releases.extend(listing(place)?);
    }
    let [modules] = releases.as_slice() else {
        return Err(Wrong::Content(format!(
            "the modules of {} kernels, not of one",
            releases.len()
        )));
    };
    let release = modules
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let target = into.join("lib/modules").join(&release);
    cache::directory(&target.join("kernel"))?;
    for (name, required) in [("vmlinuz", true), ("config", false)] {
        let places = [
            unpacked.join("boot").join(format!("{name}-{release}")),
            modules.join(name),
        ];
        match places.iter().find(|place| place.is_file()) {
            Some(place) => rename(place, &target.join(name))?,
            None if required => return Err(Wrong::Content(format!("no {name} of {release}"))),
            None => {}
        }
    }
    keep(
        &modules.join("kernel"),
        Path::new(""),
        &target.join("kernel"),
    )?;
    Ok(release)
}

/// Why unpacked packages give no kernel.
pub(super) enum Wrong {
    /// The packages are not what they should be.
    Content(String),
    /// The system said no.
    System(KernelError),
}

impl From<KernelError> for Wrong {
    fn from(error: KernelError) -> Self {
        Self::System(error)
    }
}

/// Moves the modules worth keeping.
fn keep(root: &Path, below: &Path, into: &Path) -> Result<(), KernelError> {
    for path in listing(&root.join(below))? {
        let name = below.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            keep(root, &name, into)?;
        } else if MODULES
            .iter()
            .any(|kept| name.to_string_lossy().starts_with(kept))
        {
            cache::directory(&into.join(below))?;
            rename(&path, &into.join(&name))?;
        }
    }
    Ok(())
}

fn listing(dir: &Path) -> Result<Vec<PathBuf>, KernelError> {
    let entries =
        fs::read_dir(dir).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = entries.map_err(KernelError::system("read", dir))?;
    paths.sort();
    Ok(paths)
}

fn rename(from: &Path, to: &Path) -> Result<(), KernelError> {
    fs::rename(from, to).map_err(KernelError::system("move", from))
}
