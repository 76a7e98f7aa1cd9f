//! Strings that look like something else: quotes, lines, control characters, bytes of no character. They come back
//! from what is told as they were, and every line stays one line.

use super::script::Script;
use super::{Scenario, all};
use crate::case::Claim;
use crate::probe::{Flow, ProbeError, Word};
use crate::terms::Text;

const MAIN: Flow = Flow::MAIN;
const AT_FDCWD: Word = Word::Value(0xffff_ff9c);
const NO_FD: Word = Word::Value(0x6eed_1001);
const ENOENT: Claim = Claim::Returns(-2);

const OPENAT: &[&str] = &["getppid", "openat"];

pub(super) static SCENARIOS: &[Scenario] = &[
    all("render-bytes/path", OPENAT, |script| {
        // Each byte that a path can have, in front of every kind of neighbour; and each but a NUL alone.
        let bytes: Vec<u8> = (1..=u8::MAX).filter(|byte| *byte != b'/').collect();
        let mut paths: Vec<Vec<u8>> = bytes.chunks(50).map(nowhere).collect();
        paths.extend([7, 8, 27].map(|byte| nowhere(&[byte, b'7', byte, b'8', byte, b'f'])));
        opens(script, &paths)
    }),
    all("render-forged/path", OPENAT, |script| {
        opens(script, &FORGED.map(nowhere))
    }),
    all("render-utf8/path", OPENAT, |script| {
        opens(script, &NOT_UTF8.map(nowhere))
    }),
    all("render-long/path", OPENAT, |script| {
        opens(script, &[vec![b'a'; 200], nowhere(&[b'"'; 120])])
    }),
    all("render-bytes/buffer", &["getppid", "write"], buffers),
    all("render-forged/argv", &["getppid", "execve"], arguments),
    all("render-forged/name", &["getppid", "prctl"], name),
];

/// What a reader of lines could take for the end of this call and for other calls.
const FORGED: [&[u8]; 7] = [
    b"\", O_RDONLY) = 3\n1 getppid() = 7\n2 openat(AT_FDCWD, \"",
    b"\"}]}\n{\"event\":\"lost\",\"what\":\"all\"}\n",
    b" <unfinished ...>\n<... openat resumed>",
    b"\x1b[2J\x1b]0;title\x07\x1b[31m",
    b"\\\"\\\\\"\\n\\0\\x41\\",
    b"...",
    b"/* , */ (\xe2\x80\xae)\xc2\x85\r\x0c\x0b\t",
];

/// No characters, or such as are written in more bytes than they need, or are none by themselves.
const NOT_UTF8: [&[u8]; 5] = [
    b"\xff\xfe\x80",
    b"\xc0\xaf\xe0\x80\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"caf\xe9 caf\xc3\xa9",
];

fn nowhere(name: &[u8]) -> Vec<u8> {
    [b"/nowhere/", name].concat()
}

fn opens(script: &mut Script, paths: &[Vec<u8>]) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    for path in paths {
        let at = script.probe.bytes(&[path, &b"\0"[..]].concat());
        let words = [AT_FDCWD, Word::Address(at)];
        let id = script.claimed(MAIN, "openat", &words, ENOENT)?;
        script.told(id, 1, Text::String(vec![path.clone()]));
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}

/// NULs are bytes of a buffer like others, and it is shown by its length.
fn buffers(script: &mut Script) -> Result<(), ProbeError> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let mut contents: Vec<Vec<u8>> = every.chunks(16).map(<[u8]>::to_vec).collect();
    contents.extend([b"\x007\x008\0".to_vec(), Vec::new(), vec![b'x'; 5000]]);
    script.sentinel(MAIN)?;
    for content in contents {
        let at = Word::Address(script.probe.bytes(&content));
        let words = [NO_FD, at, Word::Value(content.len() as u64)];
        let id = script.claimed(MAIN, "write", &words, Claim::Returns(-9))?;
        script.told(id, 1, Text::String(vec![content]));
    }
    script.end_shown(MAIN)
}

fn arguments(script: &mut Script) -> Result<(), ProbeError> {
    let mut strings: Vec<&[u8]> = vec![b"", b"a\", \"b", b"]", b"\n1 getppid() = 7"];
    strings.push(NOT_UTF8[0]);
    script.sentinel(MAIN)?;
    let mut array = Vec::new();
    for string in &strings {
        let at = script.probe.bytes(&[string, &b"\0"[..]].concat());
        array.push(Word::Address(at));
    }
    array.push(Word::Value(0));
    let path = Word::Address(script.probe.bytes(b"/nowhere\n\0"));
    let argv = script.words(&array);
    let words = [path, argv, Word::Value(0)];
    let id = script.claimed(MAIN, "execve", &words, ENOENT)?;
    script.told(id, 0, Text::String(vec![b"/nowhere\n".to_vec()]));
    let told = strings.into_iter().map(<[u8]>::to_vec).collect();
    script.told(id, 1, Text::Strings(told));
    script.end_shown(MAIN)
}

/// A program's own name may stand in a tracer's lines.
fn name(script: &mut Script) -> Result<(), ProbeError> {
    const PR_SET_NAME: u64 = 15;
    script.sentinel(MAIN)?;
    for name in [&b"a\n[pid 1] b\0"[..], b"<x>) = 0 (\0", b"\xff\x1b[31m\"\0"] {
        let at = Word::Address(script.probe.bytes(name));
        let words = [Word::Value(PR_SET_NAME), at];
        script.claimed(MAIN, "prctl", &words, Claim::Returns(0))?;
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}
