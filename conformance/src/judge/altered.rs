//! Whether the traced program did what it does untraced.

use everycall_arch::table;

use super::{Finding, text};
use crate::case::{Run, Verdict};
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

/// Where the traced program stopped making the calls that it makes untraced: the index of the first
/// call that is absent, or is another call.
pub(super) fn cut(native: &Ledger, traced: &Ledger) -> Option<usize> {
    let same = |(a, b): (&Made, &Made)| a.abi == b.abi && a.nr == b.nr;
    let agree = native
        .calls
        .iter()
        .zip(&traced.calls)
        .take_while(|pair| same(*pair))
        .count();
    (agree < native.calls.len().max(traced.calls.len())).then_some(agree)
}

/// Each call that went otherwise.
pub(super) fn findings(run: &Run, native: &Ledger, traced: &Ledger) -> Vec<Finding> {
    let cut = cut(native, traced);
    let mut findings: Vec<Finding> = native
        .calls
        .iter()
        .zip(&traced.calls)
        .enumerate()
        .take_while(|(at, _)| cut.is_none_or(|cut| *at < cut))
        .filter_map(|(at, (native, traced))| difference(at, native, traced))
        .collect();
    if let Some(at) = cut {
        // Beyond the last call of the untraced run there is no case: the last one answers.
        let last = run.cases.last().map_or(0, |case| case.first + case.count);
        findings.push(Finding {
            at: at.min(last.saturating_sub(1)),
            verdict: Verdict::Altered,
            expected: native
                .calls
                .get(at)
                .map_or("no more calls".into(), text::made),
            observed: match traced.calls.get(at) {
                Some(other) => format!("traced, the program calls {}", text::made(other)),
                None => "traced, the program does not make this call".into(),
            },
        });
    }
    findings
}

fn difference(at: usize, native: &Made, traced: &Made) -> Option<Finding> {
    let what = if native.words != traced.words {
        "words"
    } else if !same_result(native, traced) {
        "result"
    } else {
        return None;
    };
    Some(Finding {
        at,
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
