/* SPDX-License-Identifier: Apache-2.0
 * DMA beside a core, from code in SRAM's last bank. `setup` is a list of register writes as
 * peripherals.S takes them; then the core runs the routine that `beside` names until the interrupt
 * of DMA comes. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global beside
beside:
    .word sleep

    .text
    function main
    push {r4-r7, lr}
    ldr r0, =0xe000e100             /* DMA_IRQ_0 */
    ldr r1, =1 << 11
    str r1, [r0]
    ldr r0, =begin
    blx r0
    pop {r4-r7, pc}
    .ltorg

    .section .scratch_y, "ax"
    function begin
    push {lr}
    ldr r4, =0x10010000
    ldr r5, =RESULTS
    ldr r0, =beside
    ldr r6, [r0]
    movs r7, #0
setup:
    ldm r4!, {r0, r1}
    cmp r0, #0
    beq go
    subs r0, #1
    function set
    str r1, [r0]
    b setup
go:
    blx r6
    ldr r0, =RESULTS
    str r7, [r0]
    pop {pc}

    function sleep
    wfi
    bx lr

    /* Loads from one word of bank 2 of the striped four. */
    function load_bank
    ldr r0, =0x20000008
1:  .rept 8
    ldr r1, [r0]
    .endr
    cmp r7, #0
    beq 1b
    bx lr

    /* Walks through flash, a new cache line each time: misses only. */
    function miss
    ldr r0, =0x10020000
1:  ldr r1, [r0]
    adds r0, #8
    cmp r7, #0
    beq 1b
    bx lr

    /* Missing too, with a pause between. */
    function miss_now_and_then
    ldr r0, =0x10020000
1:  ldr r1, [r0]
    adds r0, #8
    .rept 10
    nop
    .endr
    cmp r7, #0
    beq 1b
    bx lr

    /* The same line again and again: hits only, after the first. */
    function hit
    ldr r0, =0x10020000
1:  ldr r1, [r0]
    cmp r7, #0
    beq 1b
    bx lr

    function irq_11
    ldr r0, =0x5000040c
    ldr r7, [r0]
    str r7, [r0]
    function interrupted
    bx lr
    .ltorg
