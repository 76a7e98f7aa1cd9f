//! Protos of descriptors: reading, writing, waiting for them.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Len,
    Obj::{self, Bytes, Ints},
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    arm_fadvise64_64 (fd: Fd, advice: Enum(&flags::FADVISE), offset: Loff, len: Loff) -> Zero;
    bdflush (func: Int, data: Long) -> Int;
    cachestat (fd: Fd, cstat_range: Ptr, cstat: Ptr, flags: Flags(&BITS32)) -> Zero;
    close (fd: Fd) -> Zero;
    close_range (fd: Fd, max_fd: Uint, flags: Flags(&flags::CLOSE_RANGE)) -> Zero;
    copy_file_range (fd_in: Fd, off_in: InOut(&Obj::U64), fd_out: Fd, off_out: InOut(&Obj::U64), len: Size, flags: Flags(&BITS32)) -> Size;
    dup (fildes: Fd) -> Fd;
    dup2 (oldfd: Fd, newfd: Fd) -> Fd;
    dup3 (oldfd: Fd, newfd: Fd, flags: Flags(&flags::OPEN_BITS)) -> Fd;
    epoll_create (size: Int) -> Fd;
    epoll_create1 (flags: Flags(&flags::EPOLL)) -> Fd;
    epoll_ctl (epfd: Fd, op: Enum(&flags::EPOLL_CTL), fd: Fd, event: Ptr) -> Zero;
    epoll_ctl_old (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    epoll_pwait (epfd: Fd, events: Ptr, maxevents: Int, timeout: Int, sigmask: Ptr, sigsetsize: Size) -> Int;
    epoll_pwait2 (epfd: Fd, events: Ptr, maxevents: Int, timeout: Ptr, sigmask: Ptr, sigsetsize: Size) -> Int;
    epoll_wait (epfd: Fd, events: Ptr, maxevents: Int, timeout: Int) -> Int;
    epoll_wait_old (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    eventfd (count: Uint) -> Fd;
    eventfd2 (count: Uint, flags: Flags(&flags::EFD)) -> Fd;
    fadvise64 (fd: Fd, offset: Loff, len: Size, advice: Enum(&flags::FADVISE)) -> Zero;
    fadvise64_64 (fd: Fd, offset: Loff, len: Loff, advice: Enum(&flags::FADVISE)) -> Zero;
    fallocate (fd: Fd, mode: Flags(&flags::FALLOC), offset: Loff, len: Loff) -> Zero;
    fcntl (fd: Fd, cmd: Enum(&flags::FCNTL), arg: Hex) -> Int;
    fcntl64 (fd: Fd, cmd: Enum(&flags::FCNTL), arg: Hex) -> Int;
    fdatasync (fd: Fd) -> Zero;
    fsync (fd: Fd) -> Zero;
    io_cancel (ctx_id: Hex, iocb: Ptr, result: Ptr) -> Zero;
    io_destroy (ctx: Hex) -> Zero;
    io_getevents (ctx_id: Hex, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr) -> Int;
    io_getevents_time32 (ctx_id: Hex, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr) -> Int;
    io_pgetevents (ctx_id: Hex, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr, usig: Ptr) -> Int;
    io_pgetevents_time32 (ctx_id: Hex, min_nr: Long, nr: Long, events: Ptr, timeout: Ptr, usig: Ptr) -> Int;
    io_setup (nr_events: Uint, ctxp: Ptr) -> Zero;
    io_submit (ctx_id: Hex, nr: Long, iocbpp: Ptr) -> Int;
    io_uring_enter (fd: Fd, to_submit: Uint, min_complete: Uint, flags: Flags(&BITS32), argp: Ptr, argsz: Size) -> Int;
    io_uring_register (fd: Fd, opcode: Uint, arg: Ptr, nr_args: Uint) -> Int;
    io_uring_setup (entries: Uint, params: Ptr) -> Fd;
    ioctl (fd: Fd, cmd: Flags(&BITS32), arg: Hex) -> Int;
    ioprio_get (which: Int, who: Int) -> Int;
    ioprio_set (which: Int, who: Int, ioprio: Int) -> Zero;
    llseek (fd: Fd, offset_high: Ulong, offset_low: Ulong, result: Out(&Obj::U64), whence: Enum(&flags::SEEK)) -> Zero;
    lseek (fd: Fd, offset: Off, whence: Enum(&flags::SEEK)) -> Off;
    old_select (arg: Ptr) -> Int;
    pipe (fildes: Out(&Ints(Len::Fixed(2)))) -> Zero;
    pipe2 (fildes: Out(&Ints(Len::Fixed(2))), flags: Flags(&flags::OPEN_BITS)) -> Zero;
    poll (ufds: Ptr, nfds: Uint, timeout_msecs: Int) -> Int;
    ppoll (ufds: Ptr, nfds: Uint, tsp: Ptr, sigmask: Ptr, sigsetsize: Size) -> Int;
    ppoll_time32 (ufds: Ptr, nfds: Uint, tsp: Ptr, sigmask: Ptr, sigsetsize: Size) -> Int;
    pread64 (fd: Fd, buf: Out(&Bytes(Len::Ret)), count: Size, pos: Loff) -> Size;
    preadv (fd: Fd, vec: Ptr, vlen: Ulong, pos_l: Ulong, pos_h: Ulong) -> Size;
    preadv2 (fd: Fd, vec: Ptr, vlen: Ulong, pos_l: Ulong, pos_h: Ulong, flags: Flags(&flags::RWF)) -> Size;
    preadv64 (fd: Fd, vec: Ptr, vlen: Ulong, pos: Loff) -> Size;
    preadv64v2 (fd: Fd, vec: Ptr, vlen: Ulong, pos: Loff, flags: Flags(&flags::RWF)) -> Size;
    pselect6 (n: Int, inp: Ptr, outp: Ptr, exp: Ptr, tsp: Ptr, sig: Ptr) -> Int;
    pselect6_time32 (n: Int, inp: Ptr, outp: Ptr, exp: Ptr, tsp: Ptr, sig: Ptr) -> Int;
    pwrite64 (fd: Fd, buf: In(&Bytes(Len::Arg(2))), count: Size, pos: Loff) -> Size;
    pwritev (fd: Fd, vec: Ptr, vlen: Ulong, pos_l: Ulong, pos_h: Ulong) -> Size;
    pwritev2 (fd: Fd, vec: Ptr, vlen: Ulong, pos_l: Ulong, pos_h: Ulong, flags: Flags(&flags::RWF)) -> Size;
    pwritev64 (fd: Fd, vec: Ptr, vlen: Ulong, pos: Loff) -> Size;
    pwritev64v2 (fd: Fd, vec: Ptr, vlen: Ulong, pos: Loff, flags: Flags(&flags::RWF)) -> Size;
    read (fd: Fd, buf: Out(&Bytes(Len::Ret)), count: Size) -> Size;
    readahead (fd: Fd, offset: Loff, count: Size) -> Zero;
    readv (fd: Fd, vec: Ptr, vlen: Ulong) -> Size;
    select (n: Int, inp: Ptr, outp: Ptr, exp: Ptr, tvp: Ptr) -> Int;
    sendfile (out_fd: Fd, in_fd: Fd, offset: Ptr, count: Size) -> Size;
    sendfile64 (out_fd: Fd, in_fd: Fd, offset: InOut(&Obj::U64), count: Size) -> Size;
    signalfd (ufd: Fd, user_mask: Ptr, sizemask: Size) -> Fd;
    signalfd4 (ufd: Fd, user_mask: Ptr, sizemask: Size, flags: Flags(&flags::SFD)) -> Fd;
    splice (fd_in: Fd, off_in: InOut(&Obj::U64), fd_out: Fd, off_out: InOut(&Obj::U64), len: Size, flags: Flags(&flags::SPLICE)) -> Size;
    sync () -> Zero;
    sync_file_range (fd: Fd, offset: Loff, nbytes: Loff, flags: Flags(&flags::SYNC_FILE_RANGE)) -> Zero;
    sync_file_range2 (fd: Fd, flags: Flags(&flags::SYNC_FILE_RANGE), offset: Loff, nbytes: Loff) -> Zero;
    syncfs (fd: Fd) -> Zero;
    tee (fdin: Fd, fdout: Fd, len: Size, flags: Flags(&flags::SPLICE)) -> Size;
    userfaultfd (flags: Flags(&flags::USERFAULTFD)) -> Fd;
    vmsplice (fd: Fd, uiov: Ptr, nr_segs: Ulong, flags: Flags(&flags::SPLICE)) -> Size;
    write (fd: Fd, buf: In(&Bytes(Len::Arg(2))), count: Size) -> Size;
    writev (fd: Fd, vec: Ptr, vlen: Ulong) -> Size;
}
