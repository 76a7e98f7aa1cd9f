//! How each call is made without harm: the data, one line and one reason each.
//!
//! A call that is not here is made with sentinel words: no descriptor, no process, no readable
//! address and no set of flags looks like these, so it fails and changes nothing.

use everycall_arch::AbiId;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With sentinel words.
    Sentinels,
    /// With these words first, then sentinels.
    Words(&'static [u64]),
    /// With sentinel words; the descriptor that it returns is closed.
    Opens,
    /// By a child that does nothing else, with these words first, then sentinels.
    InChild(&'static [u64]),
    /// It makes a child that runs beside its parent, and ends at once.
    Forks,
    /// It makes a child for which the parent sleeps; these words first, then sentinels.
    Vforks(&'static [u64]),
    /// As `Vforks`, with its words in memory.
    Clone3,
    /// By a child that has `no_new_privs` set, with sentinel words.
    NoNewPrivs,
    /// By a child that is killed in it.
    Paused,
    /// By a child with a pending signal, which ends it.
    Suspended,
    /// From a signal handler, of the old kind of frame (`true`) or the new; where the call's ABI is not
    /// the program's own, by a child without a frame, which it kills.
    Returns {
        /// Whether it is the `sigreturn` of handlers without `SA_SIGINFO`.
        old_frame: bool,
    },
}

/// A call that sentinel words do not suit, or whose result differs between runs.
pub(super) struct Row {
    /// Its name in the tables.
    pub(super) name: &'static str,
    /// How it is made.
    pub(super) form: Form,
    /// Whether its words or its result differ from run to run.
    pub(super) volatile: bool,
    /// Why it stands here.
    pub(super) reason: &'static str,
}

const fn row(name: &'static str, form: Form, reason: &'static str) -> Row {
    Row {
        name,
        form,
        volatile: false,
        reason,
    }
}

const fn volatile(name: &'static str, form: Form, reason: &'static str) -> Row {
    Row {
        name,
        form,
        volatile: true,
        reason,
    }
}

use Form::{
    Clone3, Forks, InChild, NoNewPrivs, Opens, Paused, Returns, Sentinels, Suspended, Vforks, Words,
};

/// `CLONE_VFORK | SIGCHLD`, and no stack: the parent sleeps until the child has ended.
const CLONE: &[u64] = &[0x4000 | 17, 0];

/// By name; sorted.
#[rustfmt::skip]
pub(super) static FORMS: &[Row] = &[
    row("alarm", Words(&[0]), "would leave an alarm set: 0 clears it and returns 0"),
    volatile("brk", Words(&[0]), "could map the sentinels' addresses: 0 only asks, for an address that is random"),
    volatile("clone", Vforks(CLONE), "sentinels are flags that make some child"),
    volatile("clone3", Clone3, "sentinels are refused early; this makes a child"),
    row("epoll_create", Words(&[0]), "any positive size makes a descriptor: 0 is refused"),
    row("eventfd", Opens, "any count makes a descriptor"),
    row("exit", InChild(&[0]), "ends the thread"),
    row("exit_group", InChild(&[0]), "ends the process"),
    volatile("fork", Forks, "makes a child"),
    volatile("getpgrp", Sentinels, "an id"),
    volatile("getpid", Sentinels, "an id"),
    volatile("getppid", Sentinels, "an id"),
    volatile("gettid", Sentinels, "an id"),
    row("inotify_init", Opens, "makes a descriptor"),
    row("landlock_restrict_self", NoNewPrivs, "without privilege its answer tells whether no_new_privs is set, as a tracer's filter needs it"),
    row("nice", Words(&[0]), "any other increment lowers the priority for good"),
    row("pause", Paused, "sleeps until a signal comes"),
    row("personality", Words(&[0xffff_ffff]), "sentinels are a valid personality: all ones only asks"),
    row("rt_sigreturn", Returns { old_frame: false }, "takes what is on the stack for all its registers"),
    volatile("set_tid_address", Sentinels, "returns an id"),
    volatile("setsid", InChild(&[]), "leaves the session, once; returns an id"),
    row("sigreturn", Returns { old_frame: true }, "takes what is on the stack for all its registers"),
    row("sigsuspend", Suspended, "any mask is valid: it sleeps until a signal comes"),
    row("ssetmask", Words(&[0]), "sentinels block signals: 0 blocks none and returns 0"),
    row("umask", Words(&[0o22]), "changes the mask: this is the one that the sandbox has set"),
    row("uprobe", InChild(&[]), "for the kernel's own trampolines: elsewhere it may kill the caller"),
    row("uretprobe", InChild(&[]), "for the kernel's own trampolines: elsewhere it kills the caller"),
    volatile("vfork", Vforks(&[]), "makes a child"),
];

/// From this number on, ARM kills who calls what it does not know.
const ARM_PRIVATE: u32 = 0xf_0000;

/// How a number without a row of its own is called.
pub(super) fn of_number(abi: AbiId, nr: u32) -> Form {
    if abi == AbiId::Arm && nr >= ARM_PRIVATE {
        InChild(&[])
    } else {
        Sentinels
    }
}

/// The row of a call; `None` when it is made as its number says.
pub(super) fn of(name: &str) -> Option<&'static Row> {
    let at = FORMS.binary_search_by_key(&name, |row| row.name).ok()?;
    FORMS.get(at)
}

#[cfg(test)]
mod tests {
    use everycall_arch::{AbiId, table};

    use super::FORMS;

    #[test]
    fn each_name_has_one_row_and_a_reason_and_is_a_call() {
        assert!(FORMS.is_sorted_by(|a, b| a.name < b.name));
        for row in FORMS {
            let known = AbiId::ALL
                .into_iter()
                .any(|abi| table::all(abi).iter().any(|call| call.name == row.name));
            assert!(known, "{} is the name of no call", row.name);
            assert!(!row.reason.is_empty(), "{}", row.name);
        }
    }
}
