//! How calls end: results and errors.

use everycall_arch::{AbiId, Ret, Syscall, errno};

use super::scalar::{hex, octal};
use crate::config::Status;
use crate::event::Outcome;

/// Error numbers end here; the kernel's own restart codes, which only tracers see, are among them.
const LAST_ERRNO: i64 = 4095;

/// Whether the call failed. A value of a call that cannot fail is no error, however it looks: user
/// ids fill all of 32 bits. On 64-bit words they do not reach the range of errors, so that what the
/// kernel says of them holds.
pub(super) fn is_error(outcome: Outcome, call: Option<&Syscall>) -> bool {
    let Outcome::Returned { value, error } = outcome else {
        return false;
    };
    let never = call.is_some_and(|call| {
        call.abi.abi().word_bits == 32 && matches!(call.proto.ret, Ret::Id | Ret::Mode | Ret::Never)
    });
    error && !never && (-LAST_ERRNO..0).contains(&value)
}

/// The name of the error that the call ended with, or its number when it has no name.
#[must_use]
pub fn error_name(outcome: Outcome, call: Option<&Syscall>) -> Option<String> {
    let Outcome::Returned { value, .. } = outcome else {
        return None;
    };
    is_error(outcome, call).then(|| {
        let number = value.unsigned_abs() as u32;
        errno::name(number).map_or_else(|| number.to_string(), str::to_owned)
    })
}

/// How the call ended, for `-e status=`.
#[must_use]
pub fn status(outcome: Outcome, call: Option<&Syscall>) -> Status {
    match outcome {
        Outcome::Returned { .. } if is_error(outcome, call) => Status::Failed,
        Outcome::Returned { .. } => Status::Successful,
        Outcome::Ended | Outcome::Superseded => Status::Unfinished,
        Outcome::Unknown(_) => Status::Unavailable,
        Outcome::Detached => Status::Detached,
    }
}

/// The text behind the `=`.
pub(super) fn text(
    outcome: Outcome,
    call: Option<&Syscall>,
    abi: Option<AbiId>,
    raw: bool,
) -> String {
    match outcome {
        Outcome::Returned { value, .. } if is_error(outcome, call) => {
            error_text(value.unsigned_abs() as u32)
        }
        Outcome::Returned { value, .. } => value_text(value, call, abi, raw),
        Outcome::Ended | Outcome::Superseded | Outcome::Detached => "?".to_owned(),
        Outcome::Unknown(reason) => format!("? ({reason})"),
    }
}

fn error_text(number: u32) -> String {
    let Some(name) = errno::name(number) else {
        return format!("-1 (errno {number})");
    };
    let text = errno::text(number).unwrap_or("");
    // The call will go on, or has been interrupted: what the program will get is not known yet.
    let result = if name.starts_with("ERESTART") {
        "?"
    } else {
        "-1"
    };
    format!("{result} {name} ({text})")
}

fn value_text(value: i64, call: Option<&Syscall>, abi: Option<AbiId>, raw: bool) -> String {
    let narrow = abi.is_some_and(|abi| abi.abi().word_bits == 32);
    let word = if narrow {
        value as u64 & 0xffff_ffff
    } else {
        value as u64
    };
    if raw {
        return hex(word);
    }
    match call.map(|call| call.proto.ret) {
        Some(Ret::Addr) => hex(word),
        Some(Ret::Mode) => octal(word),
        Some(Ret::Id) => (word as u32).to_string(),
        Some(Ret::Never) if narrow => word.to_string(),
        _ => value.to_string(),
    }
}
