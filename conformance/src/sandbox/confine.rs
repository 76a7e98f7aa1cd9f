//! How a worker gives up everything: ids, namespaces, limits, mounts.
#![allow(
    unsafe_code,
    reason = "mount_setattr and capset have no safe wrappers in the crates that are used here"
)]

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::sys::sysinfo::sysinfo;
use nix::unistd::{Gid, Uid, chdir, getgid, getuid, setgroups, setresgid, setresuid, setsid};

use super::{MAX_FILE, NOBODY, Privilege, becomes_nobody};

/// All but the one of users.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWPID
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWCGROUP)
    .union(CloneFlags::CLONE_NEWNS);

/// Until process 1 is born: another user, other namespaces.
pub(super) fn leave_everything(privilege: Privilege) -> io::Result<()> {
    if privilege == Privilege::Observer {
        keep_observing_only()?;
        unshare(NAMESPACES).map_err(|e| refused("unshare(CLONE_NEWPID|...)", e))?;
        return limit();
    }
    if becomes_nobody() {
        let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        setgroups(&[]).map_err(|e| failed("setgroups", e))?;
        setresgid(gid, gid, gid).map_err(|e| failed("setresgid", e))?;
        setresuid(uid, uid, uid).map_err(|e| failed("setresuid", e))?;
        // Else /proc/self belongs to root now, and the maps below could not be written.
        set_dumpable(true).map_err(|e| failed("prctl(PR_SET_DUMPABLE)", e))?;
    }
    let (uid, gid) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER | NAMESPACES)
        .map_err(|e| refused("unshare(CLONE_NEWUSER|...)", e))?;
    let (inner_uid, inner_gid) = match privilege {
        Privilege::NamespaceRoot | Privilege::Observer => (0, 0),
        // Anybody but root, whatever root means here.
        Privilege::User if uid.is_root() => (NOBODY, NOBODY),
        Privilege::User => (uid.as_raw(), gid.as_raw()),
    };
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("{inner_uid} {uid} 1"))?;
    write("/proc/self/gid_map", &format!("{inner_gid} {gid} 1"))?;
    limit()
}

/// From the next execve on, root's programs have no other capabilities than to observe: none can be had that is
/// in neither set. This program itself keeps its own, which it needs to make the mounts.
fn keep_observing_only() -> io::Result<()> {
    /// `CAP_PERFMON` and `CAP_BPF`.
    const OBSERVE: [libc::c_ulong; 2] = [38, 39];
    for capability in (0..64).filter(|capability| !OBSERVE.contains(capability)) {
        // SAFETY: it takes two numbers and no address.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        match Errno::result(result) {
            // Beyond the last capability that the kernel knows.
            Ok(_) | Err(Errno::EINVAL) => {}
            Err(e) => return Err(failed("prctl(PR_CAPBSET_DROP), which only root may,", e)),
        }
    }
    inherit_nothing()
}

/// Empties the set of capabilities that programs inherit.
fn inherit_nothing() -> io::Result<()> {
    /// The third version: two structs of effective, permitted and inheritable bits.
    const VERSION_3: u32 = 0x2008_0522;
    let mut header = [VERSION_3, 0];
    let mut data = [[0_u32; 3]; 2];
    // SAFETY: the header and the data are what the kernel reads and writes for this version, and ours.
    let result = unsafe {
        let got = libc::syscall(libc::SYS_capget, header.as_mut_ptr(), data.as_mut_ptr());
        for sets in &mut data {
            sets[2] = 0;
        }
        match got {
            0 => libc::syscall(libc::SYS_capset, header.as_mut_ptr(), data.as_ptr()),
            _ => got,
        }
    };
    Errno::result(result)
        .map(drop)
        .map_err(|e| failed("capset", e))
}

/// Limits against what runs away. Process counts are of this user namespace alone.
fn limit() -> io::Result<()> {
    // Files may lie in memory, and several sandboxes may work at a time.
    let memory = sysinfo().map_err(|e| failed("sysinfo", e))?.ram_total();
    let file = rlim_t::try_from(MAX_FILE.min(memory / 8)).unwrap_or(rlim_t::MAX);
    for (resource, most) in [
        // Not 0: with exactly 1 the kernel starts no dump program outside, either.
        (Resource::RLIMIT_CORE, 1),
        (Resource::RLIMIT_FSIZE, file),
        (Resource::RLIMIT_NPROC, 256),
        (Resource::RLIMIT_CPU, 60),
    ] {
        setrlimit(resource, most, most).map_err(|e| failed("setrlimit", e))?;
    }
    Ok(())
}

/// In process 1: a session and file systems of its own.
pub(super) fn settle(dir: &Path, privilege: Privilege) -> io::Result<()> {
    setsid().map_err(|e| failed("setsid", e))?;
    umask(Mode::from_bits_truncate(0o022));
    let none: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none).map_err(|e| refused("mount(MS_PRIVATE)", e))?;
    mount(Some(dir), dir, none, MsFlags::MS_BIND, none)
        .map_err(|e| refused("mount(MS_BIND)", e))?;
    set_read_only(Path::new("/"), true)?;
    set_read_only(dir, false)?;
    let mut proc = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if privilege == Privilege::Observer {
        // The settings of the system below /proc/sys are files of root's.
        proc |= MsFlags::MS_RDONLY;
    }
    mount(Some("proc"), "/proc", Some("proc"), proc, none)
        .map_err(|e| refused("mount(proc)", e))?;
    chdir(dir).map_err(|e| failed("chdir", e))
}

/// Makes everything below the path read-only, or the one mount at it writable.
fn set_read_only(path: &Path, read_only: bool) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flag = libc::MOUNT_ATTR_RDONLY;
    let attributes = libc::mount_attr {
        attr_set: if read_only { flag } else { 0 },
        attr_clr: if read_only { 0 } else { flag },
        propagation: 0,
        userns_fd: 0,
    };
    let recursive = if read_only { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a C string and the attributes are a `mount_attr` of the size that is told;
    // the kernel reads both and keeps neither.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            recursive,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result)
        .map(drop)
        .map_err(|e| refused("mount_setattr(MOUNT_ATTR_RDONLY)", e))
}

fn write(path: &str, text: &str) -> io::Result<()> {
    std::fs::write(path, text).map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        refused(&format!("writing {text:?} to {path}"), errno)
    })
}

fn failed(what: &str, errno: Errno) -> io::Error {
    let kind = io::Error::from(errno).kind();
    io::Error::new(kind, format!("{what} failed: {errno}"))
}

/// An error that an administrator can do something about.
fn refused(what: &str, errno: Errno) -> io::Error {
    let kind = io::Error::from(errno).kind();
    let settings = [
        ("user.max_user_namespaces", "must not be 0"),
        ("kernel.unprivileged_userns_clone", "must be 1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "must be 0"),
    ];
    let known: Vec<String> = settings
        .iter()
        .filter_map(|(name, must)| {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            let value = std::fs::read_to_string(path).ok()?;
            Some(format!("{name} {must} (it is {})", value.trim()))
        })
        .collect();
    let text = format!(
        "{what} was refused ({errno}): probes run only in a sandbox of user namespaces, which this \
         system does not allow. With sysctl: {}. In a container, its seccomp profile must allow \
         unshare and mount, and nothing may be mounted over parts of /proc",
        known.join("; ")
    );
    io::Error::new(kind, text)
}
