/* SPDX-License-Identifier: Apache-2.0
 * SVC, PendSV, SysTick, a timer alarm, the FIFO's interrupt, priorities and sleeping. Every handler
 * appends a character to a log at RESULTS. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 2
log_end:
    .word RESULTS

    .macro log character
    ldr r0, =log_end
    ldr r1, [r0]
    movs r2, #\character
    strb r2, [r1]
    adds r1, #1
    str r1, [r0]
    .endm

    .text
    function main
    push {lr}

    /* SVC and its frame: the handler adds the pushed r0 and r1. */
    movs r0, #40
    movs r1, #2
    svc #7
    function after_svc
    ldr r1, =RESULTS + 0x100
    str r0, [r1]

    /* PendSV of lower priority, raised inside SVC, runs after it. */
    ldr r0, =0xe000ed20
    ldr r1, =0x00c00000
    str r1, [r0]
    svc #8
    log '.'

    /* An alarm in 20 us wakes WFI; the handler clears it. */
    ldr r4, =TIMER
    movs r0, #1
    str r0, [r4, #0x38]
    ldr r1, =0xe000e100
    str r0, [r1]
    ldr r0, [r4, #0x28]
    adds r0, #20
    str r0, [r4, #0x10]
    ldr r1, =RESULTS + 0x104
    str r0, [r1]
    wfi
    function after_wfi
    log '.'

    /* A masked interrupt wakes WFI, and is taken when the mask goes. */
    cpsid i
    ldr r0, [r4, #0x28]
    adds r0, #20
    str r0, [r4, #0x10]
    wfi
    log 'm'
    cpsie i
    log '.'

    /* SysTick every 1000 cycles, twice. */
    ldr r0, =0xe000e010
    ldr r1, =999
    str r1, [r0, #4]
    movs r1, #0
    str r1, [r0, #8]
    movs r1, #7
    str r1, [r0]
    wfi
    wfi
    ldr r0, =0xe000e010
    movs r1, #0
    str r1, [r0]
    log '.'

    /* Interrupt 26 by software preempts 25's handler only with a higher priority. */
    ldr r0, =0xe000e400
    ldr r1, =0x0000c000
    str r1, [r0, #24]
    ldr r0, =0xe000e100
    ldr r1, =0x03000000
    str r1, [r0]
    movs r1, #2
    lsls r1, #24
    ldr r0, =0xe000e200
    str r1, [r0]
    log '.'

    /* What a core pushed wakes the other by interrupt; then both sleep for good. */
    ldr r0, =second
    bl launch_core1
    ldr r4, =SIO
    movs r0, #0x76                  /* one interrupt each, though the input stays high */
    movs r1, #0x77
    str r0, [r4, #0x54]
    str r1, [r4, #0x54]
sleep:
    wfe
    b sleep
    .ltorg

    function second
    ldr r0, =SIO + 0x50             /* the boot ROM has read an empty FIFO: ROE is set */
    str r0, [r0]
    ldr r0, =0xe000e280             /* and the interrupt is pending */
    ldr r1, =1 << 16
    str r1, [r0]
    ldr r0, =0xe000e100
    str r1, [r0]
rest:
    wfi
    b rest

    function svcall
    mov r3, sp
    ldr r0, [r3]
    ldr r1, [r3, #4]
    adds r0, r1
    str r0, [r3]
    ldr r0, =0xe000ed04
    ldr r2, [r3, #24]               /* the immediate: 7 or 8 */
    subs r2, #2
    ldrb r2, [r2]
    cmp r2, #8
    bne 1f
    ldr r1, =1 << 28
    str r1, [r0]
1:  log 'S'
    bx lr

    function pendsv
    log 'P'
    bx lr

    function systick
    push {lr}
    log 'T'
    pop {pc}

    function irq_0
    ldr r0, =TIMER
    movs r1, #1
    str r1, [r0, #0x34]
    log 'A'
    bx lr

    function irq_16
    push {lr}
    ldr r0, =SIO
    ldr r1, [r0, #0x58]
    ldr r0, =RESULTS + 0x108
    str r1, [r0]
    log 'F'
    pop {pc}

    function irq_25
    push {lr}
    log '<'
    ldr r0, =0xe000e200
    movs r1, #1
    lsls r1, #24
    str r1, [r0]
    log '>'
    pop {pc}

    function irq_24
    log 'h'
    bx lr
    .ltorg
