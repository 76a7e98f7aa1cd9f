//! The stub for AArch64. Its source is `aarch64.S`.

use super::{Natives, Patch, Stub};

pub(super) static STUB: Stub = Stub {
    machine: object::elf::EM_AARCH64,
    is_64: true,
    flags: 0,
    page: super::ARM_PAGE,
    run: &RUN,
    entry: &ENTRY,
    entry_patches: &[(24, Patch::Step), (28, Patch::Run)],
    handler: &HANDLER,
    handler_patches: &[(24, Patch::Cell), (28, Patch::Step), (32, Patch::Run)],
    old_frame_patch: None,
    natives: Natives {
        openat: 56,
        mmap: 222,
        close: 57,
        clone: 220,
        wait4: 260,
        getppid: 173,
        getpid: 172,
        kill: 129,
        prctl: 167,
        rt_sigaction: 134,
        rt_sigprocmask: 135,
        sigaltstack: 132,
        exit: 93,
        exit_group: 94,
    },
};

/// The interpreter.
#[rustfmt::skip]
pub(super) const RUN: [u8; 308] = [
    // run:
    0x74, 0x02, 0x40, 0xf9,                           // ldr x20, [x19]
    0x96, 0x1e, 0x00, 0x12,                           // and w22, w20, #0xff
    0xdf, 0x0e, 0x00, 0x71,                           // cmp w22, #0x3
    0x40, 0x06, 0x00, 0x54,                           // b.eq copy
    0x03, 0x09, 0x00, 0x54,                           // b.cc broken
    0xdf, 0x1a, 0x00, 0x71,                           // cmp w22, #0x6
    0xc9, 0x06, 0x00, 0x54,                           // b.ls watch
    0xdf, 0x22, 0x00, 0x71,                           // cmp w22, #0x8
    0x88, 0x08, 0x00, 0x54,                           // b.hi broken
    0x75, 0x06, 0x40, 0xf9,                           // ldr x21, [x19, #8]
    0xb4, 0x06, 0x00, 0xf9,                           // str x20, [x21, #8]
    0x68, 0x16, 0x40, 0xf9,                           // ldr x8, [x19, #40]
    0xa8, 0x0a, 0x00, 0xf9,                           // str x8, [x21, #16]
    0x6b, 0x12, 0x40, 0xf9,                           // ldr x11, [x19, #32]
    0x6c, 0xc2, 0x00, 0x91,                           // add x12, x19, #0x30
    0xad, 0x62, 0x00, 0x91,                           // add x13, x21, #0x18
    0xce, 0x00, 0x80, 0x52,                           // mov w14, #0x6
    // load:
    0x8f, 0x85, 0x40, 0xf8,                           // ldr x15, [x12], #8
    0x4b, 0x00, 0x00, 0x36,                           // tbz w11, #0, load+0xc
    0xef, 0x01, 0x40, 0xf9,                           // ldr x15, [x15]
    0x4b, 0x00, 0x40, 0x36,                           // tbz w11, #8, load+0x14
    0xef, 0x01, 0x40, 0xb9,                           // ldr w15, [x15]
    0xaf, 0x85, 0x00, 0xf8,                           // str x15, [x13], #8
    0x6b, 0x7d, 0x01, 0x53,                           // lsr w11, w11, #1
    0xce, 0x05, 0x00, 0x71,                           // subs w14, w14, #0x1
    0x01, 0xff, 0xff, 0x54,                           // b.ne load
    0x6a, 0x0a, 0x40, 0xf9,                           // ldr x10, [x19, #16]
    0x4b, 0xfd, 0x5f, 0x88,                           // ldaxr w11, [x10]
    0x6b, 0x05, 0x00, 0x11,                           // add w11, w11, #0x1
    0x4b, 0xfd, 0x0c, 0x88,                           // stlxr w12, w11, [x10]
    0xac, 0xff, 0xff, 0x35,                           // cbnz w12, load+0x28
    0xab, 0x02, 0x00, 0xf9,                           // str x11, [x21]
    0x94, 0x00, 0x48, 0x36,                           // tbz w20, #9, load+0x4c
    0x6a, 0x32, 0x40, 0xf9,                           // ldr x10, [x19, #96]
    0x4a, 0x01, 0x40, 0xf9,                           // ldr x10, [x10]
    0x5f, 0x01, 0x00, 0x91,                           // mov sp, x10
    0xa0, 0x86, 0x41, 0xa9,                           // ldp x0, x1, [x21, #24]
    0xa2, 0x8e, 0x42, 0xa9,                           // ldp x2, x3, [x21, #40]
    0xa4, 0x96, 0x43, 0xa9,                           // ldp x4, x5, [x21, #56]
    0xdf, 0x22, 0x00, 0x71,                           // cmp w22, #0x8
    0x60, 0x00, 0x00, 0x54,                           // b.eq immediate
    0x01, 0x00, 0x00, 0xd4,                           // svc #0x0
    0x02, 0x00, 0x00, 0x14,                           // b made
    // immediate:
    0x81, 0x46, 0x02, 0xd4,                           // svc #0x1234
    // made:
    0x94, 0x00, 0x40, 0x36,                           // tbz w20, #8, returned
    0x60, 0x00, 0x00, 0xb5,                           // cbnz x0, returned
    0x73, 0x0e, 0x40, 0xf9,                           // ldr x19, [x19, #24]
    0xd1, 0xff, 0xff, 0x17,                           // b run
    // returned:
    0xa0, 0x26, 0x00, 0xf9,                           // str x0, [x21, #72]
    0x2a, 0x00, 0x80, 0x52,                           // mov w10, #0x1
    0xaa, 0x52, 0x00, 0xb9,                           // str w10, [x21, #80]
    // next:
    0x73, 0xa2, 0x01, 0x91,                           // add x19, x19, #0x68
    0xcc, 0xff, 0xff, 0x17,                           // b run
    // copy:
    0x6a, 0x2e, 0x43, 0xa9,                           // ldp x10, x11, [x19, #48]
    0x6c, 0x22, 0x40, 0xf9,                           // ldr x12, [x19, #64]
    0x4d, 0x15, 0x40, 0x38,                           // ldrb w13, [x10], #1
    0x6d, 0x15, 0x00, 0x38,                           // strb w13, [x11], #1
    0x8c, 0x05, 0x00, 0xf1,                           // subs x12, x12, #0x1
    0xa1, 0xff, 0xff, 0x54,                           // b.ne copy+0x8
    0xf8, 0xff, 0xff, 0x17,                           // b next
    // watch:
    0x6a, 0x1a, 0x40, 0xf9,                           // ldr x10, [x19, #48]
    0xdf, 0x16, 0x00, 0x71,                           // cmp w22, #0x5
    0xc0, 0x00, 0x00, 0x54,                           // b.eq spin
    0x28, 0x01, 0x00, 0x54,                           // b.hi skip
    0x3f, 0x20, 0x03, 0xd5,                           // yield
    0x4b, 0x01, 0x40, 0xb9,                           // ldr w11, [x10]
    0xcb, 0xff, 0xff, 0x34,                           // cbz w11, watch+0x10
    0xf0, 0xff, 0xff, 0x17,                           // b next
    // spin:
    0x3f, 0x20, 0x03, 0xd5,                           // yield
    0x4a, 0x05, 0x00, 0xf1,                           // subs x10, x10, #0x1
    0xc1, 0xff, 0xff, 0x54,                           // b.ne spin
    0xec, 0xff, 0xff, 0x17,                           // b next
    // skip:
    0x4b, 0x01, 0x40, 0xb9,                           // ldr w11, [x10]
    0x4b, 0xfd, 0xff, 0x36,                           // tbz w11, #31, next
    0x73, 0x1e, 0x40, 0xf9,                           // ldr x19, [x19, #56]
    0xb5, 0xff, 0xff, 0x17,                           // b run
    // broken:
    0x00, 0x00, 0x00, 0x00,                           // udf #0
];

/// Where the process starts. To be filled in: the steps that argc is an index of, the interpreter.
#[rustfmt::skip]
pub(super) const ENTRY: [u8; 32] = [
    // entry:
    0xea, 0x03, 0x40, 0xf9,                           // ldr x10, [sp]
    0x0b, 0x0d, 0x80, 0x52,                           // mov w11, #104
    0x93, 0x00, 0x00, 0x18,                           // ldr w19, entry+0x18
    0x53, 0x4d, 0x0b, 0x9b,                           // madd x19, x10, x11, x19
    0x6a, 0x00, 0x00, 0x18,                           // ldr w10, entry+0x1c
    0x40, 0x01, 0x1f, 0xd6,                           // br x10
    0x11, 0x11, 0x11, 0x11,                           // .word 0x11111111
    0x22, 0x22, 0x22, 0x22,                           // .word 0x22222222
];

/// Where a signal handler starts. To be filled in: the cell, the first step, the interpreter.
#[rustfmt::skip]
pub(super) const HANDLER: [u8; 36] = [
    // handler:
    0xca, 0x00, 0x00, 0x18,                           // ldr w10, handler+0x18
    0xeb, 0x03, 0x00, 0x91,                           // mov x11, sp
    0x4b, 0x01, 0x00, 0xf9,                           // str x11, [x10]
    0x93, 0x00, 0x00, 0x18,                           // ldr w19, handler+0x1c
    0x8a, 0x00, 0x00, 0x18,                           // ldr w10, handler+0x20
    0x40, 0x01, 0x1f, 0xd6,                           // br x10
    0x33, 0x33, 0x33, 0x33,                           // .word 0x33333333
    0x11, 0x11, 0x11, 0x11,                           // .word 0x11111111
    0x22, 0x22, 0x22, 0x22,                           // .word 0x22222222
];
