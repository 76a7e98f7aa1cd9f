//! `-c`: a table of counts, errors and times at the end.
//!
//! The times are what calls took by the clock, from entry to exit (strace's `-c -w`), tracing included.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime};

use everycall_arch::{AbiId, table};

use super::log::{self, Log};
use crate::config::{Config, Quiet, Status};
use crate::decode;
use crate::event::{Call, Memory, Outcome, Sink};

/// Counts calls.
pub struct Summary {
    log: Log,
    quiet: Quiet,
    counts: BTreeMap<(Option<AbiId>, u32), Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    calls: u64,
    errors: u64,
    time: Duration,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.time = self.time.saturating_add(other.time);
    }
}

impl Summary {
    /// An empty table.
    #[must_use]
    pub fn new(log: Log, config: &Config) -> Summary {
        Summary {
            log,
            quiet: config.output.quiet,
            counts: BTreeMap::new(),
        }
    }

    fn table(&self, abi: Option<AbiId>) -> String {
        let of_abi = self.counts.iter().filter(|((of, _), _)| *of == abi);
        let mut rows: Vec<(String, Count)> = of_abi
            .map(|(&(_, nr), &count)| {
                let known = abi.and_then(|abi| table::by_nr(abi, nr));
                let name =
                    known.map_or_else(|| format!("syscall_{nr:#x}"), |call| call.name.to_owned());
                (name, count)
            })
            .collect();
        // Stable: calls that took as long stay in the order of their numbers.
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(count.time));
        let mut total = Count::default();
        rows.iter().for_each(|(_, count)| total.add(*count));
        let rule = format!("{0:-<6} {0:-<11} {0:-<11} {0:-<9} {0:-<9} {0:-<16}\n", "");
        let mut text = format!(
            "{:>6} {:>11} {:>11} {:>9} {:>9} {}\n{rule}",
            "% time", "seconds", "usecs/call", "calls", "errors", "syscall"
        );
        for (name, count) in &rows {
            text += &row(name, *count, share(count.time, total.time));
        }
        text + &rule + &row("total", total, 100.0)
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() {
        0.0
    } else {
        part.as_secs_f64() / whole.as_secs_f64() * 100.0
    }
}

fn row(name: &str, count: Count, share: f64) -> String {
    let each = count.time.as_micros() / u128::from(count.calls.max(1));
    let errors = if count.errors == 0 {
        String::new()
    } else {
        count.errors.to_string()
    };
    let seconds = count.time.as_secs_f64();
    format!(
        "{share:6.2} {seconds:11.6} {each:11} {:9} {errors:>9} {name}\n",
        count.calls
    )
}

impl Sink for Summary {
    fn thread_started(&mut self, _pid: i32, tid: i32, _attached: bool) {
        if !self.quiet.attach {
            log::message(&format!("Process {tid} attached"));
        }
    }

    fn call_entered(&mut self, _call: &Call, _memory: &dyn Memory) {}

    fn call_ended(&mut self, call: &Call, outcome: Outcome, end: SystemTime, _memory: &dyn Memory) {
        let known = call.abi.and_then(|abi| table::by_nr(abi, call.nr));
        let status = decode::status(outcome, known);
        if matches!(status, Status::Unfinished | Status::Detached) {
            return;
        }
        let one = Count {
            calls: 1,
            errors: u64::from(status == Status::Failed),
            time: end.duration_since(call.start).unwrap_or_default(),
        };
        self.counts.entry((call.abi, call.nr)).or_default().add(one);
    }

    fn signal(&mut self, _pid: i32, _tid: i32, _signal: i32, _siginfo: &[u8; 128]) {}
    fn stopped(&mut self, _pid: i32, _tid: i32, _signal: i32) {}
    fn exited(&mut self, _pid: i32, _tid: i32, _status: i32) {}
    fn killed(&mut self, _pid: i32, _tid: i32, _signal: i32, _core_dumped: bool) {}
    fn superseded(&mut self, _pid: i32, _tid: i32) {}
    fn detached(&mut self, _pid: i32, _tid: i32) {}

    fn lost(&mut self, what: &str) {
        log::message(what);
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut abis: Vec<Option<AbiId>> = self.counts.keys().map(|(abi, _)| *abi).collect();
        abis.dedup();
        let several = abis.len() > 1;
        for abi in abis {
            let mut text = String::new();
            if several {
                let name = abi.map_or("an unknown ABI", AbiId::name);
                text = format!("System call usage summary for {name}:\n");
            }
            text += &self.table(abi);
            self.log.write(&text);
        }
        self.counts.clear();
        self.log.finish()
    }
}
