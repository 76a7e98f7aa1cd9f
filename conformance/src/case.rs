//! Cases, the runs that share a probe between them, and verdicts.

use everycall_arch::AbiId;

use crate::terms::Terms;

/// What a tracer is asked to show, in the syntax of strace's `-e trace=`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ask {
    /// Only these names.
    Names(Vec<String>),
    /// A class, without its percent sign.
    Class(String),
    /// Everything but these names.
    Except(Vec<String>),
    /// Everything.
    All,
}

/// One case: a name, and the steps of its run's probe that belong to it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name inside its group: `openat/only`, `hole-336/scatter`.
    pub name: String,
    /// Index of its first call in the ledger of the run (sentinels included).
    pub first: usize,
    /// How many calls of the ledger are its.
    pub count: usize,
}

/// One execution of one probe under one tracer with one question: it decides one case or many.
#[derive(Clone, Debug)]
pub struct Run {
    /// The ABI of the calls under test.
    pub abi: AbiId,
    /// `numbers`, `lifecycle`, ...
    pub group: &'static str,
    /// What the tracer is asked for.
    pub ask: Ask,
    /// The ELF file of the probe.
    pub elf: Vec<u8>,
    /// Calls that the probe makes, in order, as the ledger will show them: which must be shown.
    /// `true`: the tracer must show it; `false`: it must be silent about it.
    pub shown: Vec<bool>,
    /// What else is known of each call, at the same index. Calls without a note are the main
    /// thread's, and the same in every run.
    pub notes: Vec<Note>,
    /// The cases that it decides.
    pub cases: Vec<Case>,
    /// What is asked of a tracer beyond its calls.
    pub terms: Terms,
}

/// What is known of one call of a probe, before it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The thread that makes it: 0 is the main one, children follow in the order of their birth. A
    /// signal handler has a number of its own, too.
    pub flow: usize,
    /// Its words or its result differ from one run to the next on the bare kernel too (ids,
    /// addresses, times): of two runs only "failed, and how" may be compared. A tracer's output must
    /// agree with the ledger of its own run all the same.
    pub volatile: bool,
    /// What must come of it on the bare kernel; nothing when that is not known beforehand.
    pub claim: Option<Claim>,
    /// Whose it is.
    pub thread: Thread,
}

/// A thread, by how a tracer can know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thread {
    /// Nobody says.
    #[default]
    Unknown,
    /// The one that the program began with.
    First,
    /// The one whose id this call returned, by its index.
    Of(usize),
}

/// What must come of a call, and what of that a tracer can see. Results are the kernel's: errors are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It returns this.
    Returns(i64),
    /// It returns this, which is a number and no error, whatever it looks like: the call cannot fail.
    Number(i64),
    /// It returns, and has not failed.
    Succeeds,
    /// It does not return.
    Never,
    /// It does not return to the program, but has a result that a tracer must show: an execve.
    Leaves(i64),
    /// It returns, but nothing was executed, so whatever is in the result's register is none.
    NotExecuted,
    /// It succeeds, and there is no stop at its end: a tracer may have no result, but not a wrong one.
    Unseen,
    /// Somebody ends its thread meanwhile: it returns, or it does not. Where it does not, a tracer may have seen its
    /// begin or may not.
    Cut,
    /// It is the program's own business: the kernel hands it back before any tracer could see it.
    Dispatched,
    /// A signal may interrupt it, which only a tracer sees, by this code; then it begins anew, and succeeds.
    MayRestart(i64),
    /// As that, but in the end it may also fail with that error.
    MayRestartOrFail {
        /// The code of what a signal interrupts.
        restart: i64,
        /// The error.
        error: i64,
    },
    /// A tracer sees this code, and the program gets that error.
    Interrupted {
        /// The code.
        seen: i64,
        /// The error.
        got: i64,
    },
}

impl Claim {
    /// Of a call that makes a child or a thread: another child's end may interrupt it (`ERESTARTNOINTR`).
    pub(crate) const MAKES: Claim = Claim::MayRestart(-513);
    /// Of one that waits for a child: its end comes as a signal, too (`ERESTARTSYS`). That interrupts a tracee's call where
    /// it falls between the kernel's look for children that have ended and its look for signals; without a tracer SIGCHLD is
    /// ignored.
    pub(crate) const WAITS: Claim = Claim::MayRestart(-512);
    /// Of one that waits for a child which may not have been made (`ECHILD`).
    pub(crate) const WAITS_FOR_ANY: Claim = Claim::MayRestartOrFail {
        restart: -512,
        error: -10,
    };
}

/// What became of a case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All as it must be.
    Passed,
    /// A call that was asked for is not in the output.
    Missed,
    /// The output has a call that was not made, or not asked for.
    Invented,
    /// The call is there, but its name, number, words or result are not what they were.
    MisDecoded,
    /// The traced program behaved otherwise than untraced.
    Altered,
    /// The tracer or the probe did not end.
    Hung,
    /// The tracer crashed.
    Crashed,
    /// The tracer says itself that it lost events.
    Lost,
}
