//! Threads and processes by the dozen, whose many calls are only counted.

use super::script::Script;
use crate::probe::{Call, Countdown, Flow, ProbeError, Word};
use crate::terms::Crowd;

/// The call by which a crowd is told: its result is another one for each thread.
const OWN_ID: &str = "gettid";

impl Script {
    /// Calls of a thread whose number is known, all but one word of it zero.
    fn plain(&self, name: &'static str, word: u64) -> Result<Call, ProbeError> {
        self.described(name, &[Word::Value(word)])
    }

    /// A call that is not in the ledger, and that nobody asks for.
    pub(super) fn aside(
        &mut self,
        flow: Flow,
        call: Call,
        child: Option<Flow>,
        count: Countdown,
    ) -> Result<(), ProbeError> {
        self.terms().aside.push(call.via.seen(call.nr).1);
        self.probe.aside(flow, call, child, count)
    }

    fn count_on(&mut self, threads: usize, each: usize) -> Result<(), ProbeError> {
        let nr = self.nr(OWN_ID)? as u32;
        self.terms().crowd = Some(Crowd { nr, threads, each });
        Ok(())
    }

    /// A flow asks for its thread's id so many times.
    fn ask_again_and_again(&mut self, flow: Flow, times: usize) -> Result<(), ProbeError> {
        let call = self.plain(OWN_ID, 0)?;
        let count = self.probe.countdown(times as u32);
        let place = self.probe.place(flow);
        self.probe.aside(flow, call, None, count)?;
        self.probe.until_counted(flow, count, place);
        Ok(())
    }

    /// Threads that each ask for their id so many times, all at once, and end. `flow` waits for that.
    pub(super) fn crowd_of_threads(
        &mut self,
        flow: Flow,
        threads: usize,
        each: usize,
    ) -> Result<(), ProbeError> {
        self.count_on(threads, each)?;
        let mut joins = Vec::new();
        for _ in 0..threads {
            let (thread, join) = self.joinable(flow)?;
            self.ask_again_and_again(thread, each)?;
            self.exit(thread, 0)?;
            joins.push(join);
        }
        // Asleep: a processor that only looks would be missing where there are two. Whoever has ended is not waited for.
        let waits = self.probe.countdown(0);
        for words in joins {
            let wait = self.described("futex", &words)?;
            self.aside(flow, wait, None, waits)?;
        }
        Ok(())
    }

    /// Processes, `beside` of them at a time and `waves` times so many, that each ask for their id so many
    /// times, and end. `flow` waits for each wave.
    pub(super) fn crowd_of_processes(
        &mut self,
        flow: Flow,
        beside: usize,
        waves: usize,
        each: usize,
    ) -> Result<(), ProbeError> {
        const SIGCHLD: u64 = 17;
        const ANY_CHILD: u64 = u32::MAX as u64;
        self.count_on(beside * waves, each)?;
        let child = self.probe.beside(flow);
        self.ask_again_and_again(child, each)?;
        let forks = self.probe.countdown(0);
        let exit = self.plain("exit", 0)?;
        self.aside(child, exit, None, forks)?;
        let rounds = self.probe.countdown(waves as u32);
        let place = self.probe.place(flow);
        let clone = self.plain("clone", SIGCHLD)?;
        for _ in 0..beside {
            self.aside(flow, clone, Some(child), forks)?;
        }
        let wait = self.plain("wait4", ANY_CHILD)?;
        for at in 0..beside {
            let count = if at == 0 { rounds } else { forks };
            self.aside(flow, wait, None, count)?;
        }
        self.probe.until_counted(flow, rounds, place);
        Ok(())
    }
}
