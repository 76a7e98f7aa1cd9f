//! What a run asks of a tracer beyond its calls: texts that must be true, calls that are only counted, and
//! what befalls the tracer meanwhile.

use serde::{Deserialize, Serialize};

/// The terms of a run. Most have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What the texts of arguments must say. A tracer is asked to decode them when there are any.
    pub told: Vec<Told>,
    /// Calls that no ledger has, because they are too many.
    pub crowd: Option<Crowd>,
    /// Numbers of calls that no ledger has, and that nobody must ask for.
    pub aside: Vec<u32>,
    /// Calls that nobody asks for, which run free where there is a filter.
    pub free: Option<Free>,
    /// Pairs of calls, by their slots, of two threads: the first had returned when the second was made, so whoever
    /// tells both tells them in this order.
    pub ordered: Vec<(usize, usize)>,
    /// What befalls the tracer.
    pub trouble: Option<Trouble>,
}

/// Calls between two others whose second words tell how often the thread has gone to sleep by itself until then, as
/// it does at every stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// The slot of the call before.
    pub before: usize,
    /// The slot of the one behind.
    pub behind: usize,
    /// How many calls are between.
    pub calls: u32,
}

/// What the text of one argument must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The call, by its slot.
    pub slot: usize,
    /// Which argument: 0 is the first.
    pub arg: usize,
    /// Where it may stand instead: the C library's order of arguments is not always the kernel's.
    pub or_arg: Option<usize>,
    /// What it must say.
    pub is: Text,
}

/// A text that is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// This number.
    Number(i64),
    /// A string of one of these contents. A text that says that it is cut may be the beginning of one.
    String(Vec<Vec<u8>>),
    /// Strings of an array, in this order. One that says that it is cut may have fewer.
    Strings(Vec<Vec<u8>>),
    /// The address: there is nothing that could be read.
    Address,
    /// The address, or the beginning of these bytes: not everybody can read them.
    Memory(Vec<u8>),
}

/// Threads or processes that each make the same call many times: `gettid`, whose result is the thread's id.
/// Nobody else makes that call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// The call's number.
    pub nr: u32,
    /// How many threads there are.
    pub threads: usize,
    /// How often each makes the call.
    pub each: usize,
}

/// What befalls a tracer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trouble {
    /// It is killed when the program has made so many calls.
    Killed {
        /// How many.
        after: u32,
        /// Which of its processes.
        whom: Whom,
        /// Whether it has attached to another program besides, one that does nothing.
        attached: bool,
    },
    /// It is stopped and continued, again each time that the program has made so many calls.
    Stopped {
        /// How many.
        every: u32,
    },
    /// Nothing but that somebody looks at it, who opens the gate.
    Watched,
    /// The file that it writes is on a disk without room.
    FullDisk,
    /// The file that it writes is a pipe whose reader goes away after the first bytes.
    ClosedPipe,
    /// The file that it writes is a pipe of a page or two, from which is read when it is full.
    SlowPipe,
    /// It may have so many descriptors.
    Files(u32),
    /// It may have so many MiB of addresses.
    Memory(u32),
    /// It gets no more memory than it has when the program has made so many calls.
    NoMoreMemory {
        /// How many.
        after: u32,
    },
    /// The kernel refuses it something.
    Denied(Denied),
}

/// Which of a tracer's processes is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Whom {
    /// The one that was started.
    Front,
    /// The one that traces, which may be another.
    Tracing,
}

/// What a sandbox around a tracer may forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Denied {
    /// ptrace as a whole.
    Ptrace,
    /// The request by which the kernel tells what call it is (`PTRACE_GET_SYSCALL_INFO`), as a kernel before 5.3
    /// and some sandboxes do.
    SyscallInfo,
    /// Reading another process's memory at once (`process_vm_readv`), as containers do.
    ReadMemory,
}

/// How well a tracer must stand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// As if nothing were.
    Right,
    /// So, or it says beforehand that it cannot, and does not run the program.
    RightOrRefuses,
    /// So, or it says that something is lost, and the program runs to its end all the same.
    ProgramRuns,
    /// So, or it says that it cannot go on; what the program did until then went as untraced, and nothing of it is
    /// left behind that neither runs nor ends.
    NoHarm,
    /// It is gone: the program went as untraced for as long as it went, and nothing of it is left behind that neither
    /// runs nor ends.
    Gone,
}

impl Trouble {
    /// Whether the program waits at its gate until it has happened.
    #[must_use]
    pub fn opens_the_gate(&self) -> bool {
        matches!(
            self,
            Trouble::Killed { .. } | Trouble::Watched | Trouble::NoMoreMemory { .. }
        )
    }

    /// How well a tracer must stand it.
    #[must_use]
    pub fn stands(&self) -> Stands {
        match self {
            Trouble::Stopped { .. } | Trouble::Watched | Trouble::SlowPipe => Stands::Right,
            Trouble::Files(_) | Trouble::Denied(_) => Stands::RightOrRefuses,
            Trouble::FullDisk | Trouble::ClosedPipe => Stands::ProgramRuns,
            Trouble::Memory(_) | Trouble::NoMoreMemory { .. } => Stands::NoHarm,
            Trouble::Killed { .. } => Stands::Gone,
        }
    }
}
