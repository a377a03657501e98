/* SPDX-License-Identifier: Apache-2.0
 * UART0 at 115200 baud sends back what it receives: by polling, or by interrupt while the core
 * sleeps if `by_interrupt` is not 0. A full stop ends the program. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
    .global by_interrupt, interrupts
by_interrupt:
    .word 0
interrupts:
    .word 0

    .text
    function main
    push {lr}
    ldr r4, =UART0
    movs r0, #67
    str r0, [r4, #0x24]
    movs r0, #52
    str r0, [r4, #0x28]
    movs r0, #0x70                  /* 8 bits, FIFO on */
    str r0, [r4, #0x2c]
    ldr r0, =0x301
    str r0, [r4, #0x30]
    ldr r5, ='.'
    ldr r0, =by_interrupt
    ldr r0, [r0]
    cmp r0, #0
    bne interrupt

poll:
    movs r0, #0x10                  /* RXFE */
1:  ldr r1, [r4, #0x18]
    tst r1, r0
    bne 1b
    function received
    ldr r0, [r4]
    str r0, [r4]
    cmp r0, r5
    bne poll
    pop {pc}

interrupt:
    movs r0, #0x50                  /* the FIFO's level, and its timeout */
    str r0, [r4, #0x38]
    ldr r0, =0xe000e100
    ldr r1, =1 << 20
    str r1, [r0]
    movs r7, #0
2:  wfi
    cmp r7, r5
    bne 2b
    pop {pc}
    .ltorg

    function irq_20
    ldr r0, =interrupts
    ldr r1, [r0]
    adds r1, #1
    str r1, [r0]
    movs r0, #0x10
3:  ldr r1, [r4, #0x18]
    tst r1, r0
    bne 4f
    ldr r7, [r4]
    str r7, [r4]
    b 3b
4:  bx lr
    .ltorg
