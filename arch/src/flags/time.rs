//! Flags of clocks and timers.

use super::{EnumSet, FlagSet};

/// A clock's id.
pub static CLOCK: EnumSet = EnumSet {
    unknown: "CLOCK_???",
    long: false,
    values: &[
        (0, "CLOCK_REALTIME"),
        (1, "CLOCK_MONOTONIC"),
        (2, "CLOCK_PROCESS_CPUTIME_ID"),
        (3, "CLOCK_THREAD_CPUTIME_ID"),
        (4, "CLOCK_MONOTONIC_RAW"),
        (5, "CLOCK_REALTIME_COARSE"),
        (6, "CLOCK_MONOTONIC_COARSE"),
        (7, "CLOCK_BOOTTIME"),
        (8, "CLOCK_REALTIME_ALARM"),
        (9, "CLOCK_BOOTTIME_ALARM"),
        (0xa, "CLOCK_SGI_CYCLE"),
        (0xb, "CLOCK_TAI"),
    ],
    abi_values: &[],
};

/// `timer_settime`'s and `clock_nanosleep`'s flags.
pub static TIMER: FlagSet = FlagSet {
    unknown: "TIMER_???",
    long: false,
    field: None,
    bits: &[(1, "TIMER_ABSTIME")],
    abi_bits: &[],
};

/// `timerfd_create`'s and `timerfd_settime`'s flags.
pub static TFD: FlagSet = FlagSet {
    unknown: "TFD_???",
    long: false,
    field: None,
    bits: &[
        (1, "TFD_TIMER_ABSTIME"),
        (2, "TFD_TIMER_CANCEL_ON_SET"),
        (0x80000, "TFD_CLOEXEC"),
        (0x800, "TFD_NONBLOCK"),
    ],
    abi_bits: &[],
};

/// `getitimer`'s which.
pub static ITIMER: EnumSet = EnumSet {
    unknown: "ITIMER_???",
    long: false,
    values: &[
        (0, "ITIMER_REAL"),
        (1, "ITIMER_VIRTUAL"),
        (2, "ITIMER_PROF"),
    ],
    abi_values: &[],
};
