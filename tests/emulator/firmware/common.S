/* SPDX-License-Identifier: Apache-2.0
 * Linked to every program: vector table, start, printing, and core 1's launch. A program defines
 * `main`; when that returns, the machine sees the C library's _exit. */
#include "common.inc"

    .macro vector name
    .weak \name
    .thumb_set \name, unexpected
    .word \name
    .endm

    .section .vectors, "ax"
vectors:
    .word STACK0
    .word start
    vector nmi
    vector hard_fault
    .fill 7, 4, 0
    vector svcall
    .fill 2, 4, 0
    vector pendsv
    vector systick
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25
    vector irq_\n
    .endr

    .text
    function start
    bl main
    function exit
    bkpt #0
    b exit

    function unexpected
    bkpt #1
    b unexpected

    /* r0: a character */
    function put
    ldr r1, =UART0
    str r0, [r1]
    bx lr

    /* Starts core 1 at r0 as the datasheet's 2.8.2 says. */
    function launch_core1
    push {r4-r7, lr}
    ldr r4, =SIO
    ldr r5, =launch_sequence
    str r0, [r5, #20]
restart:
    movs r6, #0
next:
    ldr r0, [r5, r6]
    cmp r0, #0
    bne send
drain:
    ldr r1, [r4, #0x50]
    lsrs r1, #1
    bcc drained
    ldr r1, [r4, #0x58]
    b drain
drained:
    sev
send:
    ldr r1, [r4, #0x50]
    movs r2, #2
    tst r1, r2
    beq send
    str r0, [r4, #0x54]
    sev
receive:
    ldr r1, [r4, #0x50]
    lsrs r1, #1
    bcs received
    wfe
    b receive
received:
    ldr r1, [r4, #0x58]
    cmp r0, r1
    bne restart
    adds r6, #4
    cmp r6, #24
    bne next
    pop {r4-r7, pc}
    .ltorg

    .section .ram.launch, "aw"
    .align 2
launch_sequence:
    .word 0, 0, 1, vectors, STACK1, 0
    .text
