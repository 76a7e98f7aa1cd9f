//! Arguments whose words are wide, narrow or dirty, and results that look like errors: what a tracer that decodes
//! must say of them. How words lie is written down here once more, by the kernel's rules: no table is asked.

use everycall_arch::{AbiId, table};

use super::script::Script;
use super::{Scenario, having};
use crate::case::Claim;
use crate::host::Need;
use crate::probe::{Flow, ProbeError, Word};
use crate::terms::Text;

const MAIN: Flow = Flow::MAIN;
const EBADF: Claim = Claim::Returns(-9);
/// No descriptor.
const NO_FD: Arg = Arg::Int(-1);
/// No address.
const NOWHERE: u64 = 0x6eed_1001;
const FAR: i64 = 0x1122_3344_5566_7788;

pub(super) static SCENARIOS: &[Scenario] = &[
    Scenario {
        needs: Some(Need::Unfiltered),
        ..having(
            "abi-neverfails-error/personality",
            &["getppid", "personality"],
            &[],
            personality,
        )
    },
    having(
        "abi-neverfails-error/geteuid32",
        &["getppid", "geteuid32"],
        &["geteuid32"],
        geteuid,
    ),
    having("abi-arg-sign/close", &["getppid", "close"], &[], |s| {
        one(s, &["close"], &[Arg::Dirty(-1)], EBADF)
    }),
    having("abi-arg-sign/kill", &["getppid", "kill"], &[], |s| {
        const NOBODY: Claim = Claim::Returns(-3);
        let words = [Arg::Dirty(-0x7fff_ffff), Arg::Any(0)];
        one(s, &["kill"], &words, NOBODY)
    }),
    having("abi-arg-sign/lseek", &["getppid", "lseek"], &[], |s| {
        one(s, &["lseek"], &[NO_FD, Arg::Long(-2), Arg::Any(0)], EBADF)
    }),
    having("abi-arg-sign/read-all", &["getppid", "read"], &[], |s| {
        one(s, &["read"], &[NO_FD, Arg::Any(NOWHERE), Arg::Most], EBADF)
    }),
    having(
        "abi-64bit-pairs/pread64",
        &["getppid", "pread64"],
        &[],
        |s| at_offset(s, "pread64"),
    ),
    having(
        "abi-64bit-pairs/pwrite64",
        &["getppid", "pwrite64"],
        &[],
        |s| at_offset(s, "pwrite64"),
    ),
    having(
        "abi-64bit-pairs/readahead",
        &["getppid", "readahead"],
        &[],
        |s| {
            one(
                s,
                &["readahead"],
                &[NO_FD, Arg::Wide(FAR), Arg::Long(5)],
                EBADF,
            )
        },
    ),
    having(
        "abi-64bit-pairs/truncate",
        &["getppid", "truncate", "truncate64"],
        &[],
        |s| {
            const EFAULT: Claim = Claim::Returns(-14);
            let words = [Arg::Any(NOWHERE), Arg::Wide(FAR)];
            one(s, &["truncate64", "truncate"], &words, EFAULT)
        },
    ),
    having(
        "abi-64bit-pairs/ftruncate",
        &["getppid", "ftruncate", "ftruncate64"],
        &[],
        |s| {
            one(
                s,
                &["ftruncate64", "ftruncate"],
                &[NO_FD, Arg::Wide(FAR)],
                EBADF,
            )
        },
    ),
    having(
        "abi-64bit-pairs/fallocate",
        &["getppid", "fallocate"],
        &[],
        |s| {
            let words = [NO_FD, Arg::Any(0), Arg::Wide(FAR), Arg::Wide(FAR + 1)];
            one(s, &["fallocate"], &words, EBADF)
        },
    ),
    having(
        "abi-arm-fadvise/pairs",
        &["getppid", "fadvise64", "fadvise64_64", "arm_fadvise64_64"],
        &[],
        |s| two_pairs(s, &["arm_fadvise64_64", "fadvise64_64", "fadvise64"]),
    ),
    having(
        "abi-arm-sfr2/pairs",
        &[
            "getppid",
            "sync_file_range",
            "sync_file_range2",
            "arm_sync_file_range",
        ],
        &[],
        |s| {
            two_pairs(
                s,
                &["sync_file_range", "arm_sync_file_range", "sync_file_range2"],
            )
        },
    ),
];

/// An argument, and what must be told of it.
#[derive(Clone, Copy)]
enum Arg {
    /// A word of which nothing is asked.
    Any(u64),
    /// An `int`.
    Int(i32),
    /// An `int`, in a word whose upper half, where it has one, is of no meaning.
    Dirty(i32),
    /// A `long`.
    Long(i64),
    /// The largest `size_t`.
    Most,
    /// 64 bits on every ABI.
    Wide(i64),
    /// The same, which the kernel has one place behind the C library's.
    Behind(i64),
}

/// One call between two others, by the first of these names that the ABI has.
fn one(
    script: &mut Script,
    names: &[&'static str],
    args: &[Arg],
    claim: Claim,
) -> Result<(), ProbeError> {
    let abi = script.gate.abi;
    let known = |name: &&&'static str| table::by_name(abi, name).is_some();
    let name = names
        .iter()
        .find(known)
        .ok_or(ProbeError::NoCall(abi, names[0]))?;
    script.sentinel(MAIN)?;
    let mut words = Vec::new();
    let mut told = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        lay(abi, *arg, &mut words);
        let or = match arg {
            Arg::Behind(_) => Some(at - 1),
            _ => None,
        };
        told.extend(text(abi, *arg).map(|text| (at, or, text)));
    }
    let id = script.claimed(MAIN, name, &words, claim)?;
    for (at, or, text) in told {
        match or {
            Some(or) => script.told_either(id, at, or, text),
            None => script.told(id, at, text),
        }
    }
    script.end_shown(MAIN)
}

/// Adds the words of an argument.
fn lay(abi: AbiId, arg: Arg, words: &mut Vec<Word>) {
    const DIRT: u64 = 0x5eed_5eed_0000_0000;
    let value = match arg {
        Arg::Any(value) => value,
        Arg::Int(value) => i64::from(value) as u64,
        Arg::Dirty(value) => DIRT | u64::from(value as u32),
        Arg::Long(value) => value as u64,
        Arg::Most => u64::MAX,
        Arg::Wide(value) | Arg::Behind(value) => {
            let (low, high) = (value as u64 & 0xffff_ffff, value as u64 >> 32);
            match abi {
                AbiId::X86_64 | AbiId::X32 | AbiId::Aarch64 => value as u64,
                AbiId::I386 => return words.extend([low, high].map(Word::Value)),
                AbiId::Arm => {
                    // The first of two is an even one.
                    if words.len() % 2 == 1 {
                        words.push(Word::Value(0x6eed));
                    }
                    return words.extend([low, high].map(Word::Value));
                }
            }
        }
    };
    words.push(Word::Value(value));
}

fn text(abi: AbiId, arg: Arg) -> Option<Text> {
    let narrow = abi.abi().word_bits == 32;
    Some(Text::Number(match arg {
        Arg::Any(_) => return None,
        Arg::Int(value) | Arg::Dirty(value) => value.into(),
        Arg::Long(value) | Arg::Wide(value) | Arg::Behind(value) => value,
        Arg::Most if narrow => u32::MAX.into(),
        Arg::Most => -1,
    }))
}

/// A descriptor, two pairs and flags, by the first of these names that the ABI has. ARM has the flags in the second
/// place, so that the pairs fit into its registers; tracers show them there or, as the C library has them, behind.
fn two_pairs(script: &mut Script, names: &[&'static str]) -> Result<(), ProbeError> {
    let words = match script.gate.abi {
        AbiId::Arm => [NO_FD, Arg::Any(0), Arg::Behind(FAR), Arg::Behind(FAR + 1)],
        _ => [NO_FD, Arg::Wide(FAR), Arg::Wide(FAR + 1), Arg::Any(0)],
    };
    one(script, names, &words, EBADF)
}

/// A transfer at an offset.
fn at_offset(script: &mut Script, name: &'static str) -> Result<(), ProbeError> {
    let words = [NO_FD, Arg::Any(NOWHERE), Arg::Long(5), Arg::Wide(FAR)];
    one(script, &[name], &words, EBADF)
}

/// A number of 32 bits among the last 4095, which a 32-bit program's call returns as it is.
const LATE: u32 = 0xffff_fff0;

fn late(script: &Script) -> Claim {
    Claim::Number(match script.gate.abi.abi().word_bits {
        32 => i64::from(LATE as i32),
        _ => LATE.into(),
    })
}

/// It returns what it was called with before.
fn personality(script: &mut Script) -> Result<(), ProbeError> {
    const ASK: u64 = 0xffff_ffff;
    script.sentinel(MAIN)?;
    script.call(MAIN, "personality", &[Word::Value(LATE.into())])?;
    let claim = late(script);
    script.claimed(MAIN, "personality", &[Word::Value(ASK)], claim)?;
    script.end_shown(MAIN)
}

/// A user of a namespace of its own may have any id there.
fn geteuid(script: &mut Script) -> Result<(), ProbeError> {
    const CLONE_NEWUSER: u64 = 0x1000_0000;
    const AT_FDCWD: u64 = 0xffff_ff9c;
    const O_WRONLY: u64 = 1;
    script.sentinel(MAIN)?;
    let words = [Word::Value(CLONE_NEWUSER)];
    script.claimed(MAIN, "unshare", &words, Claim::Returns(0))?;
    let path = Word::Address(script.probe.bytes(b"/proc/self/uid_map\0"));
    let words = [Word::Value(AT_FDCWD), path, Word::Value(O_WRONLY)];
    let map = script.claimed(MAIN, "openat", &words, Claim::Succeeds)?;
    // Who the probe is depends on who runs the suite: one of these is right, and the others are refused.
    let mut own = vec![0, crate::sandbox::NOBODY, nix::unistd::getuid().as_raw()];
    own.dedup();
    for uid in own {
        let line = format!("{LATE} {uid} 1");
        let text = Word::Address(script.probe.bytes(line.as_bytes()));
        let words = [Word::Result(map), text, Word::Value(line.len() as u64)];
        script.call(MAIN, "write", &words)?;
    }
    let claim = late(script);
    script.claimed(MAIN, "geteuid32", &[], claim)?;
    script.end_shown(MAIN)
}
