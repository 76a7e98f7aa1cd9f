//! Any instructions: the map, the interpreter, the explanation and the recompiled program say the same of any call.
#![no_main]

use everycall_filter::map::{Map, Options, Outcome, explain, findings_with};
use everycall_filter::{
    Action, ByteOrder, Program, SeccompData, Strategy, check, compile_map, interpret,
};
use libfuzzer_sys::fuzz_target;

/// How many calls are tried.
const CALLS: usize = 4;

/// The bytes of a call's data.
const DATA: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some((calls, program)) = input.split_at_checked(CALLS * DATA) else {
        return;
    };
    let whole = program.len() / 8 * 8;
    let Ok(program) = Program::from_bytes(&program[..whole], ByteOrder::Little) else {
        return;
    };
    if check(&program).is_err() {
        return;
    }
    let options = Options {
        nodes: 1 << 14,
        ..Options::default()
    };
    let Ok(map) = Map::with(&program, options) else {
        return;
    };
    let _ = (map.sections(), findings_with(&program, options));
    let again = compile_map(&map, 0xc000_003e, Strategy::Auto);
    for bytes in calls.chunks_exact(DATA) {
        let long = |at: usize| {
            let bytes = bytes
                .get(at..at + 8)
                .and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let data = SeccompData {
            nr: long(0) as u32,
            arch: (long(0) >> 32) as u32,
            instruction_pointer: long(8),
            args: std::array::from_fn(|word| long(16 + 8 * word)),
        };
        let ret = interpret(&program, &data).expect("it was checked");
        let action = Action::from_ret(ret);
        if let Outcome::Action(told) = map.at(&data) {
            assert_eq!(told, action, "{data:x?}\n{program}");
        }
        let way = explain(&program, &data).expect("it was checked");
        assert_eq!(way.action, action);
        if let Ok(again) = &again {
            let ret = interpret(again, &data).expect("it was checked");
            assert_eq!(
                Action::from_ret(ret),
                action,
                "{data:x?}\n{program}\n{again}"
            );
        }
    }
});
