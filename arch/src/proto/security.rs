//! Protos of keys, capabilities, sandboxes.

use super::{Arg, Proto, Ret, proto};
use crate::{
    Len,
    Obj::Bytes,
    Ty::*,
    flags::{self, BITS32},
};

/// The bit of `bpf`'s command that says that its last two arguments are there, since Linux 7.0.
const BPF_COMMON_ATTRS: u64 = 1 << 16;

proto! {
    add_key (_type: Str, _description: Str, _payload: In(&Bytes(Len::Arg(3))), plen: Size, ringid: Int) -> Int;
    bpf (cmd: Int, uattr: Ptr, size: Uint, uattr_common: When { arg: 0, mask: BPF_COMMON_ATTRS, ty: &Ptr }, size_common: When { arg: 0, mask: BPF_COMMON_ATTRS, ty: &Uint }) -> Int;
    capget (header: Ptr, dataptr: Ptr) -> Zero;
    capset (header: Ptr, data: Ptr) -> Zero;
    keyctl (option: Int, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
    landlock_add_rule (ruleset_fd: Fd, rule_type: Int, rule_attr: Ptr, flags: Flags(&BITS32)) -> Zero;
    landlock_create_ruleset (attr: Ptr, size: Size, flags: Flags(&BITS32)) -> Fd;
    landlock_restrict_self (ruleset_fd: Fd, flags: Flags(&BITS32)) -> Zero;
    lsm_get_self_attr (attr: Uint, ctx: Ptr, size: Ptr, flags: Flags(&BITS32)) -> Int;
    lsm_list_modules (ids: Ptr, size: Ptr, flags: Flags(&BITS32)) -> Int;
    lsm_set_self_attr (attr: Uint, ctx: Ptr, size: Uint, flags: Flags(&BITS32)) -> Zero;
    request_key (_type: Str, _description: Str, _callout_info: Str, destringid: Int) -> Int;
    seccomp (op: Enum(&flags::SECCOMP), flags: Flags(&BITS32), uargs: Ptr) -> Int;
    security (arg0: Hex, arg1: Hex, arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int;
}
