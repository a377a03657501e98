/* SPDX-License-Identifier: Apache-2.0
 * Core 1 waits in a call; core 0 calls the function whose number is at RESULTS: ways to get to a
 * fault, with call frame information and without, and one never to get anywhere. */
#include "common.inc"
    .cfi_sections .debug_frame

    .macro framed name
    function \name
    .cfi_startproc
    push {r4, lr}
    .cfi_def_cfa_offset 8
    .cfi_offset 4, -8
    .cfi_offset 14, -4
    .endm
    .macro end_framed name
    .cfi_endproc
    .size \name, . - \name
    .endm

    .text
    framed main
    ldr r0, =second
    bl launch_core1
    ldr r0, =RESULTS
    ldr r0, [r0]
    lsls r0, #2
    ldr r1, =table
    ldr r1, [r1, r0]
    movs r4, #40
    blx r1
after_way:
    pop {r4, pc}
    end_framed main
    .align 2
table:
    .word exact, bare, deep, trap, spin

    function crash
    .cfi_startproc
    ldr r1, =0x60000004
fault_here:
    ldr r0, [r1]
    bx lr
    end_framed crash

    /* A return address into `bare` lies in its locals. */
    framed exact
    sub sp, #16
    .cfi_def_cfa_offset 24
    ldr r2, =after_bare + 1
    str r2, [sp, #8]
    bl crash
after_exact:
    add sp, #16
    pop {r4, pc}
    end_framed exact

    /* No call frame information, and a return address into `exact` in the locals. */
    function bare
    push {r4, lr}
    sub sp, #16
    ldr r2, =after_exact + 1
    str r2, [sp, #8]
    bl bare_middle
after_bare:
    add sp, #16
    pop {r4, pc}
    .size bare, . - bare
    function bare_middle
    push {r4-r6, lr}
    bl bare_crash
after_middle:
    pop {r4-r6, pc}
    .size bare_middle, . - bare_middle
    function bare_crash
    ldr r1, =0x60000004
    ldr r0, [r1]
    bx lr
    .size bare_crash, . - bare_crash

    /* Calls itself as often as r4 says. */
    framed deep
    subs r4, #1
    bne deeper
    bl crash
deeper:
    bl deep
after_deep:
    pop {r4, pc}
    end_framed deep

    framed trap
    svc #0
after_svc:
    pop {r4, pc}
    end_framed trap
    framed svcall
    bl crash
after_svcall:
    pop {r4, pc}
    end_framed svcall

    framed spin
    b .
    end_framed spin

    framed second
    bl wait
after_wait:
    pop {r4, pc}
    end_framed second
    framed wait
again:
    wfe
    b again
    end_framed wait
    .ltorg
