//! Which programs this machine runs: found out by running one of each, since a kernel may be built or
//! started without its other ABIs, and a processor may lack its older instructions.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use everycall_arch::{AbiId, table};
use nix::errno::Errno;

use crate::ledger;
use crate::probe::{
    Call, CallId, Flow, LEDGER_FILE, PROGRAM, Probe, ProbeError, Target, Via, Word,
};

/// The kinds of machine, by the beginning of what `uname -m` says of them, and the programs that their
/// kernels may run. A program of another kind may run as well, in an emulator of user programs: what
/// it calls is not what the kernel sees, so it is not asked for.
const MACHINES: &[(&str, &[Target])] = &[
    ("x86_64", &[Target::X86_64, Target::I386]),
    ("i", &[Target::X86_64, Target::I386]),
    ("aarch64", &[Target::Aarch64, Target::Arm]),
    ("arm", &[Target::Aarch64, Target::Arm]),
];

/// A kind of program that the running kernel's machine might run, and why it does not.
#[derive(Debug)]
pub struct Tried {
    /// Which programs.
    pub target: Target,
    /// Why they cannot be run; `None` when they can.
    pub refused: Option<String>,
}

static TRIED: LazyLock<Vec<Tried>> = LazyLock::new(|| {
    let kinds = MACHINES
        .iter()
        .find(|(kind, _)| machine().starts_with(kind));
    let targets = kinds.map_or(&[][..], |(_, targets)| targets);
    let tried = targets.iter().map(|&target| Tried {
        target,
        refused: attempt(target, |_| Ok(()))
            .err()
            .map(|error| error.to_string()),
    });
    tried.collect()
});

/// What `uname -m` says: the kernel's machine, for a program that does not pretend to be elsewhere.
#[must_use]
pub fn machine() -> String {
    nix::sys::utsname::uname().map_or_else(
        |_| String::new(),
        |name| name.machine().to_string_lossy().into_owned(),
    )
}

/// The machine's own ABI: that of its kernel.
#[must_use]
pub fn native() -> AbiId {
    match machine().as_str() {
        "x86_64" => AbiId::X86_64,
        "aarch64" => AbiId::Aarch64,
        arm if arm.starts_with("arm") => AbiId::Arm,
        _ => AbiId::I386,
    }
}

/// What was tried, once, and what came of it.
#[must_use]
pub fn tried() -> &'static [Tried] {
    &TRIED
}

/// The programs that can be run here.
#[must_use]
pub fn targets() -> Vec<Target> {
    let runs = TRIED.iter().filter(|tried| tried.refused.is_none());
    runs.map(|tried| tried.target).collect()
}

/// Whether calls of the ABI can be made by programs of the target: that kind of program runs here, and
/// the kernel answers the ABI's own programs, too.
#[must_use]
pub fn makes(abi: AbiId, target: Target) -> bool {
    let own = match abi {
        AbiId::X86_64 | AbiId::X32 => Target::X86_64,
        AbiId::I386 => Target::I386,
        AbiId::Aarch64 => Target::Aarch64,
        AbiId::Arm => Target::Arm,
    };
    let targets = targets();
    targets.contains(&own) && targets.contains(&target)
}

/// Whether the kernel carries out calls into the vsyscall page.
#[must_use]
pub fn has_page() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        const TIME: u64 = 0xffff_ffff_ff60_0400;
        let calls = |probe: &mut Probe| {
            let time = Call::new(Via::Page, TIME, &[]);
            probe.call(Flow::MAIN, time).map(drop)
        };
        makes(AbiId::X86_64, Target::X86_64) && attempt(Target::X86_64, calls).is_ok()
    });
    *HAS
}

/// Whether the vDSO of 32-bit programs of x86 has code that makes calls.
fn has_vdso() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        const GETPPID: u64 = 64;
        let calls = |probe: &mut Probe| probe.call_vdso(Flow::MAIN, GETPPID, &[]).map(drop);
        makes(AbiId::I386, Target::I386) && attempt(Target::I386, calls).is_ok()
    });
    *HAS
}

/// What a case needs of the running system beyond its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// That the suite itself is under no seccomp filter: whoever has one cannot enter the strict mode.
    Unfiltered,
    /// That the kernel carries out calls of x32.
    X32,
    /// That the kernel carries out calls into the vsyscall page.
    Page,
    /// That the vDSO of 32-bit programs has code that makes calls.
    Vdso,
    /// That the kernel has memory which only its owner can read.
    Secret,
    /// That the processor and the kernel have keys for pages.
    Keys,
    /// That a program may bring the pages that it touches by itself.
    Faults,
    /// That the kernel carries out calls that are put down in a ring.
    Ring,
    /// That the kernel runs both 64-bit and 32-bit programs.
    OtherKind,
}

impl Need {
    /// Why this system lacks it; `None` where it is there.
    #[must_use]
    pub fn lacking(self) -> Option<String> {
        match self {
            Need::Unfiltered => filtered(),
            Need::X32 => (!has_x32()).then(|| "the kernel carries out no calls of x32".to_owned()),
            Need::Page => (!has_page())
                .then(|| "the kernel does not carry out calls into the vsyscall page".to_owned()),
            Need::Vdso => (!has_vdso())
                .then(|| "the vDSO of 32-bit programs has no code that makes calls".to_owned()),
            Need::Secret => (!has_secrets())
                .then(|| "the kernel has no memfd_secret, or keeps it from us".to_owned()),
            Need::Keys => (!has_keys())
                .then(|| "the processor or the kernel has no keys for pages".to_owned()),
            Need::Faults => (!has_faults())
                .then(|| "the kernel has no userfaultfd, or keeps it from us".to_owned()),
            Need::Ring => {
                (!has_ring()).then(|| "the kernel has no io_uring, or keeps it from us".to_owned())
            }
            Need::OtherKind => {
                (targets().len() < 2).then(|| "the kernel runs only one kind of program".to_owned())
            }
        }
    }
}

/// Containers put a filter on everything in them.
fn filtered() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mode = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"))?
        .trim();
    (mode != "0").then(|| {
        "the suite runs under a seccomp filter (a container's), and so does its probe: a thread with a filter \
         cannot enter the strict mode, traced or not"
            .to_owned()
    })
}

/// Whether calls of x32 are carried out.
fn has_x32() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        let number = table::by_name(AbiId::X32, "getppid").map(|call| call.nr);
        number.is_some_and(|nr| {
            succeeds(Target::X86_64, |probe| {
                probe.native(Flow::MAIN, nr.into(), &[])
            })
        })
    });
    *HAS
}

/// Whether `memfd_secret` works.
fn has_secrets() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| succeeds_here("memfd_secret", |_| Vec::new()));
    *HAS
}

/// Whether `pkey_alloc` works.
fn has_keys() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| succeeds_here("pkey_alloc", |_| Vec::new()));
    *HAS
}

/// Whether `userfaultfd` works for what the program itself touches.
fn has_faults() -> bool {
    const USER_MODE_ONLY: Word = Word::Value(1);
    static HAS: LazyLock<bool> =
        LazyLock::new(|| succeeds_here("userfaultfd", |_| vec![USER_MODE_ONLY]));
    *HAS
}

/// Whether `io_uring_setup` works, not only for who is privileged.
fn has_ring() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        let disabled = fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
        let disabled = disabled.is_ok_and(|how| how.trim() != "0");
        let words = |probe: &mut Probe| {
            let parameters = probe.bytes(&[0; 120]);
            vec![Word::Value(1), Word::Address(parameters)]
        };
        !disabled && succeeds_here("io_uring_setup", words)
    });
    *HAS
}

/// Whether a call succeeds, asked of a program of the machine's own ABI.
fn succeeds_here(name: &str, words: impl FnOnce(&mut Probe) -> Vec<Word>) -> bool {
    let Some(target) = targets().first().copied() else {
        return false;
    };
    let Some(call) = table::by_name(target.abi(), name) else {
        return false;
    };
    succeeds(target, |probe| {
        let words = words(probe);
        probe.native(Flow::MAIN, call.nr.into(), &words)
    })
}

/// Whether a call of a program of the target does not fail.
fn succeeds(target: Target, call: impl FnOnce(&mut Probe) -> Result<CallId, ProbeError>) -> bool {
    let makes = |probe: &mut Probe| {
        let made = call(probe)?;
        let end = |probe: &mut Probe, status| probe.exit_group(Flow::MAIN, status).map(drop);
        probe.unless_failed(Flow::MAIN, made, |probe| end(probe, 0))?;
        end(probe, 1)
    };
    targets().contains(&target) && attempt(target, makes).is_ok()
}

/// Runs a probe that does little but set itself up and end.
fn attempt(
    target: Target,
    calls: impl FnOnce(&mut Probe) -> Result<(), ProbeError>,
) -> io::Result<()> {
    let mut probe = Probe::new(target).map_err(io::Error::other)?;
    calls(&mut probe).map_err(io::Error::other)?;
    probe.exit_group(Flow::MAIN, 0).map_err(io::Error::other)?;
    let built = probe.build().map_err(io::Error::other)?;
    let dir = tempfile::tempdir()?;
    let program = dir.path().join(PROGRAM);
    fs::write(
        dir.path().join(LEDGER_FILE),
        vec![0; ledger::bytes(built.calls.len())],
    )?;
    fs::write(&program, &built.elf)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    // Another thread's new child may still hold the file open for writing: that passes.
    const TRIES: usize = 10_000;
    for _ in 0..TRIES {
        let status = Command::new(&program)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match status {
            Err(error) if error.raw_os_error() == Some(Errno::ETXTBSY as i32) => {
                std::thread::yield_now();
            }
            Err(error) => return Err(error),
            Ok(status) if status.success() => return Ok(()),
            // The C library gives to a shell what the kernel does not take; the shell has no use for it either.
            Ok(status) if status.code().is_some() => {
                return Err(io::Error::other("the kernel does not take them"));
            }
            Ok(status) => return Err(io::Error::other(status.to_string())),
        }
    }
    Err(io::Error::from(Errno::ETXTBSY))
}
