/* SPDX-License-Identifier: Apache-2.0
 * From SRAM, loads a word from each address of the list at RESULTS, up to a zero. */
#include "common.inc"

    .section .ram.code, "ax"
    .align 2
    function main
    ldr r2, =RESULTS
next_address:
    ldm r2!, {r0}
    cmp r0, #0
    beq done
    .align 2
    function access
    ldr r1, [r0]
    function access_end
    b next_address
done:
    bx lr
    .ltorg
