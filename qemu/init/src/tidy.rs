//! What a command may leave behind, cleared away before the next.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, wait};

/// Ends every process but this one, and reaps them.
pub(crate) fn processes() {
    // For PID 1 the "process group 1" is kill(-1): everybody else.
    let _ = kill_process_group(Pid::INIT, Signal::KILL);
    // Ends when there is no child left. What a killed tracer traced comes to us too.
    while wait(WaitOptions::empty()).is_ok() {
        let _ = kill_process_group(Pid::INIT, Signal::KILL);
    }
}

/// Empties what is common to all.
pub(crate) fn files() {
    for dir in ["/tmp", "/dev/shm"] {
        let dir = Path::new(dir);
        if let Ok(top) = fs::symlink_metadata(dir) {
            empty(dir, top.dev());
        }
    }
}

/// Empties a directory of everything on its own file system: the host's directories may lie in it.
fn empty(dir: &Path, device: u64) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        if meta.dev() != device {
            continue;
        }
        // What holds a mount point cannot be removed, and stays.
        if meta.is_dir() {
            empty(&path, device);
            let _ = fs::remove_dir(&path);
        } else {
            let _ = fs::remove_file(&path);
        }
    }
}

/// What runs, one process a line: number, name, state, and where in the kernel it waits.
pub(crate) fn list() -> String {
    let mut lines = String::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let dir = entry.path();
        // Kernel threads have no program.
        if fs::read_link(dir.join("exe")).is_err() || !dir.join("cmdline").exists() {
            continue;
        }
        let Ok(status) = fs::read_to_string(dir.join("status")) else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let waits = fs::read_to_string(dir.join("wchan")).unwrap_or_default();
        let (pid, name, state) = (field("Pid:"), field("Name:"), field("State:"));
        lines.push_str(&format!("{pid} {name}: {state} {waits}\n"));
    }
    lines
}
