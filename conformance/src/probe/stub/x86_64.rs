//! The stub for x86-64, and for `int $0x80` in 64-bit code. Its source is `x86_64.S`.

use super::{Natives, Patch, Stub};

pub(super) static STUB: Stub = Stub {
    machine: object::elf::EM_X86_64,
    is_64: true,
    flags: 0,
    page: super::X86_PAGE,
    run: &RUN,
    entry: &ENTRY,
    entry_patches: &[(7, Patch::Step), (12, Patch::Run)],
    handler: &HANDLER,
    handler_patches: &[(9, Patch::Cell), (15, Patch::Step), (20, Patch::Run)],
    old_frame_patch: None,
    natives: Natives {
        openat: 257,
        mmap: 9,
        close: 3,
        clone: 56,
        wait4: 61,
        getppid: 110,
        getpid: 39,
        kill: 62,
        prctl: 157,
        rt_sigaction: 13,
        rt_sigprocmask: 14,
        sigaltstack: 131,
        exit: 60,
        exit_group: 231,
    },
};

/// The interpreter.
#[rustfmt::skip]
pub(super) const RUN: [u8; 437] = [
    // run:
    0x49, 0x8b, 0x2c, 0x24,                           // mov rbp, [r12]
    0x40, 0x0f, 0xb6, 0xc5,                           // movzx eax, bpl
    0xff, 0xc8,                                       // dec eax
    0x0f, 0x88, 0xa3, 0x01, 0x00, 0x00,               // js broken
    0x83, 0xf8, 0x0c,                                 // cmp eax, 12
    0x73, 0x0f,                                       // jae note
    0x83, 0xf8, 0x02,                                 // cmp eax, 2
    0x0f, 0x84, 0x4e, 0x01, 0x00, 0x00,               // je copy
    0x0f, 0x87, 0x5b, 0x01, 0x00, 0x00,               // ja watch
    // note:
    0x49, 0x8b, 0x5c, 0x24, 0x08,                     // mov rbx, [r12+8]
    0x48, 0x89, 0x6b, 0x08,                           // mov [rbx+8], rbp
    0x49, 0x8b, 0x44, 0x24, 0x28,                     // mov rax, [r12+40]
    0x48, 0x89, 0x43, 0x10,                           // mov [rbx+16], rax
    0x49, 0x8b, 0x74, 0x24, 0x20,                     // mov rsi, [r12+32]
    0x31, 0xc9,                                       // xor ecx, ecx
    // load:
    0x49, 0x8b, 0x54, 0xcc, 0x30,                     // mov rdx, [r12+rcx*8+48]
    0x0f, 0xa3, 0xce,                                 // bt esi, ecx
    0x73, 0x03,                                       // jnc 1f
    0x48, 0x8b, 0x12,                                 // mov rdx, [rdx]
    0x8d, 0x41, 0x08,                                 // 1: lea eax, [rcx+8]
    0x0f, 0xa3, 0xc6,                                 // bt esi, eax
    0x73, 0x02,                                       // jnc 2f
    0x8b, 0x12,                                       // mov edx, [rdx]
    0x48, 0x89, 0x54, 0xcb, 0x18,                     // 2: mov [rbx+rcx*8+24], rdx
    0xff, 0xc1,                                       // inc ecx
    0x83, 0xf9, 0x06,                                 // cmp ecx, 6
    0x72, 0xdd,                                       // jb load
    0x49, 0x8b, 0x4c, 0x24, 0x10,                     // mov rcx, [r12+16]
    0xb8, 0x01, 0x00, 0x00, 0x00,                     // mov eax, 1
    0xf0, 0x48, 0x0f, 0xc1, 0x01,                     // lock xadd [rcx], rax
    0x48, 0xff, 0xc0,                                 // inc rax
    0x48, 0x89, 0x03,                                 // mov [rbx], rax
    0x49, 0x89, 0xe6,                                 // mov r14, rsp
    0x0f, 0xba, 0xe5, 0x09,                           // bt ebp, 9
    0x73, 0x09,                                       // jnc 3f
    0x49, 0x8b, 0x64, 0x24, 0x60,                     // mov rsp, [r12+96]
    0x48, 0x8b, 0x24, 0x24,                           // mov rsp, [rsp]
    0x49, 0x89, 0xdd,                                 // 3: mov r13, rbx
    0x40, 0x80, 0xfd, 0x02,                           // cmp bpl, 2
    0x74, 0x4a,                                       // je gate
    0x40, 0x80, 0xfd, 0x0d,                           // cmp bpl, 13
    0x74, 0x31,                                       // je page
    0x0f, 0x87, 0x8f, 0x00, 0x00, 0x00,               // ja cross
    0x49, 0x8b, 0x7d, 0x18,                           // mov rdi, [r13+24]
    0x49, 0x8b, 0x75, 0x20,                           // mov rsi, [r13+32]
    0x49, 0x8b, 0x55, 0x28,                           // mov rdx, [r13+40]
    0x4d, 0x8b, 0x55, 0x30,                           // mov r10, [r13+48]
    0x4d, 0x8b, 0x45, 0x38,                           // mov r8, [r13+56]
    0x4d, 0x8b, 0x4d, 0x40,                           // mov r9, [r13+64]
    0x0f, 0xba, 0xe5, 0x08,                           // bt ebp, 8
    0x49, 0x8b, 0x44, 0x24, 0x28,                     // mov rax, [r12+40]
    0x72, 0x04,                                       // jc fork
    0x0f, 0x05,                                       // syscall
    0xeb, 0x4f,                                       // jmp returned
    // fork:
    0x0f, 0x05,                                       // syscall
    0xeb, 0x3c,                                       // jmp forked
    // page:
    0x49, 0x8b, 0x7d, 0x18,                           // mov rdi, [r13+24]
    0x49, 0x8b, 0x75, 0x20,                           // mov rsi, [r13+32]
    0x49, 0x8b, 0x55, 0x28,                           // mov rdx, [r13+40]
    0x41, 0xff, 0x54, 0x24, 0x28,                     // call qword ptr [r12+40]
    0xeb, 0x38,                                       // jmp returned
    // gate:
    0x0f, 0xba, 0xe5, 0x08,                           // bt ebp, 8
    0x49, 0x8b, 0x5d, 0x18,                           // mov rbx, [r13+24]
    0x49, 0x8b, 0x4d, 0x20,                           // mov rcx, [r13+32]
    0x49, 0x8b, 0x55, 0x28,                           // mov rdx, [r13+40]
    0x49, 0x8b, 0x75, 0x30,                           // mov rsi, [r13+48]
    0x49, 0x8b, 0x7d, 0x38,                           // mov rdi, [r13+56]
    0x49, 0x8b, 0x6d, 0x40,                           // mov rbp, [r13+64]
    0x49, 0x8b, 0x44, 0x24, 0x28,                     // mov rax, [r12+40]
    0x72, 0x04,                                       // jc gatefork
    0xcd, 0x80,                                       // int 0x80
    0xeb, 0x11,                                       // jmp returned
    // gatefork:
    0xcd, 0x80,                                       // int 0x80
    // forked:
    0x48, 0x85, 0xc0,                                 // test rax, rax
    0x75, 0x0a,                                       // jnz returned
    0x4d, 0x8b, 0x64, 0x24, 0x18,                     // mov r12, [r12+24]
    0xe9, 0xee, 0xfe, 0xff, 0xff,                     // jmp run
    // returned:
    0x49, 0x8b, 0x5c, 0x24, 0x08,                     // mov rbx, [r12+8]
    0x48, 0x89, 0x43, 0x48,                           // mov [rbx+72], rax
    0xc7, 0x43, 0x50, 0x01, 0x00, 0x00, 0x00,         // mov dword ptr [rbx+80], 1
    // next:
    0x49, 0x83, 0xc4, 0x68,                           // add r12, 104
    0xe9, 0xd5, 0xfe, 0xff, 0xff,                     // jmp run
    // cross:
    0x49, 0x8b, 0x5d, 0x18,                           // mov rbx, [r13+24]
    0x49, 0x8b, 0x4d, 0x20,                           // mov rcx, [r13+32]
    0x49, 0x8b, 0x55, 0x28,                           // mov rdx, [r13+40]
    0x49, 0x8b, 0x75, 0x30,                           // mov rsi, [r13+48]
    0x49, 0x8b, 0x7d, 0x38,                           // mov rdi, [r13+56]
    0x49, 0x8b, 0x6d, 0x40,                           // mov rbp, [r13+64]
    0x48, 0x8d, 0x05, 0x1d, 0x00, 0x00, 0x00,         // lea rax, [rip+far64]
    0x50,                                             // push rax
    0xc7, 0x44, 0x24, 0x04, 0x33, 0x00, 0x00, 0x00,   // mov dword ptr [rsp+4], 0x33
    0x6a, 0x23,                                       // push 0x23
    0x48, 0x8d, 0x05, 0x08, 0x00, 0x00, 0x00,         // lea rax, [rip+far32]
    0x50,                                             // push rax
    0x49, 0x8b, 0x44, 0x24, 0x28,                     // mov rax, [r12+40]
    0x48, 0xcb,                                       // retfq
    // far32:
    0xcd, 0x80,                                       // int 0x80
    0xcb,                                             // retf
    // far64:
    0x4c, 0x89, 0xf4,                                 // mov rsp, r14
    0xeb, 0xa6,                                       // jmp returned
    // copy:
    0x49, 0x8b, 0x74, 0x24, 0x30,                     // mov rsi, [r12+48]
    0x49, 0x8b, 0x7c, 0x24, 0x38,                     // mov rdi, [r12+56]
    0x49, 0x8b, 0x4c, 0x24, 0x40,                     // mov rcx, [r12+64]
    0xf3, 0xa4,                                       // rep movsb
    0xeb, 0xa3,                                       // jmp next
    // watch:
    0x49, 0x8b, 0x74, 0x24, 0x30,                     // mov rsi, [r12+48]
    0x83, 0xf8, 0x03,                                 // cmp eax, 3
    0x77, 0x09,                                       // ja spin
    0xf3, 0x90,                                       // 4: pause
    0x83, 0x3e, 0x00,                                 // cmp dword ptr [rsi], 0
    0x74, 0xf9,                                       // je 4b
    0xeb, 0x90,                                       // jmp next
    // spin:
    0x83, 0xf8, 0x04,                                 // cmp eax, 4
    0x77, 0x09,                                       // ja skip
    0xf3, 0x90,                                       // 5: pause
    0x48, 0xff, 0xce,                                 // dec rsi
    0x75, 0xf9,                                       // jnz 5b
    0xeb, 0x82,                                       // jmp next
    // skip:
    0x83, 0x3e, 0x00,                                 // cmp dword ptr [rsi], 0
    0x0f, 0x89, 0x79, 0xff, 0xff, 0xff,               // jns next
    0x4d, 0x8b, 0x64, 0x24, 0x38,                     // mov r12, [r12+56]
    0xe9, 0x4d, 0xfe, 0xff, 0xff,                     // jmp run
    // broken:
    0x0f, 0x0b,                                       // ud2
];

/// Where the process starts. To be filled in: the steps that argc is an index of, the interpreter.
#[rustfmt::skip]
pub(super) const ENTRY: [u8; 18] = [
    // entry:
    0x6b, 0x04, 0x24, 0x68,                           // imul eax, dword ptr [rsp], 104
    0x4c, 0x8d, 0xa0, 0x11, 0x11, 0x11, 0x11,         // lea r12, [rax+0x11111111]
    0xb8, 0x22, 0x22, 0x22, 0x22,                     // mov eax, 0x22222222
    0xff, 0xe0,                                       // jmp rax
];

/// Where a signal handler starts. To be filled in: the cell, the first step, the interpreter.
#[rustfmt::skip]
pub(super) const HANDLER: [u8; 26] = [
    // handler:
    0x48, 0x8d, 0x44, 0x24, 0x08,                     // lea rax, [rsp+8]
    0x48, 0x89, 0x04, 0x25, 0x33, 0x33, 0x33, 0x33,   // mov ds:[0x33333333], rax
    0x41, 0xbc, 0x11, 0x11, 0x11, 0x11,               // mov r12d, 0x11111111
    0xb8, 0x22, 0x22, 0x22, 0x22,                     // mov eax, 0x22222222
    0xff, 0xe0,                                       // jmp rax
];
