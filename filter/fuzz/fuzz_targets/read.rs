//! Any bytes as raw instructions or as text: an answer without a panic, and what was read is written and read back.
#![no_main]

use everycall_filter::check;
use everycall_filter::read::{Format, Options, filters};
use everycall_filter::write::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&kind, bytes)) = input.split_first() else {
        return;
    };
    let format = match kind % 4 {
        0 => Format::Auto,
        1 => Format::Raw,
        2 => Format::RawBig,
        _ => Format::Text,
    };
    let options = Options {
        format,
        ..Options::default()
    };
    for filter in filters(bytes, "input", &options).unwrap_or_default() {
        if check(&filter.program).is_err() {
            continue;
        }
        for form in [
            Form::Raw,
            Form::RawBig,
            Form::Dump,
            Form::C,
            Form::Rust,
            Form::Decimal,
        ] {
            let again = filters(&filter.program.write(form), "again", &Options::default());
            let again = again.expect("what we write we read");
            assert_eq!(again[0].program, filter.program, "{form:?}");
        }
        // These have no place for fields that an instruction does not use, so they are compared with each other.
        let [asm, pseudo] = [Form::Asm, Form::Pseudo].map(|form| {
            let again = filters(&filter.program.write(form), "again", &Options::default());
            again.expect("what we write we read").remove(0).program
        });
        assert_eq!(asm, pseudo);
        assert_eq!(asm.len(), filter.program.len());
    }
});
