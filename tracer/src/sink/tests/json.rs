//! JSON lines: every field, in its form.

use everycall_arch::AbiId;

use super::{by, end, memory, returned};
use crate::decode::Decoder;
use crate::event::{Call, Outcome, Sink};
use crate::sink::{Json, Log};
use crate::testing::{Kept, call, config, numbered};

fn json() -> (Json, Kept) {
    let kept = Kept::default();
    let log = Log::test(Box::new(kept.clone()));
    (Json::new(log, Decoder::default(), &config()), kept)
}

#[test]
fn a_call_in_json() {
    let (mut json, kept) = json();
    let openat = by(101, "openat", &[0xffff_ff9c, 0x1000, 0o2000000, 9]);
    json.call_entered(&openat, &memory());
    assert_eq!(kept.text(), "");
    json.call_ended(&openat, returned(-2), end(&openat), &memory());
    let line: serde_json::Value = serde_json::from_str(&kept.text()).unwrap();
    let expected = serde_json::json!({
        "event": "call", "pid": 100, "tid": 101, "abi": "x86_64", "arch": "0xc000003e",
        "nr": 257, "name": "openat",
        "words": ["0xffffff9c", "0x1000", "0x80000", "0x9", "0x0", "0x0"],
        "args": [
            {"name": "dfd", "words": [0], "value": "0xffffff9c", "text": "AT_FDCWD"},
            {"name": "filename", "words": [1], "value": "0x1000", "text": "\"x\""},
            {"name": "flags", "words": [2], "value": "0x80000", "text": "O_RDONLY|O_CLOEXEC"},
        ],
        "outcome": "returned", "result": -2, "error": "ENOENT",
        "start": "1795384493.123456789", "duration": "0.000012000", "uncertain": [],
    });
    assert_eq!(line, expected);
    assert!(kept.text().ends_with("}\n"));
}

#[test]
fn pairs_and_unknowns_in_json() {
    let (mut json, kept) = json();
    let words = [3, 0, 5, 0x1122_3344, 0x5566_7788, 0xffff_ffff_0000_0006];
    let pread = call(AbiId::I386, "pread64", &words);
    json.call_ended(&pread, Outcome::Superseded, end(&pread), &memory());
    let hole = numbered(AbiId::X86_64, 0x3fff_ffff, &words);
    json.call_ended(&hole, Outcome::Unknown("why"), end(&hole), &memory());
    let foreign = Call {
        abi: None,
        arch: 0xc000_0015,
        ..hole
    };
    json.call_ended(&foreign, returned(7), end(&foreign), &memory());
    let lines: Vec<serde_json::Value> = kept
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["args"][3]["words"], serde_json::json!([3, 4]));
    assert_eq!(lines[0]["args"][3]["value"], "0x5566778811223344");
    assert_eq!(lines[0]["outcome"], "superseded");
    assert_eq!(lines[0]["result"], serde_json::Value::Null);
    assert_eq!(lines[1]["name"], serde_json::Value::Null);
    assert_eq!(lines[1]["args"], serde_json::json!([]));
    assert_eq!(lines[1]["words"][5], "0xffffffff00000006");
    assert_eq!(
        (&lines[1]["outcome"], &lines[1]["uncertain"]),
        (&"unknown".into(), &serde_json::json!(["why"]))
    );
    assert_eq!(
        (&lines[2]["abi"], &lines[2]["arch"]),
        (&serde_json::Value::Null, &"0xc0000015".into())
    );
    assert_eq!(
        (&lines[2]["result"], &lines[2]["error"]),
        (&7.into(), &serde_json::Value::Null)
    );
}

#[test]
fn other_events_in_json() {
    let (mut json, kept) = json();
    json.signal(1, 2, 10, &[0; 128]);
    json.stopped(1, 2, 19);
    json.exited(1, 2, 3);
    json.killed(1, 2, 9, false);
    json.superseded(1, 2);
    json.detached(1, 2);
    json.lost("3 events");
    assert_eq!(
        kept.text(),
        "{\"event\":\"signal\",\"pid\":1,\"tid\":2,\"signal\":\"SIGUSR1\",\"nr\":10,\"text\":null}\n\
         {\"event\":\"stopped\",\"pid\":1,\"tid\":2,\"signal\":\"SIGSTOP\"}\n\
         {\"event\":\"exited\",\"pid\":1,\"tid\":2,\"status\":3}\n\
         {\"event\":\"killed\",\"pid\":1,\"tid\":2,\"signal\":\"SIGKILL\",\"core_dumped\":false}\n\
         {\"event\":\"superseded\",\"pid\":1,\"tid\":2}\n\
         {\"event\":\"detached\",\"pid\":1,\"tid\":2}\n\
         {\"event\":\"lost\",\"what\":\"3 events\"}\n"
    );
}
