//! Lines as strace 6.1 writes them for the same events.

mod json;

use std::time::{Duration, SystemTime};

use everycall_arch::AbiId;

use super::*;
use crate::config::{Command, Config, Line, Quiet, Status, StatusSet};
use crate::event::{Call, Outcome};
use crate::testing::{Kept, Pieces, call, config, numbered};

const X: AbiId = AbiId::X86_64;
const PID: i32 = 100;

fn by(tid: i32, name: &str, words: &[u64]) -> Call {
    Call {
        tid,
        ..call(X, name, words)
    }
}

fn returned(value: i64) -> Outcome {
    Outcome::Returned {
        value,
        error: (-4095..0).contains(&value),
    }
}

fn end(call: &Call) -> SystemTime {
    call.start + Duration::from_micros(12)
}

/// Text for a command whose first thread is 100, and what is written.
fn text(config: &Config) -> (Text, Kept) {
    let kept = Kept::default();
    let log = Log::test(Box::new(kept.clone()));
    let decoder = Decoder::new(config.output.style.clone());
    (Text::expecting(log, decoder, config, "64 bit"), kept)
}

fn with_command() -> Config {
    let command = Command {
        path: "/bin/true".into(),
        argv: vec!["true".into()],
        env: Vec::new(),
        user: None,
    };
    let quiet = Quiet {
        attach: true,
        ..Quiet::default()
    };
    let mut config = Config {
        command: Some(command),
        ..config()
    };
    config.output.quiet = quiet;
    config
}

fn memory() -> Pieces {
    Pieces::default().with(0x1000, b"x\0")
}

fn whole(text: &mut Text, call: &Call, outcome: Outcome) {
    text.call_entered(call, &memory());
    text.call_ended(call, outcome, end(call), &memory());
}

#[test]
fn results_stand_in_a_column() {
    let (mut text, kept) = text(&with_command());
    whole(&mut text, &by(PID, "umask", &[0o22]), returned(0));
    whole(
        &mut text,
        &by(PID, "openat", &[3, 0x1000, 0o2000000]),
        returned(4),
    );
    whole(&mut text, &by(PID, "getpid", &[]), returned(100));
    whole(&mut text, &by(PID, "exit_group", &[3]), Outcome::Ended);
    text.exited(PID, PID, 3);
    assert_eq!(
        kept.text(),
        "umask(022)                              = 000\n\
         openat(3, \"x\", O_RDONLY|O_CLOEXEC)      = 4\n\
         getpid()                                = 100\n\
         exit_group(3)                           = ?\n\
         +++ exited with 3 +++\n"
    );
}

#[test]
fn what_blocks_is_seen_before_it_ends() {
    let (mut text, kept) = text(&with_command());
    let read = by(PID, "read", &[3, 0x1000, 1]);
    text.call_entered(&read, &memory());
    assert_eq!(kept.text(), "read(3, ");
    text.call_ended(&read, returned(1), end(&read), &memory());
    assert_eq!(
        kept.text(),
        "read(3, \"x\", 1)                         = 1\n"
    );
}

#[test]
fn threads_interrupt_each_other() {
    let (mut text, kept) = text(&with_command());
    let read = by(PID, "read", &[3, 0x1000, 1]);
    let pause = by(102, "pause", &[]);
    text.call_entered(&read, &memory());
    text.thread_started(PID, 102, false);
    whole(&mut text, &by(102, "umask", &[0o22]), returned(0));
    text.call_entered(&pause, &memory());
    text.call_ended(&read, returned(-512), end(&read), &memory());
    text.call_ended(&pause, returned(-514), end(&pause), &memory());
    text.killed(PID, 102, 15, false);
    whole(&mut text, &by(PID, "umask", &[0o22]), returned(0));
    assert_eq!(
        kept.text(),
        "read(3,  <unfinished ...>\n\
         [pid   102] umask(022)                  = 000\n\
         [pid   102] pause( <unfinished ...>\n\
         [pid   100] <... read resumed>0x1000, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n\
         [pid   102] <... pause resumed>)        = ? ERESTARTNOHAND (To be restarted if no handler)\n\
         [pid   102] +++ killed by SIGTERM +++\n\
         umask(022)                              = 000\n"
    );
}

/// The command's own first thread is not announced, but it is there.
#[test]
fn a_silent_command_counts_as_a_thread() {
    let (mut text, kept) = text(&with_command());
    text.thread_started(102, 102, false);
    text.exited(102, 102, 0);
    text.signal(PID, PID, 17, &[0; 128]);
    text.exited(PID, PID, 0);
    assert_eq!(
        kept.text(),
        "[pid   102] +++ exited with 0 +++\n--- SIGCHLD ---\n+++ exited with 0 +++\n"
    );
}

#[test]
fn in_a_file_every_line_has_its_thread() {
    let mut config = with_command();
    config.output.path = Some("log".into());
    let (mut text, kept) = text(&config);
    let read = by(PID, "read", &[3, 0x1000, 1]);
    whole(&mut text, &by(PID, "umask", &[0o22]), returned(0));
    text.call_entered(&read, &memory());
    text.signal(PID, 1_234_567, 17, &[0; 128]);
    text.call_ended(&read, Outcome::Ended, end(&read), &memory());
    text.killed(PID, PID, 11, true);
    assert_eq!(
        kept.text(),
        "100   umask(022)                        = 000\n\
         100   read(3,  <unfinished ...>\n\
         1234567 --- SIGCHLD ---\n\
         100   <... read resumed> <unfinished ...>) = ?\n\
         100   +++ killed by SIGSEGV (core dumped) +++\n"
    );
    config.follow = false;
    let (mut text, kept) = self::text(&config);
    whole(&mut text, &by(PID, "getpid", &[]), returned(1));
    assert_eq!(kept.text(), "getpid()                                = 1\n");
}

#[test]
fn execve_by_another_thread() {
    let mut config = with_command();
    config.output.path = Some("log".into());
    let (mut text, kept) = text(&config);
    text.thread_started(PID, 102, false);
    let mut execve = by(102, "execve", &[0x1000, 0, 0]);
    text.call_entered(&execve, &memory());
    text.superseded(PID, 102);
    execve.tid = PID;
    text.call_ended(&execve, returned(0), end(&execve), &memory());
    whole(&mut text, &by(PID, "getpid", &[]), returned(100));
    assert_eq!(
        kept.text(),
        "102   execve(\"x\", NULL, NULL <pid changed to 100 ...>\n\
         100   +++ superseded by execve in pid 102 +++\n\
         100   <... execve resumed>)             = 0\n\
         100   getpid()                          = 100\n"
    );
}

#[test]
fn the_kind_of_process_is_noted_when_it_changes() {
    let (mut text, kept) = text(&with_command());
    let at = |abi, name| Call {
        tid: PID,
        ..call(abi, name, &[])
    };
    whole(&mut text, &at(X, "getpid"), returned(1));
    whole(&mut text, &at(AbiId::I386, "getpid"), returned(1));
    whole(&mut text, &at(AbiId::X32, "getpid"), returned(-38));
    whole(&mut text, &at(X, "getpid"), returned(1));
    assert_eq!(
        kept.text(),
        "getpid()                                = 1\n\
         [ Process PID=100 runs in 32 bit mode. ]\n\
         getpid()                                = 1\n\
         [ Process PID=100 runs in x32 mode. ]\n\
         getpid()                                = -1 ENOSYS (Function not implemented)\n\
         [ Process PID=100 runs in 64 bit mode. ]\n\
         getpid()                                = 1\n"
    );
}

#[test]
fn numbers_are_shown() {
    let mut config = with_command();
    config.output.line = Line {
        numbers: true,
        ..Line::default()
    };
    let (mut text, kept) = text(&config);
    whole(&mut text, &by(PID, "umask", &[0o22]), returned(0));
    whole(
        &mut text,
        &Call {
            tid: PID,
            ..numbered(X, 0x3fff_ffff, &[7])
        },
        returned(-38),
    );
    text.exited(PID, PID, 0);
    assert_eq!(
        kept.text(),
        "[  95] umask(022)                       = 000\n\
         [1073741823] syscall_0x3fffffff(0x7, 0, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)\n\
         [1073741823] +++ exited with 0 +++\n"
    );
}

#[test]
fn only_some_ends_are_shown() {
    let shown = |status: Status| {
        let mut config = with_command();
        config.output.line.status = StatusSet::NONE.with(status);
        let (mut text, kept) = text(&config);
        for outcome in [
            returned(0),
            returned(-9),
            Outcome::Unknown("a filter of its own"),
            Outcome::Detached,
            Outcome::Ended,
        ] {
            let read = by(PID, "read", &[3, 0x1000, 1]);
            text.call_entered(&read, &memory());
            // Nothing is said of a call before its end is known to be wanted.
            assert!(!kept.text().ends_with("read(3, "));
            text.call_ended(&read, outcome, end(&read), &memory());
        }
        kept.text()
    };
    let line = |head: &str, end: &str| format!("{head:<40}{end}\n");
    assert_eq!(shown(Status::Successful), line("read(3, \"\", 1)", "= 0"));
    assert_eq!(
        shown(Status::Failed),
        line("read(3, 0x1000, 1)", "= -1 EBADF (Bad file descriptor)")
    );
    assert_eq!(
        shown(Status::Unavailable),
        line("read(3, 0x1000, 1)", "= ? (a filter of its own)")
    );
    assert_eq!(
        shown(Status::Unfinished),
        line("read(3,  <unfinished ...>)", "= ?")
    );
    assert_eq!(shown(Status::Detached), "read(3,  <detached ...>\n");
}

#[test]
fn quiet_is_quiet() {
    let said = |quiet: Quiet| {
        let mut config = with_command();
        config.output.quiet = Quiet {
            attach: true,
            ..quiet
        };
        let (mut text, kept) = text(&config);
        let getpid = Call {
            tid: PID,
            ..call(AbiId::I386, "getpid", &[])
        };
        whole(&mut text, &getpid, returned(1));
        text.superseded(PID, 102);
        text.stopped(PID, PID, 19);
        text.exited(PID, PID, 0);
        kept.text()
    };
    let getpid = "getpid()                                = 1\n";
    let note = "[ Process PID=100 runs in 32 bit mode. ]\n";
    let superseded = "+++ superseded by execve in pid 102 +++\n";
    let stopped = "--- stopped by SIGSTOP ---\n";
    let exited = "+++ exited with 0 +++\n";
    assert_eq!(
        said(Quiet::level(0)),
        [note, getpid, superseded, stopped, exited].concat()
    );
    assert_eq!(
        said(Quiet::level(1)),
        [getpid, superseded, stopped, exited].concat()
    );
    assert_eq!(
        said(Quiet::level(2)),
        [getpid, superseded, stopped].concat()
    );
    assert_eq!(said(Quiet::level(3)), [getpid, stopped].concat());
}

#[test]
fn an_open_line_is_ended_at_the_end() {
    let (mut text, kept) = text(&with_command());
    text.call_entered(&by(PID, "read", &[3, 0x1000, 1]), &memory());
    text.finish().unwrap();
    assert_eq!(kept.text(), "read(3,  <unfinished ...>\n");
}

#[test]
fn a_table_of_counts() {
    let kept = Kept::default();
    let mut summary = Summary::new(Log::test(Box::new(kept.clone())), &config());
    let mut count = |call: Call, outcome, micros| {
        let end = call.start + Duration::from_micros(micros);
        summary.call_ended(&call, outcome, end, &memory());
    };
    count(by(1, "openat", &[]), returned(3), 30);
    count(by(1, "openat", &[]), returned(-2), 60);
    count(by(2, "read", &[]), returned(0), 10);
    count(numbered(X, 0x3fff_ffff, &[]), returned(-38), 0);
    // What did not end is not counted, as in strace.
    count(by(1, "exit_group", &[]), Outcome::Ended, 1_000);
    summary.finish().unwrap();
    assert_eq!(
        kept.text(),
        "% time     seconds  usecs/call     calls    errors syscall\n\
         ------ ----------- ----------- --------- --------- ----------------\n \
         90.00    0.000090          45         2         1 openat\n \
         10.00    0.000010          10         1           read\n  \
          0.00    0.000000           0         1         1 syscall_0x3fffffff\n\
         ------ ----------- ----------- --------- --------- ----------------\n\
         100.00    0.000100          25         4         2 total\n"
    );
}

#[test]
fn a_file_that_cannot_be_made_is_an_error() {
    let mut config = config();
    config.output.path = Some("/nonexistent/x\x1b".into());
    let error = open(&config).err().unwrap().to_string();
    assert_eq!(
        error,
        "Can't fopen '/nonexistent/x\\x1b': No such file or directory"
    );
}
