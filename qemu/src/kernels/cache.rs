//! The user's cache: entries that are either whole or not there, also with several processes at once.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::KernelError;

/// Names the directory of the cache.
const OWN: &str = "EVERYCALL_CACHE";

/// Where everything that can be made again is kept: `EVERYCALL_CACHE`, or `everycall` in the user's directory for caches.
pub fn cache_dir() -> Result<PathBuf, KernelError> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute(OWN)
        .or_else(|| Some(absolute("XDG_CACHE_HOME")?.join("everycall")))
        .or_else(|| Some(absolute("HOME")?.join(".cache/everycall")))
        .ok_or(KernelError::NoCache)
}

/// Makes a directory with all those above it.
pub(super) fn directory(path: &Path) -> Result<(), KernelError> {
    fs::create_dir_all(path).map_err(KernelError::system("make", path))
}

/// Removes a directory with everything in it, if it is there.
pub(super) fn clear(path: &Path) -> Result<(), KernelError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(KernelError::system("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Holds others off until the file is dropped. The kernel drops it for a process that is killed.
pub(super) fn lock(path: &Path) -> Result<File, KernelError> {
    let file = File::create(path).map_err(KernelError::system("make", path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!(
            "everycall: another process is at it; waiting for {}",
            path.display()
        ),
        Err(TryLockError::Error(error)) => return Err(KernelError::system("lock", path)(error)),
    }
    file.lock().map_err(KernelError::system("lock", path))?;
    Ok(file)
}

/// What `read` finds in the entry of that name. Where it finds nothing, `make` fills a new directory, which then takes
/// the entry's name in one step. Of several processes one makes it, and the others wait for that.
pub(super) fn entry<T>(
    base: &Path,
    name: &str,
    read: impl Fn(&Path) -> Option<T>,
    make: impl FnOnce(&Path) -> Result<(), KernelError>,
) -> Result<T, KernelError> {
    let place = base.join(name);
    if let Some(found) = read(&place) {
        return Ok(found);
    }
    directory(base)?;
    let _lock = lock(&base.join(format!(".{name}.lock")))?;
    if let Some(found) = read(&place) {
        return Ok(found);
    }
    // Nobody else is at it: what stands here was left by somebody who was killed.
    let new = base.join(format!(".{name}.new"));
    clear(&new)?;
    directory(&new)?;
    if let Err(error) = make(&new) {
        // The reason to tell is the first.
        let _ = clear(&new);
        return Err(error);
    }
    clear(&place)?;
    fs::rename(&new, &place).map_err(KernelError::system("name", &place))?;
    read(&place).ok_or_else(|| KernelError::Unexpected {
        packages: name.to_owned(),
        what: "nothing that can be used".to_owned(),
    })
}
