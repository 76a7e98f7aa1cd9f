//! The virtio-serial port to the host.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use everycall_init::frame::{Decoder, encode};
use everycall_init::message::{Command, FromGuest, Setup, ToGuest};

use crate::{Context, InitError};

/// The port's name, as the host gave it to QEMU.
pub(crate) const NAME: &str = "everycall";

const PORTS: &str = "/sys/class/virtio-ports";

/// How long the driver may take to find the port.
const PATIENCE: Duration = Duration::from_secs(60);

/// The port, and what came over it.
pub(crate) struct Port {
    file: File,
    came: Decoder,
}

impl Port {
    /// Waits for the port and opens it.
    pub(crate) fn open() -> Result<Self, InitError> {
        let start = Instant::now();
        let path = loop {
            if let Some(path) = find() {
                break path;
            }
            if start.elapsed() > PATIENCE {
                return Err(InitError::NoPort);
            }
            // The driver finds ports behind our back, and sysfs tells nobody.
            sleep(Duration::from_millis(5));
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .context(path.display())?;
        let came = Decoder::default();
        Ok(Self { file, came })
    }

    /// Sends one message.
    pub(crate) fn send(&mut self, message: &FromGuest) -> Result<(), InitError> {
        let bytes = encode(message)?;
        self.file.write_all(&bytes).context("write to the host")
    }

    /// Waits for the next message; none when the host is gone.
    pub(crate) fn receive(&mut self) -> Result<Option<ToGuest>, InitError> {
        loop {
            if let Some(message) = self.came.message()? {
                return Ok(Some(message));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// A message that came already.
    pub(crate) fn came(&mut self) -> Result<Option<ToGuest>, InitError> {
        Ok(self.came.message()?)
    }

    /// Reads what is there, waiting for it; whether the host is.
    pub(crate) fn read(&mut self) -> Result<bool, InitError> {
        let mut buffer = [0; 64 * 1024];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.came.push(&buffer[..count]);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("read from the host"),
            }
        }
    }

    /// The first message.
    pub(crate) fn setup(&mut self) -> Result<Setup, InitError> {
        match self.receive()? {
            Some(ToGuest::Setup(setup)) => Ok(setup),
            Some(_) => Err(InitError::Order("another message than the setup")),
            None => Err(InitError::Order("nothing")),
        }
    }

    /// The next command; none when the host is gone. What was typed for the one before is late.
    pub(crate) fn command(&mut self) -> Result<Option<Command>, InitError> {
        loop {
            match self.receive()? {
                Some(ToGuest::Run(command)) => return Ok(Some(command)),
                Some(ToGuest::Setup(_)) => return Err(InitError::Order("a second setup")),
                Some(ToGuest::Input(_) | ToGuest::Resize(_) | ToGuest::Report) => {}
                None => return Ok(None),
            }
        }
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn find() -> Option<PathBuf> {
    let ports = fs::read_dir(PORTS).ok()?;
    let named =
        |dir: &PathBuf| fs::read_to_string(dir.join("name")).is_ok_and(|n| n.trim() == NAME);
    let dir = ports.flatten().map(|port| port.path()).find(named)?;
    Some(PathBuf::from("/dev").join(dir.file_name()?))
}
