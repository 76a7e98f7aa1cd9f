//! Which directories of the host a machine has: the workspace, cargo's target directory, the program's own.

use std::path::{Path, PathBuf};

/// A directory that no machine can have.
#[derive(Debug, thiserror::Error)]
#[error("cannot share {path} with a machine: {why}")]
pub(crate) struct ShareError {
    path: PathBuf,
    why: String,
}

/// What a machine has of its own: a share there would take its place.
const OWN: [&str; 5] = ["/", "/usr", "/tmp", "/run", "/var"];

/// The same, with all that is below.
const OWN_TREES: [&str; 10] = [
    "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr/bin", "/usr/lib",
];

/// Whether a directory is the machine's own, and no share can be there.
pub(crate) fn is_own(dir: &Path) -> bool {
    let whole = OWN.iter().any(|own| dir == Path::new(own));
    whole || OWN_TREES.iter().any(|own| dir.starts_with(own))
}

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
        if is_own(&root) {
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
    let target = dir.ancestors().filter(marked("CACHEDIR.TAG")).last();
    workspace(dir).or(target).unwrap_or(dir)
}

/// The workspace that a directory belongs to.
pub(crate) fn workspace(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(marked("Cargo.lock"))
}

/// Whether a directory has such a file.
fn marked(file: &'static str) -> impl Fn(&&Path) -> bool {
    move |dir| dir.join(file).is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_workspace_and_a_target_directory_are_shared_whole_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let (package, deps) = (
            top.join("work/package"),
            top.join("target/triple/debug/deps"),
        );
        fs::create_dir_all(&package).unwrap();
        fs::create_dir_all(&deps).unwrap();
        fs::write(top.join("work/Cargo.lock"), "").unwrap();
        fs::write(top.join("target/CACHEDIR.TAG"), "").unwrap();
        fs::write(deps.join("test-1"), "").unwrap();
        let program = deps.join("test-1");
        let shares = around([package.as_path(), &program, &top.join("work")]).unwrap();
        assert_eq!(shares, [top.join("target"), top.join("work")]);
        assert!(is_of_cargo(&program));
    }

    #[test]
    fn a_directory_that_holds_another_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir(top.join("inner")).unwrap();
        fs::write(top.join("inner/program"), "").unwrap();
        let shares = around([&*top.join("inner"), &*top]).unwrap();
        assert_eq!(shares, std::slice::from_ref(&top));
        assert!(!is_of_cargo(&top.join("inner/program")));
    }

    #[test]
    fn what_the_machine_has_itself_is_not_shared() {
        for dir in ["/", "/usr", "/etc", "/proc/self"] {
            let error = around([Path::new(dir)]).unwrap_err().to_string();
            assert!(error.contains("the machine has its own"), "{dir}: {error}");
        }
    }
}
