//! strace's text: one line a call, cut in two when another thread speaks between its two ends.

use std::collections::HashMap;
use std::io;
use std::time::SystemTime;

use everycall_arch::AbiId;

use super::log::{self, Log};
use super::siginfo;
use crate::config::{Config, Line, Quiet, StatusSet};
use crate::decode::{self, Decoder, Rendered};
use crate::event::{Call, Memory, Outcome, Sink};

/// Text in strace's format.
///
/// What is written is written at once, a call's beginning too: whoever looks at a log wants to see
/// the call that blocks.
pub struct Text {
    log: Log,
    decoder: Decoder,
    line: Line,
    quiet: Quiet,
    prefix: Prefix,
    /// Whether the command's first thread, which is not announced, has not been heard of yet.
    silent_command: bool,
    threads: HashMap<i32, Thread>,
    /// The mode of the last call that was shown, which a new thread is taken to have.
    mode: &'static str,
    /// The thread whose call stands at the end of the log, its line not ended.
    open: Option<i32>,
    /// What will be written next, and the column it starts at.
    next: String,
    column: usize,
}

/// When a line begins with its thread's id.
#[derive(Clone, Copy)]
enum Prefix {
    Never,
    /// `[pid N] `, when there are several threads.
    Several,
    /// `N `, in a file.
    Always,
}

struct Thread {
    mode: &'static str,
    nr: Option<u32>,
    call: Option<Begun>,
}

/// A call that has not ended.
struct Begun {
    rendered: Rendered,
    /// How many parts are written, and whether the comma behind the last one is.
    parts: usize,
    comma: bool,
}

/// What strace calls the kind of process that makes calls of an ABI.
fn mode(abi: AbiId) -> &'static str {
    match abi {
        AbiId::X86_64 | AbiId::Aarch64 => "64 bit",
        AbiId::X32 => "x32",
        AbiId::I386 | AbiId::Arm => "32 bit",
    }
}

/// The name that is shown: of an unknown call, its number.
pub(super) fn name(call: &Call, rendered: &Rendered) -> String {
    match rendered.call {
        Some(known) => known.name.to_owned(),
        None => format!("syscall_{:#x}", call.nr),
    }
}

impl Text {
    /// Text for this configuration.
    #[must_use]
    pub fn new(log: Log, decoder: Decoder, config: &Config) -> Text {
        let ours = if size_of::<usize>() == 8 {
            "64 bit"
        } else {
            "32 bit"
        };
        Text::expecting(log, decoder, config, ours)
    }

    /// Text that takes the command for a program of this mode: our own, as strace does.
    pub(super) fn expecting(
        log: Log,
        decoder: Decoder,
        config: &Config,
        mode: &'static str,
    ) -> Text {
        let prefix = match (&config.output.path, config.follow) {
            (None, _) => Prefix::Several,
            (Some(_), true) => Prefix::Always,
            (Some(_), false) => Prefix::Never,
        };
        Text {
            log,
            decoder,
            line: config.output.line,
            quiet: config.output.quiet,
            prefix,
            silent_command: config.command.is_some(),
            threads: HashMap::new(),
            mode,
            open: None,
            next: String::new(),
            column: 0,
        }
    }

    fn thread(&mut self, tid: i32) -> &mut Thread {
        let mode = self.mode;
        let silent = &mut self.silent_command;
        self.threads.entry(tid).or_insert_with(|| {
            *silent = false;
            Thread {
                mode,
                nr: None,
                call: None,
            }
        })
    }

    fn gone(&mut self, tid: i32) -> Option<Thread> {
        let thread = self.threads.remove(&tid);
        self.silent_command &= thread.is_some();
        thread
    }

    /// Begins a line of a thread.
    fn begin(&mut self, tid: i32) {
        self.interrupt();
        match self.prefix {
            Prefix::Always => self.next.push_str(&format!("{tid:<5} ")),
            Prefix::Several if self.threads.len() + usize::from(self.silent_command) > 1 => {
                self.next.push_str(&format!("[pid {tid:5}] "));
            }
            Prefix::Several | Prefix::Never => {}
        }
        if self.line.numbers {
            let number = self.threads.get(&tid).and_then(|thread| thread.nr);
            match number {
                Some(nr) => self.next.push_str(&format!("[{nr:4}] ")),
                None => self.next.push_str("[????] "),
            }
        }
    }

    /// Ends the line of a call that has not ended.
    fn interrupt(&mut self) {
        if self.open.take().is_some() {
            self.next.push_str(" <unfinished ...>\n");
        }
    }

    fn say(&mut self, tid: i32, what: &str) {
        self.thread(tid);
        self.begin(tid);
        self.next.push_str(what);
        self.next.push('\n');
    }

    fn flush(&mut self) {
        self.column = self.next_column();
        self.log.write(&self.next);
        self.next.clear();
    }

    fn next_column(&self) -> usize {
        match self.next.rfind('\n') {
            Some(end) => self.next.len() - end - 1,
            None => self.column + self.next.len(),
        }
    }

    /// A message to the user, on standard error, never in the middle of a line.
    fn message(&mut self, text: &str) {
        if self.log.is_stderr() {
            self.interrupt();
            self.next.push_str(&format!("ectrace: {text}\n"));
            self.flush();
        } else {
            log::message(text);
        }
    }

    /// Writes the parts that have a text, up to the first that has none.
    fn parts(&mut self, begun: &mut Begun) {
        while let Some(part) = begun.rendered.parts.get(begun.parts) {
            if begun.parts > 0 && !begun.comma {
                self.next.push_str(", ");
            }
            begun.comma = true;
            let Some(text) = &part.text else { return };
            self.next.push_str(text);
            begun.parts += 1;
            begun.comma = false;
        }
    }

    fn withholds(&self) -> bool {
        self.line.status != StatusSet::ALL
    }

    fn note_mode(&mut self, call: &Call) {
        let Some(mode) = call.abi.map(mode) else {
            return;
        };
        let before = std::mem::replace(&mut self.thread(call.tid).mode, mode);
        self.mode = mode;
        if before != mode && !self.quiet.personality {
            let note = format!("[ Process PID={} runs in {mode} mode. ]", call.tid);
            self.say(call.tid, &note);
        }
    }

    fn head(&mut self, call: &Call, begun: &mut Begun) {
        self.begin(call.tid);
        self.next.push_str(&name(call, &begun.rendered));
        self.next.push('(');
        self.parts(begun);
        self.open = Some(call.tid);
    }

    fn tail(&mut self, call: &Call, mut begun: Begun, outcome: Outcome, complete: bool) {
        if self.open != Some(call.tid) {
            self.begin(call.tid);
            self.next
                .push_str(&format!("<... {} resumed>", name(call, &begun.rendered)));
        }
        self.open = None;
        if complete {
            self.parts(&mut begun);
        }
        match outcome {
            Outcome::Detached => self.next.push_str(" <detached ...>\n"),
            _ => {
                self.next.push_str(if complete {
                    ") "
                } else {
                    " <unfinished ...>) "
                });
                let pad = self.line.column.saturating_sub(self.next_column());
                self.next.extend(std::iter::repeat_n(' ', pad));
                let result = self.decoder.result(&begun.rendered, call, outcome);
                self.next.push_str(&format!("= {result}\n"));
            }
        }
    }
}

impl Sink for Text {
    fn thread_started(&mut self, _pid: i32, tid: i32, _attached: bool) {
        let thread = Thread {
            mode: self.mode,
            nr: None,
            call: None,
        };
        self.threads.insert(tid, thread);
        if !self.quiet.attach {
            self.message(&format!("Process {tid} attached"));
        }
    }

    fn call_entered(&mut self, call: &Call, memory: &dyn Memory) {
        let rendered = self.decoder.enter(call, memory);
        self.note_mode(call);
        self.thread(call.tid).nr = Some(call.nr);
        let mut begun = Begun {
            rendered,
            parts: 0,
            comma: false,
        };
        if !self.withholds() {
            self.head(call, &mut begun);
        }
        self.thread(call.tid).call = Some(begun);
        self.flush();
    }

    fn call_ended(&mut self, call: &Call, outcome: Outcome, _end: SystemTime, memory: &dyn Memory) {
        let begun = self
            .threads
            .get_mut(&call.tid)
            .and_then(|thread| thread.call.take());
        // A call whose beginning was not told of is begun now.
        let known = begun.is_some() && !self.withholds();
        let mut begun = begun.unwrap_or_else(|| {
            let rendered = self.decoder.enter(call, memory);
            Begun {
                rendered,
                parts: 0,
                comma: false,
            }
        });
        let complete = self
            .decoder
            .exit(call, &mut begun.rendered, outcome, memory);
        let status = decode::status(outcome, begun.rendered.call);
        if !self.line.status.contains(status) {
            return;
        }
        if !known {
            self.head(call, &mut begun);
        }
        self.tail(call, begun, outcome, complete);
        self.flush();
    }

    fn signal(&mut self, _pid: i32, tid: i32, signal: i32, siginfo: &[u8; 128]) {
        let name = siginfo::name(signal);
        let what = match siginfo::text(siginfo) {
            Some(info) => format!("--- {name} {info} ---"),
            None => format!("--- {name} ---"),
        };
        self.say(tid, &what);
        self.flush();
    }

    fn stopped(&mut self, _pid: i32, tid: i32, signal: i32) {
        self.say(
            tid,
            &format!("--- stopped by {} ---", siginfo::name(signal)),
        );
        self.flush();
    }

    fn exited(&mut self, _pid: i32, tid: i32, status: i32) {
        if !self.quiet.exit {
            self.say(tid, &format!("+++ exited with {status} +++"));
        }
        self.gone(tid);
        self.flush();
    }

    fn killed(&mut self, _pid: i32, tid: i32, signal: i32, core_dumped: bool) {
        if !self.quiet.exit {
            let core = if core_dumped { " (core dumped)" } else { "" };
            self.say(
                tid,
                &format!("+++ killed by {}{core} +++", siginfo::name(signal)),
            );
        }
        self.gone(tid);
        self.flush();
    }

    fn superseded(&mut self, pid: i32, tid: i32) {
        if self.open == Some(tid) {
            self.open = None;
            self.next
                .push_str(&format!(" <pid changed to {pid} ...>\n"));
        }
        if let Some(thread) = self.gone(tid) {
            self.threads.insert(pid, thread);
        }
        if !self.quiet.thread_execve {
            self.say(pid, &format!("+++ superseded by execve in pid {tid} +++"));
        }
        self.flush();
    }

    fn detached(&mut self, _pid: i32, tid: i32) {
        self.gone(tid);
        if !self.quiet.attach {
            self.message(&format!("Process {tid} detached"));
        }
    }

    fn lost(&mut self, what: &str) {
        self.message(what);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.interrupt();
        self.flush();
        self.log.finish()
    }
}
