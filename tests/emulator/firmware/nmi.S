/* SPDX-License-Identifier: Apache-2.0
 * NMI by software, by a timer's interrupt input, and within HardFault's handler. The NMI's handler
 * prints IPSR, and clears the timer's interrupt. */
#include "common.inc"

    .equ ICSR, 0xe000ed04
    .equ NMI_MASK, 0x40004000

    .macro print character
    movs r0, #\character
    bl put
    .endm

    .text
    function main
    push {r4, lr}
    cpsid i
    print 'N'
    ldr r0, =ICSR
    ldr r1, =1 << 31
    str r1, [r0]

    print 'T'
    ldr r0, =NMI_MASK
    movs r1, #1                     /* timer alarm 0 */
    str r1, [r0]
    ldr r4, =TIMER
    str r1, [r4, #0x38]
    str r1, [r4, #0x3c]             /* forced */
    ldr r0, =NMI_MASK
    movs r1, #0
    str r1, [r0]

    print '-'
    movs r1, #1
    str r1, [r4, #0x3c]
    movs r1, #0
    str r1, [r4, #0x3c]

    udf #1
    print '\n'
    pop {r4, pc}

    function nmi
    push {lr}
    mrs r0, ipsr
    adds r0, #'0'
    bl put
    ldr r0, =TIMER
    movs r1, #0
    str r1, [r0, #0x3c]
    pop {pc}

    function hard_fault
    push {lr}
    print 'H'
    ldr r0, =ICSR
    ldr r1, =1 << 31
    str r1, [r0]
    print 'h'
    ldr r0, [sp, #4 + 24]
    adds r0, #2
    str r0, [sp, #4 + 24]
    pop {pc}
    .ltorg
