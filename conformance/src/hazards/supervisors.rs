//! Filters of the traced program's own that ask a supervisor, another of its threads, and what that answers.

use everycall_filter::Action;

use super::script::Script;
use super::{Scenario, all};
use crate::case::Claim;
use crate::probe::{CallId, Flow, ProbeError, Word};

const MAIN: Flow = Flow::MAIN;
const ASKED: &[&str] = &["getppid"];

pub(super) static SCENARIOS: &[Scenario] = &[
    all("inst-notif-continue-hidden/call", ASKED, |script| {
        answered(script, Answer::Continue, Claim::Succeeds)
    }),
    all(
        "inst-notif-continue-hidden/execve",
        &["getppid", "execve"],
        notified_exec,
    ),
    all("stop-rewritten-nr/answered", ASKED, |script| {
        answered(script, Answer::Value(1234), Claim::Returns(1234))
    }),
    all("stop-rewritten-nr/refused", ASKED, |script| {
        answered(script, Answer::Error(13), Claim::Returns(-13))
    }),
    all("abi-error-range/value", ASKED, |script| {
        answered(script, Answer::Value(-4096), Claim::Returns(-4096))
    }),
    all("abi-error-range/error", ASKED, |script| {
        answered(script, Answer::Value(-4095), Claim::Returns(-4095))
    }),
];

/// What a supervisor says of a call.
#[derive(Clone, Copy)]
enum Answer {
    /// The kernel is to carry it out.
    Continue,
    /// It has returned this.
    Value(i64),
    /// It has failed so.
    Error(i32),
}

impl Answer {
    /// As `struct seccomp_notif_resp` has it behind the call's id.
    fn bytes(self) -> Vec<u8> {
        let (value, error, flags): (i64, i32, u32) = match self {
            Answer::Continue => (0, 0, 1),
            Answer::Value(value) => (value, 0, 0),
            Answer::Error(error) => (0, -error, 0),
        };
        let error = error.to_le_bytes();
        [&value.to_le_bytes()[..], &error, &flags.to_le_bytes()].concat()
    }
}

/// A filter of `name` whose supervisor, another thread, answers one call. That thread's last call.
fn supervised(
    script: &mut Script,
    name: &'static str,
    answer: Answer,
) -> Result<(Flow, CallId), ProbeError> {
    const NEW_LISTENER: u64 = 8;
    const RECEIVE: u64 = 0xc050_2100;
    const SEND: u64 = 0xc018_2101;
    let listener = script.filter(MAIN, name, Action::UserNotif, NEW_LISTENER)?;
    let supervisor = script.thread(MAIN)?;
    let request = script.zeros(80);
    let response = script.zeros(24);
    script.probe.put(response.plus(8), &answer.bytes());
    let words = |code, at| [Word::Result(listener), Word::Value(code), Word::Address(at)];
    let received = words(RECEIVE, request);
    script.claimed(supervisor, "ioctl", &received, Claim::Returns(0))?;
    script.probe.copy(supervisor, request, response, 8);
    let sent = script.call(supervisor, "ioctl", &words(SEND, response))?;
    Ok((supervisor, sent))
}

/// One call, and what comes of it.
fn answered(script: &mut Script, answer: Answer, claim: Claim) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (supervisor, sent) = supervised(script, "getppid", answer)?;
    script.claim(sent, Claim::Returns(0));
    let last = script.exit(supervisor, 0)?;
    let id = script.claimed(MAIN, "getppid", &[], claim)?;
    if claim == Claim::Succeeds {
        script.varies(id);
    }
    script.watch(MAIN, last);
    script.silent(MAIN)?;
    script.end(MAIN)
}

/// The call that nobody saw begin is an execve, and ends all the same.
fn notified_exec(script: &mut Script) -> Result<(), ProbeError> {
    script.sentinel(MAIN)?;
    let (supervisor, sent) = supervised(script, "execve", Answer::Continue)?;
    // The new program may begin before the supervisor comes back, which ends it.
    script.varies(sent);
    let idle = script.call(supervisor, "ppoll", &[])?;
    script.varies(idle);
    let image = script.exec(MAIN)?;
    script.sentinel(image)?;
    script.silent(image)?;
    script.sentinel(image)?;
    script.end(image)
}
