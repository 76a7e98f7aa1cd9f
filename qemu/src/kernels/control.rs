//! What apt says of a package: paragraphs of fields, as Debian writes them.

use serde::{Deserialize, Serialize};

/// A package as it was, or would be, fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many bytes are to be fetched.
    pub size: u64,
}

/// A package with what it needs.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) package: Package,
    /// Names of packages, the first of several that would do.
    pub(super) needs: Vec<String>,
}

/// The first paragraph, or nothing where it describes no package.
pub(super) fn describe(text: &str) -> Option<Described> {
    let paragraph = text.split("\n\n").next()?;
    let field = |name: &str| {
        let mut lines = paragraph.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    };
    let needs = field("Depends").unwrap_or_default().split(',');
    Some(Described {
        package: Package {
            name: field("Package")?.to_owned(),
            version: field("Version")?.to_owned(),
            size: field("Size")?.parse().ok()?,
        },
        needs: needs.filter_map(name_of).collect(),
    })
}

/// The name in `name:any (>= 1.2) | another`.
fn name_of(need: &str) -> Option<String> {
    let first = need.split('|').next()?;
    let name = first.split(['(', '[', ':']).next()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A line of `apt-get --print-uris`: `'uri' name_version_arch.deb size hash`.
pub(super) fn printed(line: &str) -> Option<Package> {
    let mut words = line.strip_prefix('\'')?.split_once("' ")?.1.split(' ');
    let (name, rest) = words.next()?.split_once('_')?;
    let (version, _) = rest.rsplit_once('_')?;
    Some(Package {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        size: words.next()?.parse().ok()?,
    })
}

/// The first two numbers of a version: the kernel's name.
pub(super) fn line_of(version: &str) -> Option<String> {
    let upstream = version.rsplit_once(':').map_or(version, |(_, rest)| rest);
    let mut numbers = upstream.split(|character: char| !character.is_ascii_digit());
    let (major, minor) = (numbers.next()?, numbers.next()?);
    (!major.is_empty() && !minor.is_empty()).then(|| format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "Package: linux-image-arm64\nVersion: 7.2.13-1\nDescription: a line\n with: more\n\
        Depends: linux-base-arm64 (= 7.2.13-1), kmod:any, dracut | initramfs-tools (>= 0.1)\nSize: 1884\n\n\
        Package: another\nVersion: 1\nSize: 2\n";

    #[test]
    fn the_first_paragraph_counts() {
        let described = describe(SHOWN).unwrap();
        assert_eq!(described.package.name, "linux-image-arm64");
        assert_eq!(described.package.version, "7.2.13-1");
        assert_eq!(described.package.size, 1884);
        assert_eq!(described.needs, ["linux-base-arm64", "kmod", "dracut"]);
    }

    #[test]
    fn what_describes_no_package_is_none() {
        for text in [
            "",
            "N: Unable to locate package x\n",
            "Package: x\nVersion: 1\nSize: many\n",
        ] {
            assert!(describe(text).is_none(), "{text}");
        }
    }

    #[test]
    fn printed_lines_are_read() {
        let package = printed(
            "'http://m/b_1%3a1.35.0-4_arm64.deb' b_1%3a1.35.0-4_arm64.deb 857920 SHA256:00",
        )
        .unwrap();
        assert_eq!(
            (
                package.name.as_str(),
                package.version.as_str(),
                package.size
            ),
            ("b", "1:1.35.0-4", 857_920)
        );
        for line in [
            "",
            "'",
            "'u' x",
            "'u' a_1_b.deb",
            "'u' a_1_b.deb x",
            "Reading package lists...",
        ] {
            assert_eq!(printed(line), None, "{line}");
        }
    }

    #[test]
    fn a_version_gives_the_kernels_name() {
        assert_eq!(line_of("6.1.176-1").as_deref(), Some("6.1"));
        assert_eq!(line_of("1:7.2~rc3+deb14-1").as_deref(), Some("7.2"));
        for version in ["", "x", "7", ".", "7.x"] {
            assert_eq!(line_of(version), None, "{version}");
        }
    }
}
