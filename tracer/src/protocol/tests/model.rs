//! A model of what the kernel does with threads, filters and ptrace stops, driven by random
//! choices. Whatever the order, every call that was asked for must come out once, with its result.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a program does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Calls this number; the result is this.
    Call(u32, i64),
    /// Installs a filter of its own, for itself or for all threads of its process.
    Install(Verdict, bool),
    /// clone: a thread of the same process, or a process.
    Clone {
        thread: bool,
        untraced: bool,
    },
    Execve,
    Signal(i32),
    Die,
}

/// What a program's own filter says of the call [`ASKED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Errno,
    Trace,
    /// A supervisor lets the call continue: no `TRACE` of another filter is acted on.
    Notify,
}

/// `CLONE_UNTRACED` of linux/sched.h.
const CLONE_UNTRACED: u64 = 0x0080_0000;

const ASKED: u32 = 110; // getppid
const OTHER: u32 = 39; // getpid
const ENOSYS: i64 = -38;
const EPERM: i64 = -1;

#[derive(Clone, Debug)]
enum At {
    /// A new thread, before its first stop.
    New,
    User,
    /// Past the entry, before the filters.
    Filters(Doing),
    /// Past the filters.
    Executing(Doing, i64),
    /// The child exists; the parent's event is to come.
    Cloned {
        child: i32,
        child_pid: i32,
        result: i64,
    },
}

#[derive(Clone, Debug)]
struct Doing {
    act: Act,
    info: CallInfo,
}

#[derive(Clone, Debug)]
struct Task {
    pid: i32,
    at: At,
    mode: Resume,
    own: Option<Verdict>,
    interrupted: bool,
}

/// The kernel, and what it knows to be true.
struct Kernel {
    machine: Protocol,
    tasks: BTreeMap<i32, Task>,
    next: i32,
    /// Calls that were asked for, by thread, with their results.
    truth: BTreeMap<i32, Vec<(u32, i64)>>,
    seen: BTreeMap<i32, Vec<(u32, i64)>>,
}

impl Kernel {
    fn new() -> Self {
        let mut machine = machine(&[ASKED, nr("execve")]);
        let mut effects = Vec::new();
        machine.add_launching(10);
        step(&mut machine, 10, Stop::Signal(19), &mut effects);
        machine.set_filtered(10, true);
        let mode = step(&mut machine, 10, Stop::Exec { former: 10 }, &mut effects);
        let task = Task {
            pid: 10,
            at: At::User,
            mode,
            own: None,
            interrupted: false,
        };
        Kernel {
            machine,
            tasks: BTreeMap::from([(10, task)]),
            next: 11,
            truth: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Delivers a stop; whether the machine had the call skipped.
    fn deliver(&mut self, tid: i32, stop: Stop) -> bool {
        let mut effects = Vec::new();
        let ends = matches!(stop, Stop::Exited(_) | Stop::Killed(..));
        if !ends && !self.machine.knows(tid) {
            let pid = self.tasks[&tid].pid;
            self.machine.add_unclaimed(pid, tid, &mut effects);
        }
        let mode = step(&mut self.machine, tid, stop, &mut effects);
        if let Some(task) = self.tasks.get_mut(&tid) {
            task.mode = mode;
        }
        let mut skipped = false;
        for effect in effects {
            match effect {
                Effect::Ended(call, Outcome::Returned { value, .. }) => {
                    self.seen
                        .entry(call.tid)
                        .or_default()
                        .push((call.nr, value));
                }
                Effect::Skip { .. } => skipped = true,
                // What was done to a thread that execve has just ended is lost, as in the kernel.
                Effect::Interrupt { tid } => {
                    self.tasks
                        .entry(tid)
                        .and_modify(|task| task.interrupted = true);
                }
                Effect::Release { tid, resume } => {
                    self.tasks.entry(tid).and_modify(|task| task.mode = resume);
                }
                _ => {}
            }
        }
        skipped
    }

    /// The next thing that happens to a thread; `act` is what its program does when it is free to.
    fn advance(&mut self, tid: i32, act: Act) {
        let Some(task) = self.tasks.get_mut(&tid) else {
            return;
        };
        if task.mode == Resume::Hold {
            return;
        }
        match task.at.clone() {
            At::New => {
                task.at = At::User;
                self.deliver(tid, Stop::Trap);
            }
            At::User if task.interrupted => {
                task.interrupted = false;
                self.deliver(tid, Stop::Trap);
            }
            At::User => self.act(tid, act),
            At::Filters(doing) => self.filters(tid, doing),
            At::Executing(doing, result) => self.execute(tid, &doing, result),
            At::Cloned {
                child,
                child_pid,
                result,
            } => {
                self.tasks.get_mut(&tid).expect("it lives").at = At::User;
                let event = Stop::NewThread {
                    tid: child,
                    pid: child_pid,
                    vfork: false,
                };
                self.deliver(tid, event);
                self.leave(tid, result);
            }
        }
    }

    fn act(&mut self, tid: i32, act: Act) {
        let info = match act {
            Act::Signal(signal) => {
                self.deliver(tid, Stop::Signal(signal));
                return;
            }
            Act::Die => {
                self.tasks.remove(&tid);
                self.deliver(tid, Stop::Killed(9, false));
                return;
            }
            Act::Call(number, _) => call(number, [0; 6]),
            Act::Install(_, tsync) => call(nr("seccomp"), [1, u64::from(tsync), 0, 0, 0, 0]),
            Act::Clone { untraced, .. } => call(
                nr("clone"),
                [if untraced { CLONE_UNTRACED } else { 0 }, 0, 0, 0, 0, 0],
            ),
            Act::Execve => call(nr("execve"), [0; 6]),
        };
        let task = self.tasks.get_mut(&tid).expect("it lives");
        task.at = At::Filters(Doing { act, info });
        if matches!(task.mode, Resume::Syscall(_)) {
            self.deliver(tid, Stop::Entry(info));
        }
    }

    /// The filters' verdict: of equal ones the newest filter's, which is the program's own.
    fn filters(&mut self, tid: i32, doing: Doing) {
        let ours = matches!(
            doing.act,
            Act::Install(..) | Act::Clone { .. } | Act::Execve
        ) || doing.info.nr == ASKED;
        let own = self.tasks[&tid].own.filter(|_| doing.info.nr == ASKED);
        let wanted = if let Act::Call(_, result) = doing.act {
            result
        } else {
            0
        };
        let result = match own {
            Some(Verdict::Errno) => EPERM,
            Some(Verdict::Notify) => wanted,
            Some(Verdict::Trace) => {
                let skipped = self.deliver(tid, Stop::Seccomp(doing.info, MAGIC + 1));
                if skipped { ENOSYS } else { wanted }
            }
            None => {
                if ours {
                    self.deliver(tid, Stop::Seccomp(doing.info, MAGIC));
                }
                wanted
            }
        };
        if own == Some(Verdict::Trace) {
            assert_eq!(
                result, ENOSYS,
                "without a tracer the call would not be made"
            );
        }
        self.tasks.get_mut(&tid).expect("it lives").at = At::Executing(doing, result);
    }

    fn execute(&mut self, tid: i32, doing: &Doing, result: i64) {
        match doing.act {
            Act::Install(verdict, tsync) => {
                let pid = self.tasks[&tid].pid;
                for (&other, task) in &mut self.tasks {
                    if other == tid || (tsync && task.pid == pid) {
                        task.own = Some(verdict);
                    }
                }
            }
            Act::Clone { thread, .. } => return self.clone(tid, thread),
            Act::Execve => return self.execve(tid, result),
            _ => {}
        }
        if doing.info.nr == ASKED {
            self.truth.entry(tid).or_default().push((ASKED, result));
        }
        self.tasks.get_mut(&tid).expect("it lives").at = At::User;
        self.leave(tid, result);
    }

    /// The end of a call: a stop if the thread was resumed so.
    fn leave(&mut self, tid: i32, value: i64) {
        if matches!(self.tasks[&tid].mode, Resume::Syscall(_)) {
            self.deliver(
                tid,
                Stop::Exit {
                    value,
                    error: value < 0,
                    trapped: false,
                },
            );
        }
    }

    fn clone(&mut self, tid: i32, thread: bool) {
        let child = self.next;
        self.next += 1;
        let parent = self.tasks[&tid].clone();
        let child_pid = if thread { parent.pid } else { child };
        let mode = Resume::Continue(0);
        let task = Task {
            pid: child_pid,
            at: At::New,
            mode,
            interrupted: false,
            ..parent
        };
        self.tasks.insert(child, task);
        self.tasks.get_mut(&tid).expect("it lives").at = At::Cloned {
            child,
            child_pid,
            result: child.into(),
        };
    }

    /// All other threads of the process end; the caller gets the process's id.
    fn execve(&mut self, tid: i32, result: i64) {
        let pid = self.tasks[&tid].pid;
        let siblings: Vec<i32> = self
            .tasks
            .iter()
            .filter(|(t, s)| **t != tid && s.pid == pid)
            .map(|(&t, _)| t)
            .collect();
        for sibling in siblings {
            self.tasks.remove(&sibling);
            // The leader does not end: its id is taken over.
            if sibling != pid {
                self.deliver(sibling, Stop::Exited(0));
            }
        }
        let mut caller = self.tasks.remove(&tid).expect("it lives");
        caller.at = At::User;
        self.tasks.insert(pid, caller);
        self.truth
            .entry(pid)
            .or_default()
            .push((nr("execve"), result));
        self.deliver(pid, Stop::Exec { former: tid });
        self.leave(pid, result);
    }

    /// Lets every thread come to the end of what it does.
    fn settle(&mut self) {
        for _ in 0..20 {
            for tid in self.tasks.keys().copied().collect::<Vec<_>>() {
                let idle = self
                    .tasks
                    .get(&tid)
                    .is_none_or(|task| matches!(task.at, At::User) && !task.interrupted);
                if !idle {
                    self.advance(tid, Act::Signal(10));
                }
            }
        }
        // And one more call of each, so that a thread that was lost is noticed.
        for tid in self.tasks.keys().copied().collect::<Vec<_>>() {
            for _ in 0..4 {
                self.advance(tid, Act::Call(ASKED, 7));
                if matches!(self.tasks[&tid].at, At::User) {
                    break;
                }
            }
        }
    }
}

fn acts() -> impl Strategy<Value = Act> {
    let verdict = prop_oneof![
        Just(Verdict::Errno),
        Just(Verdict::Trace),
        Just(Verdict::Notify)
    ];
    prop_oneof![
        8 => (0_i64..100).prop_map(|result| Act::Call(ASKED, result)),
        4 => Just(Act::Call(OTHER, 5)),
        1 => (verdict, any::<bool>()).prop_map(|(verdict, tsync)| Act::Install(verdict, tsync)),
        2 => (any::<bool>(), any::<bool>())
            .prop_map(|(thread, untraced)| Act::Clone { thread, untraced }),
        1 => Just(Act::Execve),
        2 => Just(Act::Signal(10)),
        1 => Just(Act::Die),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_call_that_was_asked_for_is_seen_once(
        steps in prop::collection::vec((any::<prop::sample::Index>(), acts()), 1..120)
    ) {
        let mut kernel = Kernel::new();
        for (which, act) in steps {
            let tids: Vec<i32> = kernel.tasks.keys().copied().collect();
            if tids.is_empty() {
                break;
            }
            // Death is for threads that have company, so that the trace goes on.
            let last = tids.len() == 1 && matches!(act, Act::Die);
            if !last {
                kernel.advance(*which.get(&tids), act);
            }
        }
        kernel.settle();
        prop_assert_eq!(kernel.seen, kernel.truth);
    }
}
