//! A tracee's memory, read page by page.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;

use crate::event::Memory;
use crate::sys::{self, Word};

/// The smallest page of any machine here. Reads never cross such a boundary in one piece, so that
/// what stands before the end of a mapping is read and nothing after it is asked for.
const PAGE: u64 = 4096;

/// How much one system call reads at most.
const CHUNK: usize = 64 * 1024;

/// The memory of one stopped thread.
#[derive(Debug)]
pub struct TraceeMemory {
    tid: i32,
    /// `process_vm_readv` was refused (a container may do that): words are peeked instead.
    peeking: Cell<bool>,
}

impl TraceeMemory {
    /// The memory of this thread, which must be stopped while it is read.
    #[must_use]
    pub fn new(tid: i32) -> Self {
        TraceeMemory {
            tid,
            peeking: Cell::new(false),
        }
    }

    fn peek_bytes(&self, addr: u64, buffer: &mut [u8]) -> usize {
        const SIZE: usize = size_of::<Word>();
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = addr.checked_add(done as u64) else {
                break;
            };
            let skip = (at % SIZE as u64) as usize;
            let Ok(word) = sys::peek(self.tid, at - skip as u64) else {
                break;
            };
            let part = (SIZE - skip).min(buffer.len() - done);
            buffer[done..done + part].copy_from_slice(&word[skip..skip + part]);
            done += part;
        }
        done
    }
}

/// Whether our own addresses are as wide as this one: a 32-bit tracer may have 64-bit tracees. They are
/// read and written through a file then, whose positions are 64 bits wide everywhere.
fn is_host_address(addr: u64) -> bool {
    usize::try_from(addr).is_ok()
}

/// Reads from a tracee's memory by its file, page by page; how much was there.
fn read_file(tid: i32, addr: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let file = OpenOptions::new().read(true).open(mem(tid))?;
    let mut done = 0;
    for (at, len) in pieces(addr, buffer.len()) {
        let got = file.read_at(&mut buffer[done..done + len], at).unwrap_or(0);
        done += got;
        if got < len {
            break;
        }
    }
    Ok(done)
}

fn mem(tid: i32) -> String {
    format!("/proc/{tid}/mem")
}

/// The pieces of `[addr, addr + len)` inside one page each; it ends where addresses end.
fn pieces(addr: u64, len: usize) -> Vec<(u64, usize)> {
    let mut pieces = Vec::with_capacity(len / PAGE as usize + 2);
    let (mut at, mut left) = (addr, len as u64);
    while left > 0 {
        let part = left.min(PAGE - at % PAGE);
        pieces.push((at, part as usize));
        left -= part;
        let Some(next) = at.checked_add(part) else {
            break;
        };
        at = next;
    }
    pieces
}

impl Memory for TraceeMemory {
    fn read(&self, addr: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = addr.checked_add(done as u64) else {
                break;
            };
            let end = buffer.len().min(done + CHUNK);
            let piece = &mut buffer[done..end];
            let wanted = piece.len();
            let got = if self.peeking.get() && is_host_address(at) {
                self.peek_bytes(at, piece)
            } else if !is_host_address(at.saturating_add(wanted as u64)) {
                read_file(self.tid, at, piece).unwrap_or(0)
            } else {
                match sys::read_memory(self.tid, &pieces(at, wanted), piece) {
                    Ok(count) => count,
                    Err(error) => match error.raw_os_error() {
                        Some(libc::EPERM | libc::ENOSYS) => {
                            self.peeking.set(true);
                            self.peek_bytes(at, piece)
                        }
                        _ => 0,
                    },
                }
            };
            done += got;
            if got < wanted {
                break;
            }
        }
        done
    }
}

/// Reads one aligned `u64`, by which clone3 says its flags.
#[must_use]
pub fn read_u64(tid: i32, addr: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    (TraceeMemory::new(tid).read(addr, &mut bytes) == 8).then(|| u64::from_ne_bytes(bytes))
}

/// Writes a `u64`, read-only private pages included.
pub fn write_u64(tid: i32, addr: u64, value: u64) -> io::Result<()> {
    const SIZE: usize = size_of::<Word>();
    let bytes = value.to_ne_bytes();
    if !is_host_address(addr.saturating_add(8)) {
        let file = OpenOptions::new().write(true).open(mem(tid))?;
        return file.write_all_at(&bytes, addr);
    }
    // Every word that the value touches is read, changed and written back.
    let first = addr - addr % SIZE as u64;
    let mut at = first;
    while at < addr.saturating_add(8) {
        let mut word = sys::peek(tid, at)?;
        for (i, byte) in word.iter_mut().enumerate() {
            let offset = (at + i as u64).wrapping_sub(addr);
            if let Some(new) = usize::try_from(offset)
                .ok()
                .and_then(|offset| bytes.get(offset))
            {
                *byte = *new;
            }
        }
        sys::poke(tid, at, word)?;
        at += SIZE as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_at_pages() {
        assert_eq!(pieces(0xffe, 4), [(0xffe, 2), (0x1000, 2)]);
        assert_eq!(pieces(0x1000, 0x1000), [(0x1000, 0x1000)]);
        assert_eq!(pieces(0x1fff, 1), [(0x1fff, 1)]);
    }

    #[test]
    fn pieces_end_where_addresses_end() {
        assert_eq!(pieces(u64::MAX - 1, 10), [(u64::MAX - 1, 2)]);
    }

    #[test]
    fn own_memory_is_read_and_a_hole_ends_it() {
        let data = *b"sentinel";
        let memory = TraceeMemory::new(std::process::id() as i32);
        let mut buffer = [0; 8];
        assert_eq!(memory.read(data.as_ptr() as u64, &mut buffer), 8);
        assert_eq!(buffer, data);
        assert_eq!(memory.read(8, &mut buffer), 0);
    }

    #[test]
    fn its_file_says_the_same() {
        let data = [*b"sentinel"; 1024];
        let me = std::process::id() as i32;
        let mut buffer = [[0; 8]; 1024];
        let count = read_file(me, data.as_ptr() as u64, buffer.as_flattened_mut());
        assert_eq!(count.unwrap(), 8192);
        assert_eq!(buffer, data);
        assert_eq!(read_file(me, 8, &mut [0; 8]).unwrap(), 0);
        // No process has anything there.
        assert_eq!(read_file(me, u64::MAX - 3, &mut [0; 8]).unwrap(), 0);
    }
}
