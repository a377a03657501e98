/* SPDX-License-Identifier: Apache-2.0
 * Stretches of code with known cycle counts. The tests mark the labels. All but the flash part runs
 * from SRAM, where one core alone never waits. */
#include "common.inc"

    .section .ram.code, "ax"
    .align 3
    function main
    push {lr}
    ldr r4, =data
    ldr r5, =SIO
    movs r0, #100
    .align 2

    function loop
    muls r1, r2
    subs r0, #1
    bne loop
    function loop_end
    nop

    .align 2
    function simple
    adds r1, #1
    mov r8, r1
    uxth r2, r1
    rev r3, r2
    function simple_end
    nop

    .align 2
    function load
    ldr r1, [r4]
    function load_end
    ldrb r1, [r4, #1]
    function store
    str r1, [r4, #4]
    function store_end
    nop

    .align 2
    function taken
    b taken_end
    nop
    nop
    nop
    function taken_end
    nop

    .align 2
    function not_taken
    cmp r0, r0
    bne exit_near
    function not_taken_end
    nop

    .align 2
    function call
    bl callee
    function return
    nop

    .align 2
    function ldm
    ldm r4!, {r0-r3}
    function ldm_end
    subs r4, #16
    .align 2
    function stm
    stm r4!, {r0-r2}
    function stm_end
    subs r4, #12

    .align 2
    function push
    push {r0-r3, lr}
    function push_end
    .align 2
    ldr r0, =popped
    str r0, [sp, #16]
    function pop_pc
    pop {r0-r3, pc}
    .align 2
    function popped
    nop

    .align 2
    function sio
    ldr r0, [r5]
    function sio_end
    nop

    .align 2
    function barrier
    dmb
    function special
    mrs r0, primask
    function special_end
    nop

    ldr r0, =flash_code
    blx r0
exit_near:
    pop {pc}

    function callee
    bx lr
    .ltorg

    .align 4
data:
    .word 1, 2, 3, 4

    /* Two lines of flash, entered at the start of the first one; each holds four instructions. */
    .section .page, "ax"
    function flash_code
    nop
    nop
    nop
    nop
    function flash_second_line
    nop
    nop
    nop
    bx lr
