//! The stop protocol: a pure state machine. It takes a stop of a thread, and says what happened
//! and how the thread is to be resumed. It does no I/O, so that it can be tested with every order
//! of stops that ptrace(2) allows.
//!
//! A thread is in one of two modes. *Filtered*: our seccomp filter stops it at the calls that were
//! asked for, and it runs free otherwise. *Every call*: it is stopped at every entry and exit,
//! because it has no filter of ours, or because it has one of its own, whose verdicts
//! (`ERRNO`, `TRAP`, `KILL`, `USER_NOTIF`) outrank the `TRACE` of ours and would hide calls.
//! In the second mode a call that our filter selects gives two stops, which are one call.

mod thread;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::SystemTime;

use everycall_arch::AbiId;

use crate::event::{Call, Outcome};
use crate::select::Selection;
use thread::{Launch, Patch, Phase, Thread};
use watch::Change;
pub use watch::WatchList;

/// `CLONE_UNTRACED` of linux/sched.h: the child is not attached to its parent's tracer.
const CLONE_UNTRACED: u64 = 0x0080_0000;

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

impl CallInfo {
    fn abi(&self) -> Option<AbiId> {
        AbiId::of_call(self.arch, self.nr)
    }

    /// The vsyscall page (arch/x86/entry/vsyscall): calls into it are emulated from a page fault,
    /// where the kernel asks seccomp, but makes no stop for ptrace, neither at entry nor at exit.
    fn is_vsyscall(&self) -> bool {
        const PAGE: u64 = 0xffff_ffff_ff60_0000;
        self.abi() == Some(AbiId::X86_64) && (PAGE..PAGE + 0x1000).contains(&self.ip)
    }
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
    Skip { tid: i32 },
    /// The first word of the call is to be set in the thread's registers.
    SetFirstWord { tid: i32, arch: u32, value: u64 },
    /// A `u64` is to be written to the thread's memory.
    SetMemory { tid: i32, addr: u64, value: u64 },
    /// A running thread is to be stopped.
    Interrupt { tid: i32 },
    /// A thread that was held is to be resumed.
    Release { tid: i32, resume: Resume },
}

/// What does not change during a trace.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What was asked for.
    pub calls: Selection,
    /// The data of our own filter's `RET_TRACE`, by which its stops are told from those of a
    /// tracee's own filter.
    pub magic: u32,
    /// What the tracer must see for its own sake.
    pub watched: WatchList,
}

/// What the machine may ask of a stopped thread's memory: the `u64` at an address.
pub type Peek<'a> = &'a dyn Fn(i32, u64) -> Option<u64>;

/// All traced threads, and the state of each.
#[derive(Debug)]
pub struct Protocol {
    rules: Rules,
    threads: HashMap<i32, Thread>,
    /// Threads that wait until all of these others have stopped once.
    waiting: Vec<(i32, Vec<i32>)>,
    /// New threads that stopped before their parent's event told whose they are.
    unclaimed: Vec<i32>,
    /// The command that was launched has our filter, and so has what descends from it.
    filtering: bool,
    /// Nothing is shown any more, and no call is stopped at beyond what the filter does.
    caretaking: bool,
}

impl Protocol {
    /// A machine without threads.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Protocol {
            rules,
            threads: HashMap::new(),
            waiting: Vec::new(),
            unclaimed: Vec::new(),
            filtering: false,
            caretaking: false,
        }
    }

    /// The child that is about to set itself up and execute the command. What it does before that
    /// is not shown; it ends the set-up with `SIGSTOP`.
    pub fn add_launching(&mut self, tid: i32) {
        let thread = Thread {
            launch: Launch::Setup,
            ..Thread::new(tid)
        };
        self.threads.insert(tid, thread);
    }

    /// Tells, after the set-up of the launched child, whether it has our filter.
    pub fn set_filtered(&mut self, tid: i32, filtered: bool) {
        self.filtering |= filtered;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.filtered = filtered;
        }
    }

    /// A thread that was there before and was attached to: it has no filter of ours.
    pub fn add_attached(&mut self, pid: i32, tid: i32) {
        self.threads.insert(
            tid,
            Thread {
                attached: true,
                ..Thread::new(pid)
            },
        );
    }

    /// A thread whose first stop came before its parent's event, and its process. Until that event
    /// has told what it inherited, it is stopped at every call: never wrong, only slower.
    pub fn add_unclaimed(&mut self, pid: i32, tid: i32, effects: &mut Vec<Effect>) {
        let filtered = self.filtering;
        let thread = Thread {
            filtered,
            provisional: true,
            fresh: true,
            ..Thread::new(pid)
        };
        self.threads.insert(tid, thread);
        self.show(effects, Effect::Started { pid, tid });
    }

    /// Whether the thread is one that the machine knows.
    #[must_use]
    pub fn knows(&self, tid: i32) -> bool {
        self.threads.contains_key(&tid)
    }

    /// Whether the result could be what a filter's `RET_TRAP` leaves behind: the kernel rolls the
    /// result register back to the number (x86) or to the first word (ARM).
    #[must_use]
    pub fn may_be_trapped(&self, tid: i32, value: i64) -> bool {
        self.threads.get(&tid).is_some_and(|thread| {
            !thread.runs_filtered()
                && matches!(&thread.phase, Phase::Inside { call, .. }
                    if value as u32 == call.nr || value as u64 == call.words[0])
        })
    }

    /// Whether no thread is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Every thread: id, whether it has our filter, and whether it is still setting itself up.
    pub fn threads(&self) -> impl Iterator<Item = (i32, &Thread)> {
        self.threads.iter().map(|(&tid, thread)| (tid, thread))
    }

    /// Forgets a thread, and tells what it was doing.
    pub fn remove(&mut self, tid: i32, outcome: Outcome, effects: &mut Vec<Effect>) {
        if let Some(mut thread) = self.threads.remove(&tid) {
            thread.end_call(outcome, effects);
        }
    }

    /// The call that a thread is in is given up: its end will not be shown.
    pub fn abandon_call(&mut self, tid: i32) -> Option<(Call, Outcome)> {
        let mut effects = Vec::new();
        self.threads
            .get_mut(&tid)?
            .end_call(Outcome::Detached, &mut effects);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Ended(call, outcome) => Some((call, outcome)),
            _ => None,
        })
    }

    /// From now on nothing is shown, and every stop is left at once.
    pub fn take_care(&mut self) {
        self.caretaking = true;
    }

    /// One stop of one thread.
    pub fn step(
        &mut self,
        tid: i32,
        stop: Stop,
        now: SystemTime,
        peek: Peek<'_>,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        self.acknowledge(tid, effects);
        if let Stop::Exited(_) | Stop::Killed(..) = stop {
            self.end(tid, stop, effects);
            return Resume::Gone;
        }
        let fresh = std::mem::take(&mut self.thread(tid).fresh);
        match stop {
            Stop::Entry(info) => self.enter(tid, info, now, peek, effects),
            Stop::Seccomp(info, data) => self.seccomp(tid, info, data, now, peek, effects),
            Stop::Exit {
                value,
                error,
                trapped,
            } => self.exit(tid, value, error, trapped, effects),
            Stop::NewThread {
                tid: child,
                pid,
                vfork,
            } => {
                self.new_thread(tid, child, pid, vfork, effects);
                self.how(tid, 0)
            }
            Stop::VforkDone => {
                self.thread(tid).vforking = false;
                self.how(tid, 0)
            }
            Stop::Exec { former } => {
                self.exec(tid, former, effects);
                self.how(tid, 0)
            }
            Stop::Signal(signal) => self.signal(tid, signal, effects),
            Stop::Group(signal) => {
                let pid = self.thread(tid).pid;
                self.show(effects, Effect::Stopped { pid, tid, signal });
                Resume::Listen
            }
            Stop::Trap => self.trap(tid, fresh, effects),
            Stop::Exited(_) | Stop::Killed(..) => Resume::Gone,
        }
    }

    fn thread(&mut self, tid: i32) -> &mut Thread {
        self.threads.entry(tid).or_insert_with(|| Thread::new(tid))
    }

    fn show(&self, effects: &mut Vec<Effect>, effect: Effect) {
        if !self.caretaking {
            effects.push(effect);
        }
    }

    /// How a thread goes on, in the mode that it is in.
    fn how(&mut self, tid: i32, signal: i32) -> Resume {
        let caretaking = self.caretaking;
        let thread = self.thread(tid);
        let needs_exit = thread.patch.is_some() || thread.installing.is_some();
        let free = thread.launch == Launch::Setup
            || (caretaking && !needs_exit)
            || (thread.runs_filtered() && matches!(thread.phase, Phase::Outside) && !needs_exit);
        if free {
            Resume::Continue(signal)
        } else {
            Resume::Syscall(signal)
        }
    }

    fn enter(
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
    fn is_shown(&mut self, tid: i32, info: &CallInfo) -> bool {
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
    fn watch(
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

    /// Before a filter comes over all threads of a process, each must be stopped at every call.
    /// Whether there is anything to wait for.
    fn stop_siblings(&mut self, tid: i32, effects: &mut Vec<Effect>) -> bool {
        let pid = self.thread(tid).pid;
        let mut waited = Vec::new();
        for (&sibling, thread) in &mut self.threads {
            if sibling != tid && thread.pid == pid && thread.runs_filtered() {
                thread.own_filter = true;
                // A thread that waits in vfork cannot be interrupted, and makes no call meanwhile.
                if !thread.vforking {
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
    fn acknowledge(&mut self, tid: i32, effects: &mut Vec<Effect>) {
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

    fn seccomp(
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
        let announced = matches!(&thread.phase, Phase::Inside { call, .. }
            if (call.arch, call.nr, call.ip) == (info.arch, info.nr, info.ip));
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
            effects.push(Effect::Skip { tid });
        }
        if caretaking {
            self.how(tid, 0)
        } else {
            Resume::Syscall(0)
        }
    }

    /// Leaves a call whose end nobody needs to see.
    fn settle(&mut self, tid: i32) -> Resume {
        let caretaking = self.caretaking;
        let thread = self.thread(tid);
        let idle = matches!(thread.phase, Phase::Inside { shown: false, .. });
        if (idle && thread.runs_filtered()) || caretaking {
            thread.phase = Phase::Outside;
        }
        self.how(tid, 0)
    }

    fn vsyscall(
        &mut self,
        tid: i32,
        info: CallInfo,
        now: SystemTime,
        effects: &mut Vec<Effect>,
    ) -> Resume {
        self.enter(tid, info, now, &|_, _| None, effects);
        let reason = "vsyscall: its result is not reported";
        self.thread(tid).end_call(Outcome::Unknown(reason), effects);
        self.how(tid, 0)
    }

    fn exit(
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

    fn new_thread(
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
        let known = self.threads.contains_key(&tid);
        let thread = self.thread(tid);
        (thread.pid, thread.filtered, thread.provisional) = (pid, filtered, provisional);
        // It may have installed a filter already, before this event was seen.
        thread.own_filter |= own_filter;
        // The child's registers and memory are copies of its parent's, our change included.
        thread.patch = patch;
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
    fn trap(&mut self, tid: i32, fresh: bool, effects: &mut Vec<Effect>) -> Resume {
        if fresh && self.threads.values().any(|thread| thread.patch.is_some()) {
            self.unclaimed.push(tid);
            return Resume::Hold;
        }
        self.thread(tid).unpatch(tid, effects);
        self.how(tid, 0)
    }

    fn exec(&mut self, tid: i32, former: i32, effects: &mut Vec<Effect>) {
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

    fn signal(&mut self, tid: i32, signal: i32, effects: &mut Vec<Effect>) -> Resume {
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

    fn end(&mut self, tid: i32, stop: Stop, effects: &mut Vec<Effect>) {
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
    fn release_unclaimed(&mut self, effects: &mut Vec<Effect>) {
        for tid in std::mem::take(&mut self.unclaimed) {
            let resume = self.how(tid, 0);
            effects.push(Effect::Release { tid, resume });
        }
    }
}
