//! What a probe really did: the truth that a tracer's output is held against.
//!
//! The ledger is a file that the probe maps: a header (magic, counter of calls), then one record for
//! each call of the probe's description. All fields are eight bytes, little endian:
//!
//! | at | header | record |
//! |----|--------|--------|
//! | 0  | magic  | seq: 1 for the first call that was made, 0 when it was not made |
//! | 8  | counters, and the gate | the instruction (low byte), and the stub's own bits |
//! | 16 |        | the number register |
//! | 24 |        | six words |
//! | 72 |        | the result register |
//! | 80 |        | 1 when the call has returned |

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use everycall_arch::AbiId;

use crate::probe::{CallId, Via};

/// How often a program can begin anew: each of its images has a counter of its own, which begins behind
/// all that the one before can have counted.
pub(crate) const IMAGES: usize = 6;
/// How far the counters of two images are apart.
const APART: u64 = 1 << 24;
const COUNTERS: usize = 8;
/// Where a record has the result.
pub(crate) const RESULT: usize = 72;
const NR: usize = 16;
const WORDS: usize = 24;
const RETURNED: usize = 80;
/// Where the header has the word that is not zero when a program that waits for it may go on.
pub(crate) const GATE: usize = COUNTERS + 8 * IMAGES;
/// What every image copies of the header: the magic and a counter. The gate is not the program's.
pub(crate) const OWN_HEADER: usize = 16;
const HEADER_BYTES: usize = 64;
const RECORD_BYTES: usize = 96;
const MAGIC: u64 = u64::from_le_bytes(*b"EVLEDGER");

/// No ledger is larger.
pub const MAX_BYTES: usize = 1 << 20;

/// Where the record of this index is.
pub(crate) fn record(index: usize) -> usize {
    HEADER_BYTES + index * RECORD_BYTES
}

/// How large a ledger of so many calls is.
#[must_use]
pub fn bytes(calls: usize) -> usize {
    record(calls)
}

/// Where the header has the counter of this image.
pub(crate) fn counter(image: usize) -> usize {
    COUNTERS + 8 * image
}

/// A ledger of this image in which nothing is written yet.
pub(crate) fn empty(calls: usize, image: usize) -> Vec<u8> {
    let mut ledger = vec![0; bytes(calls)];
    ledger[..8].copy_from_slice(&MAGIC.to_le_bytes());
    let at = counter(image);
    ledger[at..at + 8].copy_from_slice(&(image as u64 * APART).to_le_bytes());
    ledger
}

/// Opens the gate: a program that waits at it goes on.
///
/// # Errors
/// When the ledger cannot be written.
pub fn open_gate(ledger: &File) -> io::Result<()> {
    ledger.write_all_at(&1_u64.to_le_bytes(), GATE as u64)
}

/// Whether a probe that runs has begun to make this call.
///
/// # Errors
/// When its ledger cannot be read.
pub fn has_begun(ledger: &File, call: CallId) -> io::Result<bool> {
    let mut seq = [0; 8];
    let read = ledger.read_at(&mut seq, record(call.index()) as u64)?;
    Ok(read == seq.len() && u64::from_le_bytes(seq) != 0)
}

/// One call that a probe made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// By which instruction: the ABI of this call. x32's bit is part of `nr`, and says `X32` here.
    pub abi: AbiId,
    /// The number register as it was set, all 64 bits of it.
    pub nr: u64,
    /// The words as they were set.
    pub words: [u64; 6],
    /// The result register after, whole; `None` when the call did not return.
    pub result: Option<u64>,
    /// Its index in the probe's description: that of `Run::shown`. Calls that were not made leave gaps.
    pub slot: usize,
    /// When it was made: 1 is the first of all calls, over all threads; what another image of the program
    /// makes has greater ones than what the image before it made.
    pub seq: u64,
}

/// The calls of a probe, in the order of its description (which is the order in time of each thread).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The calls that were made.
    pub calls: Vec<Made>,
}

/// Why a file is not a probe's ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// It is too short for its calls.
    #[error("the ledger has {0} bytes, which is too short for its calls")]
    Short(usize),
    /// The probe ended before it had mapped its ledger.
    #[error("the probe never mapped its ledger")]
    NotMapped,
    /// Something else than the probe's stub has written to it.
    #[error("record {slot} of the ledger is damaged: {what}")]
    Damaged {
        /// Which record.
        slot: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Ledger {
    /// Reads the file of a ledger that has room for `slots` calls.
    pub fn read(file: &[u8], slots: usize) -> Result<Ledger, LedgerError> {
        let short = LedgerError::Short(file.len());
        match field(file, 0) {
            Some(MAGIC) => {}
            Some(0) => return Err(LedgerError::NotMapped),
            Some(_) => {
                let what = "the header is not that of a ledger";
                return Err(LedgerError::Damaged { slot: 0, what });
            }
            None => return Err(short),
        }
        let counts = (0..IMAGES).map(|image| field(file, counter(image)));
        let counts: Option<Vec<u64>> = counts.collect();
        let counts = counts.ok_or_else(|| short.clone())?;
        let mut ledger = Ledger::default();
        for slot in 0..slots {
            let at = record(slot);
            let bytes = file
                .get(at..at + RECORD_BYTES)
                .ok_or_else(|| short.clone())?;
            let made = Made::read(bytes, slot, &counts)
                .map_err(|what| LedgerError::Damaged { slot, what })?;
            ledger.calls.extend(made);
        }
        Ok(ledger)
    }

    /// The call of this index in the probe's description, if it was made.
    #[must_use]
    pub fn slot(&self, slot: usize) -> Option<&Made> {
        let at = self
            .calls
            .binary_search_by_key(&slot, |made| made.slot)
            .ok()?;
        self.calls.get(at)
    }
}

impl Made {
    /// A record; `Ok(None)` when the call was not made.
    fn read(record: &[u8], slot: usize, counts: &[u64]) -> Result<Option<Made>, &'static str> {
        let get = |at| field(record, at).ok_or("it is too short");
        let seq = get(0)?;
        if seq == 0 {
            return Ok(None);
        }
        let image = (seq - 1) / APART;
        if counts.get(image as usize).is_none_or(|count| seq > *count) {
            return Err("it was made after the last call");
        }
        let nr = get(NR)?;
        let via = Via::of_code(get(8)? & 0xff).ok_or("no such instruction")?;
        let mut words = [0; 6];
        for (i, word) in words.iter_mut().enumerate() {
            *word = get(WORDS + 8 * i)?;
        }
        let result = match get(RETURNED)? {
            0 => None,
            1 => Some(get(RESULT)?),
            _ => return Err("it neither returned nor did not"),
        };
        let (abi, seen) = via.seen(nr);
        Ok(Some(Made {
            abi,
            // An address is not the number of anything.
            nr: if via == Via::Page { seen.into() } else { nr },
            words,
            result,
            slot,
            seq,
        }))
    }
}

fn field(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger of one call, `getppid` by `int $0x80`.
    fn one() -> Vec<u8> {
        let mut file = empty(1, 0);
        for (at, value) in [
            (counter(0), 1),
            (record(0), 1),
            (record(0) + 8, Via::Int80.code()),
            (record(0) + NR, 64),
            (record(0) + WORDS + 40, 7),
            (record(0) + RESULT, 99),
            (record(0) + RETURNED, 1),
        ] {
            file[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
        }
        file
    }

    #[test]
    fn a_record_is_read_whole() {
        let made = Made {
            abi: AbiId::I386,
            nr: 64,
            words: [0, 0, 0, 0, 0, 7],
            result: Some(99),
            slot: 0,
            seq: 1,
        };
        assert_eq!(Ledger::read(&one(), 1).unwrap().calls, [made]);
    }

    #[test]
    fn a_call_that_did_not_return_has_no_result() {
        let mut file = one();
        file[record(0) + RETURNED] = 0;
        assert_eq!(Ledger::read(&file, 1).unwrap().calls[0].result, None);
    }

    #[test]
    fn a_call_that_was_not_made_is_not_there() {
        let mut file = one();
        file[record(0)] = 0;
        assert_eq!(Ledger::read(&file, 1).unwrap().calls, []);
    }

    #[test]
    fn every_cut_is_an_error_and_not_a_panic() {
        let file = one();
        for bytes in 0..file.len() {
            let error = Ledger::read(&file[..bytes], 1).unwrap_err();
            assert_eq!(error, LedgerError::Short(bytes));
        }
        assert_eq!(Ledger::read(&file, 2), Err(LedgerError::Short(file.len())));
    }

    #[test]
    fn damage_is_told() {
        assert_eq!(Ledger::read(&[0; 64], 0), Err(LedgerError::NotMapped));
        for (at, value, part) in [
            (0, 1, "header"),
            (record(0), 2, "after the last"),
            (record(0) + 8, 200, "instruction"),
            (record(0) + RETURNED, 2, "returned"),
        ] {
            let mut file = one();
            file[at] = value;
            let error = Ledger::read(&file, 1).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
