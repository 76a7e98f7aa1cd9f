//! The programs of a machine: a root directory of unpacked packages, without what no test reads.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::ImageError;
use super::cpio::{Archive, Entry};

/// Directories that are one with their namesakes below /usr. Older packages still unpack into them.
pub(super) const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Below /usr/share lies documentation and the like; beside the C library, its converters of character sets.
const LEFT_OUT: [&str; 2] = ["usr/share", "usr/include"];

/// Users and groups.
const ACCOUNTS: [(&str, &str); 2] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
];

/// Adds the userland to an archive in which `usr` and the merged directories are already.
pub(super) fn add<W: Write>(root: &Path, archive: &mut Archive<W>) -> Result<(), ImageError> {
    let mut there: HashSet<PathBuf> = HashSet::from(["usr", "etc"].map(PathBuf::from));
    there.extend(MERGED.iter().map(|dir| Path::new("usr").join(dir)));
    walk(root, &mut |name, path, meta| {
        if there.insert(name.to_owned()) {
            put(archive, name, path, meta)?;
        }
        Ok(())
    })?;
    for (name, text) in ACCOUNTS {
        if there.insert(PathBuf::from(name)) {
            archive.add(name.as_bytes(), &Entry::File(text.as_bytes(), 0o644))?;
        }
    }
    Ok(())
}

/// Adds one name. What is no file, directory or link is none of a package's.
fn put<W: Write>(
    archive: &mut Archive<W>,
    name: &Path,
    path: &Path,
    meta: &Metadata,
) -> Result<(), ImageError> {
    let key = name.as_os_str().as_bytes();
    if meta.is_dir() {
        archive.add(key, &Entry::Dir)?;
    } else if meta.is_symlink() {
        let target = fs::read_link(path).map_err(ImageError::read(path))?;
        archive.add(key, &Entry::Link(target.as_os_str().as_bytes()))?;
    } else if meta.is_file() {
        let bytes = fs::read(path).map_err(ImageError::read(path))?;
        archive.add(key, &Entry::File(&bytes, meta.mode()))?;
    }
    Ok(())
}

/// What is done with each file: its name in the machine, its path here, what it is.
type Visit<'a> = dyn FnMut(&Path, &Path, &Metadata) -> Result<(), ImageError> + 'a;

/// Visits all that a machine needs of a userland, directories before what is in them, in a fixed order.
pub(super) fn walk(root: &Path, visit: &mut Visit<'_>) -> Result<(), ImageError> {
    below(root, Path::new(""), visit)
}

fn below(dir: &Path, name: &Path, visit: &mut Visit<'_>) -> Result<(), ImageError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(ImageError::read(dir))? {
        names.push(entry.map_err(ImageError::read(dir))?.file_name());
    }
    names.sort();
    for file in names {
        let path = dir.join(&file);
        let meta = fs::symlink_metadata(&path).map_err(ImageError::read(&path))?;
        let mut name = name.join(&file);
        if MERGED.iter().any(|merged| name.as_os_str() == *merged) {
            if !meta.is_dir() {
                continue;
            }
            name = Path::new("usr").join(&name);
        }
        if LEFT_OUT.iter().any(|out| name.as_os_str() == *out) || file == "gconv" {
            continue;
        }
        visit(&name, &path, &meta)?;
        if meta.is_dir() {
            below(&path, &name, visit)?;
        }
    }
    Ok(())
}
