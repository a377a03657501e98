/* SPDX-License-Identifier: Apache-2.0
 * Calls code that a test has written to SRAM's start, prints a newline, and again. The code leaves
 * by a branch to `returned`; it may change every register. */
#include "common.inc"

    .global returned

    .text
    function main
    ldr r0, =0x20000001
    bx r0
    .align 2
returned:
    ldr r0, =STACK0
    mov sp, r0
    movs r0, #'\n'
    bl put
    b main
