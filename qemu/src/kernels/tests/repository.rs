//! A tiny repository of packages as Debian's are made and signed, with a key of its own, for apt to read without a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::host::Host;

/// A repository, and the one who signs it. Everything goes with the value.
pub(super) struct Repository {
    dir: tempfile::TempDir,
}

/// A package: name, version, what it needs, its files.
pub(super) struct Built<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) needs: &'a str,
    pub(super) files: &'a [&'a str],
}

impl Repository {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let one = Self { dir };
        fs::create_dir(one.path("gpg")).unwrap();
        run(Command::new("chmod").arg("700").arg(one.path("gpg")));
        run(one
            .gpg()
            .args(["--quick-gen-key", "nobody", "ed25519", "sign", "never"]));
        run(one.gpg().arg("--output").arg(one.keyring()).arg("--export"));
        one
    }

    /// Adds a suite with these packages for arm64, signed.
    pub(super) fn suite(&self, name: &str, packages: &[Built<'_>]) {
        let index = self
            .path("mirror/dists")
            .join(name)
            .join("main/binary-arm64");
        fs::create_dir_all(&index).unwrap();
        let described: String = packages
            .iter()
            .map(|package| self.package(name, package))
            .collect();
        fs::write(index.join("Packages"), &described).unwrap();
        let release = format!(
            "Origin: Debian\nSuite: {name}\nCodename: {name}\nArchitectures: arm64\nComponents: main\n\
             Date: Sat, 01 Aug 2026 00:00:00 UTC\nSHA256:\n {} {} main/binary-arm64/Packages\n",
            digest(&index.join("Packages")),
            described.len()
        );
        let file = self.path("mirror/dists").join(name).join("Release");
        fs::write(&file, release).unwrap();
        let signed = file.with_file_name("InRelease");
        run(self
            .gpg()
            .arg("--output")
            .arg(signed)
            .arg("--clearsign")
            .arg(&file));
        fs::remove_file(file).unwrap();
    }

    /// Builds a package, and describes it as an index does.
    fn package(&self, suite: &str, package: &Built<'_>) -> String {
        let Built {
            name,
            version,
            needs,
            files,
        } = package;
        let root = self.path("build").join(suite).join(name);
        fs::create_dir_all(root.join("DEBIAN")).unwrap();
        for file in *files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let needs = if needs.is_empty() {
            String::new()
        } else {
            format!("Depends: {needs}\n")
        };
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: arm64\nMaintainer: nobody <nobody@example.org>\n\
             {needs}Description: made for a test\n"
        );
        fs::write(root.join("DEBIAN/control"), &control).unwrap();
        let pool = format!("pool/{suite}_{name}_{version}_arm64.deb");
        let deb = self.path("mirror").join(&pool);
        fs::create_dir_all(deb.parent().unwrap()).unwrap();
        run(Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Znone", "-b"])
            .arg(root)
            .arg(&deb));
        let size = fs::metadata(&deb).unwrap().len();
        format!(
            "{control}Filename: {pool}\nSize: {size}\nSHA256: {}\n\n",
            digest(&deb)
        )
    }

    /// The host that has this repository for its mirror.
    pub(super) fn host(&self) -> Host {
        Host {
            // Not `file:`, which apt would use in place.
            mirror: format!("copy:{}", self.path("mirror").display()),
            keyring: self.keyring(),
            settings: String::new(),
        }
    }

    pub(super) fn keyring(&self) -> PathBuf {
        self.path("keyring.gpg")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn gpg(&self) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(self.path("gpg"));
        gpg.args([
            "--batch",
            "--quiet",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]);
        gpg
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        // gpg leaves a process that keeps the key.
        let mut gpgconf = Command::new("gpgconf");
        gpgconf
            .arg("--homedir")
            .arg(self.path("gpg"))
            .args(["--kill", "all"]);
        let _ = gpgconf.status();
    }
}

fn digest(path: &Path) -> String {
    run(Command::new("sha256sum").arg(path))
        .split(' ')
        .next()
        .unwrap()
        .to_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}; ci/setup installs it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}: {said}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}
