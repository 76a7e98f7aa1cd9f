//! A set of a stopped tracee's registers, as the kernel gives and takes it.
#![cfg(not(target_arch = "arm"))]

use std::io;

use libc::{iovec, pid_t};

use super::ptrace::{ptrace, req};

/// The general registers (linux/elf.h).
pub(super) const NT_PRSTATUS: usize = 1;

/// The largest set here: 34 registers of 64 bits.
const MOST: usize = 34 * 8;

/// Registers, as bytes. How many there are tells whose they are.
#[derive(Clone, Copy)]
pub(super) struct Regset {
    kind: usize,
    bytes: [u8; MOST],
    len: usize,
}

impl Regset {
    /// A tracee's registers of this kind.
    pub(super) fn get(tid: pid_t, kind: usize) -> io::Result<Regset> {
        let mut set = Regset {
            kind,
            bytes: [0; MOST],
            len: MOST,
        };
        set.len = set.transfer(req::GETREGSET, tid)?.min(MOST);
        Ok(set)
    }

    /// Gives them back, changed.
    pub(super) fn put(mut self, tid: pid_t) -> io::Result<()> {
        self.transfer(req::SETREGSET, tid).map(drop)
    }

    /// How many bytes the kernel read or wrote.
    fn transfer(&mut self, request: i64, tid: pid_t) -> io::Result<usize> {
        let mut piece = iovec {
            iov_base: self.bytes.as_mut_ptr().cast(),
            iov_len: self.len,
        };
        let at = (&raw mut piece).expose_provenance();
        // SAFETY: `piece` describes `bytes`, which has `len` bytes or more; the kernel reads or writes
        // no more than that, and says in `piece` how many it were.
        unsafe { ptrace(request, tid, self.kind, at) }?;
        Ok(piece.iov_len)
    }

    /// The registers, one behind the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Sets one register.
    pub(super) fn set_word(&mut self, index: usize, width: usize, value: u64) {
        // Every architecture that is traced here is little-endian.
        if let Some(bytes) = self.bytes.get_mut(index * width..(index + 1) * width) {
            bytes.copy_from_slice(&value.to_le_bytes()[..width]);
        }
    }
}
