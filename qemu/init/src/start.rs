//! What happens once, before the first command: modules, the clock, names, programs, the loopback.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use everycall_init::message::{FromGuest, Setup};
use rustix::time::{ClockId, Timespec, clock_settime};

use crate::{Context, InitError, console};

/// Modules that the host put into the image, one name a line, each after those that it needs.
const MODULES: &str = "/modules/order";

/// Loads the image's modules in their order.
pub(crate) fn load_modules() -> Result<(), InitError> {
    let order = fs::read_to_string(MODULES).context(MODULES)?;
    for name in order.lines() {
        let path = format!("/modules/{name}");
        let file = File::open(&path).context(&path)?;
        rustix::system::finit_module(&file, c"", 0).context(format_args!("load {name}"))?;
    }
    // The kernel has them; the memory is better used otherwise.
    let _ = fs::remove_dir_all("/modules");
    Ok(())
}

/// The clock, the host's name, the programs of busybox, the loopback.
pub(crate) fn prepare(setup: &Setup) -> Result<(), InitError> {
    let now = Timespec {
        tv_sec: setup.now,
        tv_nsec: 0,
    };
    clock_settime(ClockId::Realtime, now).context("set the clock")?;
    rustix::system::sethostname(setup.machine.as_bytes()).context("set the name")?;
    // An image may come without a userland; a command that needs it then says so by failing.
    if fs::exists("/usr/bin/busybox").unwrap_or(false) {
        busybox(&["--install", "-s", "/usr/bin"]);
        busybox(&["ip", "link", "set", "lo", "up"]);
    }
    Ok(())
}

fn busybox(args: &[&str]) {
    let status = Command::new("/usr/bin/busybox")
        .args(args)
        .stdin(Stdio::null())
        .status();
    if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        console::say(&format_args!("busybox {}: {status:?}", args.join(" ")));
    }
}

/// What the host waits for.
pub(crate) fn ready() -> FromGuest {
    let name = rustix::system::uname();
    FromGuest::Ready {
        release: name.release().to_string_lossy().into_owned(),
    }
}
