/* SPDX-License-Identifier: Apache-2.0
 * Both cores load from SRAM, each with its code in a bank of its own, core 1 only if `routine` names
 * something for it to do. Before, core 0 makes the register writes of a list at 0x10010000, as
 * peripherals.S takes them; it loads 16 times `rounds`, from `target`, and leaves BUSCTRL's four
 * counters at RESULTS. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 4
    .global here, elsewhere, target, rounds, routine
here:
    .word 0                         /* bank 0 */
elsewhere:
    .word 0                         /* bank 1 */
target:
    .word here
rounds:
    .word 100
routine:
    .word 0

    .text
    function main
    push {r4-r7, lr}
    ldr r0, =routine
    ldr r0, [r0]
    cmp r0, #0
    beq 1f
    bl launch_core1
1:  ldr r4, =0x10010000
setup:
    ldm r4!, {r0, r1}
    cmp r0, #0
    beq go
    subs r0, #1
    str r1, [r0]
    b setup
go:
    ldr r1, =target
    ldr r1, [r1]
    ldr r2, =rounds
    ldr r0, [r2]
    ldr r4, =0x40030008
    ldr r7, =RESULTS
    ldr r2, =loop
    blx r2
    pop {r4-r7, pc}
    .ltorg

    .macro loads register
    .rept 16
    ldr r2, [\register]
    .endr
    .endm

    .section .scratch_y, "ax"
    .align 2
    function loop
    loads r1
    subs r0, #1
    bne loop
    function loop_end
    ldr r0, [r4]
    ldr r1, [r4, #8]
    ldr r2, [r4, #16]
    ldr r3, [r4, #24]
    stm r7!, {r0-r3}
    bx lr
    nop

    .section .scratch_x, "ax"
    .align 2
    function load_here
    ldr r1, =here
1:  loads r1
    b 1b
    function load_elsewhere
    ldr r1, =elsewhere
1:  loads r1
    b 1b
    function svcall
    bx lr
    nop
    function read_registers         /* of APB, and FASTPERI */
    ldr r1, =0x40030000
    ldr r3, =0x50000448
1:  ldr r2, [r1]
    ldr r2, [r3]
    b 1b
    .ltorg

    /* From flash, in a few lines of the cache. */
    .section .page, "ax"
    .align 4
    function flash_loop
    .rept 16
    nop
    .endr
    subs r0, #1
    bne flash_loop
    function flash_loop_end
    bx lr
    .align 4
    function flash_forever
    .rept 16
    nop
    .endr
    b flash_forever
