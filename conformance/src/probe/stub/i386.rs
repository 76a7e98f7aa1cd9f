//! The stub for i386, which calls by `int $0x80` and through the vDSO. Its source is `i386.S`.

use super::{Natives, Patch, Stub};

pub(super) static STUB: Stub = Stub {
    machine: object::elf::EM_386,
    is_64: false,
    flags: 0,
    page: super::X86_PAGE,
    run: &RUN,
    entry: &ENTRY,
    entry_patches: &[(33, Patch::Cell), (42, Patch::Step), (47, Patch::Run)],
    handler: &HANDLER,
    handler_patches: &[(5, Patch::Cell), (10, Patch::Step), (15, Patch::Run)],
    old_frame_patch: Some(3),
    natives: Natives {
        openat: 295,
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
        exit_group: 252,
    },
};

/// The interpreter.
#[rustfmt::skip]
pub(super) const RUN: [u8; 437] = [
    // run:
    0x8b, 0x04, 0x24,                                 // mov eax, [esp]
    0x0f, 0xb6, 0xc0,                                 // movzx eax, al
    0x48,                                             // dec eax
    0x0f, 0x88, 0xa6, 0x01, 0x00, 0x00,               // js broken
    0x0f, 0x84, 0xa0, 0x01, 0x00, 0x00,               // jz broken
    0x83, 0xf8, 0x02,                                 // cmp eax, 2
    0x0f, 0x84, 0x51, 0x01, 0x00, 0x00,               // je copy
    0x72, 0x09,                                       // jb call
    0x83, 0xf8, 0x0d,                                 // cmp eax, 13
    0x0f, 0x82, 0x56, 0x01, 0x00, 0x00,               // jb watch
    // call:
    0x8b, 0x5c, 0x24, 0x08,                           // mov ebx, [esp+8]
    0x8b, 0x04, 0x24,                                 // mov eax, [esp]
    0x89, 0x43, 0x08,                                 // mov [ebx+8], eax
    0x8b, 0x44, 0x24, 0x28,                           // mov eax, [esp+40]
    0x89, 0x43, 0x10,                                 // mov [ebx+16], eax
    0x8b, 0x74, 0x24, 0x20,                           // mov esi, [esp+32]
    0x31, 0xc9,                                       // xor ecx, ecx
    // load:
    0x8b, 0x54, 0xcc, 0x30,                           // mov edx, [esp+ecx*8+48]
    0x0f, 0xa3, 0xce,                                 // bt esi, ecx
    0x72, 0x08,                                       // jc 1f
    0x8d, 0x41, 0x08,                                 // lea eax, [ecx+8]
    0x0f, 0xa3, 0xc6,                                 // bt esi, eax
    0x73, 0x02,                                       // jnc 2f
    0x8b, 0x12,                                       // 1: mov edx, [edx]
    0x89, 0x54, 0xcb, 0x18,                           // 2: mov [ebx+ecx*8+24], edx
    0x41,                                             // inc ecx
    0x83, 0xf9, 0x06,                                 // cmp ecx, 6
    0x72, 0xe3,                                       // jb load
    0x8b, 0x4c, 0x24, 0x10,                           // mov ecx, [esp+16]
    0xb8, 0x01, 0x00, 0x00, 0x00,                     // mov eax, 1
    0xf0, 0x0f, 0xc1, 0x01,                           // lock xadd [ecx], eax
    0x40,                                             // inc eax
    0x89, 0x03,                                       // mov [ebx], eax
    0x80, 0x3c, 0x24, 0x0e,                           // cmp byte ptr [esp], 14
    0x74, 0x61,                                       // je vdso
    0x0f, 0x87, 0x9f, 0x00, 0x00, 0x00,               // ja cross
    0x0f, 0xba, 0x24, 0x24, 0x08,                     // bt dword ptr [esp], 8
    0x72, 0x2f,                                       // jc fork
    0x0f, 0xba, 0x24, 0x24, 0x09,                     // bt dword ptr [esp], 9
    0x8b, 0x4b, 0x20,                                 // mov ecx, [ebx+32]
    0x8b, 0x53, 0x28,                                 // mov edx, [ebx+40]
    0x8b, 0x73, 0x30,                                 // mov esi, [ebx+48]
    0x8b, 0x7b, 0x38,                                 // mov edi, [ebx+56]
    0x8b, 0x6b, 0x40,                                 // mov ebp, [ebx+64]
    0x8b, 0x5b, 0x18,                                 // mov ebx, [ebx+24]
    0x8b, 0x44, 0x24, 0x28,                           // mov eax, [esp+40]
    0x72, 0x04,                                       // jc own
    0xcd, 0x80,                                       // int 0x80
    0xeb, 0x61,                                       // jmp returned
    // own:
    0x8b, 0x64, 0x24, 0x60,                           // mov esp, [esp+96]
    0x8b, 0x24, 0x24,                                 // mov esp, [esp]
    0xcd, 0x80,                                       // int 0x80
    0xe9, 0x06, 0x01, 0x00, 0x00,                     // jmp broken
    // fork:
    0x8b, 0x4b, 0x20,                                 // mov ecx, [ebx+32]
    0x8b, 0x53, 0x28,                                 // mov edx, [ebx+40]
    0x8b, 0x73, 0x30,                                 // mov esi, [ebx+48]
    0x8b, 0x7b, 0x38,                                 // mov edi, [ebx+56]
    0x8b, 0x6b, 0x40,                                 // mov ebp, [ebx+64]
    0x8b, 0x5b, 0x18,                                 // mov ebx, [ebx+24]
    0x8b, 0x44, 0x24, 0x28,                           // mov eax, [esp+40]
    0xcd, 0x80,                                       // int 0x80
    0x85, 0xc0,                                       // test eax, eax
    0x75, 0x37,                                       // jnz returned
    0x8b, 0x64, 0x24, 0x18,                           // mov esp, [esp+24]
    0xe9, 0x2e, 0xff, 0xff, 0xff,                     // jmp run
    // vdso:
    0x8b, 0x6c, 0x24, 0x60,                           // mov ebp, [esp+96]
    0x89, 0x65, 0x00,                                 // mov [ebp], esp
    0x8b, 0x45, 0x04,                                 // mov eax, [ebp+4]
    0x8b, 0x00,                                       // mov eax, [eax]
    0x89, 0x45, 0x08,                                 // mov [ebp+8], eax
    0x8b, 0x4b, 0x20,                                 // mov ecx, [ebx+32]
    0x8b, 0x53, 0x28,                                 // mov edx, [ebx+40]
    0x8b, 0x73, 0x30,                                 // mov esi, [ebx+48]
    0x8b, 0x7b, 0x38,                                 // mov edi, [ebx+56]
    0x8b, 0x44, 0x24, 0x28,                           // mov eax, [esp+40]
    0x89, 0xec,                                       // mov esp, ebp
    0x8b, 0x6b, 0x40,                                 // mov ebp, [ebx+64]
    0x8b, 0x5b, 0x18,                                 // mov ebx, [ebx+24]
    0xff, 0x54, 0x24, 0x08,                           // call [esp+8]
    0x8b, 0x24, 0x24,                                 // mov esp, [esp]
    // returned:
    0x8b, 0x5c, 0x24, 0x08,                           // mov ebx, [esp+8]
    0x89, 0x43, 0x48,                                 // mov [ebx+72], eax
    // noted:
    0xc7, 0x43, 0x50, 0x01, 0x00, 0x00, 0x00,         // mov dword ptr [ebx+80], 1
    // next:
    0x83, 0xc4, 0x68,                                 // add esp, 104
    0xe9, 0xea, 0xfe, 0xff, 0xff,                     // jmp run
    // cross:
    0x8b, 0x6c, 0x24, 0x60,                           // mov ebp, [esp+96]
    0x8b, 0x6d, 0x00,                                 // mov ebp, [ebp]
    0x89, 0x65, 0x00,                                 // mov [ebp], esp
    0x89, 0xec,                                       // mov esp, ebp
    0x6a, 0x33,                                       // push 0x33
    0xe8, 0x00, 0x00, 0x00, 0x00,                     // call 9f
    0x81, 0x04, 0x24, 0x08, 0x00, 0x00, 0x00,         // 9: add dword ptr [esp], offset far64-9b
    0xcb,                                             // retf
    // far64:
    0x89, 0xdb,                                       // mov ebx, ebx
    0x89, 0xed,                                       // mov ebp, ebp
    0x44, 0x8b, 0x65, 0x00,                           // mov r12d, [rbp]
    0x48, 0x8b, 0x7b, 0x18,                           // mov rdi, [rbx+24]
    0x48, 0x8b, 0x73, 0x20,                           // mov rsi, [rbx+32]
    0x48, 0x8b, 0x53, 0x28,                           // mov rdx, [rbx+40]
    0x4c, 0x8b, 0x53, 0x30,                           // mov r10, [rbx+48]
    0x4c, 0x8b, 0x43, 0x38,                           // mov r8, [rbx+56]
    0x4c, 0x8b, 0x4b, 0x40,                           // mov r9, [rbx+64]
    0x41, 0x8b, 0x44, 0x24, 0x28,                     // mov eax, [r12+40]
    0x0f, 0x05,                                       // syscall
    0x48, 0x89, 0x43, 0x48,                           // mov [rbx+72], rax
    0x6a, 0x23,                                       // push 0x23
    0x48, 0x8d, 0x05, 0x03, 0x00, 0x00, 0x00,         // lea rax, [rip+far32]
    0x50,                                             // push rax
    0x48, 0xcb,                                       // retfq
    // far32:
    0x8b, 0x65, 0x00,                                 // mov esp, [ebp]
    0xeb, 0x9a,                                       // jmp noted
    // copy:
    0x8b, 0x74, 0x24, 0x30,                           // mov esi, [esp+48]
    0x8b, 0x7c, 0x24, 0x38,                           // mov edi, [esp+56]
    0x8b, 0x4c, 0x24, 0x40,                           // mov ecx, [esp+64]
    0xf3, 0xa4,                                       // rep movsb
    0xeb, 0x91,                                       // jmp next
    // watch:
    0x8b, 0x74, 0x24, 0x30,                           // mov esi, [esp+48]
    0x83, 0xf8, 0x03,                                 // cmp eax, 3
    0x77, 0x0c,                                       // ja spin
    0xf3, 0x90,                                       // 4: pause
    0x83, 0x3e, 0x00,                                 // cmp dword ptr [esi], 0
    0x74, 0xf9,                                       // je 4b
    0xe9, 0x7c, 0xff, 0xff, 0xff,                     // jmp next
    // spin:
    0x83, 0xf8, 0x04,                                 // cmp eax, 4
    0x77, 0x0a,                                       // ja skip
    0xf3, 0x90,                                       // 5: pause
    0x4e,                                             // dec esi
    0x75, 0xfb,                                       // jnz 5b
    0xe9, 0x6d, 0xff, 0xff, 0xff,                     // jmp next
    // skip:
    0x83, 0x3e, 0x00,                                 // cmp dword ptr [esi], 0
    0x0f, 0x89, 0x64, 0xff, 0xff, 0xff,               // jns next
    0x8b, 0x64, 0x24, 0x38,                           // mov esp, [esp+56]
    0xe9, 0x4d, 0xfe, 0xff, 0xff,                     // jmp run
    // broken:
    0x0f, 0x0b,                                       // ud2
];

/// Where the process starts. To be filled in: the cell for the vDSO's address, the steps that argc is an index of, the
/// interpreter.
#[rustfmt::skip]
pub(super) const ENTRY: [u8; 53] = [
    // entry:
    0x8b, 0x04, 0x24,                                 // mov eax, [esp]
    0x8d, 0x54, 0x84, 0x08,                           // lea edx, [esp+eax*4+8]
    0x83, 0xc2, 0x04,                                 // 6: add edx, 4
    0x83, 0x7a, 0xfc, 0x00,                           // cmp dword ptr [edx-4], 0
    0x75, 0xf7,                                       // jne 6b
    0x8b, 0x0a,                                       // 7: mov ecx, [edx]
    0xe3, 0x0b,                                       // jecxz 8f
    0x83, 0xc2, 0x08,                                 // add edx, 8
    0x83, 0xf9, 0x20,                                 // cmp ecx, 32
    0x75, 0xf4,                                       // jne 7b
    0x8b, 0x4a, 0xfc,                                 // mov ecx, [edx-4]
    0x89, 0x0d, 0x33, 0x33, 0x33, 0x33,               // 8: mov ds:[0x33333333], ecx
    0x6b, 0xc0, 0x68,                                 // imul eax, eax, 104
    0x8d, 0xa0, 0x11, 0x11, 0x11, 0x11,               // lea esp, [eax+0x11111111]
    0xb8, 0x22, 0x22, 0x22, 0x22,                     // mov eax, 0x22222222
    0xff, 0xe0,                                       // jmp eax
];

/// Where a signal handler starts. To be filled in: the cell, the first step, the interpreter.
#[rustfmt::skip]
pub(super) const HANDLER: [u8; 21] = [
    // handler:
    0x8d, 0x44, 0x24, 0x04,                           // lea eax, [esp+4]
    0xa3, 0x33, 0x33, 0x33, 0x33,                     // mov ds:[0x33333333], eax
    0xbc, 0x11, 0x11, 0x11, 0x11,                     // mov esp, 0x11111111
    0xb8, 0x22, 0x22, 0x22, 0x22,                     // mov eax, 0x22222222
    0xff, 0xe0,                                       // jmp eax
];
