//! Protos of processes, threads, their ids and limits.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Obj,
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    arch_prctl (option: Enum(&flags::ARCH), arg2: Hex) -> Int;
    arm64_personality (personality: Flags(&BITS32)) -> Never;
    clone (clone_flags: Flags(&flags::CLONE), newsp: Ptr, parent_tidptr: Ptr, child_tidptr: Ptr, tls: Ptr) -> Pid;
    clone3 (uargs: Ptr, size: Size) -> Pid;
    clone_backwards (clone_flags: Flags(&flags::CLONE), newsp: Ptr, parent_tidptr: Ptr, tls: Ptr, child_tidptr: Ptr) -> Pid;
    execve (filename: Path, argv: Argv, envp: Envp) -> Zero;
    execveat (fd: Dirfd, filename: Path, argv: Argv, envp: Envp, flags: Flags(&flags::AT)) -> Zero;
    exit (error_code: Int) -> NoReturn;
    exit_group (error_code: Int) -> NoReturn;
    fork () -> Pid;
    futex (uaddr: Ptr, op: Enum(&flags::FUTEX), val: Uint, utime: Ptr, uaddr2: Ptr, val3: Uint) -> Int;
    futex_requeue (waiters: Ptr, flags: Flags(&BITS32), nr_wake: Int, nr_requeue: Int) -> Int;
    futex_time32 (uaddr: Ptr, op: Enum(&flags::FUTEX), val: Uint, utime: Ptr, uaddr2: Ptr, val3: Uint) -> Int;
    futex_wait (uaddr: Ptr, val: Hex, mask: Hex, flags: Flags(&BITS32), timeout: Ptr, clockid: Enum(&flags::CLOCK)) -> Int;
    futex_waitv (waiters: Ptr, nr_futexes: Uint, flags: Flags(&BITS32), timeout: Ptr, clockid: Enum(&flags::CLOCK)) -> Int;
    futex_wake (uaddr: Ptr, mask: Hex, nr: Int, flags: Flags(&BITS32)) -> Int;
    get_robust_list (pid: Pid, head_ptr: Ptr, len_ptr: Ptr) -> Zero;
    get_thread_area (u_info: Ptr) -> Zero;
    get_tls () -> Addr;
    getegid () -> Id;
    getegid16 () -> Id;
    geteuid () -> Id;
    geteuid16 () -> Id;
    getgid () -> Id;
    getgid16 () -> Id;
    getgroups (gidsetsize: Int, grouplist: Ptr) -> Int;
    getgroups16 (gidsetsize: Int, grouplist: Ptr) -> Int;
    getpgid (pid: Pid) -> Pid;
    getpgrp () -> Pid;
    getpid () -> Pid;
    getppid () -> Pid;
    getresgid (rgidp: Out(&Obj::Uint), egidp: Out(&Obj::Uint), sgidp: Out(&Obj::Uint)) -> Zero;
    getresgid16 (rgidp: Ptr, egidp: Ptr, sgidp: Ptr) -> Zero;
    getresuid (ruidp: Out(&Obj::Uint), euidp: Out(&Obj::Uint), suidp: Out(&Obj::Uint)) -> Zero;
    getresuid16 (ruidp: Ptr, euidp: Ptr, suidp: Ptr) -> Zero;
    getrlimit (resource: Enum(&flags::RLIMIT), rlim: Ptr) -> Zero;
    getrusage (who: Enum(&flags::RUSAGE), ru: Ptr) -> Zero;
    getsid (pid: Pid) -> Pid;
    gettid () -> Pid;
    getuid () -> Id;
    getuid16 () -> Id;
    kcmp (pid1: Pid, pid2: Pid, type: Enum(&flags::KCMP), idx1: Hex, idx2: Hex) -> Int;
    listns (req: Ptr, ns_ids: Ptr, nr_ns_ids: Size, flags: Flags(&BITS32)) -> Size;
    nice (increment: Int) -> Zero;
    old_getrlimit (resource: Enum(&flags::RLIMIT), rlim: Ptr) -> Zero;
    personality (personality: Flags(&BITS32)) -> Never;
    pidfd_getfd (pidfd: Fd, fd: Int, flags: Flags(&BITS32)) -> Fd;
    pidfd_open (pid: Pid, flags: Flags(&BITS32)) -> Fd;
    prctl (option: Enum(&flags::PR), arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    prlimit64 (pid: Pid, resource: Enum(&flags::RLIMIT), new_rlim: Ptr, old_rlim: Ptr) -> Zero;
    ptrace (request: Enum(&flags::PTRACE), pid: Pid, addr: Hex, data: Hex) -> Int;
    rseq (rseq: Ptr, rseq_len: Uint, flags: Flags(&BITS32), sig: Flags(&BITS32)) -> Zero;
    rseq_slice_yield () -> Zero;
    set_robust_list (head: Ptr, len: Size) -> Zero;
    set_thread_area (u_info: Ptr) -> Zero;
    set_tid_address (tidptr: Ptr) -> Pid;
    set_tls (value: Ptr) -> Zero;
    setfsgid (gid: Gid) -> Id;
    setfsgid16 (gid: Id16) -> Id;
    setfsuid (uid: Uid) -> Id;
    setfsuid16 (uid: Id16) -> Id;
    setgid (gid: Gid) -> Zero;
    setgid16 (gid: Id16) -> Zero;
    setgroups (gidsetsize: Int, grouplist: Ptr) -> Zero;
    setgroups16 (gidsetsize: Int, grouplist: Ptr) -> Zero;
    setns (fd: Fd, flags: Flags(&flags::SETNS)) -> Zero;
    setpgid (pid: Pid, pgid: Pid) -> Zero;
    setregid (rgid: Gid, egid: Gid) -> Zero;
    setregid16 (rgid: Id16, egid: Id16) -> Zero;
    setresgid (rgid: Gid, egid: Gid, sgid: Gid) -> Zero;
    setresgid16 (rgid: Id16, egid: Id16, sgid: Id16) -> Zero;
    setresuid (ruid: Uid, euid: Uid, suid: Uid) -> Zero;
    setresuid16 (ruid: Id16, euid: Id16, suid: Id16) -> Zero;
    setreuid (ruid: Uid, euid: Uid) -> Zero;
    setreuid16 (ruid: Id16, euid: Id16) -> Zero;
    setrlimit (resource: Enum(&flags::RLIMIT), rlim: Ptr) -> Zero;
    setsid () -> Pid;
    setuid (uid: Uid) -> Zero;
    setuid16 (uid: Id16) -> Zero;
    times (tbuf: Ptr) -> Int;
    ulimit (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    unshare (unshare_flags: Flags(&flags::UNSHARE)) -> Zero;
    vfork () -> Pid;
    wait4 (upid: Pid, stat_addr: Out(&Obj::Int), options: Flags(&flags::WAIT), ru: Ptr) -> Pid;
    waitid (which: Enum(&flags::P), upid: Pid, infop: Ptr, options: Flags(&flags::WAIT), ru: Ptr) -> Zero;
    waitpid (pid: Pid, stat_addr: Out(&Obj::Int), options: Flags(&flags::WAIT)) -> Pid;
}
