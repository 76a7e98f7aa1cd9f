//! Protos of scheduling.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Obj,
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    getcpu (cpup: Out(&Obj::Uint), nodep: Out(&Obj::Uint), unused: Ptr) -> Zero;
    getpriority (which: Enum(&flags::PRIO), who: Int) -> Int;
    membarrier (cmd: Int, flags: Flags(&BITS32), cpu_id: Int) -> Int;
    sched_get_priority_max (policy: Enum(&flags::SCHED)) -> Int;
    sched_get_priority_min (policy: Enum(&flags::SCHED)) -> Int;
    sched_getaffinity (pid: Pid, len: Uint, user_mask_ptr: Ptr) -> Size;
    sched_getattr (pid: Pid, uattr: Ptr, usize: Uint, flags: Flags(&BITS32)) -> Zero;
    sched_getparam (pid: Pid, param: Ptr) -> Zero;
    sched_getscheduler (pid: Pid) -> Int;
    sched_rr_get_interval (pid: Pid, interval: Ptr) -> Zero;
    sched_rr_get_interval_time32 (pid: Pid, interval: Ptr) -> Zero;
    sched_setaffinity (pid: Pid, len: Uint, user_mask_ptr: Ptr) -> Zero;
    sched_setattr (pid: Pid, uattr: Ptr, flags: Flags(&BITS32)) -> Zero;
    sched_setparam (pid: Pid, param: Ptr) -> Zero;
    sched_setscheduler (pid: Pid, policy: Enum(&flags::SCHED), param: Ptr) -> Zero;
    sched_yield () -> Zero;
    setpriority (which: Enum(&flags::PRIO), who: Int, niceval: Int) -> Zero;
}
