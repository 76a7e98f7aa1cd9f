//! Reading a tracee's memory: bounded, page by page, and never beyond what will be shown.

use crate::event::Memory;

/// The smallest page of any machine here: reads never cross from one page that may be there into one
/// that may not.
const PAGE: u64 = 4096;

/// More than this is never read for one object, whatever was asked for.
pub(super) const MOST: usize = 16 << 20;

/// Exactly `len` bytes, or nothing.
pub(super) fn exact(memory: &dyn Memory, addr: u64, len: usize) -> Option<Vec<u8>> {
    let bytes = until(memory, addr, len, |_| false);
    (bytes.len() == len).then_some(bytes)
}

/// A number of up to eight bytes in the tracee's byte order, which is little-endian on every ABI here.
pub(super) fn number(memory: &dyn Memory, addr: u64, len: usize) -> Option<u64> {
    let mut bytes = [0; 8];
    let wanted = bytes.get_mut(..len)?;
    addr.checked_add(len as u64)?;
    let got = memory.read(addr, wanted);
    (got == len).then(|| u64::from_le_bytes(bytes))
}

/// The bytes up to a NUL byte, which is included, or as many as `most`; what was readable, if less.
pub(super) fn string(memory: &dyn Memory, addr: u64, most: usize) -> Vec<u8> {
    let mut bytes = until(memory, addr, most, |chunk| chunk.contains(&0));
    if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
        bytes.truncate(end + 1);
    }
    bytes
}

fn until(memory: &dyn Memory, addr: u64, most: usize, done: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let most = most.min(MOST);
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let start = bytes.len();
        let Some(at) = addr.checked_add(start as u64) else {
            break;
        };
        let page_rest = usize::try_from(PAGE - at % PAGE).unwrap_or(1);
        bytes.resize(start + page_rest.min(most - start), 0);
        let chunk = &mut bytes[start..];
        let wanted = chunk.len();
        let got = memory.read(at, chunk).min(wanted);
        let stop = got < wanted || done(&chunk[..got]);
        bytes.truncate(start + got);
        if stop {
            break;
        }
    }
    bytes
}
