//! The machine itself: every traced thread, and what each stop means for it.

use std::collections::HashMap;
use std::time::SystemTime;

use super::stop::{Effect, Resume, Stop};
use super::thread::{Launch, Phase, Thread};
use super::watch::WatchList;
use crate::event::Outcome;
use crate::select::Selection;

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
    pub(super) rules: Rules,
    pub(super) threads: HashMap<i32, Thread>,
    /// Threads that wait until all of these others have stopped once.
    pub(super) waiting: Vec<(i32, Vec<i32>)>,
    /// New threads that stopped before their parent's event told whose they are.
    pub(super) unclaimed: Vec<i32>,
    /// The command that was launched has our filter, and so has what descends from it.
    pub(super) filtering: bool,
    /// Nothing is shown any more, and no call is stopped at beyond what the filter does.
    pub(super) caretaking: bool,
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
        let thread = Thread {
            attached: true,
            fresh: true,
            ..Thread::new(pid)
        };
        self.threads.insert(tid, thread);
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
    /// result register back to the number (x86) or to the first word (ARM). The halves that every
    /// ABI has are compared: results are sign-extended, and words are not.
    #[must_use]
    pub fn may_be_trapped(&self, tid: i32, value: i64) -> bool {
        self.threads.get(&tid).is_some_and(|thread| {
            !thread.runs_filtered()
                && matches!(&thread.phase, Phase::Inside { call, .. }
                    if value as u32 == call.nr || value as u32 == call.words[0] as u32)
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

    /// Forgets a thread that was let go.
    pub fn remove(&mut self, tid: i32) {
        self.threads.remove(&tid);
    }

    /// The call that a thread is in is given up: its end will not be seen. Returns its process.
    pub fn give_up_call(&mut self, tid: i32, effects: &mut Vec<Effect>) -> i32 {
        let thread = self.thread(tid);
        thread.end_call(Outcome::Detached, effects);
        thread.pid
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
        let fresh = self.first_stop(tid, effects);
        match stop {
            Stop::Entry(info) => {
                if info.is_skipped_after_entry() {
                    effects.push(self.thread(tid).unskip(tid, &info));
                }
                self.enter(tid, info, now, peek, effects)
            }
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

    /// What each stop begins with; whether this is the first stop of the thread. Only from then on is every call of a thread
    /// that ran before seen, so only then is it said to be attached.
    fn first_stop(&mut self, tid: i32, effects: &mut Vec<Effect>) -> bool {
        let thread = self.thread(tid);
        let (fresh, attached, pid) = (thread.fresh, thread.attached, thread.pid);
        thread.fresh = false;
        thread.just_ended = None;
        if fresh && attached {
            self.show(effects, Effect::Attached { pid, tid });
        }
        fresh
    }

    pub(super) fn thread(&mut self, tid: i32) -> &mut Thread {
        self.threads.entry(tid).or_insert_with(|| Thread::new(tid))
    }

    pub(super) fn show(&self, effects: &mut Vec<Effect>, effect: Effect) {
        if !self.caretaking {
            effects.push(effect);
        }
    }

    /// How a thread goes on, in the mode that it is in.
    pub(super) fn how(&mut self, tid: i32, signal: i32) -> Resume {
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
}
