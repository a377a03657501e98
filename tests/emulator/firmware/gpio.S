/* SPDX-License-Identifier: Apache-2.0
 * Core 0 waits for interrupts of pins, core 1 too if `both` is set. A list at 0x10010000, as
 * peripherals.S takes it, sets them up. For each register of INTS that is not 0 the handler clears the
 * edges, masks the levels, and appends two words to a log at RESULTS: the register, and the core in
 * the top byte, the register's number in the next. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global both
both:
    .word 0
log_end:
    .word RESULTS

    .text
    function main
    push {lr}
    ldr r0, =both
    ldr r0, [r0]
    cmp r0, #0
    beq 1f
    ldr r0, =second
    bl launch_core1
1:  ldr r4, =0x10010000
setup:
    ldm r4!, {r0, r1}
    cmp r0, #0
    beq second
    subs r0, #1
    str r1, [r0]
    b setup

    function second
    ldr r0, =0xe000e100
    ldr r1, =1 << 13
    str r1, [r0]
    function rest
    wfi
    b rest
    .ltorg

    function irq_13
    push {r4-r7, lr}
    ldr r0, =SIO
    ldr r7, [r0]                    /* the core */
    movs r1, #0x30
    muls r1, r7
    ldr r4, =0x40014100
    adds r4, r1                     /* its INTE, INTF and INTS */
    ldr r5, =0x400140f0             /* INTR */
    movs r6, #0
1:  ldr r0, [r4, #0x20]
    cmp r0, #0
    beq 2f
    str r0, [r5]
    ldr r1, =0x33333333
    ands r1, r0
    ldr r2, [r4]
    bics r2, r1
    str r2, [r4]
    lsls r1, r7, #24
    lsls r2, r6, #16
    orrs r1, r2
    ldr r2, =log_end
    ldr r3, [r2]
    stm r3!, {r0, r1}
    str r3, [r2]
2:  adds r4, #4
    adds r5, #4
    adds r6, #1
    cmp r6, #4
    bne 1b
    pop {r4-r7, pc}
    .ltorg
