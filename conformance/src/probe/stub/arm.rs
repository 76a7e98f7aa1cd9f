//! The stub for ARM, which calls in ARM and in Thumb state. Its source is `arm.S`.

use super::{Natives, Patch, Stub};

/// `EF_ARM_EABI_VER5`: a 64-bit kernel runs no other programs of ARM.
const EABI_5: u32 = 0x0500_0000;

pub(super) static STUB: Stub = Stub {
    machine: object::elf::EM_ARM,
    is_64: false,
    flags: EABI_5,
    page: super::ARM_PAGE,
    run: &RUN,
    entry: &ENTRY,
    entry_patches: &[(20, Patch::Step), (24, Patch::Run)],
    handler: &HANDLER,
    handler_patches: &[(16, Patch::Cell), (20, Patch::Step), (24, Patch::Run)],
    old_frame_patch: None,
    natives: Natives {
        openat: 322,
        mmap: 192,
        close: 6,
        clone: 120,
        wait4: 114,
        getppid: 64,
        getpid: 20,
        kill: 37,
        prctl: 172,
        rt_sigaction: 174,
        rt_sigprocmask: 175,
        sigaltstack: 186,
        exit: 1,
        exit_group: 248,
    },
};

/// The interpreter.
#[rustfmt::skip]
pub(super) const RUN: [u8; 384] = [
    // run:
    0x00, 0xa0, 0x98, 0xe5,                           // ldr sl, [r8]
    0xff, 0xb0, 0x0a, 0xe2,                           // and fp, sl, #255
    0x03, 0x00, 0x5b, 0xe3,                           // cmp fp, #3
    0x3e, 0x00, 0x00, 0x0a,                           // beq copy
    0x57, 0x00, 0x00, 0x3a,                           // bcc broken
    0x06, 0x00, 0x5b, 0xe3,                           // cmp fp, #6
    0x43, 0x00, 0x00, 0x9a,                           // bls watch
    0x09, 0x00, 0x5b, 0xe3,                           // cmp fp, #9
    0x53, 0x00, 0x00, 0x3a,                           // bcc broken
    0x0c, 0x00, 0x5b, 0xe3,                           // cmp fp, #12
    0x51, 0x00, 0x00, 0x8a,                           // bhi broken
    0x08, 0x90, 0x98, 0xe5,                           // ldr r9, [r8, #8]
    0x08, 0xa0, 0x89, 0xe5,                           // str sl, [r9, #8]
    0x28, 0x70, 0x98, 0xe5,                           // ldr r7, [r8, #40]
    0x10, 0x70, 0x89, 0xe5,                           // str r7, [r9, #16]
    0x20, 0x40, 0x98, 0xe5,                           // ldr r4, [r8, #32]
    0x24, 0x44, 0x84, 0xe1,                           // orr r4, r4, r4, lsr #8
    0x30, 0x10, 0x88, 0xe2,                           // add r1, r8, #48
    0x18, 0x20, 0x89, 0xe2,                           // add r2, r9, #24
    0x06, 0x30, 0xa0, 0xe3,                           // mov r3, #6
    // load:
    0x08, 0x50, 0x91, 0xe4,                           // ldr r5, [r1], #8
    0x01, 0x00, 0x14, 0xe3,                           // tst r4, #1
    0x00, 0x50, 0x95, 0x15,                           // ldrne r5, [r5]
    0x08, 0x50, 0x82, 0xe4,                           // str r5, [r2], #8
    0xa4, 0x40, 0xa0, 0xe1,                           // lsr r4, r4, #1
    0x01, 0x30, 0x53, 0xe2,                           // subs r3, r3, #1
    0xf8, 0xff, 0xff, 0x1a,                           // bne load
    0x10, 0x10, 0x98, 0xe5,                           // ldr r1, [r8, #16]
    0x9f, 0x2f, 0x91, 0xe1,                           // ldrex r2, [r1]
    0x01, 0x20, 0x82, 0xe2,                           // add r2, r2, #1
    0x92, 0x3f, 0x81, 0xe1,                           // strex r3, r2, [r1]
    0x00, 0x00, 0x53, 0xe3,                           // cmp r3, #0
    0xfa, 0xff, 0xff, 0x1a,                           // bne load+0x20
    0x5b, 0xf0, 0x7f, 0xf5,                           // dmb ish
    0x00, 0x20, 0x89, 0xe5,                           // str r2, [r9]
    0x02, 0x0c, 0x1a, 0xe3,                           // tst sl, #512
    0x60, 0x10, 0x98, 0x15,                           // ldrne r1, [r8, #96]
    0x00, 0xd0, 0x91, 0x15,                           // ldrne sp, [r1]
    0x18, 0x00, 0x99, 0xe5,                           // ldr r0, [r9, #24]
    0x20, 0x10, 0x99, 0xe5,                           // ldr r1, [r9, #32]
    0x28, 0x20, 0x99, 0xe5,                           // ldr r2, [r9, #40]
    0x30, 0x30, 0x99, 0xe5,                           // ldr r3, [r9, #48]
    0x38, 0x40, 0x99, 0xe5,                           // ldr r4, [r9, #56]
    0x40, 0x50, 0x99, 0xe5,                           // ldr r5, [r9, #64]
    0x0a, 0x00, 0x5b, 0xe3,                           // cmp fp, #10
    0x04, 0x00, 0x00, 0x0a,                           // beq immediate
    0x0b, 0x00, 0x5b, 0xe3,                           // cmp fp, #11
    0x04, 0x00, 0x00, 0x0a,                           // beq state
    0x05, 0x00, 0x00, 0x8a,                           // bhi both
    0x00, 0x00, 0x00, 0xef,                           // svc 0x00000000
    0x04, 0x00, 0x00, 0xea,                           // b made
    // immediate:
    0x14, 0x00, 0x90, 0xef,                           // svc 0x00900014
    0x02, 0x00, 0x00, 0xea,                           // b made
    // state:
    0x27, 0x00, 0x00, 0xfa,                           // blx thumb
    0x00, 0x00, 0x00, 0xea,                           // b made
    // both:
    0x26, 0x00, 0x00, 0xfa,                           // blx thumb_immediate
    // made:
    0x01, 0x0c, 0x1a, 0xe3,                           // tst sl, #256
    0x03, 0x00, 0x00, 0x0a,                           // beq returned
    0x00, 0x00, 0x50, 0xe3,                           // cmp r0, #0
    0x01, 0x00, 0x00, 0x1a,                           // bne returned
    0x18, 0x80, 0x98, 0xe5,                           // ldr r8, [r8, #24]
    0xc1, 0xff, 0xff, 0xea,                           // b run
    // returned:
    0x48, 0x00, 0x89, 0xe5,                           // str r0, [r9, #72]
    0x01, 0x10, 0xa0, 0xe3,                           // mov r1, #1
    0x50, 0x10, 0x89, 0xe5,                           // str r1, [r9, #80]
    // next:
    0x68, 0x80, 0x88, 0xe2,                           // add r8, r8, #104
    0xbc, 0xff, 0xff, 0xea,                           // b run
    // copy:
    0x30, 0x10, 0x98, 0xe5,                           // ldr r1, [r8, #48]
    0x38, 0x20, 0x98, 0xe5,                           // ldr r2, [r8, #56]
    0x40, 0x30, 0x98, 0xe5,                           // ldr r3, [r8, #64]
    0x01, 0x40, 0xd1, 0xe4,                           // ldrb r4, [r1], #1
    0x01, 0x40, 0xc2, 0xe4,                           // strb r4, [r2], #1
    0x01, 0x30, 0x53, 0xe2,                           // subs r3, r3, #1
    0xfb, 0xff, 0xff, 0x1a,                           // bne copy+0xc
    0xf5, 0xff, 0xff, 0xea,                           // b next
    // watch:
    0x30, 0x10, 0x98, 0xe5,                           // ldr r1, [r8, #48]
    0x05, 0x00, 0x5b, 0xe3,                           // cmp fp, #5
    0x05, 0x00, 0x00, 0x0a,                           // beq spin
    0x08, 0x00, 0x00, 0x8a,                           // bhi skip
    0x01, 0xf0, 0x20, 0xe3,                           // yield
    0x00, 0x20, 0x91, 0xe5,                           // ldr r2, [r1]
    0x00, 0x00, 0x52, 0xe3,                           // cmp r2, #0
    0xfb, 0xff, 0xff, 0x0a,                           // beq watch+0x10
    0xec, 0xff, 0xff, 0xea,                           // b next
    // spin:
    0x01, 0xf0, 0x20, 0xe3,                           // yield
    0x01, 0x10, 0x51, 0xe2,                           // subs r1, r1, #1
    0xfc, 0xff, 0xff, 0x1a,                           // bne spin
    0xe8, 0xff, 0xff, 0xea,                           // b next
    // skip:
    0x00, 0x20, 0x91, 0xe5,                           // ldr r2, [r1]
    0x00, 0x00, 0x52, 0xe3,                           // cmp r2, #0
    0xe5, 0xff, 0xff, 0x5a,                           // bpl next
    0x38, 0x80, 0x98, 0xe5,                           // ldr r8, [r8, #56]
    0xa2, 0xff, 0xff, 0xea,                           // b run
    // broken:
    0xf0, 0x00, 0xf0, 0xe7,                           // udf #0
    // thumb:
    0x00, 0xdf,                                       // svc 0
    0x70, 0x47,                                       // bx lr
    // thumb_immediate:
    0x5a, 0xdf,                                       // svc 90
    0x70, 0x47,                                       // bx lr
];

/// Where the process starts. To be filled in: the steps that argc is an index of, the interpreter.
#[rustfmt::skip]
pub(super) const ENTRY: [u8; 28] = [
    // entry:
    0x00, 0x10, 0x9d, 0xe5,                           // ldr r1, [sp]
    0x68, 0x20, 0xa0, 0xe3,                           // mov r2, #104
    0x04, 0x80, 0x9f, 0xe5,                           // ldr r8, [pc, #4]
    0x91, 0x82, 0x28, 0xe0,                           // mla r8, r1, r2, r8
    0x00, 0xf0, 0x9f, 0xe5,                           // ldr pc, [pc]
    0x11, 0x11, 0x11, 0x11,                           // .word 0x11111111
    0x22, 0x22, 0x22, 0x22,                           // .word 0x22222222
];

/// Where a signal handler starts. To be filled in: the cell, the first step, the interpreter.
#[rustfmt::skip]
pub(super) const HANDLER: [u8; 28] = [
    // handler:
    0x08, 0x10, 0x9f, 0xe5,                           // ldr r1, [pc, #8]
    0x00, 0xd0, 0x81, 0xe5,                           // str sp, [r1]
    0x04, 0x80, 0x9f, 0xe5,                           // ldr r8, [pc, #4]
    0x04, 0xf0, 0x9f, 0xe5,                           // ldr pc, [pc, #4]
    0x33, 0x33, 0x33, 0x33,                           // .word 0x33333333
    0x11, 0x11, 0x11, 0x11,                           // .word 0x11111111
    0x22, 0x22, 0x22, 0x22,                           // .word 0x22222222
];
