//! Memory in which others have a part: several mappings, a child, the program that came before, a handler of the
//! program's own, a kernel that keeps it from debuggers.

use super::memory::{AREA, ENOENT, MAIN, OPENAT, PAGE, open_by, own_area, put, string};
use super::script::Script;
use super::{By, Scenario, all};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{Data, PROGRAM, ProbeError, Word};
use crate::terms::Text;

const EXECVE: &[&str] = &["getppid", "execve"];

pub(super) static SCENARIOS: &[Scenario] = &[
    all("mem-short-read/path", OPENAT, two_mappings),
    all("mem-short-read/argv", EXECVE, array_in_two_mappings),
    all("mem-sharing-vfork/path", OPENAT, rewritten_by_child),
    all("mem-after-exec/leader", EXECVE, |script| {
        gone(script, false)
    }),
    all("mem-after-exec/thread", EXECVE, |script| gone(script, true)),
    all("inst-dumpable-yama/path", OPENAT, not_dumpable),
    Scenario {
        by: By::Having(&["userfaultfd"]),
        needs: Some(Need::Faults),
        ..all("mem-faulting-userfaultfd/path", OPENAT, faulting)
    },
];

/// The area, its second half another mapping, which others could share.
fn two_halves(script: &mut Script) -> Result<Data, ProbeError> {
    const PROT_READ_WRITE: u64 = 3;
    const MAP_FIXED_SHARED_ANONYMOUS: u64 = 0x31;
    let area = own_area(script)?;
    let second = AREA + PAGE;
    let words = [
        Word::Value(second.into()),
        Word::Value(PAGE.into()),
        Word::Value(PROT_READ_WRITE),
        Word::Value(MAP_FIXED_SHARED_ANONYMOUS),
        Word::Value(u32::MAX.into()),
    ];
    let mmap = script.probe.natives().mmap;
    let id = script.probe.native(MAIN, mmap, &words)?;
    script.claim(id, Claim::Returns(second.into()));
    Ok(area)
}

/// A path that begins in one mapping and ends in another.
fn two_mappings(script: &mut Script) -> Result<(), ProbeError> {
    const PATH: &[u8] = b"/nowhere/in/two-mappings";
    script.sentinel(MAIN)?;
    let area = two_halves(script)?;
    for before in [1, 9, PATH.len() as u32] {
        let at = area.plus(PAGE - before);
        put(script, &[PATH, b"\0"].concat(), at);
        let id = open_by(script, MAIN, at, ENOENT)?;
        script.told(id, 1, string(PATH));
    }
    script.end_shown(MAIN)
}

/// An array of addresses that does; its strings stand in both.
fn array_in_two_mappings(script: &mut Script) -> Result<(), ProbeError> {
    const STRINGS: [&[u8]; 3] = [b"here", b"there", b"everywhere"];
    script.sentinel(MAIN)?;
    let area = two_halves(script)?;
    let abi = script.gate.abi;
    let width = abi.abi().long_bits / 8;
    let mut array = Vec::new();
    for (string, place) in STRINGS.into_iter().zip([0, PAGE + 64, 2 * PAGE - 11]) {
        put(script, &[string, b"\0"].concat(), area.plus(place));
        array.push(Word::Address(area.plus(place)));
    }
    array.push(Word::Value(0));
    let array = script.probe.words_of(abi, &array);
    let at = area.plus(PAGE - width);
    script.probe.copy(MAIN, array, at, 4 * width);
    let path = Word::Address(script.probe.bytes(b"/nowhere\0"));
    let words = [path, Word::Address(at), Word::Value(0)];
    let id = script.claimed(MAIN, "execve", &words, ENOENT)?;
    let strings = STRINGS.map(<[u8]>::to_vec).to_vec();
    script.told(id, 1, Text::Strings(strings));
    script.end_shown(MAIN)
}

/// A child that shares its parent's memory, for which the parent sleeps, changes a letter of the parent's path.
fn rewritten_by_child(script: &mut Script) -> Result<(), ProbeError> {
    const VM_VFORK: u64 = 0x4100;
    script.sentinel(MAIN)?;
    let path = script.probe.bytes(b"/nowhere/A\0");
    let letter = script.probe.bytes(b"B");
    let id = open_by(script, MAIN, path, ENOENT)?;
    script.told(id, 1, string(b"/nowhere/A"));
    let (child, pid) = script.child(MAIN, VM_VFORK)?;
    let id = open_by(script, child, path, ENOENT)?;
    script.told(id, 1, string(b"/nowhere/A"));
    script.probe.copy(child, letter, path.plus(9), 1);
    let rewritten = open_by(script, child, path, ENOENT)?;
    script.exit(child, 3)?;
    let own = open_by(script, MAIN, path, ENOENT)?;
    for id in [rewritten, own] {
        script.told(id, 1, string(b"/nowhere/B"));
    }
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// What an execve that succeeds is given is nowhere when it ends.
fn gone(script: &mut Script, by_thread: bool) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let path = own_area(script)?;
    put(script, format!("{PROGRAM}\0").as_bytes(), path);
    let flow = match by_thread {
        true => {
            let thread = script.thread(MAIN)?;
            let waits = script.call(MAIN, "ppoll", &[])?;
            script.varies(waits);
            script.watch(thread, waits);
            thread
        }
        false => MAIN,
    };
    let (image, id) = script.exec_at(flow, path)?;
    let name = PROGRAM.as_bytes().to_vec();
    script.told(id, 0, Text::String(vec![name.clone()]));
    script.told(id, 1, Text::Strings(vec![name; 2]));
    script.end_shown(image)
}

/// A process that has asked not to be looked at: who may all the same sees its memory, everybody sees its calls.
fn not_dumpable(script: &mut Script) -> Result<(), ProbeError> {
    const PR_SET_DUMPABLE: Word = Word::Value(4);
    const PATH: &[u8] = b"/nowhere/to-be-dumped";
    script.sentinel(MAIN)?;
    let words = [PR_SET_DUMPABLE, Word::Value(0)];
    script.claimed(MAIN, "prctl", &words, Claim::Returns(0))?;
    let at = script.probe.bytes(&[PATH, b"\0"].concat());
    let (child, pid) = script.child(MAIN, 0)?;
    for flow in [child, MAIN] {
        script.sentinel(flow)?;
        let id = open_by(script, flow, at, ENOENT)?;
        script.told(id, 1, Text::Memory(PATH.to_vec()));
    }
    script.exit(child, 3)?;
    script.wait(MAIN, pid, 0)?;
    script.end_shown(MAIN)
}

/// A page that a handler of the program's own would bring, if the program touched it: for the kernel and for debuggers
/// it does not.
fn faulting(script: &mut Script) -> Result<(), ProbeError> {
    const USER_MODE_ONLY: Word = Word::Value(1);
    const API: u64 = 0xc018_aa3f;
    const REGISTER: u64 = 0xc020_aa00;
    const VERSION: u8 = 0xaa;
    const MISSING: u64 = 1;
    const EFAULT: Claim = Claim::Returns(-14);
    script.sentinel(MAIN)?;
    let handler = script.claimed(MAIN, "userfaultfd", &[USER_MODE_ONLY], Claim::Succeeds)?;
    let api = script.zeros(24);
    script.probe.put(api, &[VERSION]);
    let range = [AREA.into(), u64::from(2 * PAGE), MISSING, 0];
    let range: Vec<u8> = range.into_iter().flat_map(u64::to_le_bytes).collect();
    let range = script.probe.bytes(&range);
    let at = own_area(script)?;
    for (request, argument) in [(API, api), (REGISTER, range)] {
        let words = [
            Word::Result(handler),
            Word::Value(request),
            Word::Address(argument),
        ];
        script.claimed(MAIN, "ioctl", &words, Claim::Returns(0))?;
    }
    for place in [at, at.plus(PAGE - 4)] {
        let id = open_by(script, MAIN, place, EFAULT)?;
        script.told(id, 1, Text::Address);
        script.sentinel(MAIN)?;
    }
    script.end_shown(MAIN)
}
