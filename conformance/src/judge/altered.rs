//! Whether the traced program did what it does untraced.

use everycall_arch::table;

use super::{Finding, text};
use crate::case::Verdict;
use crate::ledger::{Ledger, Made};

/// Calls whose results differ from one run to the next on the bare kernel too: ids, addresses, times,
/// amounts. Of these only "failed, with which error" is compared.
const VOLATILE: &[&str] = &[
    "brk",
    "capget",
    "clone",
    "clone3",
    "fork",
    "getcpu",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "getsid",
    "gettid",
    "map_shadow_stack",
    "mmap",
    "mmap2",
    "mremap",
    "old_mmap",
    "pidfd_open",
    "sched_getaffinity",
    "set_tid_address",
    "setsid",
    "shmat",
    "sysinfo",
    "syslog",
    "time",
    "times",
    "vfork",
    "wait4",
    "waitid",
    "waitpid",
];

/// The slots of calls that are made untraced, but not traced, in the order of time.
pub(super) fn missing(native: &Ledger, traced: &Ledger) -> Vec<usize> {
    let mut missing: Vec<&Made> = native
        .calls
        .iter()
        .filter(|call| traced.slot(call.slot).is_none())
        .collect();
    missing.sort_by_key(|call| call.seq);
    missing.iter().map(|call| call.slot).collect()
}

/// Each call that went otherwise.
pub(super) fn findings(native: &Ledger, traced: &Ledger) -> Vec<Finding> {
    let both = native
        .calls
        .iter()
        .filter_map(|call| Some((call, traced.slot(call.slot)?)));
    let mut findings: Vec<Finding> = both
        .filter_map(|(native, traced)| difference(native, traced))
        .collect();
    findings.extend(
        missing(native, traced)
            .first()
            .and_then(|slot| native.slot(*slot))
            .map(absent),
    );
    let more = traced
        .calls
        .iter()
        .filter(|call| native.slot(call.slot).is_none());
    findings.extend(more.map(additional));
    findings
}

fn absent(call: &Made) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::Altered,
        expected: format!("untraced: {}", text::made(call)),
        observed: "traced, the program does not make this call".into(),
    }
}

fn additional(call: &Made) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::Altered,
        expected: "untraced, the program does not make this call".into(),
        observed: format!("traced, the program calls {}", text::made(call)),
    }
}

fn difference(native: &Made, traced: &Made) -> Option<Finding> {
    let what = if (native.abi, native.nr) != (traced.abi, traced.nr) {
        "number"
    } else if native.words != traced.words {
        "words"
    } else if !same_result(native, traced) {
        "result"
    } else {
        return None;
    };
    Some(Finding {
        at: native.slot,
        verdict: Verdict::Altered,
        expected: format!("untraced: {}", text::made(native)),
        observed: format!("traced, another {what}: {}", text::made(traced)),
    })
}

fn same_result(native: &Made, traced: &Made) -> bool {
    let (Some(a), Some(b)) = (native.result, traced.result) else {
        return native.result == traced.result;
    };
    let error = |raw| text::error_of(text::signed(native.abi, raw));
    let volatile = table::by_nr(native.abi, native.nr as u32)
        .is_some_and(|call| VOLATILE.binary_search(&call.name).is_ok());
    a == b || (volatile && error(a) == error(b))
}

#[cfg(test)]
#[test]
fn volatile_names_are_sorted() {
    assert!(VOLATILE.is_sorted(), "the search is a binary one");
}
