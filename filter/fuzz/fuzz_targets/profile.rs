//! Any text as a profile or a policy: an error, or a program that the kernel takes.
#![no_main]

use everycall_arch::AbiId;
use everycall_filter::check;
use everycall_filter::read::{Format, Options, filters};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&kind, bytes)) = input.split_first() else {
        return;
    };
    let format = match kind % 4 {
        0 => Format::Auto,
        1 => Format::Oci,
        2 => Format::Seccompiler,
        _ => Format::Policy,
    };
    let options = Options {
        format,
        abi: AbiId::ALL[usize::from(kind / 4) % AbiId::ALL.len()],
        ..Options::default()
    };
    for filter in filters(bytes, "input", &options).unwrap_or_default() {
        // Text of programs may be anything; what we compile ourselves is valid.
        if filter.lines.is_empty() && !bytes.contains(&0) {
            check(&filter.program).expect("what we compile the kernel takes");
        }
    }
});
