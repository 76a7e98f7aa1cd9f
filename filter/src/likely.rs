//! How likely calls are: the weights by which code is planned and its cost is counted.
//!
//! Half of the weight is spread evenly over the numbers of a table, as any call may be the one that a program makes in its
//! inner loop; the other half goes to the calls that programs were counted to make most. They were counted on x86-64 with
//! `strace -f -c` over fifteen commands, each of the same weight: find, grep -r, tar, xz, dd, gcc -c, a shell loop of
//! processes, rustc --version, git log and git status, apt-cache search, a perl loop of open and read, and python with
//! modules, with threads and a queue, and with an asyncio server. What makes another call of 32 bits or of a newer
//! architecture counts as the call that it replaces. Nothing but speed depends on these numbers.

use everycall_arch::AbiId;
use everycall_arch::table;

/// A number or an architecture word, and how likely it is.
pub(crate) type Point = (u32, u32);

/// The calls that are made most, and how many of a thousand they are.
const HOT: [(&str, u32); 42] = [
    ("newfstatat", 173),
    ("fstatat64", 173),
    ("read", 164),
    ("openat", 120),
    ("close", 104),
    ("mmap", 88),
    ("mmap2", 88),
    ("write", 46),
    ("fcntl", 29),
    ("fcntl64", 29),
    ("rt_sigaction", 22),
    ("getdents64", 22),
    ("munmap", 20),
    ("rt_sigprocmask", 19),
    ("mprotect", 18),
    ("lseek", 16),
    ("_llseek", 16),
    ("ioctl", 15),
    ("epoll_wait", 14),
    ("epoll_pwait", 14),
    ("brk", 12),
    ("access", 10),
    ("faccessat", 10),
    ("readlink", 9),
    ("readlinkat", 9),
    ("execve", 8),
    ("pread64", 8),
    ("recvfrom", 7),
    ("sendto", 7),
    ("futex", 6),
    ("prlimit64", 6),
    ("wait4", 5),
    ("set_robust_list", 5),
    ("rseq", 4),
    ("arch_prctl", 4),
    ("set_tid_address", 4),
    ("getrandom", 3),
    ("rt_sigreturn", 2),
    ("geteuid", 2),
    ("vfork", 2),
    ("getpid", 2),
    ("statx", 2),
];

/// One of a thousand calls; smaller weights are fractions of it.
const UNIT: u32 = 16;

/// What every number of a table weighs: there are some 470, so that together they weigh what the hot ones do.
const OF_TABLE: u32 = 2 * UNIT;

/// What a number weighs that is hardly ever called: one that no table has, or one of x32, whose calls hardly anybody makes.
const RARE: u32 = 1;

/// Numbers that no table has, for all such, and one of x32's.
const UNKNOWN: [u32; 5] = [0x3fff_ffff, 1 << 30, 0x7fff_ffff, 0x8000_0000, u32::MAX];

/// How likely the numbers of an architecture are, ascending. Of one that is not known the first 512 are.
pub(crate) fn numbers(arch: u32) -> Vec<Point> {
    let mut points: Vec<Point> = UNKNOWN.map(|nr| (nr, RARE)).to_vec();
    let mut known = false;
    for id in AbiId::ALL {
        if id.abi().audit_arch != arch || id == AbiId::X32 {
            continue;
        }
        known = true;
        for call in table::all(id) {
            let is_named = |name: &str| name == call.name || call.aliases.contains(&name);
            let hot = HOT.iter().find(|(name, _)| is_named(name));
            points.push((
                call.nr,
                OF_TABLE + hot.map_or(0, |(_, weight)| weight * UNIT),
            ));
        }
    }
    if !known {
        points.extend((0..512).map(|nr| (nr, OF_TABLE)));
    }
    points.sort_unstable();
    points.dedup_by_key(|point| point.0);
    points
}

/// Whether a weight is one of a number that a table has.
pub(crate) fn is_of_table(weight: u32) -> bool {
    weight >= OF_TABLE
}

/// How likely the architectures are, ascending, when `first` is the likeliest: of a thousand calls ten are of each of the
/// others.
pub(crate) fn arches(first: u32) -> Vec<Point> {
    let known = AbiId::ALL.map(|id| (id.abi().audit_arch, 10));
    let others = known.into_iter().chain([(0, RARE)]);
    let mut points: Vec<Point> = others.filter(|other| other.0 != first).collect();
    points.push((first, 1000));
    points.sort_unstable();
    points.dedup_by_key(|point| point.0);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hot_call_is_in_some_table_and_the_weights_are_halves() {
        for (name, _) in HOT {
            let known = AbiId::ALL
                .iter()
                .any(|&id| table::by_name(id, name).is_some());
            assert!(known, "{name}");
        }
        for id in AbiId::ALL.into_iter().filter(|&id| id != AbiId::X32) {
            let points = numbers(id.abi().audit_arch);
            assert!(points.is_sorted_by(|a, b| a.0 < b.0));
            let total: u32 = points.iter().map(|point| point.1).sum();
            let hot: u32 = points
                .iter()
                .map(|point| point.1.saturating_sub(OF_TABLE))
                .sum();
            assert!(
                (total / 3..total * 2 / 3).contains(&hot),
                "{id:?}: {hot} of {total}"
            );
        }
    }

    #[test]
    fn the_first_architecture_is_the_likeliest() {
        for first in [0, 0xc000_003e, 0x4000_0003, 77] {
            let likeliest = arches(first).into_iter().max_by_key(|point| point.1);
            assert_eq!(likeliest.map(|point| point.0), Some(first));
        }
    }
}
