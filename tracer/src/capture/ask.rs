//! What a call asks for: which calls install a filter, with which flags, and the program in the caller's memory.

use everycall_arch::{AbiId, table};
use everycall_filter::{ByteOrder, Insn, MAX_INSNS, Program};

use crate::event::Memory;

/// A call that installs a filter, if it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// The caller's ABI.
    pub(super) abi: AbiId,
    /// `seccomp` or `prctl`.
    pub(super) call: &'static str,
    /// The flags of seccomp(2); prctl(2) has none.
    pub(super) flags: u32,
    /// Where the caller's `struct sock_fprog` stands.
    fprog: u64,
}

/// The flags of seccomp(2), by bit (linux/seccomp.h).
const FLAGS: [&str; 6] = [
    "TSYNC",
    "LOG",
    "SPEC_ALLOW",
    "NEW_LISTENER",
    "TSYNC_ESRCH",
    "WAIT_KILLABLE_RECV",
];
const NEW_LISTENER: u32 = 1 << 3;

const PR_SET_SECCOMP: u32 = 22;
const SECCOMP_MODE_FILTER: u64 = 2;
const SECCOMP_SET_MODE_FILTER: u32 = 1;

impl Ask {
    /// What a call with these words asks for, if it is for a filter. Without one (a null pointer) it only asks whether the
    /// kernel knows the flags, as libseccomp and strace do before they install anything.
    pub(super) fn of(abi: AbiId, nr: u32, words: &[u64; 6]) -> Option<Ask> {
        // Operations and flags are `int`s: the kernel looks at their low halves only. The mode of prctl is a long.
        let (call, flags) = match table::by_nr(abi, nr)?.name {
            "seccomp" if words[0] as u32 == SECCOMP_SET_MODE_FILTER => ("seccomp", words[1] as u32),
            "prctl" if words[0] as u32 == PR_SET_SECCOMP && words[1] == SECCOMP_MODE_FILTER => {
                ("prctl", 0)
            }
            _ => return None,
        };
        (words[2] != 0).then_some(Ask {
            abi,
            call,
            flags,
            fprog: words[2],
        })
    }

    /// The names of its flags; bits without a name in hexadecimal.
    pub(super) fn flag_names(self) -> Vec<String> {
        let known = FLAGS.iter().enumerate();
        let mut names: Vec<String> = known
            .filter(|(bit, _)| self.flags >> bit & 1 == 1)
            .map(|(_, name)| (*name).to_owned())
            .collect();
        let unknown = self.flags >> FLAGS.len() << FLAGS.len();
        if unknown != 0 {
            names.push(format!("{unknown:#x}"));
        }
        names
    }

    /// Whether a call that returned this has installed its filter.
    pub(super) fn installed(self, value: i64) -> bool {
        // A listener's descriptor; or, with TSYNC and without a listener, the thread that could not follow, and then
        // nothing was installed.
        value == 0 || (value > 0 && self.flags & NEW_LISTENER != 0)
    }

    /// The program, as it stands in the caller's memory now.
    pub(super) fn read(self, memory: &dyn Memory) -> Result<Program, Unread> {
        // `struct sock_fprog`: a 16-bit length, padding, a pointer. x32 and 32-bit programs have the compat one.
        let wide = self.abi.abi().long_bits == 64;
        let mut head = [0; 16];
        let head = if wide { &mut head[..] } else { &mut head[..8] };
        if memory.read(self.fprog, head) < head.len() {
            return Err(Unread::NoFprog(self.fprog));
        }
        let len = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let pointer = head.get(head.len() / 2..).unwrap_or_default();
        let at = match pointer.first_chunk::<8>() {
            Some(bytes) => u64::from_ne_bytes(*bytes),
            None => pointer
                .first_chunk::<4>()
                .map_or(0, |bytes| u32::from_ne_bytes(*bytes).into()),
        };
        if len == 0 || len > MAX_INSNS {
            return Err(Unread::Length(len));
        }
        let mut bytes = vec![0; len * Insn::SIZE];
        let got = memory.read(at, &mut bytes);
        if got < bytes.len() {
            return Err(Unread::Torn {
                at,
                got,
                wanted: bytes.len(),
            });
        }
        Program::from_bytes(&bytes, ByteOrder::NATIVE).map_err(|_| Unread::Length(len))
    }
}

/// Why there is no program: the kernel refuses these too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unread {
    #[error("there is no struct sock_fprog at {0:#x}")]
    NoFprog(u64),
    #[error("a length of {0} instructions: 1 to {MAX_INSNS} are right")]
    Length(usize),
    #[error("of {wanted} bytes of instructions at {at:#x} only {got} are there")]
    Torn { at: u64, got: usize, wanted: usize },
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::testing::{Pieces, call};

    const RET: [u8; 8] = 0x7fff_0000_0000_0006_u64.to_le_bytes();

    fn ask(abi: AbiId, name: &str, words: &[u64]) -> Option<Ask> {
        let call = call(abi, name, words);
        Ask::of(abi, call.nr, &call.words)
    }

    #[rstest]
    #[case::wide(AbiId::X86_64, &[2, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0, 0, 1, 0, 0, 0], 0x1_0000_5678)]
    #[case::aarch64(AbiId::Aarch64, &[2, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0, 0, 1, 0, 0, 0], 0x1_0000_5678)]
    #[case::i386(AbiId::I386, &[2, 0, 0, 0, 0x78, 0x56, 0, 0xf0], 0xf000_5678)]
    #[case::x32(AbiId::X32, &[2, 0, 0, 0, 0x78, 0x56, 0, 0xf0], 0xf000_5678)]
    #[case::arm(AbiId::Arm, &[2, 0, 0, 0, 0x78, 0x56, 0, 0xf0], 0xf000_5678)]
    fn each_abi_has_its_fprog(#[case] abi: AbiId, #[case] fprog: &[u8], #[case] at: u64) {
        let memory = Pieces::default()
            .with(0x1000, fprog)
            .with(at, [RET, RET].concat());
        for (name, words) in [("seccomp", [1, 0, 0x1000]), ("prctl", [22, 2, 0x1000])] {
            let ask = ask(abi, name, &words).unwrap();
            let program = ask.read(&memory).unwrap();
            assert_eq!(program.to_bytes(ByteOrder::Little), [RET, RET].concat());
            assert_eq!(ask.call, name);
        }
    }

    #[rstest]
    #[case::no_program("seccomp", &[1, 1, 0])]
    #[case::strict("seccomp", &[0, 0, 0x1000])]
    #[case::is_an_action_there("seccomp", &[2, 0, 0x1000])]
    #[case::strict_by_prctl("prctl", &[22, 1, 0x1000])]
    #[case::a_mode_of_64_bits("prctl", &[22, 0x1_0000_0002, 0x1000])]
    #[case::another_option("prctl", &[38, 1, 0])]
    #[case::another_call("ptrace", &[1, 0, 0x1000])]
    fn others_install_nothing(#[case] name: &str, #[case] words: &[u64]) {
        assert_eq!(ask(AbiId::X86_64, name, words), None);
    }

    #[test]
    fn only_the_low_half_of_an_operation_counts() {
        let high = 0xdead_0000_0000_0001;
        let ask = ask(AbiId::X86_64, "seccomp", &[high, 0xffff_ffff_0000_0041, 8]).unwrap();
        assert_eq!(ask.flag_names(), ["TSYNC", "0x40"]);
    }

    #[rstest]
    #[case::fails(0, -22, false)]
    #[case::succeeds(0, 0, true)]
    #[case::a_thread_did_not_follow(1, 4711, false)]
    #[case::a_listener(8, 5, true)]
    #[case::a_listener_and_all_threads(8 | 1 | 16, 5, true)]
    fn the_result_tells_whether_it_is_installed(
        #[case] flags: u64,
        #[case] result: i64,
        #[case] installed: bool,
    ) {
        let ask = ask(AbiId::I386, "seccomp", &[1, flags, 8]).unwrap();
        assert_eq!(ask.installed(result), installed);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let ask = ask(AbiId::I386, "seccomp", &[1, 0, 0x1000]).unwrap();
        let read = |memory: &Pieces| ask.read(memory).unwrap_err();
        assert_eq!(read(&Pieces::default()), Unread::NoFprog(0x1000));
        let fprog = |len: u16, at: u32| {
            let words = [u32::from(len).to_le_bytes(), at.to_le_bytes()];
            Pieces::default().with(0x1000, words.concat())
        };
        assert_eq!(read(&fprog(0, 0x2000)), Unread::Length(0));
        assert_eq!(read(&fprog(4097, 0x2000)), Unread::Length(4097));
        let torn = Unread::Torn {
            at: 0x2000,
            got: 8,
            wanted: 16,
        };
        assert_eq!(read(&fprog(2, 0x2000).with(0x2000, RET)), torn);
        let beyond = Unread::Torn {
            at: 0xffff_fff8,
            got: 0,
            wanted: 16,
        };
        assert_eq!(read(&fprog(2, 0xffff_fff8)), beyond);
    }
}
