//! The console, where the host reads what goes wrong before there is a port.

use std::fmt::Display;
use std::io::Write;

/// A line that the host knows as PID 1's.
pub(crate) fn say(text: &dyn Display) {
    if let Ok(mut console) = std::fs::OpenOptions::new().write(true).open("/dev/console") {
        // Where the console is gone, nobody reads it.
        let _ = writeln!(console, "everycall-init: {text}");
    }
}
