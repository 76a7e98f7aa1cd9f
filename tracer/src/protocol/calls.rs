//! The life of one call: its entry, the filters' verdict, its exit.

use std::time::SystemTime;

use super::machine::{Peek, Protocol};
use super::stop::{CallInfo, Effect, Resume};
use super::thread::{Launch, Patch, Phase};
use super::watch::Change;
use crate::event::{Call, Outcome};

/// `CLONE_UNTRACED` of linux/sched.h: the child is not attached to its parent's tracer.
const CLONE_UNTRACED: u64 = 0x0080_0000;

impl Protocol {
    pub(super) fn enter(
        &mut self,
        tid: i32,
        info: CallInfo,
        now: SystemTime,
        peek: Peek<'_>,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        let shown = self.is_shown(tid, &info);
        let thread = self.thread(tid);
        // The kernel never enters a call inside another: the end of the one before was not told
        // (syscall user dispatch and vsyscalls do that).
        thread.end_call(Outcome::Unknown("no exit was reported"), effects);
        let call = Call {
            pid: thread.pid,
            tid,
            arch: info.arch,
            abi: info.abi(),
            nr: info.nr,
            words: info.words,
            ip: info.ip,
            start: now,
            uncertain: Vec::new(),
        };
        if shown {
            effects.push(Effect::Entered(call.clone()));
        }
        thread.phase = Phase::Inside { call, shown };
        if thread.launch == Launch::Setup {
            return Resume::Continue(0);
        }
        self.watch(tid, &info, peek, effects)
    }

    /// Whether a call of this thread is shown: it was asked for, and is the program's, not that of
    /// our own code between fork and execve.
    pub(super) fn is_shown(&mut self, tid: i32, info: &CallInfo) -> bool {
        let abi = info.abi();
        let asked = !self.caretaking && self.rules.calls.contains(abi, info.nr);
        asked
            && match self.thread(tid).launch {
                Launch::Running => true,
                Launch::Exec => abi.is_some_and(|abi| {
                    let call = everycall_arch::table::by_nr(abi, info.nr);
                    call.is_some_and(|call| call.name == "execve")
                }),
                Launch::Setup | Launch::Failed => false,
            }
    }

    /// Prepares for what a call that is being entered will change.
    pub(super) fn watch(
        &mut self,
        tid: i32,
        info: &CallInfo,
        peek: Peek<'_>,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        if !self.thread(tid).filtered {
            return self.how(tid, 0);
        }
        match self.rules.watched.change(info.abi(), info) {
            Some(Change::Install { tsync }) => {
                self.thread(tid).installing = Some(tsync);
                if tsync && self.stop_siblings(tid, effects) {
                    return Resume::Hold;
                }
            }
            Some(Change::CloneFlags(flags)) if flags & CLONE_UNTRACED != 0 => {
                let patch = Patch::Register {
                    arch: info.arch,
                    original: flags,
                };
                effects.push(patch.apply(tid, flags & !CLONE_UNTRACED));
                self.thread(tid).patch = Some(patch);
            }
            Some(Change::CloneFlagsAt(addr)) => {
                if let Some(flags) = peek(tid, addr).filter(|flags| flags & CLONE_UNTRACED != 0) {
                    let patch = Patch::Memory {
                        addr,
                        original: flags,
                    };
                    effects.push(patch.apply(tid, flags & !CLONE_UNTRACED));
                    self.thread(tid).patch = Some(patch);
                }
            }
            Some(Change::CloneFlags(_)) | None => {}
        }
        self.how(tid, 0)
    }

    pub(super) fn seccomp(
        &mut self,
        tid: i32,
        info: CallInfo,
        data: u32,
        now: SystemTime,
        peek: Peek<'_>,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        let foreign = data != self.rules.magic;
        let caretaking = self.caretaking;
        let thread = self.thread(tid);
        let announced = matches!(&thread.phase, Phase::Inside { call, .. } if info.is_of(call));
        if !foreign && info.is_skipped_after_filter() {
            effects.push(thread.unskip(tid, &info));
        }
        if !announced {
            if !foreign && info.is_vsyscall() {
                return self.vsyscall(tid, info, now, effects);
            }
            let resume = self.enter(tid, info, now, peek, effects);
            // A call that our own filter told of only for the tracer's sake, and that turned out
            // to change nothing, needs no stop at its exit.
            if !foreign && resume != Resume::Hold {
                return self.settle(tid);
            }
            if !foreign {
                return resume;
            }
        }
        if foreign {
            // Without a tracer the kernel fails a call that a filter answers with RET_TRACE.
            let arch = info.arch;
            effects.push(Effect::Skip { tid, arch });
        }
        if caretaking {
            self.how(tid, 0)
        } else {
            Resume::Syscall(0)
        }
    }

    /// Leaves a call whose end nobody needs to see.
    pub(super) fn settle(&mut self, tid: i32) -> Resume {
        let caretaking = self.caretaking;
        let thread = self.thread(tid);
        let idle = matches!(thread.phase, Phase::Inside { shown: false, .. });
        if (idle && thread.runs_filtered()) || caretaking {
            thread.phase = Phase::Outside;
        }
        self.how(tid, 0)
    }

    pub(super) fn vsyscall(
        &mut self,
        tid: i32,
        info: CallInfo,
        now: SystemTime,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        let reason = "vsyscall: its result is not reported";
        self.without_exit(tid, info, reason, now, effects);
        self.how(tid, 0)
    }

    /// A call that the kernel made no stop for, because it exempts it from seccomp (`uretprobe` and
    /// `uprobe`, kernel/seccomp.c), but that failed with a signal that is about to be delivered.
    /// Nothing happens where the call was seen, or is none of these.
    pub fn exempt_call(
        &mut self,
        tid: i32,
        info: CallInfo,
        now: SystemTime,
        effects: &mut Vec<Effect>,
    ) {
        let exempt = info
            .abi()
            .and_then(|abi| everycall_arch::table::by_nr(abi, info.nr))
            .is_some_and(|call| matches!(call.name, "uretprobe" | "uprobe"));
        // Older kernels exempt neither, and none exempts them with x32's bit: then a filter's stop has told of it.
        let thread = self.thread(tid);
        let seen = thread.just_ended == Some((info.arch, info.nr, info.ip));
        if exempt && !seen && thread.runs_filtered() {
            let reason = "exempt from seccomp: seen by its SIGILL";
            self.without_exit(tid, info, reason, now, effects);
        }
    }

    fn without_exit(
        &mut self,
        tid: i32,
        info: CallInfo,
        reason: &'static str,
        now: SystemTime,
        effects: &mut Vec<Effect>,
    ) {
        self.enter(tid, info, now, &|_, _| None, effects);
        self.thread(tid).end_call(Outcome::Unknown(reason), effects);
    }

    pub(super) fn exit(
        &mut self,
        tid: i32,
        value: i64,
        error: bool,
        trapped: bool,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        let thread = self.thread(tid);
        thread.unpatch(tid, effects);
        let outcome = if trapped {
            Outcome::Unknown("not made: SIGSYS by the tracee's own seccomp filter")
        } else {
            Outcome::Returned { value, error }
        };
        thread.end_call(outcome, effects);
        if thread.installing.take().is_some() && !error && !trapped {
            // With TSYNC a positive result is the id of a thread that could not follow: then
            // nothing was installed. To be stopped at every call is right then too.
            thread.own_filter = true;
        }
        if thread.launch == Launch::Exec && error {
            thread.launch = Launch::Failed;
        }
        self.how(tid, 0)
    }
}
