//! The file that lines go to, and what becomes of them when it cannot be written.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::reason;

/// Where lines go. The first write that fails is said on standard error, and all that is lost after
/// it is counted: the program under trace goes on.
pub struct Log {
    out: Out,
    failure: Option<io::Error>,
    lost: u64,
}

enum Out {
    Stderr(io::Stderr),
    File(File),
    #[cfg(test)]
    Test(Box<dyn Write>),
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::Stderr(out) => out.write(bytes),
            Out::File(out) => out.write(bytes),
            #[cfg(test)]
            Out::Test(out) => out.write(bytes),
        }
    }

    /// Waits until it can be written: the program under trace may have made our standard error
    /// non-blocking, since it is its own too.
    fn wait(&self) -> io::Result<()> {
        let fd = match self {
            Out::Stderr(out) => out.as_fd(),
            Out::File(out) => out.as_fd(),
            #[cfg(test)]
            Out::Test(_) => return Ok(()),
        };
        match poll(
            &mut [PollFd::new(fd, PollFlags::POLLOUT)],
            PollTimeout::NONE,
        ) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Log {
    /// Standard error, shared with the program under trace.
    #[must_use]
    pub fn stderr() -> Log {
        Log::new(Out::Stderr(io::stderr()))
    }

    /// A file, emptied.
    pub fn file(path: &Path) -> io::Result<Log> {
        Ok(Log::new(Out::File(File::create(path)?)))
    }

    #[cfg(test)]
    pub(super) fn test(out: Box<dyn Write>) -> Log {
        Log::new(Out::Test(out))
    }

    fn new(out: Out) -> Log {
        Log {
            out,
            failure: None,
            lost: 0,
        }
    }

    /// Whether what is written here stands beside our messages on standard error.
    #[must_use]
    pub fn is_stderr(&self) -> bool {
        matches!(self.out, Out::Stderr(_))
    }

    /// Writes `text`, whole lines or a part of one, in one piece where the system can.
    pub fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.failure.is_some() {
            self.lost += 1;
        } else if let Err(error) = self.write_all(text.as_bytes()) {
            self.lost = 1;
            if !self.is_stderr() {
                message(&format!(
                    "writing the output: {}: what follows is lost",
                    reason(&error)
                ));
            }
            self.failure = Some(error);
        }
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.out.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.out.wait()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The end: what was lost, if anything was.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.failure.take() {
            None => Ok(()),
            Some(error) => {
                let text = format!(
                    "{}; {} pieces of output are lost",
                    reason(&error),
                    self.lost
                );
                Err(io::Error::new(error.kind(), text))
            }
        }
    }
}

/// Says something on standard error, with our name in front. That this may fail (a full disk, a reader
/// that has gone) is no reason to end: `eprintln!` would panic.
pub fn message(text: &str) {
    let _: io::Result<()> = io::stderr().write_all(format!("ectrace: {text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::from_raw_os_error(libc::ENOSPC));
            }
            let written = bytes.len().min(self.0);
            self.0 -= written;
            Ok(written)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_lost_is_counted() {
        let mut log = Log::test(Box::new(Full(5)));
        log.write("1234\n");
        log.write("567\n");
        log.write("89\n");
        let error = log.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "No space left on device; 2 pieces of output are lost"
        );
    }

    #[test]
    fn a_full_pipe_is_waited_for() {
        struct Slow(bool);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = !self.0;
                if self.0 {
                    Err(io::ErrorKind::WouldBlock.into())
                } else {
                    Ok(bytes.len().min(2))
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut log = Log::test(Box::new(Slow(false)));
        log.write("12345\n");
        assert!(log.finish().is_ok());
    }
}
