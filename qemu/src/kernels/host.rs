//! What this host's own apt says: where Debian's packages are, whose keys to trust, how to reach them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::KernelError;
use super::apt::{self, APT_GET};

/// What the private configurations take over from the host.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// The mirror.
    pub(super) mirror: String,
    /// Debian's keys.
    pub(super) keyring: PathBuf,
    /// The host's settings for fetching (proxies, retries, validity), as lines of a configuration.
    pub(super) settings: String,
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Settings that are not about how to reach a mirror, but about what of it to keep.
const OWN: [&str; 4] = [
    "Acquire::IndexTargets",
    "Acquire::Languages",
    "Acquire::GzipIndexes",
    "Acquire::CompressionTypes",
];

/// Verification is never loosened, whatever the host's administrator does for himself.
const NEVER: [&str; 3] = [
    "Acquire::AllowInsecureRepositories",
    "Acquire::AllowWeakRepositories",
    "Acquire::AllowDowngradeToInsecureRepositories",
];

impl Host {
    /// Asks the host's apt.
    pub(super) fn ask() -> Result<Self, KernelError> {
        let format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
        let targets = apt::run(
            "ask this host's apt for its mirror",
            Command::new(APT_GET).args(["indextargets", "--format", format]),
        )?;
        let keyring = Path::new(KEYRING);
        if !keyring.is_file() {
            return Err(KernelError::NoKeyring(keyring.to_owned()));
        }
        let dump = apt::run(
            "ask this host's apt for its settings",
            Command::new("apt-config").args(["dump", "--format", "%F \"%v\";%n", "Acquire"]),
        )?;
        Ok(Self {
            mirror: mirror(&targets).ok_or(KernelError::NoMirror)?.to_owned(),
            keyring: keyring.to_owned(),
            settings: settings(&dump),
        })
    }
}

/// Debian's own packages, not those of its security team, nor anyone else's.
fn mirror(targets: &str) -> Option<&str> {
    let mut lines = targets.lines();
    let uri = lines.find_map(|line| line.strip_prefix("Debian|Debian|"))?;
    // It becomes a line of a sources list.
    let plain =
        !uri.is_empty() && !uri.contains(|c: char| c.is_whitespace() || c.is_control() || c == '[');
    plain.then_some(uri)
}

fn settings(dump: &str) -> String {
    let lines = dump.lines().filter(|line| {
        let name = line.split(' ').next().unwrap_or_default();
        let is = |one: &&&str| {
            name == **one
                || name
                    .strip_prefix(**one)
                    .is_some_and(|rest| rest.starts_with("::"))
        };
        name.starts_with("Acquire::")
            && !OWN.iter().any(|one| is(&one))
            && !NEVER.iter().any(|one| is(&one))
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_debians_own() {
        let targets = "|Other|http://other.example/debian/\nDebian|Debian-Security|http://mirror.example/security/\n\
            Debian|Debian|http://mirror.example/debian/\nDebian|Debian|http://second.example/\n";
        assert_eq!(mirror(targets), Some("http://mirror.example/debian/"));
        assert_eq!(mirror("Docker|Docker|http://docker.example/\n"), None);
        assert_eq!(mirror("Debian|Debian|http://m/ [trusted=yes]\n"), None);
        assert_eq!(mirror(""), None);
    }

    #[test]
    fn how_to_fetch_is_the_hosts_affair_what_to_verify_is_not() {
        let dump = "Acquire \"\";\nAcquire::http::Proxy \"http://proxy.example:3128\";\n\
            Acquire::AllowInsecureRepositories \"1\";\nAcquire::AllowWeakRepositories \"1\";\n\
            Acquire::AllowDowngradeToInsecureRepositories \"1\";\nAcquire::Languages \"\";\nAcquire::Languages:: \"en\";\n\
            Acquire::Check-Valid-Until \"false\";\n";
        assert_eq!(
            settings(dump),
            "Acquire::http::Proxy \"http://proxy.example:3128\";\nAcquire::Check-Valid-Until \"false\";\n"
        );
    }
}
