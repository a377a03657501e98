/* SPDX-License-Identifier: Apache-2.0
 * Both cores load and store in the same banks while DMA copies there every seven cycles and core 0's
 * SysTick comes every 98: something is due at nearly every cycle that a core may stand at. */
#include "common.inc"

    .section .ram.data, "aw"
    .align 4
source:
    .space 2048
target:
    .space 2048

    .text
    function main
    push {r4-r7, lr}
    ldr r0, =second
    bl launch_core1
    ldr r0, =0xe000e010
    movs r1, #97
    str r1, [r0, #4]
    str r1, [r0, #8]
    movs r1, #7
    str r1, [r0]
    ldr r4, =0x50000000
    ldr r0, =0x420
    adds r0, r4
    ldr r1, =1 << 16 | 7            /* TIMER0 */
    str r1, [r0]
    ldr r0, =source
    ldr r1, =target
    ldr r2, =500
    ldr r3, =0x3b << 15 | 3 << 4 | 2 << 2 | 1
    stm r4!, {r0-r3}
    subs r4, #4
    ldr r5, =1 << 24
    ldr r0, =first
    blx r0
    pop {r4-r7, pc}
    .ltorg

    .section .scratch_y, "ax"
    function first
    push {lr}
    movs r7, #0
1:  ldr r0, =source
    ldm r0!, {r1-r3}
    stm r0!, {r1-r3}
    adds r7, #1
    nop
    ldr r0, [r4]
    tst r0, r5
    bne 1b
    ldr r0, =RESULTS
    str r7, [r0]
    pop {pc}
    function systick
    ldr r0, =RESULTS + 4
    ldr r1, [r0]
    adds r1, #1
    str r1, [r0]
    bx lr
    .ltorg

    .section .scratch_x, "ax"
    function second
    ldr r0, =target
1:  ldr r1, [r0]
    str r1, [r0, #4]
    nop
    ldr r1, [r0, #8]
    b 1b
    .ltorg
