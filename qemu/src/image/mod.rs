//! The first file system of a machine: PID 1, the kernel's modules, a small userland. Cached by what went into it.

mod cpio;
mod modules;
mod userland;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::kernel::Kernel;
use crate::machine::Machine;
use cpio::{Archive, Entry};

/// Why no image could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    #[error("cannot read {path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("cannot write {path}: {error}")]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot write the image: {0}")]
    Archive(#[from] io::Error),
    #[error("{0} is no kernel module")]
    Module(PathBuf),
    #[error("{0} is packed in a way that is not known here: .ko and .ko.xz are")]
    Packed(PathBuf),
}

impl ImageError {
    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Read { path, error }
    }

    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Write { path, error }
    }
}

/// What goes into an image.
pub(crate) struct Parts<'a> {
    pub(crate) machine: &'static Machine,
    pub(crate) kernel: &'a Kernel,
    pub(crate) init: &'a Path,
    pub(crate) userland: &'a Path,
}

/// Changes when the way an image is made does.
const FORMAT: u32 = 1;

/// The image of these parts: the cache's, or a new one.
pub(crate) fn get(parts: &Parts<'_>, cache: &Path) -> Result<PathBuf, ImageError> {
    let dir = cache.join("images");
    fs::create_dir_all(&dir).map_err(ImageError::write(&dir))?;
    let prefix = format!("{}-{}-", parts.machine.name, parts.kernel.release);
    let name = format!("{prefix}{:016x}.cpio", fingerprint(parts)?);
    let path = dir.join(&name);
    if path.is_file() {
        return Ok(path);
    }
    let temp = tempfile::Builder::new()
        .prefix(".making-")
        .tempfile_in(&dir)
        .map_err(ImageError::write(&dir))?;
    write(parts, temp.as_file())?;
    remove_old(&dir, &prefix);
    temp.persist(&path)
        .map_err(|error| ImageError::write(&path)(error.error))?;
    Ok(path)
}

/// Those that this one replaces. A machine that starts from one of them has it open already, or fails and says so.
fn remove_old(dir: &Path, prefix: &str) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A number for the parts as they are now: paths, sizes and times of all files.
fn fingerprint(parts: &Parts<'_>) -> Result<u64, ImageError> {
    let mut hasher = DefaultHasher::new();
    FORMAT.hash(&mut hasher);
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    let mut add = |path: &Path, meta: &fs::Metadata| {
        path.hash(&mut hasher);
        (meta.len(), meta.mtime(), meta.mtime_nsec(), meta.mode()).hash(&mut hasher);
    };
    for path in [parts.init, &parts.kernel.image, &parts.kernel.modules] {
        let meta = fs::metadata(path).map_err(ImageError::read(path))?;
        add(path, &meta);
    }
    userland::walk(parts.userland, &mut |_, path, meta| {
        add(path, meta);
        Ok(())
    })?;
    Ok(hasher.finish())
}

fn write(parts: &Parts<'_>, file: &File) -> Result<(), ImageError> {
    let mut archive = Archive::new(BufWriter::new(file));
    for dir in [
        "dev", "proc", "sys", "tmp", "run", "root", "etc", "usr", "modules",
    ] {
        archive.add(dir.as_bytes(), &Entry::Dir)?;
    }
    for dir in userland::MERGED {
        archive.add(format!("usr/{dir}").as_bytes(), &Entry::Dir)?;
        archive.add(
            dir.as_bytes(),
            &Entry::Link(format!("usr/{dir}").as_bytes()),
        )?;
    }
    archive.add(b"dev/console", &Entry::Device(5, 1))?;
    let init = fs::read(parts.init).map_err(ImageError::read(parts.init))?;
    archive.add(b"init", &Entry::File(&init, 0o755))?;
    let mut order = String::new();
    for module in modules::collect(&parts.kernel.modules)? {
        let name = format!("modules/{}", module.name);
        archive.add(name.as_bytes(), &Entry::File(&module.bytes, 0o644))?;
        order.push_str(&module.name);
        order.push('\n');
    }
    archive.add(b"modules/order", &Entry::File(order.as_bytes(), 0o644))?;
    userland::add(parts.userland, &mut archive)?;
    archive.finish()?;
    Ok(())
}
