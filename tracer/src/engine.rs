//! The loop: it waits for a stop, asks the stop protocol what it means, shows what is to be shown,
//! and resumes the thread.

mod leave;

use std::io;
use std::time::SystemTime;

use crate::event::Sink;
use crate::memory::{self, TraceeMemory};
use crate::protocol::{Effect, Protocol, Resume, Stop};
use crate::sink;
use crate::spawn::{Launched, Report};
use crate::sys::{self, SyscallInfo, Waited, process_of};

/// How the tracer ends: as the command that it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// What ended a run of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// No tracee is left.
    Finished,
    /// This fatal signal came to the tracer.
    Caught(i32),
    /// The kernel does not tell what calls are made. Nothing was let go on.
    Blind,
}

/// The tracees, and where what they do is shown.
pub struct Engine {
    protocol: Protocol,
    sink: Box<dyn Sink>,
    signals: u128,
    launched: Option<Launched>,
    /// The launched child, for as long as it lives.
    child: Option<i32>,
    ending: Ending,
    effects: Vec<Effect>,
    /// Why the command could not be executed.
    failure: Option<String>,
    /// Options of the launched child that has no filter after all.
    options_unfiltered: i32,
    /// It was said that we are too narrow for addresses of a tracee.
    narrow: bool,
    /// The kernel tells what calls are made: that was tried.
    sighted: bool,
}

impl Engine {
    /// An engine without tracees.
    #[must_use]
    pub fn new(protocol: Protocol, sink: Box<dyn Sink>, signals: u128) -> Self {
        Engine {
            protocol,
            sink,
            signals,
            launched: None,
            child: None,
            ending: Ending::Exit(0),
            effects: Vec::new(),
            failure: None,
            options_unfiltered: 0,
            narrow: false,
            sighted: false,
        }
    }

    /// Takes a child that [`crate::spawn::launch`] made, traces it, and lets it go on.
    pub fn take(
        &mut self,
        mut launched: Launched,
        options: i32,
        unfiltered: i32,
    ) -> io::Result<()> {
        sys::seize(launched.pid, options)?;
        self.protocol.add_launching(launched.pid);
        self.child = Some(launched.pid);
        self.options_unfiltered = unfiltered;
        launched.go()?;
        self.launched = Some(launched);
        Ok(())
    }

    /// Attaches to a thread that runs already.
    pub fn attach(&mut self, pid: i32, tid: i32, options: i32) -> io::Result<()> {
        sys::seize(tid, options)?;
        self.protocol.add_attached(pid, tid);
        sys::interrupt(tid)
    }

    /// Whether the thread is traced.
    #[must_use]
    pub fn traces(&self, tid: i32) -> bool {
        self.protocol.knows(tid)
    }

    /// Runs until no tracee is left or a fatal signal comes.
    pub fn run(&mut self) -> io::Result<Pause> {
        loop {
            if let Some(signal) = sys::caught_signal() {
                return Ok(Pause::Caught(signal));
            }
            match sys::wait_any()? {
                Waited::Status(tid, status) => {
                    if !self.sighted && self.is_blind(tid, status) {
                        return Ok(Pause::Blind);
                    }
                    self.status(tid, status);
                }
                Waited::Interrupted => {}
                Waited::NoChildren => return Ok(Pause::Finished),
            }
        }
    }

    /// At the first stop of all, which is before the command is executed: whether the kernel refuses to tell what
    /// calls are made, being too old or told to (a sandbox around us). Nothing could be shown then.
    fn is_blind(&mut self, tid: i32, status: i32) -> bool {
        if !libc::WIFSTOPPED(status) {
            return false;
        }
        match sys::syscall_info(tid) {
            Ok(_) => self.sighted = true,
            // The thread was killed while it was stopped.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => {
                self.failure = Some(format!(
                    "the kernel does not tell system calls: ptrace(PTRACE_GET_SYSCALL_INFO): {}; that needs Linux 5.3 \
                     or later, and that nothing forbids it",
                    sink::reason(&error)
                ));
                return true;
            }
        }
        false
    }

    /// How the command ended, and why it could not be executed, if so.
    #[must_use]
    pub fn ending(&self) -> (Ending, Option<&str>) {
        (self.ending, self.failure.as_deref())
    }

    /// Writes what is still to be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.sink.finish()
    }

    fn status(&mut self, tid: i32, status: i32) {
        let Some((stop, resume)) = self.step(tid, status) else {
            return;
        };
        if let Stop::Exited(_) | Stop::Killed(..) = stop {
            self.ended(tid, stop);
        }
        self.resume(tid, resume);
    }

    /// One wait status: the protocol is asked, and everything but the resumption is done.
    fn step(&mut self, tid: i32, status: i32) -> Option<(Stop, Resume)> {
        let stop = match self.stop_of(tid, status) {
            Ok(stop) => stop,
            // The thread was killed while it was stopped; its end is the next status.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return None,
            Err(error) => {
                self.sink.lost(&format!(
                    "a stop of thread {tid} could not be read: {}",
                    sink::reason(&error)
                ));
                // The thread goes on all the same: nobody else would resume it.
                Stop::Trap
            }
        };
        let mut effects = std::mem::take(&mut self.effects);
        let ends = matches!(stop, Stop::Exited(_) | Stop::Killed(..));
        if !ends && !self.protocol.knows(tid) {
            self.protocol
                .add_unclaimed(process_of(tid), tid, &mut effects);
        }
        let now = SystemTime::now();
        self.exempt(tid, stop, now, &mut effects);
        let resume = self
            .protocol
            .step(tid, stop, now, &memory::read_u64, &mut effects);
        for effect in effects.drain(..) {
            self.perform(effect, now);
        }
        self.effects = effects;
        // The set-up of the child is done: has it the filter?
        if self.child == Some(tid) && matches!(stop, Stop::Signal(libc::SIGSTOP)) {
            return Some((stop, self.launched(tid, resume)));
        }
        Some((stop, resume))
    }

    /// The calls that the kernel exempts from seccomp are for its own uprobe trampolines. A program
    /// that makes one by itself gets SIGILL for it, by which it is seen all the same.
    fn exempt(&mut self, tid: i32, stop: Stop, now: SystemTime, effects: &mut Vec<Effect>) {
        if matches!(stop, Stop::Signal(libc::SIGILL))
            && let Ok(Some(call)) = sys::call_of_registers(tid)
        {
            self.protocol.exempt_call(tid, call, now, effects);
        }
    }

    /// What a wait status and the kernel's word about it mean.
    fn stop_of(&self, tid: i32, status: i32) -> io::Result<Stop> {
        if libc::WIFEXITED(status) {
            return Ok(Stop::Exited(libc::WEXITSTATUS(status)));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(Stop::Killed(
                libc::WTERMSIG(status),
                libc::WCOREDUMP(status),
            ));
        }
        let signal = libc::WSTOPSIG(status);
        Ok(match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => return self.syscall_stop(tid),
            libc::PTRACE_EVENT_SECCOMP => return self.syscall_stop(tid),
            0 => Stop::Signal(signal),
            event @ (libc::PTRACE_EVENT_FORK
            | libc::PTRACE_EVENT_VFORK
            | libc::PTRACE_EVENT_CLONE) => {
                let child = sys::event_message(tid)? as i32;
                let thread = event == libc::PTRACE_EVENT_CLONE;
                let pid = if thread { process_of(child) } else { child };
                Stop::NewThread {
                    tid: child,
                    pid,
                    vfork: event == libc::PTRACE_EVENT_VFORK,
                }
            }
            libc::PTRACE_EVENT_VFORK_DONE => Stop::VforkDone,
            libc::PTRACE_EVENT_EXEC => Stop::Exec {
                former: sys::event_message(tid)? as i32,
            },
            libc::PTRACE_EVENT_STOP if is_stopping(signal) => Stop::Group(signal),
            _ => Stop::Trap,
        })
    }

    fn syscall_stop(&self, tid: i32) -> io::Result<Stop> {
        Ok(match sys::syscall_info(tid)? {
            SyscallInfo::Entry(call) => Stop::Entry(call),
            SyscallInfo::Seccomp(call, data) => Stop::Seccomp(call, data),
            SyscallInfo::Exit { value, error } => {
                let trapped = !error
                    && self.protocol.may_be_trapped(tid, value)
                    && sys::trapped_by_seccomp(tid);
                Stop::Exit {
                    value,
                    error,
                    trapped,
                }
            }
            SyscallInfo::None => Stop::Trap,
        })
    }

    fn perform(&mut self, effect: Effect, now: SystemTime) {
        // That a tracee is gone is no failure of what was to be done to it.
        match effect {
            Effect::Started { pid, tid } => self.sink.thread_started(pid, tid, false),
            Effect::Attached { pid, tid } => self.sink.thread_started(pid, tid, true),
            Effect::Entered(call) => {
                self.sink.call_entered(&call, &TraceeMemory::new(call.tid));
            }
            Effect::Ended(call, outcome) => {
                self.sink
                    .call_ended(&call, outcome, now, &TraceeMemory::new(call.tid));
            }
            Effect::Signal { pid, tid, signal } => {
                self.signal(pid, tid, signal);
            }
            Effect::Stopped { pid, tid, signal } => self.sink.stopped(pid, tid, signal),
            Effect::Exited { pid, tid, status } => self.sink.exited(pid, tid, status),
            Effect::Killed {
                pid,
                tid,
                signal,
                core_dumped,
            } => {
                self.sink.killed(pid, tid, signal, core_dumped);
            }
            Effect::Superseded { pid, former } => self.sink.superseded(pid, former),
            Effect::Skip { tid, arch } => {
                self.must(tid, "skip a call", sys::skip_call(tid, arch));
            }
            Effect::Unskip {
                tid,
                arch,
                own_filter,
            } => {
                let result = sys::unskip_call(tid, arch, own_filter);
                self.must(tid, "unskip a call", result);
            }
            Effect::SetFirstWord { tid, arch, value } => {
                self.must(tid, "set a register", sys::set_first_word(tid, arch, value));
            }
            Effect::RestoreFirstWord { tid, arch, value } => {
                let result = sys::restore_first_word(tid, arch, value);
                self.must(tid, "set a register", result);
            }
            Effect::SetMemory { tid, addr, value } => {
                self.must(tid, "write memory", memory::write_u64(tid, addr, value));
            }
            Effect::Interrupt { tid } => self.must(tid, "interrupt", sys::interrupt(tid)),
            Effect::Release { tid, resume } => self.resume(tid, resume),
        }
    }

    fn signal(&mut self, pid: i32, tid: i32, signal: i32) {
        if self.signals >> signal & 1 == 0 {
            return;
        }
        let Ok(siginfo) = sys::siginfo(tid) else {
            return;
        };
        if !self.narrow && sink::has_address(&siginfo) && sys::has_wider_addresses(tid) {
            self.narrow = true;
            self.sink.lost(
                "addresses in signals of 64-bit programs: this ectrace is a 32-bit program, and the \
                 kernel tells it their lower 32 bits only",
            );
        }
        self.sink.signal(pid, tid, signal, &siginfo);
    }

    /// Something that must be done to a tracee could not: said, unless the tracee is gone.
    fn must(&mut self, tid: i32, what: &str, result: io::Result<()>) {
        if let Err(error) = result
            && error.raw_os_error() != Some(libc::ESRCH)
        {
            self.sink
                .lost(&format!("could not {what} of thread {tid}: {error}"));
        }
    }

    fn resume(&mut self, tid: i32, resume: Resume) {
        let result = sys::resume(tid, resume);
        self.must(tid, "resume", result);
    }

    /// The child has set itself up and is about to execute the command.
    fn launched(&mut self, tid: i32, resume: Resume) -> Resume {
        let filter = self.options_unfiltered != 0;
        let report = filter
            .then(|| self.launched.as_mut().and_then(Launched::report))
            .flatten();
        match report {
            Some(Report::Filtered(_)) => {
                self.protocol.set_filtered(tid, true);
                Resume::Continue(0)
            }
            Some(Report::NotFiltered(errno)) => {
                let why = sink::reason(&io::Error::from_raw_os_error(errno));
                sink::message(&format!(
                    "the kernel refused the filter ({why}): stopping at every call"
                ));
                let result = sys::set_options(tid, self.options_unfiltered);
                self.must(tid, "set the options", result);
                Resume::Syscall(0)
            }
            _ => resume,
        }
    }

    fn ended(&mut self, tid: i32, stop: Stop) {
        if self.child != Some(tid) {
            return;
        }
        self.child = None;
        self.ending = match stop {
            Stop::Killed(signal, _) => Ending::Signal(signal),
            Stop::Exited(status) => Ending::Exit(status),
            _ => return,
        };
        // After a successful execve the pipe is closed, and there is no report.
        if let Some(report) = self
            .launched
            .take()
            .and_then(|mut launched| launched.report())
        {
            let error = |errno| io::Error::from_raw_os_error(errno);
            self.failure = match report {
                Report::Exec(errno) => Some(format!("exec: {}", sink::reason(&error(errno)))),
                Report::User(errno) => Some(format!("-u: {}", sink::reason(&error(errno)))),
                Report::Filtered(_) | Report::NotFiltered(_) => None,
            };
        }
    }
}

fn is_stopping(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU
    )
}
