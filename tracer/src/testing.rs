//! What the tests of decoding and output share: a memory, calls, and an output that can be read.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use everycall_arch::{AbiId, table};

use crate::config::{Backend, Config, Output};
use crate::event::{Call, Memory};
use crate::select::Selection;

/// Pieces of memory: where, and what. Between them there is nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces(pub(crate) Vec<(u64, Vec<u8>)>);

impl Pieces {
    pub(crate) fn with(mut self, addr: u64, bytes: impl AsRef<[u8]>) -> Pieces {
        self.0.push((addr, bytes.as_ref().to_vec()));
        self
    }

    /// Numbers of 64 bits.
    pub(crate) fn words(self, addr: u64, words: &[u64]) -> Pieces {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.with(addr, bytes)
    }

    fn byte(&self, addr: u64) -> Option<u8> {
        self.0.iter().find_map(|(start, bytes)| {
            let at = usize::try_from(addr.checked_sub(*start)?).ok()?;
            bytes.get(at).copied()
        })
    }
}

impl Memory for Pieces {
    fn read(&self, addr: u64, buf: &mut [u8]) -> usize {
        for (at, byte) in buf.iter_mut().enumerate() {
            match addr.checked_add(at as u64).and_then(|addr| self.byte(addr)) {
                Some(value) => *byte = value,
                None => return at,
            }
        }
        buf.len()
    }
}

/// A call of thread 101 of process 100.
pub(crate) fn call(abi: AbiId, name: &str, words: &[u64]) -> Call {
    let nr = table::by_name(abi, name)
        .unwrap_or_else(|| panic!("{name}"))
        .nr;
    numbered(abi, nr, words)
}

/// As [`call`], by number.
pub(crate) fn numbered(abi: AbiId, nr: u32, words: &[u64]) -> Call {
    let mut all = [0; 6];
    all[..words.len()].copy_from_slice(words);
    Call {
        pid: 100,
        tid: 101,
        arch: abi.abi().audit_arch,
        abi: Some(abi),
        nr,
        words: all,
        ip: 0x40_1000,
        start: UNIX_EPOCH + Duration::new(1_795_384_493, 123_456_789),
        uncertain: Vec::new(),
    }
}

/// What is asked for when nothing is.
pub(crate) fn config() -> Config {
    Config {
        command: None,
        attach: Vec::new(),
        follow: true,
        backend: Backend::Auto,
        kill_on_exit: false,
        calls: Selection::All,
        signals: u128::MAX,
        output: Output::default(),
        notes: Vec::new(),
    }
}

/// An output that keeps what is written.
#[derive(Clone, Default)]
pub(crate) struct Kept(Rc<RefCell<Vec<u8>>>);

impl Kept {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
