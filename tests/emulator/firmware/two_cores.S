/* SPDX-License-Identifier: Apache-2.0
 * Core 1 is launched through the boot ROM. Both then work with code in flash and data in SRAM, count
 * under a spinlock, and core 1 sends its count back. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global counter, private
counter:
    .word 0
private:
    .word 0, 0

    .text
    function main
    push {lr}
    ldr r0, =second
    bl launch_core1
    bl work
    ldr r4, =SIO
wait:
    ldr r0, [r4, #0x50]
    lsrs r0, #1
    bcs answered
    wfe
    b wait
answered:
    ldr r0, [r4, #0x58]
    ldr r1, =RESULTS
    str r0, [r1]
    movs r0, #'!'
    bl put
    movs r0, #'\n'
    bl put
    pop {pc}

    function second
    bl work
    ldr r4, =SIO
    ldr r0, [r4, #0]
    adds r0, #0x40
    str r0, [r4, #0x54]
    sev
sleep:
    wfe
    b sleep

    /* A thousand rounds: a walk over a table in flash that is larger than the cache, then one more
     * on the counter that the spinlock guards and one on the core's own. */
    function work
    push {r4-r7, lr}
    ldr r4, =SIO
    ldr r5, =counter
    ldr r6, =1000
    movs r7, #0
round:
    ldr r0, =table
    adds r0, r0, r7
    adds r7, #124
    lsls r7, #17
    lsrs r7, #17
    ldr r1, [r0]
    ldr r2, [r0, #32]
    ldr r3, [r0, #64]
    muls r1, r2
    adds r1, r3
    ldr r0, =SIO + 0x100
take:
    ldr r1, [r0]
    cmp r1, #0
    beq take
    ldr r1, [r5]
    adds r1, #1
    str r1, [r5]
    str r1, [r0]
    ldr r0, [r4, #0]
    lsls r0, #2
    adds r0, #4
    ldr r1, [r5, r0]
    adds r1, #1
    str r1, [r5, r0]
    subs r6, #1
    bne round
    pop {r4-r7, pc}
    .ltorg

    .section .rodata
    .align 4
table:
    .fill 0x8100, 1, 0x5a
