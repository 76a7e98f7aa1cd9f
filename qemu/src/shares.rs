//! Which directories of the host a machine has: the workspace, cargo's target directory, the program's own.

use std::path::{Path, PathBuf};

/// A directory that no machine can have.
#[derive(Debug, thiserror::Error)]
#[error("cannot share {path} with a machine: {why}")]
pub(crate) struct ShareError {
    path: PathBuf,
    why: String,
}

/// What a machine has of its own, and would lose below a share of that name.
const OWN: [&str; 12] = [
    "/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/tmp",
];

/// The directories around these paths, none inside another.
pub(crate) fn around<'a>(
    paths: impl IntoIterator<Item = &'a Path>,
) -> Result<Vec<PathBuf>, ShareError> {
    let mut shares: Vec<PathBuf> = Vec::new();
    for path in paths {
        let path = path.canonicalize().map_err(|error| ShareError {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        let root = root(&path).to_owned();
        if OWN.iter().any(|own| root == Path::new(own)) {
            return Err(ShareError {
                path: root,
                why: "the machine has its own".to_owned(),
            });
        }
        if !shares.iter().any(|share| root.starts_with(share)) {
            shares.retain(|share| !share.starts_with(&root));
            shares.push(root);
        }
    }
    shares.sort();
    Ok(shares)
}

/// Whether a program lies where cargo builds programs, or in a workspace.
pub(crate) fn is_of_cargo(program: &Path) -> bool {
    Some(root(program)) != program.parent()
}

/// The outermost directory that belongs to what is here: cargo's target directory (it is tagged as a cache), the
/// workspace (it has the lock file); else the directory itself.
fn root(path: &Path) -> &Path {
    let dir = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    let marked = |mark: &'static str| move |dir: &&Path| dir.join(mark).is_file();
    let workspace = dir.ancestors().find(marked("Cargo.lock"));
    let target = dir.ancestors().filter(marked("CACHEDIR.TAG")).last();
    workspace.or(target).unwrap_or(dir)
}
