//! Calls that the kernel carries out though nobody makes them: put down in a ring (`io_uring`). No tracer of calls sees
//! them; it must show the calls around them, and what is done with their results.

use super::script::Script;
use super::{By, Scenario};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{CallId, Data, Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;

pub(super) static SCENARIOS: &[Scenario] = &[Scenario {
    needs: Some(Need::Ring),
    ..Scenario::of(
        "be-io-uring/openat",
        &[
            "getppid",
            "openat",
            "io_uring_setup",
            "io_uring_enter",
            "close",
        ],
        By::Own,
        opened,
    )
}];

/// What is asked of the ring when it is made, and what the kernel says of it (`struct io_uring_params`).
const PARAMETERS: usize = 120;
/// Where that says where the tail of the submissions stands.
const SUBMISSIONS_TAIL: u32 = 44;
/// And where the completions stand.
const COMPLETIONS: u32 = 100;
/// A submission's bytes, a completion's bytes, and where that has the result.
const SUBMISSION: u64 = 64;
const COMPLETION: u64 = 16;
const RESULT: u32 = 8;

/// A file is opened by the ring, and closed by a call.
fn opened(script: &mut Script) -> Result<(), ProbeError> {
    const WAIT: Word = Word::Value(1);
    let one = Word::Value(1);
    script.sentinel(MAIN)?;
    let parameters = script.zeros(PARAMETERS);
    let words = [one, Word::Address(parameters)];
    let ring = script.claimed(MAIN, "io_uring_setup", &words, Claim::Succeeds)?;
    let rings = map(script, ring, 0)?;
    let submissions = map(script, ring, 0x1000_0000)?;
    let pipe = Pipe::new(script)?;
    // The first submission, and that there is one.
    let submission = submission(script);
    pipe.carry(
        script,
        Word::Address(submission),
        Word::Result(submissions),
        SUBMISSION,
    )?;
    let tail = inside(script, rings, parameters.plus(SUBMISSIONS_TAIL), 1);
    let first = script.probe.bytes(&1_u32.to_le_bytes());
    pipe.carry(script, Word::Address(first), tail, 4)?;
    script.sentinel(MAIN)?;
    let words = [Word::Result(ring), one, one, WAIT];
    script.claimed(MAIN, "io_uring_enter", &words, Claim::Returns(1))?;
    script.sentinel(MAIN)?;
    // The first completion.
    let completion = script.zeros(COMPLETION as usize);
    let from = completions(script, &pipe, rings, parameters)?;
    pipe.carry(script, from, Word::Address(completion), COMPLETION)?;
    let words = [Word::Load32(completion.plus(RESULT))];
    script.claimed(MAIN, "close", &words, Claim::Returns(0))?;
    script.end_shown(MAIN)
}

/// Maps a part of the ring where the kernel wants it.
fn map(script: &mut Script, ring: CallId, offset: u64) -> Result<CallId, ProbeError> {
    const BYTES: Word = Word::Value(4096);
    const PROT_READ_WRITE: Word = Word::Value(3);
    const MAP_SHARED: Word = Word::Value(1);
    // 32-bit programs give it in units of 4096 bytes.
    let unit = match script.gate.abi.abi().word_bits {
        32 => 4096,
        _ => 1,
    };
    let words = [
        Word::Value(0),
        BYTES,
        PROT_READ_WRITE,
        MAP_SHARED,
        Word::Result(ring),
        Word::Value(offset / unit),
    ];
    let mmap = script.probe.natives().mmap;
    let id = script.probe.native(MAIN, mmap, &words)?;
    script.claim(id, Claim::Succeeds);
    script.varies(id);
    Ok(id)
}

/// `IORING_OP_OPENAT` of the root directory, for reading.
fn submission(script: &mut Script) -> Data {
    const OPENAT: u64 = 18;
    const AT_FDCWD: u64 = 0xffff_ff9c;
    const O_RDONLY: u64 = 0;
    let path = Word::Address(script.probe.bytes(b"/\0"));
    let none = Word::Value(0);
    let head = Word::Value(AT_FDCWD << 32 | OPENAT);
    let words = [
        head,
        none,
        path,
        Word::Value(O_RDONLY << 32),
        none,
        none,
        none,
        none,
    ];
    // Its fields have 64 bits everywhere.
    script.probe.words_of(everycall_arch::AbiId::X86_64, &words)
}

/// The address so far inside a page as the low bytes of a number say that stands elsewhere.
fn inside(script: &mut Script, page: CallId, offset: Data, bytes: u32) -> Word {
    let cell = script.zeros(8);
    let result = script.probe.result_of(page);
    script.probe.copy(MAIN, result, cell, 8);
    script.probe.copy(MAIN, offset, cell, bytes);
    Word::Load(cell)
}

/// Where the completions stand: further inside than one byte tells, so their page is copied to a place whose address
/// has two bytes to spare.
fn completions(
    script: &mut Script,
    pipe: &Pipe,
    rings: CallId,
    parameters: Data,
) -> Result<Word, ProbeError> {
    let area = super::memory::own_area(script)?;
    pipe.carry(script, Word::Result(rings), Word::Address(area), 4096)?;
    let cell = script.probe.words(&[Word::Address(area)]);
    script
        .probe
        .copy(MAIN, parameters.plus(COMPLETIONS), cell, 2);
    Ok(Word::Load(cell))
}

/// A pipe, by which calls copy from any address to any other.
struct Pipe(Data);

impl Pipe {
    fn new(script: &mut Script) -> Result<Pipe, ProbeError> {
        let ends = script.zeros(8);
        let words = [Word::Address(ends), Word::Value(0)];
        script.claimed(MAIN, "pipe2", &words, Claim::Returns(0))?;
        Ok(Pipe(ends))
    }

    fn carry(
        &self,
        script: &mut Script,
        from: Word,
        to: Word,
        bytes: u64,
    ) -> Result<(), ProbeError> {
        let whole = Claim::Returns(bytes.cast_signed());
        for (end, name, at) in [(4, "write", from), (0, "read", to)] {
            let words = [Word::Load32(self.0.plus(end)), at, Word::Value(bytes)];
            let id = script.claimed(MAIN, name, &words, whole)?;
            script.varies(id);
        }
        Ok(())
    }
}
