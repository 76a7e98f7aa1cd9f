//! The values that go into the machine and come out of it.

use everycall_arch::AbiId;

use crate::event::{Call, Outcome};

/// A call, as the kernel describes it at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// `AUDIT_ARCH_*`.
    pub arch: u32,
    /// The number.
    pub nr: u32,
    /// The six words.
    pub words: [u64; 6],
    /// The instruction pointer.
    pub ip: u64,
}

/// What a 32-bit ARM kernel is told instead of a number that it would take for a wish to skip the call: to it both are
/// far beyond all that it knows. It has no more bits than a kernel built for the old ABI too tells of any number but -1
/// (`__NR_SYSCALL_MASK`, arch/arm/include/asm/unistd.h): what it tells at its filters' stops is what was set.
pub const STAND_IN: u32 = 0x000f_ffff;

impl CallInfo {
    /// Whether this is the same call, told a second time.
    pub(super) fn is_of(&self, call: &Call) -> bool {
        let replaced = is_negative(call.nr) && self.nr == STAND_IN;
        (self.arch, self.ip) == (call.arch, call.ip) && (self.nr == call.nr || replaced)
    }

    /// After a filter's stop the kernel takes every negative number for one that the tracer has set.
    pub(super) fn is_skipped_after_filter(&self) -> bool {
        is_negative(self.nr)
    }

    /// At the entry it takes only -1 for that.
    pub(super) fn is_skipped_after_entry(&self) -> bool {
        self.nr == u32::MAX
    }

    pub(super) fn abi(&self) -> Option<AbiId> {
        AbiId::of_call(self.arch, self.nr)
    }

    /// The vsyscall page (arch/x86/entry/vsyscall): calls into it are emulated from a page fault,
    /// where the kernel asks seccomp, but makes no stop for ptrace, neither at entry nor at exit.
    pub(super) fn is_vsyscall(&self) -> bool {
        const PAGE: u64 = 0xffff_ffff_ff60_0000;
        self.abi() == Some(AbiId::X86_64) && (PAGE..PAGE + 0x1000).contains(&self.ip)
    }
}

fn is_negative(nr: u32) -> bool {
    nr >> 31 != 0
}

/// One stop, or the end, of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// syscall-entry-stop.
    Entry(CallInfo),
    /// syscall-exit-stop.
    Exit {
        /// The result.
        value: i64,
        /// Whether it is an error.
        error: bool,
        /// Whether a seccomp filter's `RET_TRAP` kept the call from being made.
        trapped: bool,
    },
    /// A seccomp filter said `RET_TRACE` with this data.
    Seccomp(CallInfo, u32),
    /// `PTRACE_EVENT_FORK`, `VFORK` or `CLONE`.
    NewThread {
        /// The new thread.
        tid: i32,
        /// Its process.
        pid: i32,
        /// Whether the parent now waits in `vfork`.
        vfork: bool,
    },
    /// `PTRACE_EVENT_VFORK_DONE`.
    VforkDone,
    /// `PTRACE_EVENT_EXEC`; the thread that called execve had this id before.
    Exec {
        /// The former id; the stop itself comes under the process's id.
        former: i32,
    },
    /// The thread is stopped with its group by this signal.
    Group(i32),
    /// `PTRACE_EVENT_STOP` for any other reason: a new thread, an interrupt, the end of a group-stop.
    Trap,
    /// signal-delivery-stop.
    Signal(i32),
    /// The thread exited.
    Exited(i32),
    /// The thread was killed by a signal, perhaps with a core file.
    Killed(i32, bool),
}

/// How a stopped thread is resumed. The number is the signal to deliver, 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// `PTRACE_CONT`.
    Continue(i32),
    /// `PTRACE_SYSCALL`.
    Syscall(i32),
    /// `PTRACE_LISTEN`: it stays in its group-stop.
    Listen,
    /// `PTRACE_DETACH`.
    Detach(i32),
    /// Not now; a [`Effect::Release`] follows.
    Hold,
    /// Not at all: it is gone.
    Gone,
}

/// What a stop means, in order: what is to be shown, and what is to be done to tracees.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are thread and process ids, signals and words"
)]
pub enum Effect {
    /// A thread appeared.
    Started { pid: i32, tid: i32 },
    /// A thread that ran before has stopped for the first time.
    Attached { pid: i32, tid: i32 },
    /// A call that was asked for was entered.
    Entered(Call),
    /// It ended.
    Ended(Call, Outcome),
    /// A signal is about to be delivered.
    Signal { pid: i32, tid: i32, signal: i32 },
    /// The thread stopped with its group.
    Stopped { pid: i32, tid: i32, signal: i32 },
    /// The thread exited.
    Exited { pid: i32, tid: i32, status: i32 },
    /// The thread was killed.
    Killed {
        pid: i32,
        tid: i32,
        signal: i32,
        core_dumped: bool,
    },
    /// Thread `former` took its process's id by execve.
    Superseded { pid: i32, former: i32 },
    /// The call at this stop must not be made, and return `ENOSYS`.
    Skip { tid: i32, arch: u32 },
    /// The call at this stop has a number that the kernel takes for a tracer's wish to skip it. It must end
    /// as it would untraced: nothing implements such a number. Under a filter of its own the thread's call -1 is one that
    /// some kernels skip untraced too; `None` where it was not watched whether it has one.
    Unskip {
        tid: i32,
        arch: u32,
        own_filter: Option<bool>,
    },
    /// The first word of the call is to be set in the thread's registers.
    SetFirstWord { tid: i32, arch: u32, value: u64 },
    /// After the call, the program is to find this in its place.
    RestoreFirstWord { tid: i32, arch: u32, value: u64 },
    /// A `u64` is to be written to the thread's memory.
    SetMemory { tid: i32, addr: u64, value: u64 },
    /// A running thread is to be stopped.
    Interrupt { tid: i32 },
    /// A thread that was held is to be resumed.
    Release { tid: i32, resume: Resume },
}
