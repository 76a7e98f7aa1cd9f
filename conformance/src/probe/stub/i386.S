# The interpreter of probe steps for i386. A call takes every register but esp, so the only
# state is esp: it holds the address of the current step and is never used as a stack. A
# new stack for clone is therefore the address of the step that clones, and signal
# handlers need an alternate stack.
# Step and record layouts: probe/step.rs and ledger.rs. `as --32`, loaded at any address.

        .intel_syntax noprefix
        .text
run:
        mov     eax, [esp]              # op: what, forks, own stack pointer
        movzx   eax, al
        dec     eax
        js      broken                  # 0: ran past the end of its steps
        jz      broken                  # 1: there is no `syscall` instruction here
        cmp     eax, 2
        je      copy                    # 3
        jb      call                    # 2
        cmp     eax, 13
        jb      watch                   # 4 to 6

call:                                   # 2, 14, 16
        # Write down what is about to be asked for. Upper halves of the ledger stay zero.
        mov     ebx, [esp+8]            # the record
        mov     eax, [esp]
        mov     [ebx+8], eax
        mov     eax, [esp+40]
        mov     [ebx+16], eax           # the number
        mov     esi, [esp+32]           # which words are loaded from memory
        xor     ecx, ecx
load:
        mov     edx, [esp+ecx*8+48]
        bt      esi, ecx
        jc      1f
        lea     eax, [ecx+8]
        bt      esi, eax
        jnc     2f
1:      mov     edx, [edx]
2:      mov     [ebx+ecx*8+24], edx
        inc     ecx
        cmp     ecx, 6
        jb      load
        mov     ecx, [esp+16]           # the counter of calls
        mov     eax, 1
        lock xadd [ecx], eax
        inc     eax
        mov     [ebx], eax              # seq: from here on the record counts

        cmp     byte ptr [esp], 14
        je      vdso
        ja      cross
        bt      dword ptr [esp], 8
        jc      fork
        bt      dword ptr [esp], 9
        mov     ecx, [ebx+32]
        mov     edx, [ebx+40]
        mov     esi, [ebx+48]
        mov     edi, [ebx+56]
        mov     ebp, [ebx+64]
        mov     ebx, [ebx+24]
        mov     eax, [esp+40]
        jc      own
        int     0x80
        jmp     returned
own:
        mov     esp, [esp+96]           # a stack pointer of its own: sigreturn only,
        mov     esp, [esp]              # which does not come back here
        int     0x80
        jmp     broken
fork:
        mov     ecx, [ebx+32]
        mov     edx, [ebx+40]
        mov     esi, [ebx+48]
        mov     edi, [ebx+56]
        mov     ebp, [ebx+64]
        mov     ebx, [ebx+24]
        mov     eax, [esp+40]
        int     0x80
        test    eax, eax
        jnz     returned
        mov     esp, [esp+24]           # the child: its own steps
        jmp     run

vdso:
        mov     ebp, [esp+96]           # a stack with three words on it:
        mov     [ebp], esp              # this step,
        mov     eax, [ebp+4]            # the cell with the address of the kernel's code,
        mov     eax, [eax]
        mov     [ebp+8], eax            # and that address
        mov     ecx, [ebx+32]
        mov     edx, [ebx+40]
        mov     esi, [ebx+48]
        mov     edi, [ebx+56]
        mov     eax, [esp+40]
        mov     esp, ebp
        mov     ebp, [ebx+64]
        mov     ebx, [ebx+24]
        call    [esp+8]
        mov     esp, [esp]

returned:
        mov     ebx, [esp+8]
        mov     [ebx+72], eax
noted:  mov     dword ptr [ebx+80], 1
next:
        add     esp, 104
        jmp     run

cross:  # By 64-bit code: a far return leads there, and another one back.
        mov     ebp, [esp+96]
        mov     ebp, [ebp]              # a stack with a word on it:
        mov     [ebp], esp              # this step
        mov     esp, ebp
        push    0x33                    # the selector of 64-bit code
        call    9f
9:      add     dword ptr [esp], offset far64-9b
        retf
        .code64
far64:  mov     ebx, ebx                # upper halves are nobody's in 32-bit code
        mov     ebp, ebp
        mov     r12d, [rbp]
        mov     rdi, [rbx+24]
        mov     rsi, [rbx+32]
        mov     rdx, [rbx+40]
        mov     r10, [rbx+48]
        mov     r8, [rbx+56]
        mov     r9, [rbx+64]
        mov     eax, [r12+40]
        syscall
        mov     [rbx+72], rax
        push    0x23                    # the selector of 32-bit code
        lea     rax, [rip+far32]
        push    rax
        retfq
        .code32
far32:  mov     esp, [ebp]
        jmp     noted

copy:
        mov     esi, [esp+48]
        mov     edi, [esp+56]
        mov     ecx, [esp+64]
        rep movsb
        jmp     next

watch:
        mov     esi, [esp+48]
        cmp     eax, 3
        ja      spin                    # 5, 6
4:      pause
        cmp     dword ptr [esi], 0
        je      4b
        jmp     next

spin:
        cmp     eax, 4
        ja      skip                    # 6
5:      pause
        dec     esi
        jnz     5b
        jmp     next

skip:
        cmp     dword ptr [esi], 0
        jns     next
        mov     esp, [esp+56]
        jmp     run

broken:
        ud2

# The process starts here: where the vDSO makes calls (AT_SYSINFO, or 0) is kept in a cell, argc tells which of the
# first steps, and the interpreter goes on.
entry:
        mov     eax, [esp]
        lea     edx, [esp+eax*4+8]      # the environment
6:      add     edx, 4
        cmp     dword ptr [edx-4], 0
        jne     6b
7:      mov     ecx, [edx]              # the auxiliary vector: pairs, of which the last begins with 0
        jecxz   8f
        add     edx, 8
        cmp     ecx, 32
        jne     7b
        mov     ecx, [edx-4]
8:      mov     ds:[0x33333333], ecx
        imul    eax, eax, 104
        lea     esp, [eax+0x11111111]
        mov     eax, 0x22222222
        jmp     eax

# A signal handler starts here: the stack pointer that sigreturn wants is kept in a cell.
handler:
        lea     eax, [esp+4]
        mov     ds:[0x33333333], eax
        mov     esp, 0x11111111
        mov     eax, 0x22222222
        jmp     eax
