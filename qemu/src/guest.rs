//! A machine that runs: what it says on its port and its console, and what became of it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use everycall_init::frame::{Decoder, encode};
use everycall_init::message::{FromGuest, Setup, ToGuest};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::console::Console;
use crate::failure::Failure;
use crate::qemu::{self, Boot, Qemu};

/// How long a machine that is dying may take to say so.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How long it may take to take a message: it has nothing else to do.
const TAKING: Duration = Duration::from_secs(60);

/// So much more is taken from the port of a machine that is dying, in pieces of [`PIECE`].
const PIECES: usize = 64;

/// So many bytes are taken from the port at a time.
const PIECE: usize = 64 * 1024;

/// What QEMU says is shown up to here.
const SAID: usize = 4096;

/// A machine.
pub(crate) struct Guest {
    qemu: Qemu,
    program: &'static str,
    console: Console,
    came: Decoder,
    /// When it was last heard.
    heard: Instant,
    /// Its kernel told of its end; what the port carried before is still to be given.
    dying: bool,
}

/// What there is after waiting.
pub(crate) enum Heard {
    /// A message.
    Message(FromGuest),
    /// One of the others that were waited for, by its place among them.
    Other(usize),
    /// Nothing, and the time is over.
    Nothing,
}

impl Guest {
    /// Starts a machine; it is not up yet.
    pub(crate) fn start(boot: &Boot<'_>, setup: Setup) -> Result<Self, Failure> {
        let qemu = qemu::start(boot)?;
        let mut guest = Self {
            qemu,
            program: boot.machine.qemu,
            console: Console::default(),
            came: Decoder::default(),
            heard: Instant::now(),
            dying: false,
        };
        let set = |socket: &std::os::unix::net::UnixStream| {
            socket.set_write_timeout(Some(TAKING))?;
            socket.set_nonblocking(false)
        };
        set(&guest.qemu.port).map_err(Failure::system("set the port up"))?;
        guest.send(&ToGuest::Setup(setup))?;
        Ok(guest)
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &ToGuest) -> Result<(), Failure> {
        let bytes = encode(message)?;
        let sent = self.qemu.port.write_all(&bytes);
        match sent {
            Ok(()) => Ok(()),
            // QEMU is gone. Why is more than that it is.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(self.autopsy()),
            Err(error) => Err(Failure::system("write to the machine's port")(error)),
        }
    }

    /// Waits for a message, for one of the others to become readable, or until `limit` after it was last heard.
    pub(crate) fn wait(
        &mut self,
        others: &[BorrowedFd<'_>],
        limit: Duration,
    ) -> Result<Heard, Failure> {
        loop {
            if let Some(message) = self.came.message()? {
                return Ok(Heard::Message(message));
            }
            if self.dying {
                return Err(self.autopsy());
            }
            let Some(left) = limit.checked_sub(self.heard.elapsed()) else {
                return Ok(Heard::Nothing);
            };
            let ready = self.poll(others, left)?;
            // Those who wait for the machine come first: it may never end.
            if let Some(other) = ready.iter().skip(2).position(|ready| *ready) {
                return Ok(Heard::Other(other));
            }
            if ready[1] {
                self.read_console()?;
            }
            if ready[0] && !self.read_port()? {
                return Err(self.autopsy());
            }
            if self.console.is_fatal() {
                self.dying = true;
                self.hear_last_words()?;
            }
        }
    }

    /// From now on the time of silence counts.
    pub(crate) fn reset_clock(&mut self) {
        self.heard = Instant::now();
    }

    /// The kernel died, or killed a process because the whole machine had no memory left.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        // The kernel said it before the command ended, but on another way.
        let _ = self.read_console_now();
        match self.console.is_fatal() {
            true => Some(self.autopsy()),
            false => self.console.take_memory(),
        }
    }

    /// The console's last lines, for a report.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.console.last().map(str::to_owned).collect()
    }

    /// Ends the machine.
    pub(crate) fn kill(&mut self) {
        // A process that has ended already is only reaped.
        let _ = self.qemu.child.kill();
        let _ = self.qemu.child.wait();
    }

    fn poll(&self, others: &[BorrowedFd<'_>], left: Duration) -> Result<Vec<bool>, Failure> {
        let mut fds = vec![
            PollFd::new(&self.qemu.port, PollFlags::IN),
            PollFd::new(&self.qemu.console, PollFlags::IN),
        ];
        fds.extend(others.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let left = Timespec::try_from(left).unwrap_or(Timespec {
            tv_sec: i64::from(i32::MAX),
            tv_nsec: 0,
        });
        match poll(&mut fds, Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Failure::system("wait for the machine")(error)),
        }
        Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect())
    }

    /// Takes what is on the port; whether there can be more.
    fn read_port(&mut self) -> Result<bool, Failure> {
        let mut buffer = vec![0; PIECE];
        let taken = take(&mut self.qemu.port, &mut buffer);
        let taken = taken.map_err(Failure::system("read the machine's port"))?;
        if let Some(came @ [_, ..]) = taken {
            self.heard = Instant::now();
            self.came.push(came);
        }
        Ok(taken.is_some())
    }

    /// Takes what is on the console; whether there can be more.
    fn read_console(&mut self) -> Result<bool, Failure> {
        let mut buffer = [0; 4096];
        let taken = take(&mut self.qemu.console, &mut buffer);
        let taken = taken.map_err(Failure::system("read the machine's console"))?;
        if let Some(came @ [_, ..]) = taken {
            self.heard = Instant::now();
            self.console.push(came);
        }
        Ok(taken.is_some())
    }

    /// Takes what the console holds by now.
    fn read_console_now(&mut self) -> Result<(), Failure> {
        let none: &[BorrowedFd<'_>] = &[];
        while self.poll(none, Duration::ZERO)?[1] {
            if !self.read_console()? {
                break;
            }
        }
        Ok(())
    }

    /// Takes what the command said before the kernel died: it comes on another way, and may come later.
    fn hear_last_words(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        let none: &[BorrowedFd<'_>] = &[];
        let mut pieces = 0;
        // What forges a kernel's death may go on for ever.
        while pieces < PIECES
            && let Some(left) = LAST_WORDS.checked_sub(start.elapsed())
        {
            let ready = self.poll(none, left)?;
            let console = ready[1] && self.read_console()?;
            let port = ready[0] && self.read_port()?;
            if !console && !port {
                break;
            }
            pieces += usize::from(ready[0]);
        }
        Ok(())
    }

    /// Lets QEMU end by itself, so that its status tells why.
    fn wait_for_end(&self) {
        let pid = i32::try_from(self.qemu.child.id())
            .ok()
            .and_then(Pid::from_raw);
        let pidfd = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty()));
        if let Some(Ok(pidfd)) = pidfd {
            let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
            let _ = poll(&mut fds, Timespec::try_from(LAST_WORDS).ok().as_ref());
        }
    }

    /// The machine is dying, or dead: why?
    fn autopsy(&mut self) -> Failure {
        let start = Instant::now();
        while let Some(left) = LAST_WORDS.checked_sub(start.elapsed()) {
            let fd = self.qemu.console.as_fd();
            let mut fds = [PollFd::new(&fd, PollFlags::IN)];
            let left = Timespec::try_from(left).ok();
            let ready = poll(&mut fds, left.as_ref());
            if !matches!(ready, Ok(1..)) || !self.read_console().unwrap_or(false) {
                break;
            }
        }
        self.console.finish();
        self.console
            .failure()
            .unwrap_or_else(|| self.qemu_failure())
    }

    /// QEMU itself ended: with an error, or because the machine switched itself off.
    fn qemu_failure(&mut self) -> Failure {
        self.wait_for_end();
        let _ = self.qemu.child.kill();
        let status = self.qemu.child.wait();
        let mut said = Vec::new();
        let limited = (&mut self.qemu.said).take(SAID as u64);
        let _ = io::BufReader::new(limited).read_to_end(&mut said);
        match status {
            Ok(status) if status.success() => Failure::NoVerdict,
            Ok(status) => Failure::Qemu {
                program: self.program.to_owned(),
                status: status.to_string(),
                said: String::from_utf8_lossy(&said).trim().to_owned(),
            },
            Err(error) => Failure::system("wait for QEMU")(error),
        }
    }
}

/// What can be read now: none when there will be no more.
fn take<'a>(from: &mut impl Read, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    match from.read(buffer) {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(&buffer[..count])),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Some(&[])),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    use everycall_init::message::Stream;

    use super::*;

    /// A machine of sockets only, and its ends of the port and the console.
    fn guest() -> (Guest, UnixStream, UnixStream) {
        let (port, its_port) = UnixStream::pair().unwrap();
        let (console, its_console) = UnixStream::pair().unwrap();
        let mut child = Command::new("true").stderr(Stdio::piped()).spawn().unwrap();
        let said = child.stderr.take().unwrap();
        let guest = Guest {
            qemu: Qemu {
                child,
                console,
                port,
                said,
            },
            program: "qemu",
            console: Console::default(),
            came: Decoder::default(),
            heard: Instant::now(),
            dying: false,
        };
        (guest, its_port, its_console)
    }

    const PANIC: &[u8] = b"[    2.2] Kernel panic - not syncing: it is over\n";

    #[test]
    fn what_was_said_before_a_panic_is_told_before_it() {
        let (mut guest, mut port, mut console) = guest();
        // More than is taken at a time, and less than a socket holds.
        let output = FromGuest::Output(Stream::Out, vec![b'x'; PIECE / 2]);
        console.write_all(PANIC).unwrap();
        for _ in 0..3 {
            port.write_all(&encode(&output).unwrap()).unwrap();
        }
        drop((port, console));
        for _ in 0..3 {
            let heard = guest.wait(&[], LAST_WORDS);
            assert!(matches!(heard, Ok(Heard::Message(told)) if told == output));
        }
        let end = guest.wait(&[], LAST_WORDS).err().unwrap();
        assert!(matches!(end, Failure::Panic(_)), "{end}");
    }

    #[test]
    fn who_forges_a_panic_and_goes_on_is_not_heard_for_ever() {
        // Its console stays open: nothing but what is taken from the port comes to an end.
        let (mut guest, mut port, _console) = guest();
        let output = FromGuest::Output(Stream::Out, vec![b'x'; 4000]);
        let output = encode(&output).unwrap();
        let length = output.len();
        let writer = std::thread::spawn(move || while port.write_all(&output).is_ok() {});
        guest.hear_last_words().unwrap();
        let messages = std::iter::from_fn(|| guest.came.message::<FromGuest>().unwrap());
        let heard = messages.count() * length;
        assert!((1..=PIECES * PIECE).contains(&heard), "{heard} bytes");
        drop(guest);
        writer.join().unwrap();
    }

    #[test]
    fn a_verdict_does_not_hide_a_panic() {
        let (mut guest, _port, mut console) = guest();
        console.write_all(PANIC).unwrap();
        drop(console);
        let failure = guest.take_failure();
        assert!(matches!(failure, Some(Failure::Panic(_))));
    }
}
