//! What the kernel tells a tracee of a signal, as text.

use everycall_arch::{AbiId, errno, signal, table};

/// Where the part that depends on the code begins: the tracer's own data model decides.
const REST: usize = if size_of::<usize>() == 8 { 16 } else { 12 };

/// A `siginfo_t` of the tracer's own data model.
#[derive(Clone, Copy)]
struct Info<'a>(&'a [u8; 128]);

impl Info<'_> {
    fn int(self, at: usize) -> i32 {
        let bytes = self
            .0
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        i32::from_ne_bytes(bytes.unwrap_or_default())
    }

    /// A `long` or an address.
    fn word(self, at: usize) -> u64 {
        if size_of::<usize>() == 4 {
            return u64::from(self.int(at) as u32);
        }
        let bytes = self
            .0
            .get(at..at + 8)
            .and_then(|bytes| bytes.try_into().ok());
        u64::from_ne_bytes(bytes.unwrap_or_default())
    }

    fn code(self) -> i32 {
        self.int(8)
    }
}

/// The name of a signal, or its number.
pub(super) fn name(number: i32) -> String {
    let name = u32::try_from(number).ok().and_then(signal::name);
    name.unwrap_or_else(|| number.to_string())
}

fn address(value: u64) -> String {
    if value == 0 {
        "NULL".to_owned()
    } else {
        format!("{value:#x}")
    }
}

/// `{si_signo=SIGUSR1, si_code=SI_USER, ...}`; `None` when the kernel told nothing.
pub(super) fn text(bytes: &[u8; 128]) -> Option<String> {
    let info = Info(bytes);
    if bytes.iter().all(|&byte| byte == 0) {
        return None;
    }
    let signo = info.int(0);
    let code = code_name(signo, info.code())
        .map_or_else(|| format!("{:#x} /* SI_??? */", info.code()), str::to_owned);
    let mut text = format!("{{si_signo={}, si_code={code}", name(signo));
    match u32::try_from(info.int(4)) {
        Ok(0) => {}
        Ok(number) => {
            let name = errno::name(number).map_or_else(|| number.to_string(), str::to_owned);
            text.push_str(&format!(", si_errno={name}"));
        }
        Err(_) => text.push_str(&format!(", si_errno={}", info.int(4))),
    }
    text.push_str(&fields(info, signo));
    text.push('}');
    Some(text)
}

/// Whether an address comes with the signal. The kernel gives a 32-bit tracer its low half only.
#[must_use]
pub fn has_address(bytes: &[u8; 128]) -> bool {
    let info = Info(bytes);
    let (signo, code) = (info.int(0), info.code());
    let is_fault = matches!(
        signo,
        libc::SIGILL | libc::SIGFPE | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP | libc::SIGSYS
    );
    let is_sent = matches!(code, libc::SI_USER | libc::SI_TKILL);
    (code > 0 && is_fault) || (code < 0 && !is_sent && info.word(REST + 8) != 0)
}

fn fields(info: Info, signo: i32) -> String {
    if info.code() <= 0 {
        return match info.code() {
            libc::SI_USER | libc::SI_TKILL => source(info),
            libc::SI_TIMER => format!(
                ", si_timerid={}, si_overrun={}{}",
                crate::decode::hex((info.int(REST) as u32).into()),
                info.int(REST + 4),
                sigval(info, REST + 8)
            ),
            _ if info.word(REST + 8) == 0 => source(info),
            _ => source(info) + &sigval(info, REST + 8),
        };
    }
    match signo {
        libc::SIGCHLD => child(info),
        libc::SIGILL | libc::SIGFPE | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP => fault(info),
        libc::SIGPOLL => {
            let word = size_of::<usize>();
            format!(
                ", si_band={}, si_fd={}",
                info.word(REST),
                info.int(REST + word)
            )
        }
        libc::SIGSYS => seccomp(info),
        _ => {
            let mut text = String::new();
            if info.int(REST) != 0 || info.int(REST + 4) != 0 {
                text += &source(info);
            }
            if info.word(REST + 8) != 0 {
                text += &sigval(info, REST + 8);
            }
            text
        }
    }
}

fn source(info: Info) -> String {
    format!(
        ", si_pid={}, si_uid={}",
        info.int(REST),
        info.int(REST + 4) as u32
    )
}

fn sigval(info: Info, at: usize) -> String {
    format!(
        ", si_int={}, si_ptr={}",
        info.int(at),
        address(info.word(at))
    )
}

fn fault(info: Info) -> String {
    let mut text = format!(", si_addr={}", address(info.word(REST)));
    if info.int(0) == libc::SIGSEGV && info.code() == 4 {
        // Behind the address: the union's members of the page-key error.
        text += &format!(
            ", si_pkey={}",
            info.int(REST + 2 * size_of::<usize>()) as u32
        );
    }
    text
}

fn child(info: Info) -> String {
    let status = info.int(REST + 8);
    let status = if info.code() == libc::CLD_EXITED {
        status.to_string()
    } else {
        name(status)
    };
    let word = size_of::<usize>();
    let times = (REST + 12).next_multiple_of(word);
    format!(
        "{}, si_status={status}, si_utime={}, si_stime={}",
        source(info),
        ticks(info.word(times)),
        ticks(info.word(times + word))
    )
}

/// A time in ticks, of which user space sees 100 a second on every ABI here.
fn ticks(ticks: u64) -> String {
    if ticks == 0 {
        return "0".to_owned();
    }
    format!("{ticks} /* {}.{:02} s */", ticks / 100, ticks % 100)
}

fn seccomp(info: Info) -> String {
    let word = size_of::<usize>();
    let (nr, arch) = (
        info.int(REST + word) as u32,
        info.int(REST + word + 4) as u32,
    );
    let call = AbiId::of_call(arch, nr).and_then(|abi| table::by_nr(abi, nr));
    let nr = call.map_or_else(|| nr.to_string(), |call| format!("__NR_{}", call.name));
    let arch = match arch {
        0xc000_003e => "AUDIT_ARCH_X86_64".to_owned(),
        0x4000_0003 => "AUDIT_ARCH_I386".to_owned(),
        0xc000_00b7 => "AUDIT_ARCH_AARCH64".to_owned(),
        0x4000_0028 => "AUDIT_ARCH_ARM".to_owned(),
        other => format!("{other:#x} /* AUDIT_ARCH_??? */"),
    };
    format!(
        ", si_call_addr={}, si_syscall={nr}, si_arch={arch}",
        address(info.word(REST))
    )
}

/// The names of codes that every signal may have, by code.
const ANY: [(i32, &str); 9] = [
    (0, "SI_USER"),
    (0x80, "SI_KERNEL"),
    (-1, "SI_QUEUE"),
    (-2, "SI_TIMER"),
    (-3, "SI_MESGQ"),
    (-4, "SI_ASYNCIO"),
    (-5, "SI_SIGIO"),
    (-6, "SI_TKILL"),
    (-60, "SI_ASYNCNL"),
];

/// The names of a signal's own codes, from 1 upwards.
const OWN: [(i32, &[&str]); 8] = [
    (
        libc::SIGCHLD,
        &[
            "CLD_EXITED",
            "CLD_KILLED",
            "CLD_DUMPED",
            "CLD_TRAPPED",
            "CLD_STOPPED",
            "CLD_CONTINUED",
        ],
    ),
    (
        libc::SIGSEGV,
        &[
            "SEGV_MAPERR",
            "SEGV_ACCERR",
            "SEGV_BNDERR",
            "SEGV_PKUERR",
            "SEGV_ACCADI",
            "SEGV_ADIDERR",
            "SEGV_ADIPERR",
            "SEGV_MTEAERR",
            "SEGV_MTESERR",
            "SEGV_CPERR",
        ],
    ),
    (
        libc::SIGBUS,
        &[
            "BUS_ADRALN",
            "BUS_ADRERR",
            "BUS_OBJERR",
            "BUS_MCEERR_AR",
            "BUS_MCEERR_AO",
        ],
    ),
    (
        libc::SIGILL,
        &[
            "ILL_ILLOPC",
            "ILL_ILLOPN",
            "ILL_ILLADR",
            "ILL_ILLTRP",
            "ILL_PRVOPC",
            "ILL_PRVREG",
            "ILL_COPROC",
            "ILL_BADSTK",
            "ILL_BADIADDR",
        ],
    ),
    (
        libc::SIGFPE,
        &[
            "FPE_INTDIV",
            "FPE_INTOVF",
            "FPE_FLTDIV",
            "FPE_FLTOVF",
            "FPE_FLTUND",
            "FPE_FLTRES",
            "FPE_FLTINV",
            "FPE_FLTSUB",
        ],
    ),
    (
        libc::SIGTRAP,
        &[
            "TRAP_BRKPT",
            "TRAP_TRACE",
            "TRAP_BRANCH",
            "TRAP_HWBKPT",
            "TRAP_UNK",
            "TRAP_PERF",
        ],
    ),
    (
        libc::SIGPOLL,
        &[
            "POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP",
        ],
    ),
    (libc::SIGSYS, &["SYS_SECCOMP", "SYS_USER_DISPATCH"]),
];

fn code_name(signo: i32, code: i32) -> Option<&'static str> {
    let any = ANY
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, name)| *name);
    any.or_else(|| {
        let names = OWN.iter().find(|(known, _)| *known == signo)?.1;
        let index = usize::try_from(code).ok()?.checked_sub(1)?;
        names.get(index).copied()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What stands behind the code: an `int`, or a `long` or address, aligned as such.
    #[derive(Clone, Copy)]
    enum Field {
        Int(i32),
        Word(usize),
    }
    use Field::{Int, Word};

    fn info(signo: i32, code: i32, fields: &[Field]) -> [u8; 128] {
        let mut bytes = [0; 128];
        let mut at = 0;
        let mut put = |value: &[u8], start: usize| {
            at = start.max(at).next_multiple_of(value.len());
            bytes[at..at + value.len()].copy_from_slice(value);
            at += value.len();
        };
        for value in [signo, 0, code] {
            put(&value.to_ne_bytes(), 0);
        }
        for field in fields {
            match field {
                Int(value) => put(&value.to_ne_bytes(), REST),
                Word(value) => put(&value.to_ne_bytes(), REST),
            }
        }
        bytes
    }

    /// What strace 6.1 printed on x86-64.
    #[rstest]
    #[case(10, 0, &[Int(6700), Int(0)], "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=6700, si_uid=0}")]
    #[case(12, -6, &[Int(7), Int(1000)], "{si_signo=SIGUSR2, si_code=SI_TKILL, si_pid=7, si_uid=1000}")]
    #[case(10, -1, &[Int(7930), Int(0), Word(77)], "{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=7930, si_uid=0, si_int=77, si_ptr=0x4d}")]
    #[case(10, -2, &[Int(0), Int(0), Word(0)], "{si_signo=SIGUSR1, si_code=SI_TIMER, si_timerid=0, si_overrun=0, si_int=0, si_ptr=NULL}")]
    #[case(14, 128, &[], "{si_signo=SIGALRM, si_code=SI_KERNEL}")]
    #[case(11, 1, &[Word(16)], "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}")]
    #[case(31, 1, &[Word(16), Int(39), Int(0xc000_003e_u32 as i32)], "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x10, si_syscall=__NR_getpid, si_arch=AUDIT_ARCH_X86_64}")]
    #[case(17, 1, &[Int(7860), Int(0), Int(3), Word(0), Word(2)], "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7860, si_uid=0, si_status=3, si_utime=0, si_stime=2 /* 0.02 s */}")]
    #[case(17, 5, &[Int(1), Int(0), Int(19), Word(0), Word(0)], "{si_signo=SIGCHLD, si_code=CLD_STOPPED, si_pid=1, si_uid=0, si_status=SIGSTOP, si_utime=0, si_stime=0}")]
    fn as_strace(
        #[case] signo: i32,
        #[case] code: i32,
        #[case] fields: &[Field],
        #[case] expected: &str,
    ) {
        assert_eq!(text(&info(signo, code, fields)).as_deref(), Some(expected));
    }

    #[rstest]
    #[case(11, 1, &[Word(16)], true)]
    #[case(31, 1, &[Word(16)], true)]
    #[case(10, -1, &[Int(1), Int(0), Word(77)], true)]
    #[case(10, -1, &[Int(1), Int(0), Word(0)], false)]
    #[case(11, 0, &[Int(1), Int(0)], false)]
    #[case(17, 1, &[Int(1), Int(0), Int(3), Word(0), Word(2)], false)]
    fn addresses(
        #[case] signo: i32,
        #[case] code: i32,
        #[case] fields: &[Field],
        #[case] expected: bool,
    ) {
        assert_eq!(has_address(&info(signo, code, fields)), expected);
    }

    #[test]
    fn nothing_told_is_nothing_said() {
        assert_eq!(text(&[0; 128]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_make_one_printable_line(bytes in proptest::collection::vec(proptest::num::u8::ANY, 128)) {
            let text = text(bytes.as_slice().try_into().unwrap()).unwrap_or_default();
            proptest::prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}
