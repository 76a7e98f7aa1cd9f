//! Protos of memory.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Ty::*,
    flags::{self, BITS32},
};

proto! {
    brk (brk: Ptr) -> Addr;
    cacheflush (start: Ptr, end: Ptr, flags: Flags(&BITS32)) -> Zero;
    get_mempolicy (policy: Ptr, nmask: Ptr, maxnode: Ulong, addr: Ptr, flags: Hex) -> Zero;
    madvise (start: Ptr, len_in: Size, behavior: Enum(&flags::MADV)) -> Zero;
    map_shadow_stack (addr: Ptr, size: Ulong, flags: Flags(&BITS32)) -> Addr;
    mbind (start: Ptr, len: Ulong, mode: Ulong, nmask: Ptr, maxnode: Ulong, flags: Flags(&BITS32)) -> Zero;
    memfd_create (uname: Str, flags: Flags(&flags::MFD)) -> Fd;
    memfd_secret (flags: Flags(&BITS32)) -> Fd;
    migrate_pages (pid: Pid, maxnode: Ulong, old_nodes: Ptr, new_nodes: Ptr) -> Int;
    mincore (start: Ptr, len: Size, vec: Ptr) -> Zero;
    mlock (start: Ptr, len: Size) -> Zero;
    mlock2 (start: Ptr, len: Size, flags: Flags(&BITS32)) -> Zero;
    mlockall (flags: Flags(&flags::MCL)) -> Zero;
    mmap (addr: Ptr, len: Ulong, prot: Flags(&flags::PROT), flags: Flags(&flags::MAP), fd: Fd, off: Hex) -> Addr;
    mmap_pgoff (addr: Ptr, len: Ulong, prot: Flags(&flags::PROT), flags: Flags(&flags::MAP), fd: Fd, pgoff: Hex) -> Addr;
    move_pages (pid: Pid, nr_pages: Ulong, pages: Ptr, nodes: Ptr, status: Ptr, flags: Flags(&BITS32)) -> Int;
    mprotect (start: Ptr, len: Size, prot: Flags(&flags::PROT)) -> Zero;
    mremap (addr: Ptr, old_len: Ulong, new_len: Ulong, flags: Flags(&flags::MREMAP), new_addr: Ptr) -> Addr;
    mseal (start: Ptr, len: Size, flags: Hex) -> Zero;
    msync (start: Ptr, len: Size, flags: Flags(&flags::MS_SYNC)) -> Zero;
    munlock (start: Ptr, len: Size) -> Zero;
    munlockall () -> Zero;
    munmap (addr: Ptr, len: Size) -> Zero;
    old_mmap (arg: Ptr) -> Addr;
    pkey_alloc (flags: Hex, init_val: Ulong) -> Int;
    pkey_free (pkey: Int) -> Zero;
    pkey_mprotect (start: Ptr, len: Size, prot: Flags(&flags::PROT), pkey: Int) -> Zero;
    process_madvise (pidfd: Fd, vec: Ptr, vlen: Size, behavior: Enum(&flags::MADV), flags: Flags(&BITS32)) -> Size;
    process_mrelease (pidfd: Fd, flags: Flags(&BITS32)) -> Zero;
    process_vm_readv (pid: Pid, lvec: Ptr, liovcnt: Ulong, rvec: Ptr, riovcnt: Ulong, flags: Ulong) -> Size;
    process_vm_writev (pid: Pid, lvec: Ptr, liovcnt: Ulong, rvec: Ptr, riovcnt: Ulong, flags: Ulong) -> Size;
    remap_file_pages (start: Ptr, size: Ulong, prot: Flags(&flags::PROT), pgoff: Ulong, flags: Flags(&flags::MAP)) -> Zero;
    set_mempolicy (mode: Int, nmask: Ptr, maxnode: Ulong) -> Zero;
    set_mempolicy_home_node (start: Ptr, len: Ulong, home_node: Ulong, flags: Hex) -> Zero;
}
