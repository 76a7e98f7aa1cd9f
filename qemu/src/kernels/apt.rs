//! apt, with a configuration of its own for one suite and one architecture: nothing of the host's packages is touched,
//! no other user's rights are needed, and signatures are checked as apt checks them.

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::KernelError;
use super::cache;
use super::control::{self, Described, Package};
use super::host::Host;
use super::table::Arch;

pub(super) const APT_GET: &str = "apt-get";

/// A kernel is at most this many packages.
const MOST_PACKAGES: usize = 16;

/// What apt reads faster than the mirror's lists, several times their size. It goes when apt has answered.
const PACKAGE_CACHE: &str = "packages.bin";

/// Of what a program says when it fails, this much is told.
const MOST_SAID: usize = 2000;

/// apt for one suite and one architecture. Only one process at a time has it.
pub(super) struct Apt {
    config: PathBuf,
    suite: &'static str,
    arch: &'static Arch,
    _lock: File,
}

impl Apt {
    /// Writes the configuration anew, and asks the mirror what there is.
    pub(super) fn updated(
        cache: &Path,
        host: &Host,
        suite: &'static str,
        arch: &'static Arch,
    ) -> Result<Self, KernelError> {
        let base = cache.join("apt");
        let dir = base.join(format!("{suite}-{}", arch.name));
        for part in ["lists/partial", "archives/partial", "none"] {
            cache::directory(&dir.join(part))?;
        }
        let lock = cache::lock(&dir.join(".lock"))?;
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::write(&path, text).map_err(KernelError::system("write", &path))
        };
        let keyring = host.keyring.display();
        write(
            "sources.list",
            &format!("deb [signed-by={keyring}] {} {suite} main\n", host.mirror),
        )?;
        write("status", "")?;
        write("apt.conf", &configuration(&dir, host, arch)?)?;
        let apt = Self {
            config: dir.join("apt.conf"),
            suite,
            arch,
            _lock: lock,
        };
        // Without the option a mirror that cannot be reached would be a warning only.
        let options = ["-o", "APT::Update::Error-Mode=any", "update"];
        apt.live(
            "ask Debian's mirror what there is",
            apt.command(APT_GET).args(options),
        )?;
        Ok(apt)
    }

    /// The newest package of that name.
    pub(super) fn describe(&self, package: &str) -> Result<Described, KernelError> {
        // Its name may be nobody's: then apt fails, and what it says is no better than what is said here.
        let shown = self
            .command("apt-cache")
            .args(["show", "--no-all-versions", package])
            .output();
        let shown = shown.map_err(absent("apt-cache"))?;
        control::describe(&String::from_utf8_lossy(&shown.stdout)).ok_or_else(|| {
            KernelError::NoPackage {
                suite: self.suite,
                package: package.to_owned(),
                arch: self.arch.name,
            }
        })
    }

    /// The packages of a kernel that this one leads to. Debian has moved its files from one package to several, so they
    /// are found by following what each needs.
    pub(super) fn kernel_packages(&self, first: &Described) -> Result<Vec<Package>, KernelError> {
        let mut open = first.needs.clone();
        let mut found: Vec<Package> = Vec::new();
        while let Some(name) = open.pop() {
            if !is_kernel_package(&name) || found.iter().any(|package| package.name == name) {
                continue;
            }
            if found.len() == MOST_PACKAGES {
                return Err(KernelError::Unexpected {
                    packages: first.package.name.clone(),
                    what: format!("more than {MOST_PACKAGES} others"),
                });
            }
            let described = self.describe(&name)?;
            found.push(described.package);
            open.extend(described.needs);
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Fetches these packages, verified, into a directory.
    pub(super) fn download(&self, packages: &[Package], into: &Path) -> Result<(), KernelError> {
        let exact = packages
            .iter()
            .map(|package| format!("{}={}", package.name, package.version));
        let mut command = self.command(APT_GET);
        self.live(
            "fetch the packages",
            command.current_dir(into).arg("download").args(exact),
        )
    }

    /// What installing these packages on a machine without any would fetch.
    pub(super) fn closure(&self, names: &[&str]) -> Result<Vec<Package>, KernelError> {
        let mut command = self.command(APT_GET);
        let printed = run(
            "find out what the packages need",
            command
                .args(INSTALL)
                .args(["-qq", "--print-uris"])
                .args(names),
        )?;
        Ok(printed.lines().filter_map(control::printed).collect())
    }

    /// Fetches these packages and all that they need, verified, into a directory.
    pub(super) fn download_closure(&self, names: &[&str], into: &Path) -> Result<(), KernelError> {
        cache::directory(&into.join("partial"))?;
        let archives = format!("Dir::Cache::archives={}", into.display());
        let mut command = self.command(APT_GET);
        command
            .args(INSTALL)
            .args(["-o", &archives, "--download-only"])
            .args(names);
        self.live("fetch the packages", &mut command)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", &self.config).env("LC_ALL", "C");
        command
    }

    /// Runs something long: its progress is shown where somebody looks on.
    fn live(&self, what: &str, command: &mut Command) -> Result<(), KernelError> {
        let terminal = io::stderr().is_terminal();
        let progress = io::stderr().as_fd().try_clone_to_owned();
        match progress {
            Ok(progress) if terminal => command.stdout(progress),
            _ => command.arg("-qq").stdout(Stdio::null()),
        };
        let what = format!("{what} ({}, {})", self.suite, self.arch.name);
        run(&what, command).map(drop)
    }
}

impl Drop for Apt {
    fn drop(&mut self) {
        // It may not have been needed.
        let _ = fs::remove_file(self.config.with_file_name(PACKAGE_CACHE));
    }
}

/// Nothing of it is installed: the packages, with what they need, are only fetched.
const INSTALL: [&str; 3] = ["install", "-y", "--no-install-recommends"];

/// `linux-image-6.1.0-50-arm64` and the like, not `linux-image-arm64`, nor `linux-libc-dev`.
fn is_kernel_package(name: &str) -> bool {
    let kinds = [
        "linux-image-",
        "linux-binary-",
        "linux-modules-",
        "linux-base-",
    ];
    let mut rests = kinds.iter().filter_map(|kind| name.strip_prefix(kind));
    rests.any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn configuration(dir: &Path, host: &Host, arch: &Arch) -> Result<String, KernelError> {
    // apt knows no way to write these within a value.
    let text = dir
        .to_str()
        .filter(|text| !text.contains(['"', '\n', '\\']));
    let dir = text.ok_or_else(|| KernelError::Failed {
        what: format!("use the cache directory {}", dir.display()),
        said: "apt cannot be given a path with quotes, backslashes or newlines".to_owned(),
    })?;
    let arch = arch.name;
    let settings = &host.settings;
    Ok(format!(
        r#"Dir "{dir}";
Dir::State "{dir}";
Dir::State::status "{dir}/status";
Dir::State::lists "{dir}/lists";
Dir::Cache "{dir}";
Dir::Cache::archives "{dir}/archives";
Dir::Cache::pkgcache "{PACKAGE_CACHE}";
Dir::Cache::srcpkgcache "";
Dir::Etc "{dir}/none";
Dir::Etc::sourcelist "{dir}/sources.list";
Dir::Etc::sourceparts "{dir}/none";
Dir::Etc::parts "{dir}/none";
Dir::Etc::main "{dir}/none/apt.conf";
Dir::Etc::preferencesparts "{dir}/none";
Dir::Etc::trusted "{dir}/none/trusted.gpg";
Dir::Etc::trustedparts "{dir}/none";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::Log "{dir}/none";
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
{settings}"#
    ))
}

/// Runs a program to its end. What it said comes back, or, if it failed, tells why.
pub(super) fn run(what: &str, command: &mut Command) -> Result<String, KernelError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.map_err(absent(&program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let all = String::from_utf8_lossy(&output.stderr);
    let said: String = all.trim().chars().take(MOST_SAID).collect();
    Err(KernelError::Failed {
        what: what.to_owned(),
        said: format!("{program} ended with {}: {said}", output.status),
    })
}

fn absent(program: &str) -> impl FnOnce(io::Error) -> KernelError {
    let program = program.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::NotFound => KernelError::NoProgram { program },
        _ => KernelError::system("run", Path::new(&program))(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_kernels_own_packages_are_followed() {
        for name in [
            "linux-image-6.1.0-50-arm64",
            "linux-modules-7.2.13+deb14-amd64",
            "linux-binary-7.2",
            "linux-base-7.2",
        ] {
            assert!(is_kernel_package(name), "{name}");
        }
        for name in [
            "linux-image-arm64",
            "linux-base-arm64",
            "linux-base",
            "linux-libc-dev",
            "kmod",
            "",
        ] {
            assert!(!is_kernel_package(name), "{name}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_told_with_the_way_out() {
        let error = run("x", &mut Command::new("everycall-has-no-such-program")).unwrap_err();
        assert!(matches!(error, KernelError::NoProgram { .. }), "{error}");
        assert!(error.to_string().contains("EVERYCALL_KERNEL="), "{error}");
    }
}
