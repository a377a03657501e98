/* SPDX-License-Identifier: Apache-2.0
 * Functions of known cost, in SRAM, for the profiler and the debugger: main marks a region around
 * three calls of `outer`, each of which calls `inner` and ends in a tail call of `tail`. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global value
value:
    .word 0

    .section .rodata
name:
    .asciz "three calls"

    .text
    function main
    push {lr}
    ldr r0, =name
    ldr r3, =syncer_region_begin
    blx r3
    ldr r3, =work
    blx r3
    ldr r3, =syncer_region_end
    blx r3
    pop {pc}
    .ltorg

    .section .scratch_x, "ax"
    function syncer_region_begin
    bx lr
    function syncer_region_end
    bx lr

    function work
    push {r4, lr}
    movs r4, #3
1:  bl outer
    subs r4, #1
    bne 1b
    pop {r4, pc}

    function outer
    push {lr}
    bl inner
    pop {r0}
    mov lr, r0
    b tail

    function inner                  /* 100 rounds of 4 cycles, then 5 */
    movs r1, #100
2:  nop
    subs r1, #1
    bne 2b
    bx lr

    function tail
    ldr r0, =value
    ldr r1, [r0]
    adds r1, #1
    str r1, [r0]
    bx lr
    .ltorg
