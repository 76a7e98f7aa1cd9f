//! A kernel on this host's disk: its image, and the modules that belong to it.

use std::path::{Path, PathBuf};

/// A kernel to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// What QEMU loads.
    pub image: PathBuf,
    /// The directory of its modules, `.../lib/modules/<release>`.
    pub modules: PathBuf,
    /// As `uname -r` says it.
    pub release: String,
}

/// A path that leads to no kernel.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// There is no such file.
    #[error("no kernel: {0} is not there")]
    Missing(PathBuf),
    /// The image is there, its modules are not where they belong.
    #[error(
        "no modules for the kernel {image}: tried {tried}; {MODULES} can name the directory (.../lib/modules/<release>)"
    )]
    NoModules {
        /// The image.
        image: PathBuf,
        /// Where they would be.
        tried: String,
    },
}

/// The variable that names a kernel's modules where they are in an unusual place.
pub const MODULES: &str = "EVERYCALL_MODULES";

impl Kernel {
    /// The kernel whose image is at this path. Its modules are where packages put them: `vmlinuz-<release>` in
    /// `boot/` beside `lib/modules/<release>`, or the image in its modules' own directory.
    pub fn at(image: &Path) -> Result<Self, PathError> {
        if !image.is_file() {
            return Err(PathError::Missing(image.to_owned()));
        }
        let places = places(image);
        let found = places.iter().find(|place| place.join("kernel").is_dir());
        let Some(modules) = found else {
            let tried: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
            return Err(PathError::NoModules {
                image: image.to_owned(),
                tried: tried.join(", "),
            });
        };
        let release = modules.file_name().unwrap_or_default();
        Ok(Self {
            image: image.to_owned(),
            modules: modules.clone(),
            release: release.to_string_lossy().into_owned(),
        })
    }
}

fn places(image: &Path) -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os(MODULES) {
        return vec![PathBuf::from(named)];
    }
    let Some(dir) = image.parent() else {
        return Vec::new();
    };
    let mut places = vec![dir.to_owned()];
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    if let (Some((_, release)), Some(root)) = (name.split_once('-'), dir.parent()) {
        places.push(root.join("lib/modules").join(release));
        places.push(root.join("usr/lib/modules").join(release));
    }
    places
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn modules_are_found_where_packages_put_them() {
        let dir = tempfile::tempdir().unwrap();
        for (image, modules) in [
            ("a/boot/vmlinuz-6.1-x", "a/lib/modules/6.1-x"),
            ("b/boot/vmlinuz-6.1-x", "b/usr/lib/modules/6.1-x"),
            ("c/usr/lib/modules/7.2+y/vmlinuz", "c/usr/lib/modules/7.2+y"),
        ] {
            let (image, modules) = (dir.path().join(image), dir.path().join(modules));
            fs::create_dir_all(image.parent().unwrap()).unwrap();
            fs::create_dir_all(modules.join("kernel")).unwrap();
            fs::write(&image, "").unwrap();
            let kernel = Kernel::at(&image).unwrap();
            assert_eq!(kernel.modules, modules);
            assert_eq!(
                kernel.release,
                modules.file_name().unwrap().to_str().unwrap()
            );
        }
    }

    #[test]
    fn where_modules_were_searched_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let image = dir.path().join("boot/vmlinuz-6.1-x");
        let missing = Kernel::at(&image).unwrap_err().to_string();
        assert!(missing.ends_with("vmlinuz-6.1-x is not there"), "{missing}");
        fs::create_dir_all(image.parent().unwrap()).unwrap();
        fs::write(&image, "").unwrap();
        let error = Kernel::at(&image).unwrap_err().to_string();
        assert!(error.contains("usr/lib/modules/6.1-x"), "{error}");
        assert!(error.contains("EVERYCALL_MODULES"), "{error}");
    }
}
