//! Names of signals (the same numbers on all ABIs here).

/// Signal `n` stands at `n - 1`.
static NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// The kernel's first real-time signal. The C library keeps two of them for itself and calls 34 `SIGRTMIN`.
const RT_FIRST: u32 = 32;
const RT_LAST: u32 = 64;

/// The name, as `SIGINT`, `SIGRTMIN` or `SIGRT_3`; `None` when there is no such signal.
#[must_use]
pub fn name(signal: u32) -> Option<String> {
    match signal {
        0 => None,
        1..RT_FIRST => NAMES
            .get(usize::try_from(signal).ok()? - 1)
            .map(|name| (*name).to_owned()),
        RT_FIRST => Some("SIGRTMIN".to_owned()),
        _ if signal <= RT_LAST => Some(format!("SIGRT_{}", signal - RT_FIRST)),
        _ => None,
    }
}

/// The number of a signal by name, with or without `SIG`, or by number; letter case does not matter.
#[must_use]
pub fn from_name(name: &str) -> Option<u32> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = name.parse().ok()?;
        return (1..=RT_LAST).contains(&number).then_some(number);
    }
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    let short = match short {
        "IOT" => "ABRT",
        "CLD" => "CHLD",
        "POLL" => "IO",
        "UNUSED" => "SYS",
        _ => short,
    };
    (1..=RT_LAST).find(|signal| {
        self::name(*signal).is_some_and(|name| name.strip_prefix("SIG") == Some(short))
    })
}
