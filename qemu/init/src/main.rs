//! PID 1 of a machine: sets the system up, then runs one command after the other for the host.

mod console;
mod job;
mod mounts;
mod port;
mod spawn;
mod start;
mod tidy;

use std::fmt::Display;
use std::io;

use everycall_init::frame::FrameError;
use rustix::system::{RebootCommand, reboot};

/// Why a machine cannot be used.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{what}: {error}")]
    System { what: String, error: io::Error },
    #[error("the host sent {0}")]
    Frame(#[from] FrameError),
    #[error("the host sent {0} where it had no place")]
    Order(&'static str),
    #[error("there is no port '{}': is virtio_console loaded?", port::NAME)]
    NoPort,
}

/// Says what was tried when it failed.
trait Context<T> {
    fn context(self, what: impl Display) -> Result<T, InitError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, what: impl Display) -> Result<T, InitError> {
        self.map_err(|error| InitError::System {
            what: what.to_string(),
            error: error.into(),
        })
    }
}

fn main() {
    if std::process::id() != 1 {
        eprintln!(
            "everycall-init is a machine's first process: `everycall vm run` starts it there"
        );
        std::process::exit(2);
    }
    if let Err(error) = serve() {
        console::say(&error);
    }
    // A machine that goes away without a verdict is what the host calls a failure.
    rustix::fs::sync();
    let _ = reboot(RebootCommand::PowerOff);
}

/// Runs what the host asks for until the host goes away.
fn serve() -> Result<(), InitError> {
    mounts::system()?;
    start::load_modules()?;
    let mut port = port::Port::open()?;
    let mut children = job::Children::watch()?;
    let setup = port.setup()?;
    start::prepare(&setup)?;
    mounts::shares(&setup.shares)?;
    port.send(&start::ready())?;
    while let Some(command) = port.command()? {
        let id = command.id;
        let end = job::run(&mut port, &mut children, &command, &setup.machine)?;
        tidy::processes();
        rustix::fs::sync();
        port.send(&everycall_init::message::FromGuest::Verdict { id, end })?;
        tidy::files();
        port.send(&everycall_init::message::FromGuest::Idle { id })?;
    }
    Ok(())
}
