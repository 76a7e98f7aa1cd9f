//! What is mounted where: what a Linux system has, and the host's directories.

use std::ffi::{CString, OsStr};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use everycall_init::message::Share;
use rustix::mount::{MountFlags, mount};

use crate::{Context, InitError};

/// Type, place, options; whether a machine without it is none.
const SYSTEM: [(&str, &str, &str, bool); 9] = [
    ("proc", "/proc", "", true),
    ("sysfs", "/sys", "", true),
    ("devtmpfs", "/dev", "", true),
    ("devpts", "/dev/pts", "ptmxmode=0666,mode=0620,gid=5", true),
    ("tmpfs", "/dev/shm", "mode=1777", true),
    ("tmpfs", "/tmp", "mode=1777", true),
    ("tmpfs", "/run", "mode=0755", true),
    ("tracefs", "/sys/kernel/tracing", "", false),
    ("cgroup2", "/sys/fs/cgroup", "", false),
];

/// Names that programs expect in /dev and that no driver makes.
const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
    ("pts/ptmx", "/dev/ptmx"),
];

/// Mounts what every system has.
pub(crate) fn system() -> Result<(), InitError> {
    for (kind, place, options, needed) in SYSTEM {
        let made = fs::create_dir_all(place);
        let options = CString::new(options).unwrap_or_default();
        let mounted = mount(kind, place, kind, MountFlags::empty(), options.as_c_str());
        if needed {
            made.context(place)?;
            mounted.context(format_args!("mount {kind} on {place}"))?;
        }
    }
    for (target, link) in LINKS {
        let _ = fs::remove_file(link);
        std::os::unix::fs::symlink(target, link).context(link)?;
    }
    Ok(())
}

/// Mounts the host's directories where they are on the host.
pub(crate) fn shares(shares: &[Share]) -> Result<(), InitError> {
    for share in shares {
        let place = Path::new(OsStr::from_bytes(&share.path));
        fs::create_dir_all(place).context(place.display())?;
        mount(
            share.tag.as_str(),
            place,
            "9p",
            MountFlags::empty(),
            // The host changes nothing there while the machine runs: names and pages may be kept.
            c"trans=virtio,version=9p2000.L,msize=512000,cache=loose",
        )
        .context(format_args!("mount the host's {}", place.display()))?;
    }
    Ok(())
}
