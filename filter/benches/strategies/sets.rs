//! The sets of calls that strategies are measured on.

use everycall_arch::table::{self, Syscall};
use everycall_arch::{AbiId, class};
use everycall_filter::Policy;

/// A set, and whether a call is traced.
pub(crate) type Set = (&'static str, fn(&Syscall) -> bool);

fn is(class: &str, call: &Syscall) -> bool {
    class::contains(class, call) == Some(true)
}

/// What strace's `-e trace=` calls none, chdir, %file, %desc, %network, %process, %signal, the odd numbers, and !getppid.
pub(crate) static SETS: [Set; 9] = [
    ("none", |_| false),
    ("one", |call| call.name == "chdir"),
    ("file", |call| is("file", call)),
    ("desc", |call| is("desc", call)),
    ("network", |call| is("network", call)),
    ("process", |call| is("process", call)),
    ("signal", |call| is("signal", call)),
    ("second", |call| call.nr % 2 == 1),
    ("all-but-one", |call| call.name != "getppid"),
];

/// What a tracer wants that is asked for a set: of the known calls of these ABIs those that are not in it run free.
pub(crate) fn policy(set: Set, abis: &[AbiId]) -> Policy {
    let mut policy = Policy::new();
    for &id in abis {
        for call in table::all(id).iter().filter(|call| !set.1(call)) {
            policy.allow(id.abi().audit_arch, call.nr..=call.nr);
        }
    }
    policy
}
