//! Protos of the rest: the system as a whole, and calls of which only the number is left.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Len,
    Obj::Bytes,
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    afs_syscall (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    break (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    breakpoint () -> Int;
    create_module (name: Str, size: Size) -> Int;
    delete_module (name_user: Str, flags: Flags(&flags::OPEN_BITS)) -> Zero;
    finit_module (fd: Fd, uargs: Str, flags: Flags(&BITS32)) -> Zero;
    get_kernel_syms (table: Ptr) -> Int;
    getrandom (ubuf: Out(&Bytes(Len::Ret)), len: Size, flags: Flags(&flags::GETRANDOM)) -> Size;
    gtty (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    idle (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    init_module (umod: Ptr, len: Ulong, uargs: Str) -> Zero;
    ioperm (from: Ulong, num: Ulong, turn_on: Int) -> Zero;
    iopl (level: Uint) -> Zero;
    kexec_file_load (kernel_fd: Fd, initrd_fd: Fd, cmdline_len: Ulong, cmdline_ptr: Str, flags: Hex) -> Zero;
    kexec_load (entry: Hex, nr_segments: Ulong, segments: Ptr, flags: Hex) -> Zero;
    lock (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    modify_ldt (func: Int, ptr: Ptr, bytecount: Ulong) -> Int;
    mpx (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    newuname (name: Ptr) -> Zero;
    olduname (name: Ptr) -> Zero;
    pciconfig_iobase (which: Long, bus: Ulong, devfn: Ulong) -> Int;
    pciconfig_read (bus: Ulong, dfn: Ulong, off: Ulong, len: Ulong, buf: Ptr) -> Int;
    pciconfig_write (bus: Ulong, dfn: Ulong, off: Ulong, len: Ulong, buf: Ptr) -> Int;
    perf_event_open (attr_uptr: Ptr, pid: Pid, cpu: Int, group_fd: Fd, flags: Hex) -> Fd;
    prof (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    profil (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    query_module (name: Str, which: Int, buf: Ptr, bufsize: Size, ret: Ptr) -> Int;
    reboot (magic1: Flags(&BITS32), magic2: Flags(&BITS32), cmd: Flags(&BITS32), arg: Ptr) -> Zero;
    setdomainname (name: In(&Bytes(Len::Arg(1))), len: Int) -> Zero;
    sethostname (name: In(&Bytes(Len::Arg(1))), len: Int) -> Zero;
    stty (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    sysctl (args: Ptr) -> Int;
    sysinfo (info: Ptr) -> Zero;
    syslog (type: Int, buf: Out(&Bytes(Len::RetUpTo(2))), len: Int) -> Int;
    tuxcall (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    uname (name: Ptr) -> Zero;
    uprobe () -> Int;
    uretprobe () -> Int;
    usr26 () -> Int;
    usr32 () -> Int;
    vhangup () -> Zero;
    vm86 (cmd: Ulong, arg: Hex) -> Int;
    vm86old (user_vm86: Ptr) -> Int;
    vserver (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
}
