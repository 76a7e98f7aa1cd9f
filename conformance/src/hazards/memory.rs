//! Memory that ends, vanishes, cannot be read or is rewritten: what is told of it must be one of its true values, or
//! its address.

use super::script::Script;
use super::{By, Scenario, all};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{CallId, Data, Flow, ProbeError, Word};
use crate::terms::Text;

pub(super) const MAIN: Flow = Flow::MAIN;
const AT_FDCWD: Word = Word::Value(0xffff_ff9c);
const NO_FD: Word = Word::Value(0x6eed_1001);
const EBADF: Claim = Claim::Returns(-9);
const EFAULT: Claim = Claim::Returns(-14);
pub(super) const ENOENT: Claim = Claim::Returns(-2);

/// Two pages, or more where pages are smaller, at an address that every probe has free.
pub(super) const AREA: u32 = 0x6000_0000;
pub(super) const PAGE: u32 = 0x1_0000;

pub(super) const OPENAT: &[&str] = &["getppid", "openat"];

pub(super) static SCENARIOS: &[Scenario] = &[
    all("mem-page-edge-string/path", OPENAT, edge),
    all(
        "mem-page-edge-string/buffer",
        &["getppid", "write"],
        edge_buffer,
    ),
    all("mem-unterminated-edge/path", OPENAT, unterminated),
    all("mem-prot-none/path", OPENAT, unreadable),
    Scenario {
        by: By::Having(&["memfd_secret"]),
        needs: Some(Need::Secret),
        ..all("mem-prot-none/memfd-secret", OPENAT, secret)
    },
    Scenario {
        by: By::Having(&["pkey_alloc"]),
        needs: Some(Need::Keys),
        ..all("mem-prot-none/pkey", OPENAT, keyed)
    },
    all("mem-argv-null/execve", &["getppid", "execve"], no_arguments),
    all(
        "mem-argv-null/array-ends",
        &["getppid", "execve"],
        array_ends,
    ),
    all(
        "mem-high-32/counts",
        &["getppid", "write", "sendto", "readv", "ppoll"],
        counts,
    ),
    all("mem-toctou-exit/unmapped", &["getppid", "read"], unmapped),
    all("mem-toctou-exit/read", &["getppid", "read"], read),
    all("mem-toctou-entry/rewritten", OPENAT, rewritten),
];

/// Maps the area. Its second half is taken away again where it is to end in the middle.
fn area(script: &mut Script, flags: u64, fd: Word) -> Result<Data, ProbeError> {
    const PROT_READ_WRITE: u64 = 3;
    const MAP_FIXED: u64 = 0x10;
    let words = [
        Word::Value(AREA.into()),
        Word::Value(u64::from(2 * PAGE)),
        Word::Value(PROT_READ_WRITE),
        Word::Value(MAP_FIXED | flags),
        fd,
    ];
    let mmap = script.probe.natives().mmap;
    let id = script.probe.native(MAIN, mmap, &words)?;
    script.claim(id, Claim::Returns(AREA.into()));
    Ok(script.probe.mapped(AREA))
}

pub(super) fn own_area(script: &mut Script) -> Result<Data, ProbeError> {
    const MAP_PRIVATE_ANONYMOUS: u64 = 0x22;
    let none = Word::Value(u64::from(u32::MAX));
    area(script, MAP_PRIVATE_ANONYMOUS, none)
}

/// The area's first half, with nothing behind it; these bytes are its last. Where they are.
fn at_the_end(script: &mut Script, bytes: &[u8]) -> Result<Data, ProbeError> {
    let area = own_area(script)?;
    let words = [
        Word::Value(u64::from(AREA + PAGE)),
        Word::Value(PAGE.into()),
    ];
    script.claimed(MAIN, "munmap", &words, Claim::Returns(0))?;
    let at = area.plus(PAGE - bytes.len() as u32);
    put(script, bytes, at);
    Ok(at)
}

pub(super) fn put(script: &mut Script, bytes: &[u8], at: Data) {
    let from = script.probe.bytes(bytes);
    script.probe.copy(MAIN, from, at, bytes.len() as u32);
}

/// `openat` for reading, of a path that is nowhere.
fn open(script: &mut Script, at: Data, claim: Claim) -> Result<CallId, ProbeError> {
    open_by(script, MAIN, at, claim)
}

/// The same by any thread.
pub(super) fn open_by(
    script: &mut Script,
    flow: Flow,
    at: Data,
    claim: Claim,
) -> Result<CallId, ProbeError> {
    script.claimed(flow, "openat", &[AT_FDCWD, Word::Address(at)], claim)
}

pub(super) fn string(content: &[u8]) -> Text {
    Text::String(vec![content.to_vec()])
}

/// The NUL that ends the path is the last byte that there is.
fn edge(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    for path in [&b"/nowhere/at-the-end\0"[..], b"\0", b"x\0"] {
        let at = at_the_end(script, path)?;
        let id = open(script, at, ENOENT)?;
        script.told(id, 1, string(&path[..path.len() - 1]));
    }
    script.end_shown(MAIN)
}

/// As many bytes as there are, and more than there are.
fn edge_buffer(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let content = b"abc";
    let at = at_the_end(script, content)?;
    for count in [3, 4, 40] {
        let words = [NO_FD, Word::Address(at), Word::Value(count)];
        let id = script.claimed(MAIN, "write", &words, EBADF)?;
        let is = match count {
            3 => string(content),
            _ => Text::Memory(content.to_vec()),
        };
        script.told(id, 1, is);
    }
    script.end_shown(MAIN)
}

/// There is no NUL before the memory ends: the kernel has no path, either.
fn unterminated(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let at = at_the_end(script, b"/nowhere")?;
    let id = open(script, at, EFAULT)?;
    script.told(id, 1, Text::Address);
    script.end_shown(MAIN)
}

/// The program may not read it, and the kernel does not for it; a debugger may.
fn unreadable(script: &mut Script) -> Result<(), ProbeError> {
    const PROT_NONE: Word = Word::Value(0);
    script.sentinel(MAIN)?;
    let path = b"/nowhere/to-be-seen";
    let at = own_area(script)?;
    put(script, path, at);
    let words = [Word::Address(at), Word::Value(PAGE.into()), PROT_NONE];
    script.claimed(MAIN, "mprotect", &words, Claim::Returns(0))?;
    let id = open(script, at, EFAULT)?;
    script.told(id, 1, Text::Memory(path.to_vec()));
    script.end_shown(MAIN)
}

/// The program has put it under a key that it may not use now, nor the kernel for it; a debugger need not care.
fn keyed(script: &mut Script) -> Result<(), ProbeError> {
    const PKEY_DISABLE_ACCESS: Word = Word::Value(1);
    const PROT_READ_WRITE: Word = Word::Value(3);
    script.sentinel(MAIN)?;
    let path = b"/nowhere/under-a-key";
    let at = own_area(script)?;
    put(script, path, at);
    let words = [Word::Value(0), PKEY_DISABLE_ACCESS];
    let key = script.claimed(MAIN, "pkey_alloc", &words, Claim::Succeeds)?;
    let words = [
        Word::Address(at),
        Word::Value(PAGE.into()),
        PROT_READ_WRITE,
        Word::Result(key),
    ];
    script.claimed(MAIN, "pkey_mprotect", &words, Claim::Returns(0))?;
    let id = open(script, at, EFAULT)?;
    script.told(id, 1, Text::Memory(path.to_vec()));
    script.end_shown(MAIN)
}

/// The program can read it, and nobody else.
fn secret(script: &mut Script) -> Result<(), ProbeError> {
    const MAP_SHARED: u64 = 1;
    script.sentinel(MAIN)?;
    let fd = script.claimed(MAIN, "memfd_secret", &[], Claim::Succeeds)?;
    let words = [Word::Result(fd), Word::Value(u64::from(2 * PAGE))];
    script.claimed(MAIN, "ftruncate", &words, Claim::Returns(0))?;
    let at = area(script, MAP_SHARED, Word::Result(fd))?;
    let path = b"/nowhere/in-secret";
    put(script, path, at);
    let id = open(script, at, ENOENT)?;
    script.told(id, 1, Text::Memory(path.to_vec()));
    script.end_shown(MAIN)
}

/// A program without arguments and environment.
fn no_arguments(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let path = b"/nowhere";
    let at = script.probe.bytes(b"/nowhere\0");
    let words = [Word::Address(at), Word::Value(0), Word::Value(0)];
    let id = script.claimed(MAIN, "execve", &words, ENOENT)?;
    script.told(id, 0, string(path));
    script.told(id, 1, Text::Address);
    script.end_shown(MAIN)
}

/// The last address of the array is the last of the memory; the kernel may or may not look so far.
fn array_ends(script: &mut Script) -> Result<(), ProbeError> {
    const FILLED: [u8; 64] = [0xff; 64];
    script.sentinel(MAIN)?;
    let at = at_the_end(script, &FILLED)?;
    let path = script.probe.bytes(b"/nowhere\0");
    let words = [Word::Address(path), Word::Address(at), Word::Address(at)];
    let id = script.call(MAIN, "execve", &words)?;
    script.told(id, 0, string(b"/nowhere"));
    script.end_shown(MAIN)
}

/// Counts that nobody could have memory for.
fn counts(script: &mut Script) -> Result<(), ProbeError> {
    const ZEROS: [u8; 64] = [0; 64];
    script.sentinel(MAIN)?;
    let at = own_area(script)?;
    for count in [u64::MAX, 0x7fff_ffff_ffff_ffff, 0x7fff_ffff, 0xffff_f000] {
        let words = [NO_FD, Word::Address(at), Word::Value(count)];
        let id = script.claimed(MAIN, "write", &words, EBADF)?;
        script.told(id, 1, Text::Memory(ZEROS.to_vec()));
        let words = [NO_FD, Word::Address(at), Word::Value(count)];
        script.call(MAIN, "sendto", &words)?;
        script.call(MAIN, "readv", &words)?;
        // So many descriptors nobody may have.
        let words = [Word::Address(at), Word::Value(count)];
        script.claimed(MAIN, "ppoll", &words, Claim::Returns(-22))?;
    }
    script.end_shown(MAIN)
}

/// A pipe; where its two descriptors are.
fn pipe(script: &mut Script) -> Result<Data, ProbeError> {
    let ends = script.zeros(8);
    let words = [Word::Address(ends), Word::Value(0)];
    script.claimed(MAIN, "pipe2", &words, Claim::Returns(0))?;
    Ok(ends)
}

/// What is read is told when it has been read.
fn read(script: &mut Script) -> Result<(), ProbeError> {
    const SAID: &[u8] = b"said\0by nobody\xff";
    script.sentinel(MAIN)?;
    let ends = pipe(script)?;
    let (from, to) = (script.probe.bytes(SAID), script.zeros(64));
    let length = SAID.len() as i64;
    let words = [
        Word::Load32(ends.plus(4)),
        Word::Address(from),
        Word::Value(length as u64),
    ];
    script.claimed(MAIN, "write", &words, Claim::Returns(length))?;
    let words = [Word::Load32(ends), Word::Address(to), Word::Value(64)];
    let id = script.claimed(MAIN, "read", &words, Claim::Returns(length))?;
    script.told(id, 1, string(SAID));
    script.end_shown(MAIN)
}

/// Another thread takes the memory away into which a read is to read.
fn unmapped(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let ends = pipe(script)?;
    let at = own_area(script)?;
    let thread = script.thread(MAIN)?;
    let words = [Word::Load32(ends), Word::Address(at), Word::Value(8)];
    let id = script.claimed(thread, "read", &words, EFAULT)?;
    script.told(id, 1, Text::Address);
    let end = script.exit(thread, 0)?;
    script.watch(MAIN, id);
    let words = [Word::Address(at), Word::Value(u64::from(2 * PAGE))];
    script.claimed(MAIN, "munmap", &words, Claim::Returns(0))?;
    let words = [
        Word::Load32(ends.plus(4)),
        Word::Address(ends),
        Word::Value(8),
    ];
    script.claimed(MAIN, "write", &words, Claim::Returns(8))?;
    script.watch(MAIN, end);
    script.end_shown(MAIN)
}

/// Another thread rewrites one letter of a path all the time: what is told is one of the two.
fn rewritten(script: &mut Script) -> Result<(), ProbeError> {
    const CALLS: usize = 20;
    const PATHS: [&[u8]; 2] = [b"/nowhere/A", b"/nowhere/B"];
    script.sentinel(MAIN)?;
    let path = script.probe.bytes(b"/nowhere/A\0");
    let letter = path.plus(9);
    let letters = [b"A", b"B"].map(|letter| script.probe.bytes(letter));
    let (goes_on, over) = (script.probe.bytes(&[0xff; 4]), script.zeros(4));
    let thread = script.thread(MAIN)?;
    let begun = script.silent(thread)?;
    let place = script.probe.place(thread);
    for from in letters {
        script.probe.copy(thread, from, letter, 1);
    }
    script.probe.while_negative(thread, goes_on, place);
    let end = script.exit(thread, 0)?;
    script.watch(MAIN, begun);
    for _ in 0..CALLS {
        let id = open(script, path, ENOENT)?;
        script.told(id, 1, Text::String(PATHS.map(<[u8]>::to_vec).to_vec()));
    }
    script.probe.copy(MAIN, over, goes_on, 4);
    script.watch(MAIN, end);
    script.end_shown(MAIN)
}
