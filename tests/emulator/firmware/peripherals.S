/* SPDX-License-Identifier: Apache-2.0
 * Runs the register accesses of a list in flash at 0x10010000: words of address and value; bit 0 of
 * the address tells a write, and a read leaves its value at RESULTS, one after the other. An address
 * of zero ends the list. */
#include "common.inc"

    .text
    function main
    push {r4-r7, lr}
    ldr r4, =0x10010000
    ldr r5, =RESULTS
access:
    ldm r4!, {r0, r1}
    cmp r0, #0
    beq done
    lsrs r2, r0, #1
    bcs write
    function reading
    ldr r1, [r0]
    stm r5!, {r1}
    b access
write:
    subs r0, #1
    function writing
    str r1, [r0]
    b access
done:
    pop {r4-r7, pc}
