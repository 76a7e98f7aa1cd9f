//! Which entry point the running kernel runs for each number: asked of its own trace, and none of the calls runs.
//!
//! A seccomp filter answers every number with an error that says the number, and the kernel's trace of the call's end says
//! which entry point the number stands for: `sys_read -> 0xfffffffffffffc17`. Entry points that the kernel's
//! sources do not declare by `SYSCALL_DEFINE` have no event; a few of every architecture.

use std::collections::BTreeMap;
use std::io;

use crate::common::{NATIVE, install, is_filtered, op};
use crate::tracing::Instance;

/// All tables end before this number, ARM's private ones and x32's bit apart.
pub(crate) const BEYOND: u32 = 1024;

/// The filter answers calls whose sixth word is this one, so that the thread can go on living.
const MAGIC: u32 = 0x0eca_110d;

/// The error of number 0; those of other numbers follow it. The last one, 3023, is still an error to the kernel.
const FIRST_ERROR: u32 = 2000;

/// Number to the name of its entry point, without `sys_`.
pub(crate) fn running(instance: &Instance) -> io::Result<BTreeMap<u32, String>> {
    let trace = instance.trace(|| {
        answer_with_numbers();
        for nr in (0..BEYOND).filter(|nr| is_filtered(NATIVE, *nr)) {
            // SAFETY: the filter answers; nothing runs.
            let answer = unsafe { crate::call(nr, [0, 0, 0, 0, 0, MAGIC.into()]) };
            assert!(answer.is_err(), "{nr} was not filtered");
        }
    })?;
    Ok(trace.lines().filter_map(ended).collect())
}

/// `...: sys_read -> 0xfffffffffffff830`: the entry point `read`, and the number in the error.
fn ended(line: &str) -> Option<(u32, String)> {
    let (before, result) = line.split_once(" -> 0x")?;
    let (_, entry) = before.rsplit_once(" sys_")?;
    let result = u64::from_str_radix(result.trim(), 16).ok()?;
    let error = (result as u32).wrapping_neg();
    let nr = error.checked_sub(FIRST_ERROR)?;
    (nr < BEYOND).then(|| (nr, entry.to_owned()))
}

/// Installs, for the calling thread, the filter that answers what has the magic word.
fn answer_with_numbers() {
    let sixth_word = 16 + 5 * 8;
    install(vec![
        op(0x20, 0, 0, sixth_word),
        op(0x15, 1, 0, MAGIC),
        op(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
        op(0x20, 0, 0, 0),
        op(0x04, 0, 0, FIRST_ERROR),
        op(0x44, 0, 0, libc::SECCOMP_RET_ERRNO),
        op(0x16, 0, 0, 0),
    ]);
}

#[test]
fn an_end_is_understood() {
    let line = "          kernel-4711    [000] .....   12.345678: sys_read -> 0xfffffffffffff830";
    assert_eq!(ended(line), Some((0, "read".to_owned())));
    let line = "          kernel-4711    [000] .....   12.345678: sys_openat -> 0xfffff6ee";
    assert_eq!(ended(line), Some((322, "openat".to_owned())));
    for other in [
        "# entries",
        "x: sys_read(fd: 1, buf: 2)",
        "x: sys_read -> 0x0",
        "x: sys_read -> 0xfffffffffffffff7",
    ] {
        assert_eq!(ended(other), None, "{other}");
    }
}
