// The interpreter of probe steps for AArch64. A call changes no register but x0, so the state is
// x19, the address of the current step: it survives clone with a new stack, vfork and signal handlers.
// Step and record layouts: probe/step.rs and ledger.rs. Loaded at any address.

        .text
run:
        ldr     x20, [x19]              // op: what, forks, own stack pointer
        and     w22, w20, #0xff
        cmp     w22, #3
        b.eq    copy
        b.lo    broken                  // 0: ran past the end of its steps; 1, 2: other machines' calls
        cmp     w22, #6
        b.ls    watch                   // 4 to 6
        cmp     w22, #8
        b.hi    broken

        // Write down what is about to be asked for.
        ldr     x21, [x19, #8]          // the record
        str     x20, [x21, #8]
        ldr     x8, [x19, #40]
        str     x8, [x21, #16]          // the number
        ldr     x11, [x19, #32]         // which words are loaded from memory
        add     x12, x19, #48
        add     x13, x21, #24
        mov     w14, #6
load:
        ldr     x15, [x12], #8
        tbz     w11, #0, 1f
        ldr     x15, [x15]              // 64 bits
1:      tbz     w11, #8, 2f
        ldr     w15, [x15]              // 32 bits
2:      str     x15, [x13], #8
        lsr     w11, w11, #1
        subs    w14, w14, #1
        b.ne    load
        ldr     x10, [x19, #16]         // the counter of calls
3:      ldaxr   w11, [x10]
        add     w11, w11, #1
        stlxr   w12, w11, [x10]
        cbnz    w12, 3b
        str     x11, [x21]              // seq: from here on the record counts

        tbz     w20, #9, 4f
        ldr     x10, [x19, #96]         // a stack pointer of its own, for sigreturn
        ldr     x10, [x10]
        mov     sp, x10
4:      ldp     x0, x1, [x21, #24]
        ldp     x2, x3, [x21, #40]
        ldp     x4, x5, [x21, #56]
        cmp     w22, #8
        b.eq    immediate
        svc     #0
        b       made
immediate:
        svc     #0x1234                 // nobody looks at this number
made:
        tbz     w20, #8, returned
        cbnz    x0, returned
        ldr     x19, [x19, #24]         // the child: its own steps
        b       run

returned:
        str     x0, [x21, #72]
        mov     w10, #1
        str     w10, [x21, #80]
next:
        add     x19, x19, #104
        b       run

copy:
        ldp     x10, x11, [x19, #48]
        ldr     x12, [x19, #64]
5:      ldrb    w13, [x10], #1
        strb    w13, [x11], #1
        subs    x12, x12, #1
        b.ne    5b
        b       next

watch:
        ldr     x10, [x19, #48]
        cmp     w22, #5
        b.eq    spin
        b.hi    skip
6:      yield
        ldr     w11, [x10]
        cbz     w11, 6b
        b       next

spin:
        yield
        subs    x10, x10, #1
        b.ne    spin
        b       next

skip:
        ldr     w11, [x10]
        tbz     w11, #31, next
        ldr     x19, [x19, #56]
        b       run

broken:
        udf     #0

// The process starts here: argc tells which of the first steps, and the interpreter goes on.
entry:
        ldr     x10, [sp]
        mov     w11, #104
        ldr     w19, 7f
        madd    x19, x10, x11, x19
        ldr     w10, 8f
        br      x10
7:      .word   0x11111111
8:      .word   0x22222222

// A signal handler starts here: the stack pointer that sigreturn wants is kept in a cell.
handler:
        ldr     w10, 9f
        mov     x11, sp
        str     x11, [x10]
        ldr     w19, 7f
        ldr     w10, 8f
        br      x10
9:      .word   0x33333333
7:      .word   0x11111111
8:      .word   0x22222222
