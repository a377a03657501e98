/* SPDX-License-Identifier: Apache-2.0
 * Prints "tick" for ever, on UART0. */
#include "common.inc"
    .text
    function main
    movs r4, #100
1:  subs r4, #1
    bne 1b
    ldr r5, =text
    movs r4, #6
2:  ldrb r0, [r5]
    bl put
    adds r5, #1
    subs r4, #1
    bne 2b
    function round_done
    b main
    .ltorg
    .section .rodata
text:
    .ascii "tick\r\n"
