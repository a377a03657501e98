/* SPDX-License-Identifier: Apache-2.0
 * Both cores load from SRAM for as long as they run, each with its code in a bank of its own. Core
 * 0 reads `here`; core 1 reads `here` or `elsewhere`, as the test sets `target`. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 4
    .global here, target
here:
    .word 0                            /* bank 0 */
elsewhere:
    .word 0                            /* bank 1 */
target:
    .word here
    .global elsewhere

    .text
    function main
    push {lr}
    ldr r0, =second
    bl launch_core1
    ldr r0, =first
    blx r0
    pop {pc}
    .ltorg

    .macro loads
    .rept 16
    ldr r2, [r1]
    .endr
    .endm

    .section .scratch_x, "ax"
    .align 2
    function second
    ldr r1, =target
    ldr r1, [r1]
second_loop:
    loads
    b second_loop
    .ltorg

    .section .scratch_y, "ax"
    .align 2
    function first
    ldr r1, =here
    movs r0, #100
    function first_loop
    loads
    subs r0, #1
    bne first_loop
    function first_end
    bx lr
    .ltorg
