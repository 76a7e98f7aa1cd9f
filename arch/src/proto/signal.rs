//! Protos of signals.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    kill (pid: Pid, sig: Signal) -> Zero;
    pause () -> Zero;
    pidfd_send_signal (pidfd: Fd, sig: Signal, info: Ptr, flags: Flags(&BITS32)) -> Zero;
    restart_syscall () -> Int;
    rt_sigaction (sig: Signal, act: Ptr, oact: Ptr, sigsetsize: Size) -> Zero;
    rt_sigpending (uset: Ptr, sigsetsize: Size) -> Zero;
    rt_sigprocmask (how: Enum(&flags::SIG_HOW), nset: Ptr, oset: Ptr, sigsetsize: Size) -> Zero;
    rt_sigqueueinfo (pid: Pid, sig: Signal, uinfo: Ptr) -> Zero;
    rt_sigreturn () -> Int;
    rt_sigsuspend (unewset: Ptr, sigsetsize: Size) -> Zero;
    rt_sigtimedwait (uthese: Ptr, uinfo: Ptr, uts: Ptr, sigsetsize: Size) -> Int;
    rt_sigtimedwait_time32 (uthese: Ptr, uinfo: Ptr, uts: Ptr, sigsetsize: Size) -> Int;
    rt_tgsigqueueinfo (tgid: Pid, pid: Pid, sig: Signal, uinfo: Ptr) -> Zero;
    sgetmask () -> Never;
    sigaction (sig: Signal, act: Ptr, oact: Ptr) -> Zero;
    sigaltstack (uss: Ptr, uoss: Ptr) -> Zero;
    signal (sig: Signal, handler: Ptr) -> Addr;
    sigpending (uset: Ptr) -> Zero;
    sigprocmask (how: Enum(&flags::SIG_HOW), nset: Ptr, oset: Ptr) -> Zero;
    sigreturn () -> Int;
    sigsuspend (unused1: Int, unused2: Int, mask: Hex) -> Zero;
    ssetmask (newmask: Flags(&BITS32)) -> Never;
    tgkill (tgid: Pid, pid: Pid, sig: Signal) -> Zero;
    tkill (pid: Pid, sig: Signal) -> Zero;
}
