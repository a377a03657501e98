/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Depthwise convolution of a plane by any filter on a Cortex-M0+, a column of both halves at a time.
 * depthwise_plane.h says what the function does.
 */

#if defined(__ARM_ARCH_6M__)

#include "depthwise_plane.h"
#include "thumb.h"

/* ---- void depthwise_run_taps(depthwise_taps *taps)
 *
 * r0 x, r1 taps, r2-r5 scratch, r6, r7 accumulators of the upper and the lower half; r8 the first
 * pair of taps, r9 behind the last, r10 output, r11 columns left, r12 start, lr the structure.
 * A pair takes 19 cycles for its four products. */

    function depthwise_run_taps
    enter
    mov lr, r0
    ldm r0!, {r1-r3}
    mov r8, r1
    mov r9, r2
    mov r12, r3
    mov r3, lr
    ldr r0, [r3, #TAPS_OUTPUT]
    mov r10, r0
    ldr r0, [r3, #TAPS_X]
taps_row:
    ldr r1, [r3, #TAPS_COLUMNS]
    mov r11, r1
taps_step:
    mov r1, r8
    mov r6, r12
    mov r7, r12
1:  ldm r1!, {r2-r5}
    ldr r2, [r0, r2]
    ldr r3, [r0, r3]
    muls r2, r4
    muls r3, r5
    adds r2, r2, r3
    sxth r3, r2
    adds r6, r6, r3
    asrs r2, r2, #16
    adcs r7, r2
    cmp r1, r9
    bne 1b
    mov r1, lr
    adds r1, #TAPS_FAST
    ldr r5, [r1, #TAPS_TAIL - TAPS_FAST]
    ldm r1!, {r2-r4}
    bx r5
taps_store:
    mov r1, r10
    mov r3, lr
    ldr r2, [r3, #TAPS_LOWER]
    strb r7, [r1, r2]
    strb r6, [r1]
    ldr r2, [r3, #TAPS_COLUMN]
    add r10, r2
    ldr r2, [r3, #TAPS_X_STEP]
    adds r0, r0, r2
    mov r2, r11
    subs r2, #1
    mov r11, r2
    bne taps_step
    ldr r2, [r3, #TAPS_ROWS]
    subs r2, #1
    beq taps_done
    str r2, [r3, #TAPS_ROWS]
    cmp r2, #1
    bne 1f
    ldr r1, [r3, #TAPS_LAST_LOWER]
    str r1, [r3, #TAPS_LOWER]
1:  ldr r1, [r3, #TAPS_X_ROW]
    adds r0, r0, r1
    ldr r1, [r3, #TAPS_OUTPUT_ROW]
    add r10, r1
    b taps_row
taps_done:
    leave

    /* Tails: r2 bound, r3 high, r4 low, r1 the constant's address. */
    .macro taps_short accumulator
    cmp \accumulator, r2
    bhs 1f
    movs r1, \accumulator
    muls r1, r3
    muls \accumulator, r4
    lsrs \accumulator, \accumulator, #15
    adds \accumulator, \accumulator, r1
    adds \accumulator, \accumulator, r5
    lsrs \accumulator, \accumulator, #24
    b 2f
1:  taps_saturate \accumulator
2:
    .endm

    .macro taps_saturate accumulator
    asrs \accumulator, \accumulator, #31
    mov r1, lr
    ldr r1, [r1, #TAPS_CLAMP]
    ands \accumulator, r1
    mov r1, lr
    ldr r1, [r1, #TAPS_MAXIMUM]
    eors \accumulator, r1
    .endm

    .global depthwise_taps_short
    .type depthwise_taps_short, %function
    .thumb_func
depthwise_taps_short:
    ldr r5, [r1]
    taps_short r6
    taps_short r7
    b taps_store

    /* The same in two or three signed pieces; what is not in a register is in the structure. */
    .macro taps_signed accumulator, pieces
    cmp \accumulator, r2
    bhs 1f
    mov r1, lr
    ldr r5, [r1, #TAPS_FAST + FAST_BASE]
    adds \accumulator, \accumulator, r5
    .if \pieces == 2
    movs r5, \accumulator
    muls r5, r4
    asrs r5, r5, #15
    .else
    adds r1, #TAPS_FAST
    ldr r5, [r1, #FAST_THIRD]
    muls r5, \accumulator
    asrs r5, r5, #11
    movs r1, \accumulator
    muls r1, r4
    adds r5, r5, r1
    asrs r5, r5, #11
    .endif
    asrs r1, \accumulator, #31
    muls \accumulator, r3
    adds \accumulator, \accumulator, r5
    mov r5, lr
    ldr r5, [r5, #TAPS_FAST + FAST_NEGATIVE]
    ands r1, r5
    subs \accumulator, \accumulator, r1
    mov r5, lr
    ldr r5, [r5, #TAPS_FAST + FAST_CONSTANT]
    adds \accumulator, \accumulator, r5
    .if \pieces == 2
    lsrs \accumulator, \accumulator, #24
    .else
    lsrs \accumulator, \accumulator, #21
    .endif
    b 2f
1:  taps_saturate \accumulator
2:
    .endm

    .global depthwise_taps_signed_short
    .type depthwise_taps_signed_short, %function
    .thumb_func
depthwise_taps_signed_short:
    taps_signed r6, 2
    taps_signed r7, 2
    b taps_store

    .global depthwise_taps_signed_long
    .type depthwise_taps_signed_long, %function
    .thumb_func
depthwise_taps_signed_long:
    taps_signed r6, 3
    taps_signed r7, 3
    b taps_store

    .macro taps_long accumulator
    cmp \accumulator, r2
    bhs 1f
    mov r1, lr
    ldr r1, [r1, #TAPS_FAST + FAST_THIRD]
    muls r1, \accumulator
    lsrs r1, r1, #11
    movs r5, \accumulator
    muls r5, r4
    adds r1, r1, r5
    lsrs r1, r1, #11
    muls \accumulator, r3
    adds \accumulator, \accumulator, r1
    mov r1, lr
    ldr r1, [r1, #TAPS_FAST + FAST_CONSTANT]
    adds \accumulator, \accumulator, r1
    lsrs \accumulator, \accumulator, #21
    b 2f
1:  taps_saturate \accumulator
2:
    .endm

    .global depthwise_taps_long
    .type depthwise_taps_long, %function
    .thumb_func
depthwise_taps_long:
    taps_long r6
    taps_long r7
    b taps_store

    .global depthwise_taps_any
    .type depthwise_taps_any, %function
    .thumb_func
depthwise_taps_any:
    mov r1, lr
    mov r2, r12
    push {r0-r2, r6, r7}
    sub sp, #4
    ldr r2, [r1, #TAPS_QUANTISATION]
    movs r1, #2
    add r0, sp, #16
    bl depthwise_requantize
    add sp, #4
    pop {r0-r2, r6, r7}
    mov r12, r2
    mov lr, r1
    b taps_store
    .size depthwise_run_taps, . - depthwise_run_taps

/* ---- By requantize_kind. */
    .section .time_critical.depthwise_taps_tails, "ax", %progbits
    .balign 4
    .global depthwise_taps_tails
    .type depthwise_taps_tails, %object
depthwise_taps_tails:
    .word depthwise_taps_any
    .word depthwise_taps_short
    .word depthwise_taps_long
    .word depthwise_taps_signed_short
    .word depthwise_taps_signed_long
    .size depthwise_taps_tails, . - depthwise_taps_tails

#endif
