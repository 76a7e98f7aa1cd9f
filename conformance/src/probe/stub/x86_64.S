# The interpreter of probe steps for x86-64. The only state is r12, the address of the
# current step, so it survives clone with a new stack, vfork and signal handlers.
# Step and record layouts: probe/step.rs and ledger.rs. `as --64`, loaded at any address.

        .intel_syntax noprefix
        .text
run:
        mov     rbp, [r12]              # op: what, forks, own stack pointer
        movzx   eax, bpl
        dec     eax
        js      broken                  # 0: ran past the end of its steps
        cmp     eax, 12
        jae     note                    # 13, 15
        cmp     eax, 2
        je      copy                    # 3
        ja      watch                   # 4 to 6

note:   # Write down what is about to be asked for.
        mov     rbx, [r12+8]            # the record
        mov     [rbx+8], rbp
        mov     rax, [r12+40]
        mov     [rbx+16], rax           # the number
        mov     rsi, [r12+32]           # which words are loaded from memory
        xor     ecx, ecx
load:
        mov     rdx, [r12+rcx*8+48]
        bt      esi, ecx
        jnc     1f
        mov     rdx, [rdx]              # 64 bits
1:      lea     eax, [rcx+8]
        bt      esi, eax
        jnc     2f
        mov     edx, [rdx]              # 32 bits
2:      mov     [rbx+rcx*8+24], rdx
        inc     ecx
        cmp     ecx, 6
        jb      load
        mov     rcx, [r12+16]           # the counter of calls
        mov     eax, 1
        lock xadd [rcx], rax
        inc     rax
        mov     [rbx], rax              # seq: from here on the record counts

        mov     r14, rsp
        bt      ebp, 9
        jnc     3f
        mov     rsp, [r12+96]           # a stack pointer of its own, for sigreturn and far returns
        mov     rsp, [rsp]
3:      mov     r13, rbx
        cmp     bpl, 2
        je      gate
        cmp     bpl, 13
        je      page
        ja      cross

        mov     rdi, [r13+24]
        mov     rsi, [r13+32]
        mov     rdx, [r13+40]
        mov     r10, [r13+48]
        mov     r8, [r13+56]
        mov     r9, [r13+64]
        bt      ebp, 8
        mov     rax, [r12+40]
        jc      fork
        syscall
        jmp     returned
fork:
        syscall
        jmp     forked

page:   # The number is an address in the vsyscall page.
        mov     rdi, [r13+24]
        mov     rsi, [r13+32]
        mov     rdx, [r13+40]
        call    qword ptr [r12+40]
        jmp     returned

gate:
        bt      ebp, 8
        mov     rbx, [r13+24]
        mov     rcx, [r13+32]
        mov     rdx, [r13+40]
        mov     rsi, [r13+48]
        mov     rdi, [r13+56]
        mov     rbp, [r13+64]
        mov     rax, [r12+40]
        jc      gatefork
        int     0x80
        jmp     returned
gatefork:
        int     0x80
forked:
        test    rax, rax
        jnz     returned
        mov     r12, [r12+24]           # the child: its own steps
        jmp     run

returned:
        mov     rbx, [r12+8]
        mov     [rbx+72], rax
        mov     dword ptr [rbx+80], 1
next:
        add     r12, 104
        jmp     run

cross:  # By 32-bit code: a far return leads there, and another one back, to what lies below it on the stack.
        mov     rbx, [r13+24]
        mov     rcx, [r13+32]
        mov     rdx, [r13+40]
        mov     rsi, [r13+48]
        mov     rdi, [r13+56]
        mov     rbp, [r13+64]
        lea     rax, [rip+far64]
        push    rax
        mov     dword ptr [rsp+4], 0x33 # the selector of 64-bit code
        push    0x23                    # and that of 32-bit code
        lea     rax, [rip+far32]
        push    rax
        mov     rax, [r12+40]
        retfq
        .code32
far32:  int     0x80
        retf
        .code64
far64:  mov     rsp, r14
        jmp     returned

copy:
        mov     rsi, [r12+48]
        mov     rdi, [r12+56]
        mov     rcx, [r12+64]
        rep movsb
        jmp     next

watch:
        mov     rsi, [r12+48]
        cmp     eax, 3
        ja      spin                    # 5, 6
4:      pause
        cmp     dword ptr [rsi], 0
        je      4b
        jmp     next

spin:
        cmp     eax, 4
        ja      skip                    # 6
5:      pause
        dec     rsi
        jnz     5b
        jmp     next

skip:
        cmp     dword ptr [rsi], 0
        jns     next
        mov     r12, [r12+56]
        jmp     run

broken:
        ud2

# The process starts here: argc tells which of the first steps, and the interpreter goes on.
entry:
        imul    eax, dword ptr [rsp], 104
        lea     r12, [rax+0x11111111]
        mov     eax, 0x22222222
        jmp     rax

# A signal handler starts here: the stack pointer that sigreturn wants is kept in a cell.
handler:
        lea     rax, [rsp+8]
        mov     ds:[0x33333333], rax
        mov     r12d, 0x11111111
        mov     eax, 0x22222222
        jmp     rax
