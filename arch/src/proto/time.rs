//! Protos of clocks and timers.

use super::{Arg, Proto, Ret, proto};
use crate::{Ty::*, flags};

proto! {
    adjtimex (txc_p: Ptr) -> Int;
    adjtimex_time32 (utp: Ptr) -> Int;
    alarm (seconds: Uint) -> Never;
    clock_adjtime (which_clock: Enum(&flags::CLOCK), utx: Ptr) -> Int;
    clock_adjtime32 (which_clock: Enum(&flags::CLOCK), utp: Ptr) -> Int;
    clock_getres (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    clock_getres_time32 (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    clock_gettime (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    clock_gettime32 (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    clock_nanosleep (which_clock: Enum(&flags::CLOCK), flags: Flags(&flags::TIMER), rqtp: Ptr, rmtp: Ptr) -> Zero;
    clock_nanosleep_time32 (which_clock: Enum(&flags::CLOCK), flags: Flags(&flags::TIMER), rqtp: Ptr, rmtp: Ptr) -> Zero;
    clock_settime (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    clock_settime32 (which_clock: Enum(&flags::CLOCK), tp: Ptr) -> Zero;
    ftime (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    getitimer (which: Enum(&flags::ITIMER), value: Ptr) -> Zero;
    gettimeofday (tv: Ptr, tz: Ptr) -> Zero;
    nanosleep (rqtp: Ptr, rmtp: Ptr) -> Zero;
    nanosleep_time32 (rqtp: Ptr, rmtp: Ptr) -> Zero;
    setitimer (which: Enum(&flags::ITIMER), value: Ptr, ovalue: Ptr) -> Zero;
    settimeofday (tv: Ptr, tz: Ptr) -> Zero;
    stime32 (tptr: Ptr) -> Zero;
    time (tloc: Ptr) -> Int;
    time32 (tloc: Ptr) -> Int;
    timer_create (which_clock: Enum(&flags::CLOCK), timer_event_spec: Ptr, created_timer_id: Ptr) -> Zero;
    timer_delete (timer_id: Int) -> Zero;
    timer_getoverrun (timer_id: Int) -> Int;
    timer_gettime (timer_id: Int, setting: Ptr) -> Zero;
    timer_gettime32 (timer_id: Int, setting: Ptr) -> Zero;
    timer_settime (timer_id: Int, flags: Flags(&flags::TIMER), new_setting: Ptr, old_setting: Ptr) -> Zero;
    timer_settime32 (timer_id: Int, flags: Flags(&flags::TIMER), new: Ptr, old: Ptr) -> Zero;
    timerfd_create (clockid: Enum(&flags::CLOCK), flags: Flags(&flags::TFD)) -> Fd;
    timerfd_gettime (ufd: Fd, otmr: Ptr) -> Zero;
    timerfd_gettime32 (ufd: Fd, otmr: Ptr) -> Zero;
    timerfd_settime (ufd: Fd, flags: Flags(&flags::TFD), utmr: Ptr, otmr: Ptr) -> Zero;
    timerfd_settime32 (ufd: Fd, flags: Flags(&flags::TFD), utmr: Ptr, otmr: Ptr) -> Zero;
}
