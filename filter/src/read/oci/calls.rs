//! Calls by the names that libseccomp has for them, and the two calls of i386 that stand for many.

use everycall_arch::{AbiId, table};

/// How one call can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By its own number.
    Direct(u32),
    /// As a subcall: by another's number, with this in the first word.
    Within(u32, u64),
}

/// i386's socketcall(2): what stands in its first word (linux/net.h).
const SOCKETCALL: u32 = 102;
#[rustfmt::skip]
const SOCKET_CALLS: [&str; 20] = [
    "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair",
    "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
    "recvmsg", "accept4", "recvmmsg", "sendmmsg",
];

/// i386's ipc(2) (linux/ipc.h).
const IPC: u32 = 117;
#[rustfmt::skip]
const IPC_CALLS: [(&str, u64); 12] = [
    ("semop", 1), ("semget", 2), ("semctl", 3), ("semtimedop", 4),
    ("msgsnd", 11), ("msgrcv", 12), ("msgget", 13), ("msgctl", 14),
    ("shmat", 21), ("shmdt", 22), ("shmget", 23), ("shmctl", 24),
];

/// How a call of this name is made in an ABI.
pub(super) fn ways(abi: AbiId, name: &str) -> Vec<Way> {
    let mut ways = Vec::new();
    if abi == AbiId::I386 {
        let socket = SOCKET_CALLS
            .iter()
            .zip(1..)
            .find(|(call, _)| **call == name);
        let ipc = IPC_CALLS.iter().find(|(call, _)| *call == name);
        ways.extend(socket.map(|(_, sub)| Way::Within(SOCKETCALL, sub)));
        ways.extend(ipc.map(|&(_, sub)| Way::Within(IPC, sub)));
    }
    ways.extend(number(abi, name).map(Way::Direct));
    ways
}

/// The number of a call, by the name that the kernel's headers have for it. Other names that our tables know, those of the
/// functions in the kernel, are none there: `umount` is a call of i386, and not the `umount2` of the others.
pub(super) fn number(abi: AbiId, name: &str) -> Option<u32> {
    match (abi, name) {
        // These are names that people use, or that are a call's on some machines.
        (_, "fstatat" | "pread" | "pwrite") => return None,
        (AbiId::Arm, "fadvise64_64" | "sync_file_range2") => return None,
        (AbiId::Arm, "arm_fadvise64_64") => {
            return table::by_name(abi, name).map(|call| call.nr);
        }
        _ => {}
    }
    let is = |call: &&everycall_arch::Syscall| {
        call.name == name || call.aliases.contains(&name) && call.proto.name != name
    };
    table::all(abi).iter().find(is).map(|call| call.nr)
}

#[cfg(test)]
mod tests {
    use super::*;

    // `seccomp_syscall_resolve_name_arch` of libseccomp 2.5.4 says these.
    #[test]
    fn names_are_those_of_libseccomp() {
        use AbiId::{Aarch64, Arm, I386, X32, X86_64};
        for (abi, name, nr) in [
            (X86_64, "umount2", Some(166)),
            (X86_64, "umount", None),
            (I386, "umount", Some(22)),
            (X86_64, "newfstatat", Some(262)),
            (X86_64, "fstatat", None),
            (X32, "socket", Some(0x4000_0029)),
            (Aarch64, "fadvise64_64", None),
            (Arm, "arm_fadvise64_64", Some(270)),
            (Arm, "fadvise64_64", None),
            (Arm, "select", None),
            (Arm, "ugetrlimit", Some(191)),
            (X86_64, "no_such_call", None),
        ] {
            assert_eq!(number(abi, name), nr, "{abi:?} {name}");
        }
        assert_eq!(
            ways(I386, "socket"),
            [Way::Within(102, 1), Way::Direct(359)]
        );
        assert_eq!(ways(I386, "accept"), [Way::Within(102, 5)]);
        assert_eq!(ways(I386, "semop"), [Way::Within(117, 1)]);
    }
}
