@ The interpreter of probe steps for ARM (EABI). A call changes no register but r0, so the state is r8,
@ the address of the current step: it survives clone with a new stack, vfork and signal handlers.
@ Calls in Thumb state are made from a few instructions of that state, behind the interpreter.
@ Step and record layouts: probe/step.rs and ledger.rs. `as -march=armv7-a`, loaded at any address.

        .text
        .syntax unified
        .arm
run:
        ldr     r10, [r8]               @ op: what, forks, own stack pointer
        and     r11, r10, #0xff
        cmp     r11, #3
        beq     copy
        blo     broken                  @ 0: ran past the end of its steps; 1, 2: other machines' calls
        cmp     r11, #6
        bls     watch                   @ 4 to 6
        cmp     r11, #9
        blo     broken
        cmp     r11, #12
        bhi     broken

        @ Write down what is about to be asked for. Upper halves of the ledger stay zero.
        ldr     r9, [r8, #8]            @ the record
        str     r10, [r9, #8]
        ldr     r7, [r8, #40]
        str     r7, [r9, #16]           @ the number
        ldr     r4, [r8, #32]           @ which words are loaded from memory
        orr     r4, r4, r4, lsr #8
        add     r1, r8, #48
        add     r2, r9, #24
        mov     r3, #6
load:
        ldr     r5, [r1], #8
        tst     r4, #1
        ldrne   r5, [r5]
        str     r5, [r2], #8
        lsr     r4, r4, #1
        subs    r3, r3, #1
        bne     load
        ldr     r1, [r8, #16]           @ the counter of calls
1:      ldrex   r2, [r1]
        add     r2, r2, #1
        strex   r3, r2, [r1]
        cmp     r3, #0
        bne     1b
        dmb     ish
        str     r2, [r9]                @ seq: from here on the record counts

        tst     r10, #0x200
        ldrne   r1, [r8, #96]           @ a stack pointer of its own, for sigreturn
        ldrne   sp, [r1]
        ldr     r0, [r9, #24]
        ldr     r1, [r9, #32]
        ldr     r2, [r9, #40]
        ldr     r3, [r9, #48]
        ldr     r4, [r9, #56]
        ldr     r5, [r9, #64]
        cmp     r11, #10
        beq     immediate
        cmp     r11, #11
        beq     state
        bhi     both
        svc     #0
        b       made
immediate:
        svc     #0x900014               @ the old ABI's getpid: nobody looks at this number
        b       made
state:
        blx     thumb
        b       made
both:
        blx     thumb_immediate
made:
        tst     r10, #0x100
        beq     returned
        cmp     r0, #0
        bne     returned
        ldr     r8, [r8, #24]           @ the child: its own steps
        b       run

returned:
        str     r0, [r9, #72]
        mov     r1, #1
        str     r1, [r9, #80]
next:
        add     r8, r8, #104
        b       run

copy:
        ldr     r1, [r8, #48]
        ldr     r2, [r8, #56]
        ldr     r3, [r8, #64]
2:      ldrb    r4, [r1], #1
        strb    r4, [r2], #1
        subs    r3, r3, #1
        bne     2b
        b       next

watch:
        ldr     r1, [r8, #48]
        cmp     r11, #5
        beq     spin
        bhi     skip
3:      yield
        ldr     r2, [r1]
        cmp     r2, #0
        beq     3b
        b       next

spin:
        yield
        subs    r1, r1, #1
        bne     spin
        b       next

skip:
        ldr     r2, [r1]
        cmp     r2, #0
        bpl     next
        ldr     r8, [r8, #56]
        b       run

broken:
        udf     #0

        .thumb
        .thumb_func
thumb:
        svc     #0
        bx      lr
        .thumb_func
thumb_immediate:
        svc     #0x5a
        bx      lr
        .arm

@ The process starts here: argc tells which of the first steps, and the interpreter goes on.
entry:
        ldr     r1, [sp]
        mov     r2, #104
        ldr     r8, 4f
        mla     r8, r1, r2, r8
        ldr     pc, 5f
4:      .word   0x11111111
5:      .word   0x22222222

@ A signal handler starts here: the stack pointer that sigreturn wants is kept in a cell.
handler:
        ldr     r1, 6f
        str     sp, [r1]
        ldr     r8, 4f
        ldr     pc, 5f
6:      .word   0x33333333
4:      .word   0x11111111
5:      .word   0x22222222
