//! Writes to the port of PID 1, as no command should: the host must see that. For the host's tests.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;

use everycall_init::frame::encode;
use everycall_init::message::{End, FromGuest};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

fn main() -> Result<(), Box<dyn Error>> {
    let bytes = match std::env::args().nth(1).as_deref() {
        Some("verdict") => encode(&FromGuest::Verdict {
            id: 1,
            end: End::Exited(0),
        })?,
        Some("garbage") => vec![0xff; 64],
        other => return Err(format!("{other:?} is neither verdict nor garbage").into()),
    };
    File::from(stolen()?).write_all(&bytes)?;
    Ok(())
}

/// A copy of PID 1's descriptor of the port, which cannot be opened twice.
fn stolen() -> Result<std::os::fd::OwnedFd, Box<dyn Error>> {
    let init = pidfd_open(Pid::INIT, PidfdFlags::empty())?;
    for entry in fs::read_dir("/proc/1/fd")? {
        let entry = entry?;
        let target = fs::read_link(entry.path())?;
        if target.to_string_lossy().starts_with("/dev/vport") {
            let number = entry.file_name().to_string_lossy().parse()?;
            return Ok(pidfd_getfd(init, number, PidfdGetfdFlags::empty())?);
        }
    }
    Err("PID 1 has no port".into())
}
