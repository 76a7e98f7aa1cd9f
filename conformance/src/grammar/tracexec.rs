//! Reads what `tracexec collect --format json-stream` writes: a line of what the run began with, and one for each
//! execve and execveat, without their words.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::observe::{Output, Seen, SeenResult};

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Exec {
        /// The thread that made the call.
        pid: i32,
        /// The call's name.
        syscall: String,
        result: i64,
    },
    Head {
        #[serde(rename = "generator")]
        _generator: IgnoredAny,
    },
}

/// Reads a whole output.
pub(super) fn read(output: &[u8]) -> Output {
    let mut read = Output::default();
    for line in output.split(|&b| b == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let text = String::from_utf8_lossy(line).into_owned();
        match serde_json::from_slice(line) {
            Ok(Line::Exec {
                pid,
                syscall,
                result,
            }) => read.calls.push(seen(pid, syscall, result, text)),
            Ok(Line::Head { .. }) => {}
            Err(error) => read.unreadable.push(format!("{text} ({error})")),
        }
    }
    read
}

fn seen(tid: i32, name: String, result: i64, line: String) -> Seen {
    Seen {
        tid: Some(tid),
        abi: None,
        nr: None,
        name: Some(name),
        words: Vec::new(),
        raw: false,
        result: match result {
            0.. => SeenResult::Value(result as u64),
            error => SeenResult::Error(error.unsigned_abs().to_string()),
        },
        raw_result: Some(result),
        args: None,
        texts: Vec::new(),
        line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"{"version":"0.17.0","generator":"tracexec_exporter_json","baseline":{"cwd":"/"}}"#;
    const EXEC: &str = r#"{"id":2,"pid":12,"syscall":"execveat","exec_pid":11,"result":-2,"filename":"/a","argv":{"result":"success","value":["a"]},"timestamp":3}"#;

    #[test]
    fn an_exec_is_a_call_and_the_head_is_none() {
        let output = read(format!("{HEAD}\n{EXEC}\n").as_bytes());
        assert_eq!(output.unreadable, [""; 0]);
        let [call] = output.calls.as_slice() else {
            panic!("{output:?}");
        };
        assert_eq!(
            (call.tid, call.name.as_deref()),
            (Some(12), Some("execveat"))
        );
        assert_eq!(call.result, SeenResult::Error("2".into()));
        let whole = read(EXEC.replace("-2", "0").as_bytes());
        assert_eq!(whole.calls[0].result, SeenResult::Value(0));
    }

    #[test]
    fn what_is_not_of_the_grammar_is_said() {
        for line in ["{", "[]", "{}", "hello", r#"{"pid":1,"result":0}"#, "\u{0}"] {
            let output = read(line.as_bytes());
            assert_eq!(output.unreadable.len(), 1, "{line:?}");
            assert!(output.calls.is_empty());
        }
        assert_eq!(read(&[0xff, b'\n', b'{']).unreadable.len(), 2);
    }
}
