//! The life of threads: how they appear, what they inherit, execve, signals, and their end.

use super::machine::Protocol;
use super::stop::{Effect, Resume, Stop};
use super::thread::{Launch, Patch, Phase};
use crate::event::Outcome;

impl Protocol {
    /// Before a filter comes over all threads of a process, each must be stopped at every call.
    /// Whether there is anything to wait for.
    pub(super) fn stop_siblings(&mut self, tid: i32, effects: &mut Vec<Effect>) -> bool {
        let pid = self.thread(tid).pid;
        let mut waited = Vec::new();
        for (&sibling, thread) in &mut self.threads {
            if sibling != tid && thread.pid == pid {
                // A thread that is stopped at every call already must stay so, too.
                let runs_free = thread.runs_filtered();
                thread.own_filter = true;
                // A thread that waits in vfork cannot be interrupted, and makes no call meanwhile.
                if runs_free && !thread.vforking {
                    waited.push(sibling);
                    effects.push(Effect::Interrupt { tid: sibling });
                }
            }
        }
        let must_wait = !waited.is_empty();
        if must_wait {
            self.waiting.push((tid, waited));
        }
        must_wait
    }

    /// A thread stopped or ended: whoever waits for it need not any more.
    pub(super) fn acknowledge(&mut self, tid: i32, effects: &mut Vec<Effect>) {
        self.waiting.retain_mut(|(waiter, waited)| {
            waited.retain(|&other| other != tid);
            if waited.is_empty() && *waiter != tid {
                effects.push(Effect::Release {
                    tid: *waiter,
                    resume: Resume::Syscall(0),
                });
            }
            !waited.is_empty() && *waiter != tid
        });
    }

    pub(super) fn new_thread(
        &mut self,
        parent: i32,
        tid: i32,
        pid: i32,
        vfork: bool,
        effects: &mut Vec<Effect>,
    ) {
        let from = self.thread(parent);
        from.vforking = vfork;
        // What a parent has that is itself not claimed yet is not known: neither is its child's.
        // It then stays stopped at every call.
        let (filtered, provisional) = (from.filtered, from.provisional);
        let (own_filter, patch) = (from.own_filter, from.patch);
        if matches!(patch, Some(Patch::Memory { .. })) {
            // The kernel has read it. Whoever shares this memory may write there from now on.
            from.unpatch(parent, effects);
        }
        let known = self.threads.contains_key(&tid);
        let thread = self.thread(tid);
        (thread.pid, thread.filtered, thread.provisional) = (pid, filtered, provisional);
        // It may have installed a filter already, before this event was seen.
        thread.own_filter |= own_filter;
        // The child's registers and memory are copies of its parent's, our change included; memory that is its
        // parent's as well has been put right.
        thread.patch = patch.filter(|patch| !patch.is_of_both());
        if !known {
            self.show(effects, Effect::Started { pid, tid });
        }
        if let Some(at) = self.unclaimed.iter().position(|&waiting| waiting == tid) {
            self.unclaimed.swap_remove(at);
            let resume = self.trap(tid, false, effects);
            effects.push(Effect::Release { tid, resume });
        }
    }

    /// A new thread's first stop, or an interrupt. A thread that may have inherited a change that
    /// was made for its parent's call waits until its parent's event has told.
    pub(super) fn trap(&mut self, tid: i32, fresh: bool, effects: &mut Vec<Effect>) -> Resume {
        let unclaimed = fresh && self.thread(tid).provisional;
        if unclaimed && self.threads.values().any(|thread| thread.patch.is_some()) {
            self.unclaimed.push(tid);
            return Resume::Hold;
        }
        self.thread(tid).unpatch(tid, effects);
        self.how(tid, 0)
    }

    pub(super) fn exec(&mut self, tid: i32, former: i32, effects: &mut Vec<Effect>) {
        if former != tid
            && let Some(caller) = self.threads.remove(&former)
        {
            // The leader is gone, without an exit of its own; the caller has its id now.
            if let Some(mut leader) = self.threads.remove(&tid) {
                leader.end_call(Outcome::Superseded, effects);
            }
            self.show(effects, Effect::Superseded { pid: tid, former });
            self.threads.insert(tid, caller.renamed(tid));
        }
        let thread = self.thread(tid);
        thread.launch = Launch::Running;
        thread.vforking = false;
    }

    pub(super) fn signal(&mut self, tid: i32, signal: i32, effects: &mut Vec<Effect>) -> Resume {
        const SIGSTOP: i32 = 19;
        let thread = self.thread(tid);
        if thread.launch == Launch::Setup {
            if signal != SIGSTOP {
                return Resume::Continue(signal);
            }
            // Our own mark: the set-up is done, and the next call is execve.
            (thread.launch, thread.phase) = (Launch::Exec, Phase::Outside);
            return self.how(tid, 0);
        }
        let pid = thread.pid;
        self.show(effects, Effect::Signal { pid, tid, signal });
        self.how(tid, signal)
    }

    pub(super) fn end(&mut self, tid: i32, stop: Stop, effects: &mut Vec<Effect>) {
        self.unclaimed.retain(|&waiting| waiting != tid);
        let Some(mut thread) = self.threads.remove(&tid) else {
            return;
        };
        thread.end_call(Outcome::Ended, effects);
        if thread.patch.is_some() {
            self.release_unclaimed(effects);
        }
        if thread.launch == Launch::Setup {
            return;
        }
        let pid = thread.pid;
        match stop {
            Stop::Exited(status) => self.show(effects, Effect::Exited { pid, tid, status }),
            Stop::Killed(signal, core_dumped) => {
                self.show(
                    effects,
                    Effect::Killed {
                        pid,
                        tid,
                        signal,
                        core_dumped,
                    },
                );
            }
            _ => {}
        }
    }

    /// The parent that new threads waited for died before its event.
    pub(super) fn release_unclaimed(&mut self, effects: &mut Vec<Effect>) {
        for tid in std::mem::take(&mut self.unclaimed) {
            let resume = self.how(tid, 0);
            effects.push(Effect::Release { tid, resume });
        }
    }
}
