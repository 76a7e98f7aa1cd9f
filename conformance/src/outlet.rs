//! Where a tracer's output goes when that is to be in trouble: a full disk, a pipe that nobody reads in time.

use std::fs::File;
use std::io::{self, PipeWriter, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread::{self, JoinHandle};

use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::terms::Trouble;

/// So many bytes fit into a slow pipe: two pages of most machines, the least where pages are larger.
const PAGES: usize = 8192;

/// So many fit into one whose reader goes away: fewer than any tracer writes. What fits would be written, and well, if the
/// reader were slow to go.
const PAGE: usize = 4096;

/// A path for output that is not a file.
pub(crate) struct Outlet {
    reader: Option<(PipeWriter, JoinHandle<io::Result<Vec<u8>>>)>,
}

impl Outlet {
    /// Puts it at the path, where nothing is yet. None when the trouble is another one.
    pub(crate) fn open(path: &Path, trouble: &Trouble) -> io::Result<Option<Outlet>> {
        let slow = match trouble {
            Trouble::FullDisk => {
                symlink("/dev/full", path)?;
                return Ok(Some(Outlet { reader: None }));
            }
            Trouble::ClosedPipe => false,
            Trouble::SlowPipe => true,
            _ => return Ok(None),
        };
        mkfifo(path, Mode::S_IRUSR)?;
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o666))?;
        let mut options = File::options();
        let pipe = options
            .read(true)
            .write(slow)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)?;
        let size = if slow { PAGES } else { PAGE };
        fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(size as i32))?;
        let (over, end) = io::pipe()?;
        let read = move || match slow {
            true => read_slowly(pipe, over.as_fd()),
            false => read_little(pipe, over.as_fd()),
        };
        Ok(Some(Outlet {
            reader: Some((end, thread::spawn(read))),
        }))
    }

    /// All that was read, when nobody writes any more.
    pub(crate) fn close(self) -> io::Result<Vec<u8>> {
        let Some((end, reader)) = self.reader else {
            return Ok(Vec::new());
        };
        drop(end);
        reader
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the reader of a pipe panicked")))
    }
}

/// Waits until the pipe has something, or all is over (`false`).
fn wait(pipe: &File, over: impl AsFd) -> io::Result<bool> {
    let over = over.as_fd();
    let mut fds = [
        PollFd::new(pipe.as_fd(), PollFlags::POLLIN),
        PollFd::new(over, PollFlags::empty()),
    ];
    poll(&mut fds, PollTimeout::NONE)?;
    let come = fds[0].revents().unwrap_or(PollFlags::empty());
    Ok(come.contains(PollFlags::POLLIN))
}

/// Reads a few bytes, and goes away.
fn read_little(mut pipe: File, over: impl AsFd) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 64];
    let read = match wait(&pipe, over)? {
        true => pipe.read(&mut bytes).or_else(nothing_yet)?,
        false => 0,
    };
    bytes.truncate(read);
    Ok(bytes)
}

/// Reads whenever there is no room left in the pipe, and at the end. The pipe is open for writing here, too, so that
/// the kernel tells of the room.
fn read_slowly(mut pipe: File, over: impl AsFd) -> io::Result<Vec<u8>> {
    let over = over.as_fd();
    let mut all = Vec::new();
    loop {
        let ended = !ready(over, PollFlags::empty())?.is_empty();
        if !ended && ready(&pipe, PollFlags::POLLOUT)?.contains(PollFlags::POLLOUT) {
            thread::yield_now();
            continue;
        }
        let mut bytes = [0; PAGES];
        match pipe.read(&mut bytes).or_else(nothing_yet)? {
            0 if ended => return Ok(all),
            read => all.extend_from_slice(&bytes[..read]),
        }
    }
}

fn nothing_yet(error: io::Error) -> io::Result<usize> {
    match error.kind() {
        io::ErrorKind::WouldBlock => Ok(0),
        _ => Err(error),
    }
}

fn ready(fd: impl AsFd, what: PollFlags) -> io::Result<PollFlags> {
    let mut fds = [PollFd::new(fd.as_fd(), what)];
    poll(&mut fds, PollTimeout::ZERO)?;
    Ok(fds[0].revents().unwrap_or(PollFlags::empty()))
}
