//! The state of one traced thread.

use crate::event::{Call, Outcome};

use super::stop::{CallInfo, Effect};

/// How far the command that the tracer starts has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// Our own code between fork and execve.
    Setup,
    /// The set-up is done; execve is next.
    Exec,
    /// execve failed; what follows is our own code again.
    Failed,
    /// The program runs. Everything that was not launched by us is in this state from the start.
    Running,
}

/// Where a thread is.
#[derive(Debug)]
pub(super) enum Phase {
    /// In user mode, or in a call that nobody needs to see the end of.
    Outside,
    /// In this call.
    Inside { call: Call, shown: bool },
}

/// A change that was made to a thread's registers or memory for the length of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patch {
    Register { arch: u32, original: u64 },
    Memory { addr: u64, original: u64 },
}

impl Patch {
    /// Whether what is changed is a child's and its parent's alike.
    pub(super) fn is_of_both(self) -> bool {
        /// `CLONE_VM` of linux/sched.h.
        const CLONE_VM: u64 = 0x100;
        matches!(self, Patch::Memory { original, .. } if original & CLONE_VM != 0)
    }

    pub(super) fn apply(self, tid: i32, value: u64) -> Effect {
        match self {
            Patch::Register { arch, .. } => Effect::SetFirstWord { tid, arch, value },
            Patch::Memory { addr, .. } => Effect::SetMemory { tid, addr, value },
        }
    }

    fn undo(self, tid: i32) -> Effect {
        match self {
            Patch::Register { arch, original } => Effect::RestoreFirstWord {
                tid,
                arch,
                value: original,
            },
            Patch::Memory { original, .. } => self.apply(tid, original),
        }
    }
}

/// One thread.
#[derive(Debug)]
pub struct Thread {
    /// Its process.
    pub pid: i32,
    /// It was there before the tracer.
    pub attached: bool,
    /// It has our filter.
    pub filtered: bool,
    /// How far it is from being the program that was asked for.
    pub launch: Launch,
    /// It has, or may have, a filter of its own.
    pub(super) own_filter: bool,
    /// Its parent's event has not come yet, so what it inherited is not known.
    pub(super) provisional: bool,
    /// It has not stopped yet.
    pub(super) fresh: bool,
    /// It waits for its vfork child.
    pub(super) vforking: bool,
    /// It is in a call that installs a filter of its own; with `TSYNC`, for all its process.
    pub(super) installing: Option<bool>,
    pub(super) patch: Option<Patch>,
    pub(super) phase: Phase,
    /// The call whose end was the last stop, by architecture, number and instruction pointer.
    pub(super) just_ended: Option<(u32, u32, u64)>,
}

impl Thread {
    pub(super) fn new(pid: i32) -> Self {
        Thread {
            pid,
            attached: false,
            filtered: false,
            launch: Launch::Running,
            own_filter: false,
            provisional: false,
            fresh: false,
            vforking: false,
            installing: None,
            patch: None,
            phase: Phase::Outside,
            just_ended: None,
        }
    }

    /// Whether only the calls that our filter selects need to stop it.
    pub(super) fn runs_filtered(&self) -> bool {
        self.filtered && !self.own_filter && !self.provisional
    }

    /// Whether the thread is inside a call, as far as the tracer knows.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        matches!(self.phase, Phase::Inside { .. })
    }

    /// The call that it was in, if any, ended so.
    pub(super) fn end_call(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        let phase = std::mem::replace(&mut self.phase, Phase::Outside);
        if let Phase::Inside { call, .. } = &phase {
            self.just_ended = Some((call.arch, call.nr, call.ip));
        }
        if let Phase::Inside { call, shown: true } = phase {
            effects.push(Effect::Ended(call, outcome));
        }
    }

    /// Keeps the call at this stop from being skipped.
    pub(super) fn unskip(&self, tid: i32, info: &CallInfo) -> Effect {
        let own_filter = match info.is_skipped_after_entry() {
            true => self.filtered.then_some(self.own_filter),
            false => Some(false),
        };
        Effect::Unskip {
            tid,
            arch: info.arch,
            own_filter,
        }
    }

    pub(super) fn unpatch(&mut self, tid: i32, effects: &mut Vec<Effect>) {
        if let Some(patch) = self.patch.take() {
            effects.push(patch.undo(tid));
        }
    }

    /// The same thread under its process's id, which execve gave it.
    pub(super) fn renamed(mut self, pid: i32) -> Self {
        self.pid = pid;
        if let Phase::Inside { call, .. } = &mut self.phase {
            (call.pid, call.tid) = (pid, pid);
        }
        self
    }
}
