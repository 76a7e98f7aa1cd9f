//! Reads the JSON lines that `ectrace --format json` writes, and any tracer that speaks them.

use everycall_arch::AbiId;
use serde::Deserialize;

use super::number;
use crate::observe::{Output, Seen, SeenArg, SeenResult, SeenWord};

/// One line.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Call(Call),
    Signal {},
    Stopped {},
    Exited {},
    Killed {},
    Superseded {},
    Detached {},
    Lost { what: String },
}

#[derive(Deserialize)]
struct Call {
    tid: i32,
    #[serde(default)]
    abi: Option<String>,
    nr: u32,
    #[serde(default)]
    name: Option<String>,
    words: Vec<String>,
    /// A tracer may show words only.
    #[serde(default)]
    args: Option<Vec<Arg>>,
    outcome: Outcome,
    #[serde(default)]
    result: Option<i64>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    start: Option<String>,
}

#[derive(Deserialize)]
struct Arg {
    name: String,
    words: Vec<u8>,
    value: String,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Returned,
    Ended,
    Superseded,
    Unknown,
    Detached,
}

/// Reads a whole output.
pub(super) fn read(output: &[u8]) -> Output {
    let mut read = Output::default();
    let mut calls: Vec<(Option<(u64, u32)>, Seen)> = Vec::new();
    for line in output.split(|&b| b == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let text = String::from_utf8_lossy(line);
        match serde_json::from_slice(line).map(|event| seen(event, &text)) {
            Ok(Ok(Some(call))) => calls.push(call),
            Ok(Ok(None)) => {}
            Ok(Err(Lost(what))) => read.lost.push(what),
            Err(error) => read.unreadable.push(format!("{text} ({error})")),
        }
    }
    in_order_of_entry(&mut calls);
    read.calls = calls.into_iter().map(|(_, call)| call).collect();
    read
}

/// What the tracer says that it lost.
struct Lost(String);

type Timed = (Option<(u64, u32)>, Seen);

fn seen(event: Event, line: &str) -> Result<Option<Timed>, Lost> {
    match event {
        Event::Call(call) => Ok(Some((
            call.start.as_deref().and_then(time),
            call.seen(line),
        ))),
        Event::Lost { what } => Err(Lost(what)),
        Event::Signal {}
        | Event::Stopped {}
        | Event::Exited {}
        | Event::Killed {}
        | Event::Superseded {}
        | Event::Detached {} => Ok(None),
    }
}

/// A line is written when its call has ended, so those of several threads stand by their ends.
/// Within one thread the order of lines is the order of calls, whatever the clock did.
fn in_order_of_entry(calls: &mut [Timed]) {
    let threads = calls.iter().any(|(_, c)| c.tid != calls[0].1.tid);
    if threads && calls.iter().all(|(start, _)| start.is_some()) {
        calls.sort_by_key(|(start, _)| *start);
    }
}

/// `1795384493.123456789`.
fn time(text: &str) -> Option<(u64, u32)> {
    let (seconds, nanos) = text.split_once('.')?;
    Some((seconds.parse().ok()?, nanos.parse().ok()?))
}

impl Call {
    fn seen(self, line: &str) -> Seen {
        let result = match (self.outcome, self.error, self.result) {
            (Outcome::Returned, Some(error), _) => SeenResult::Error(error),
            (Outcome::Returned, None, Some(value)) => SeenResult::Value(value as u64),
            _ => SeenResult::None,
        };
        let texts = self.args.iter().flatten();
        let texts = texts.filter_map(|arg| arg.text.clone()).collect();
        let args = self
            .args
            .map(|args| args.into_iter().map(Arg::seen).collect());
        Seen {
            texts,
            tid: Some(self.tid),
            abi: self.abi.as_deref().and_then(AbiId::from_name),
            nr: Some(self.nr),
            name: self.name,
            words: self.words.iter().map(|word| whole_word(word)).collect(),
            raw: true,
            result,
            raw_result: self.result,
            args,
            line: line.to_owned(),
        }
    }
}

fn whole_word(text: &str) -> Option<SeenWord> {
    number::word(text, true)
}

impl Arg {
    fn seen(self) -> SeenArg {
        // A value that is no number equals no joined words, so the judge finds it wrong.
        let value = number::parse(&self.value);
        SeenArg {
            name: self.name,
            words: if value.is_some() {
                self.words
            } else {
                Vec::new()
            },
            value: value.unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = r#"{"event":"call","pid":100,"tid":101,"abi":"x86_64","arch":"0xc000003e","nr":257,"name":"openat","words":["0xffffff9c","0x1","0x2","0x3","0x4","0x5"],"args":[{"name":"dfd","words":[0],"value":"0xffffff9c","text":"AT_FDCWD"}],"outcome":"returned","result":-2,"error":"ENOENT","start":"10.000000002","duration":"0.000012345","uncertain":[]}"#;

    #[test]
    fn a_call_with_all_that_it_says() {
        let out = read(CALL.as_bytes());
        let call = &out.calls[0];
        assert_eq!(
            (call.tid, call.abi, call.nr),
            (Some(101), Some(AbiId::X86_64), Some(257))
        );
        assert_eq!(call.name.as_deref(), Some("openat"));
        assert_eq!(call.words.len(), 6);
        assert_eq!(
            call.words[0],
            Some(SeenWord {
                value: 0xffff_ff9c,
                bits: 64
            })
        );
        assert_eq!(call.result, SeenResult::Error("ENOENT".into()));
        assert_eq!(call.raw_result, Some(-2));
        let arg = SeenArg {
            name: "dfd".into(),
            words: vec![0],
            value: 0xffff_ff9c,
        };
        assert_eq!(call.args.as_deref(), Some(&[arg][..]));
    }

    #[test]
    fn words_without_arguments_are_no_arguments_by_name() {
        let bare = CALL.replace(
            r#""args":[{"name":"dfd","words":[0],"value":"0xffffff9c","text":"AT_FDCWD"}],"#,
            "",
        );
        assert_ne!(bare, CALL);
        assert_eq!(read(bare.as_bytes()).calls[0].args, None);
    }

    #[test]
    fn calls_of_several_threads_stand_in_the_order_of_their_entries() {
        let later = CALL
            .replace("10.000000002", "9.999999999")
            .replace("101", "102");
        let out = read(format!("{CALL}\n{later}\n").as_bytes());
        assert_eq!(out.calls[0].tid, Some(102));
        let same = CALL
            .replace("10.000000002", "9.999999999")
            .replace("257", "258");
        let out = read(format!("{CALL}\n{same}\n").as_bytes());
        assert_eq!(out.calls[0].nr, Some(257), "one thread's own order holds");
    }

    #[test]
    fn other_events_are_no_calls_and_a_loss_is_kept() {
        let out = read(
            concat!(
                r#"{"event":"signal","pid":1,"tid":1,"signal":"SIGUSR1","nr":10,"text":"{}"}"#,
                "\n",
                r#"{"event":"exited","pid":1,"tid":1,"status":0}"#,
                "\n",
                r#"{"event":"lost","what":"3 events"}"#,
                "\n",
            )
            .as_bytes(),
        );
        assert!(out.calls.is_empty() && out.unreadable.is_empty());
        assert_eq!(out.lost, ["3 events"]);
    }

    #[test]
    fn what_is_not_of_the_grammar_is_said() {
        for line in [
            "{",
            "hello",
            "[]",
            "{}",
            r#"{"event":"call"}"#,
            r#"{"event":"new"}"#,
            "\u{0}",
        ] {
            let out = read(line.as_bytes());
            assert_eq!(out.unreadable.len(), 1, "{line:?}");
            assert!(out.calls.is_empty());
        }
        assert_eq!(read(&[0xff, 0xfe, b'\n', b'{']).unreadable.len(), 2);
        let unknown = CALL.replace("returned", "unknown");
        assert_eq!(read(unknown.as_bytes()).calls[0].result, SeenResult::None);
    }
}
