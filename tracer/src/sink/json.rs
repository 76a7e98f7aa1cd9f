//! JSON lines: one object an event, for programs.
//!
//! A call is written when it has ended, so calls stand in the order of their ends:
//!
//! ```json
//! {"event":"call","pid":100,"tid":101,"abi":"x86_64","arch":"0xc000003e","nr":257,"name":"openat",
//!  "words":["0xffffff9c","0x7ffc0010","0x80000","0x0","0x0","0x0"],
//!  "args":[{"name":"dfd","words":[0],"value":"0xffffff9c","text":"AT_FDCWD"}],
//!  "outcome":"returned","result":3,"error":null,
//!  "start":"1795384493.123456789","duration":"0.000012345","uncertain":[]}
//! ```
//!
//! - `abi` and `name` are null when the tables do not know them; `args` is empty then. `arch` is the
//!   `AUDIT_ARCH_*` word of the call, `nr` the low 32 bits of the number, x32's bit 30 included.
//! - `words` are the six words as the kernel reports them; an argument says which of them it is made
//!   of, its value (joined, and cut to the ABI's width) and its text as in strace's format. What the
//!   kernel would have written, and has not, is an address in the text.
//! - `outcome` is `returned`, `ended` (the thread ended in the call), `superseded` (another thread of
//!   the process called execve), `unknown`, or `detached`.
//! - `result` is the value as a signed number, null when there is none. `error` is the name of the
//!   error when the call failed; `result` is then the negative error number. The kernel's restart
//!   codes are among them (`ERESTARTSYS`): the call will be made again, or the program gets `EINTR`.
//! - `uncertain` says what is known to be uncertain about the call.
//!
//! The other events have `pid` and `tid`, and: `signal` (`signal`, `nr`, `text`), `stopped`
//! (`signal`), `exited` (`status`), `killed` (`signal`, `core_dumped`), `superseded`, `detached`;
//! `lost` has only `what`.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use everycall_arch::slots::slots;
use serde::Serialize;

use super::log::Log;
use super::siginfo;
use crate::config::{Config, Quiet, StatusSet};
use crate::decode::{self, Decoder, Rendered};
use crate::event::{Call, Memory, Outcome, Sink};

/// JSON lines.
pub struct Json {
    log: Log,
    decoder: Decoder,
    status: StatusSet,
    quiet: Quiet,
    begun: HashMap<i32, Rendered>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Call(Box<Called>),
    Signal {
        pid: i32,
        tid: i32,
        signal: String,
        nr: i32,
        text: Option<String>,
    },
    Stopped {
        pid: i32,
        tid: i32,
        signal: String,
    },
    Exited {
        pid: i32,
        tid: i32,
        status: i32,
    },
    Killed {
        pid: i32,
        tid: i32,
        signal: String,
        core_dumped: bool,
    },
    Superseded {
        pid: i32,
        tid: i32,
    },
    Detached {
        pid: i32,
        tid: i32,
    },
    Lost {
        what: &'a str,
    },
}

/// A call that has ended.
#[derive(Serialize)]
struct Called {
    pid: i32,
    tid: i32,
    abi: Option<&'static str>,
    arch: String,
    nr: u32,
    name: Option<&'static str>,
    words: [String; 6],
    args: Vec<Arg>,
    outcome: &'static str,
    result: Option<i64>,
    error: Option<String>,
    start: String,
    duration: String,
    uncertain: Vec<&'static str>,
}

#[derive(Serialize)]
struct Arg {
    name: &'static str,
    words: Vec<u8>,
    value: String,
    text: String,
}

fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

fn args(call: &Call, rendered: &Rendered) -> Vec<Arg> {
    let Some(known) = rendered.call else {
        return Vec::new();
    };
    let slots = slots(known.abi, known.proto);
    let all = known.proto.args.iter().zip(slots).enumerate();
    // An argument that does not exist this time has no part; of raw words there are only parts.
    let raw = rendered.parts.iter().any(|part| part.arg.is_none());
    all.filter_map(|(at, (arg, slot))| {
        let part = rendered.parts.iter().find(|part| part.arg == Some(at));
        if part.is_none() && !raw {
            return None;
        }
        let value = slot.value(known.abi, &call.words);
        let text = part.and_then(|part| part.text.clone());
        Some(Arg {
            name: arg.name,
            words: (slot.first..slot.first + slot.words).collect(),
            value: format!("{value:#x}"),
            text: text.unwrap_or_else(|| decode::hex(value)),
        })
    })
    .collect()
}

impl Json {
    /// JSON lines for this configuration.
    #[must_use]
    pub fn new(log: Log, decoder: Decoder, config: &Config) -> Json {
        Json {
            log,
            decoder,
            status: config.output.line.status,
            quiet: config.output.quiet,
            begun: HashMap::new(),
        }
    }

    fn write(&mut self, event: &Event) {
        match serde_json::to_string(event) {
            Ok(line) => self.log.write(&(line + "\n")),
            Err(error) => super::log::message(&format!("an event could not be written: {error}")),
        }
    }
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Returned { .. } => "returned",
        Outcome::Ended => "ended",
        Outcome::Superseded => "superseded",
        Outcome::Unknown(_) => "unknown",
        Outcome::Detached => "detached",
    }
}

impl Sink for Json {
    fn call_entered(&mut self, call: &Call, memory: &dyn Memory) {
        let rendered = self.decoder.enter(call, memory);
        self.begun.insert(call.tid, rendered);
    }

    fn call_ended(&mut self, call: &Call, outcome: Outcome, end: SystemTime, memory: &dyn Memory) {
        let begun = self.begun.remove(&call.tid);
        let mut rendered = begun.unwrap_or_else(|| self.decoder.enter(call, memory));
        self.decoder.exit(call, &mut rendered, outcome, memory);
        if !self.status.contains(decode::status(outcome, rendered.call)) {
            return;
        }
        let mut uncertain = call.uncertain.clone();
        if let Outcome::Unknown(reason) = outcome {
            uncertain.push(reason);
        }
        let result = match outcome {
            Outcome::Returned { value, .. } => Some(value),
            _ => None,
        };
        self.write(&Event::Call(Box::new(Called {
            pid: call.pid,
            tid: call.tid,
            abi: call.abi.map(everycall_arch::AbiId::name),
            arch: format!("{:#x}", call.arch),
            nr: call.nr,
            name: rendered.call.map(|known| known.name),
            words: call.words.map(|word| format!("{word:#x}")),
            args: args(call, &rendered),
            outcome: outcome_name(outcome),
            result,
            error: decode::error_name(outcome, rendered.call),
            start: seconds(call.start.duration_since(UNIX_EPOCH).unwrap_or_default()),
            duration: seconds(end.duration_since(call.start).unwrap_or_default()),
            uncertain,
        })));
    }

    fn signal(&mut self, pid: i32, tid: i32, signal: i32, siginfo: &[u8; 128]) {
        let (name, text) = (siginfo::name(signal), siginfo::text(siginfo));
        self.write(&Event::Signal {
            pid,
            tid,
            signal: name,
            nr: signal,
            text,
        });
    }

    fn stopped(&mut self, pid: i32, tid: i32, signal: i32) {
        self.write(&Event::Stopped {
            pid,
            tid,
            signal: siginfo::name(signal),
        });
    }

    fn exited(&mut self, pid: i32, tid: i32, status: i32) {
        if !self.quiet.exit {
            self.write(&Event::Exited { pid, tid, status });
        }
    }

    fn killed(&mut self, pid: i32, tid: i32, signal: i32, core_dumped: bool) {
        if !self.quiet.exit {
            self.write(&Event::Killed {
                pid,
                tid,
                signal: siginfo::name(signal),
                core_dumped,
            });
        }
    }

    fn superseded(&mut self, pid: i32, tid: i32) {
        if let Some(rendered) = self.begun.remove(&tid) {
            self.begun.insert(pid, rendered);
        }
        if !self.quiet.thread_execve {
            self.write(&Event::Superseded { pid, tid });
        }
    }

    fn detached(&mut self, pid: i32, tid: i32) {
        if !self.quiet.attach {
            self.write(&Event::Detached { pid, tid });
        }
    }

    fn lost(&mut self, what: &str) {
        self.write(&Event::Lost { what });
    }

    fn finish(&mut self) -> io::Result<()> {
        self.log.finish()
    }
}
