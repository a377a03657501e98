/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Depthwise convolution of a plane by a 3x3 filter on a Cortex-M0+, two columns of both halves at a
 * time. depthwise_plane.h says what the functions do.
 */

#if defined(__ARM_ARCH_6M__)

#include "depthwise_plane.h"
#include "thumb.h"

/* ---- bool depthwise_3x3_stride_1(const depthwise_strip *strip), and _2
 *
 * A step: r0 x, r1-r7 scratch; accumulators r8, r9 of the first column, upper and lower half,
 * r10, r11 of the second; r12 from the first row of taps to the second, lr to the third.
 *
 * The frame, from SP. From FAST to ODD it is the strip from STRIP_FAST on. */
#define WEIGHTS 0 /* 9 words, heavy rows first */
#define START 36  /* of every accumulator */
#define FAST 40
#define TAIL 68
#define OUTPUT 72
#define LOWER 76
#define COLUMN 80
#define ADVANCE 84
#define ROWS 88
#define X_END 92
#define X_ROW 96
#define X_END_ROW 100
#define OUTPUT_ROW 104
#define LAST_LOWER 108
#define CLAMP 112
#define MAXIMUM 116
#define ODD 120
#define REWIND 124
#define VARIANT 128
#define SAVED_COLUMN 132
#define STRIP 136
#define ACCUMULATORS 140 /* 4 words, for C; then what C does not keep */
#define X 156
#define SAVED_R12 160
#define SAVED_LR 164
#define FRAME 172 /* with what `enter` pushes a multiple of 8 */

    /* Adds the two sums in a word to their accumulators: 5 cycles. ASRS leaves the lower sum's
     * sign in the carry flag, which is what the upper one lacks. r7 is 0, r2 scratch. */
    .macro extract sums, upper, lower
    sxth r2, \sums
    add \upper, r2
    asrs \sums, \sums, #16
    adcs \sums, r7
    add \lower, \sums
    .endm

    /* A row of taps at stride 1: 31 cycles; 41 if it is heavy, taken apart after two products. */
    .macro taps_1 weights, heavy
    ldm r0!, {r1-r4}
    ldr r5, [sp, #\weights]
    muls r1, r5
    muls r5, r2
    ldr r6, [sp, #\weights + 4]
    muls r2, r6
    muls r6, r3
    adds r1, r1, r2
    adds r5, r5, r6
    ldr r6, [sp, #\weights + 8]
    muls r3, r6
    muls r4, r6
    .if \heavy
    extract r1, r8, r9
    extract r5, r10, r11
    extract r3, r8, r9
    extract r4, r10, r11
    .else
    adds r1, r1, r3
    adds r5, r5, r4
    extract r1, r8, r9
    extract r5, r10, r11
    .endif
    .endm

    /* At stride 2: 33 or 43. */
    .macro taps_2 weights, heavy
    ldm r0!, {r1-r5}
    ldr r6, [sp, #\weights]
    muls r1, r6
    muls r6, r3
    ldr r7, [sp, #\weights + 4]
    muls r2, r7
    muls r7, r4
    adds r1, r1, r2
    adds r6, r6, r7
    ldr r4, [sp, #\weights + 8]
    muls r3, r4
    muls r5, r4
    movs r7, #0
    .if \heavy
    extract r1, r8, r9
    extract r6, r10, r11
    extract r3, r8, r9
    extract r5, r10, r11
    .else
    adds r1, r1, r3
    adds r6, r6, r5
    extract r1, r8, r9
    extract r6, r10, r11
    .endif
    .endm

    .macro step stride, heavy
    ldr r1, [sp, #START]
    mov r8, r1
    mov r9, r1
    mov r10, r1
    mov r11, r1
    movs r7, #0
    taps_\stride WEIGHTS, (\heavy > 0)
    add r0, r12
    taps_\stride WEIGHTS + 12, (\heavy > 1)
    add r0, lr
    taps_\stride WEIGHTS + 24, (\heavy > 2)
    ldr r1, [sp, #REWIND]
    add r0, r1
    ldr r1, [sp, #TAIL]
    bx r1
    .endm

    /* Three weights of a row. r1 weight, r2 step in and out, r3 scratch; r0 room for heavy rows,
     * r7 for light ones, from behind; r8 sum, r9 step, r11 scratch, r12 which rows are heavy. */
    .macro load_row bit
    movs r3, #0
    ldrsb r4, [r1, r3]
    ldrsb r5, [r1, r2]
    adds r1, r1, r2
    ldrsb r6, [r1, r2]
    adds r1, r1, r2
    adds r1, r1, r2
    add r8, r4
    add r8, r5
    add r8, r6
    asrs r3, r4, #31
    movs r2, r4
    eors r2, r3
    subs r2, r2, r3
    mov r11, r2
    asrs r3, r5, #31
    movs r2, r5
    eors r2, r3
    subs r2, r2, r3
    add r11, r2
    asrs r3, r6, #31
    movs r2, r6
    eors r2, r3
    subs r2, r2, r3
    add r2, r11
    cmp r2, #255
    bhi 1f
    stm r7!, {r4-r6}
    subs r7, #24
    b 2f
1:  stm r0!, {r4-r6}
    movs r3, #\bit * ORDER_BYTES
    add r12, r3
    movs r3, #255
    adds r3, r3, r4
    adds r3, r3, r5
    adds r3, #1
    bne 2f
    ldr r1, =strip_refused
    mov pc, r1
2:  mov r2, r9
    .endm

    .macro strip stride
    function depthwise_3x3_stride_\stride
    enter
    sub sp, #FRAME
    mov r10, r0
    ldr r1, [r0, #STRIP_WEIGHTS]
    ldr r2, [r0, #STRIP_WEIGHT_STEP]
    mov r9, r2
    mov r0, sp
    add r7, sp, #24
    movs r3, #0
    mov r8, r3
    mov r12, r3
    load_row 1
    load_row 2
    load_row 4
    mov r7, sp
    subs r7, r0, r7             /* 12 * heavy rows */
    mov r11, r7
    mov r0, r10
    str r0, [sp, #STRIP]
    ldr r1, [r0, #STRIP_INPUT_OFFSET]
    mov r2, r8
    muls r1, r2
    ldr r2, [r0, #STRIP_BIAS]
    adds r1, r1, r2
    str r1, [sp, #START]
    adds r0, #STRIP_FAST
    add r1, sp, #FAST
    ldm r0!, {r2-r6}
    stm r1!, {r2-r6}
    ldm r0!, {r2-r6}
    stm r1!, {r2-r6}
    ldm r0!, {r2-r6}
    stm r1!, {r2-r6}
    ldm r0!, {r2-r7}
    stm r1!, {r2-r7}
    ldr r1, [r0, #STRIP_ORDERS - STRIP_ORDERS]
    ldr r0, [r0, #STRIP_PLANE - STRIP_ORDERS]
    add r1, r12
    ldm r1!, {r2-r5}
    mov r12, r2
    mov lr, r3
    str r4, [sp, #REWIND]
    adds r0, r0, r5             /* x */
    ldr r1, [sp, #X_END]
    adds r1, r1, r0
    str r1, [sp, #X_END]
    adr r1, variants_\stride
    mov r2, r11
    ldr r1, [r1, r2]
    str r1, [sp, #VARIANT]
    bx r1
    .ltorg
    .balign 4
variants_\stride:               /* 12 bytes apart, as r11 counts */
    .word light_\stride + 1, 0, 0, heavy_1_\stride + 1, 0, 0
    .word heavy_2_\stride + 1, 0, 0, heavy_3_\stride + 1
light_\stride:
    step \stride, 0
heavy_1_\stride:
    step \stride, 1
heavy_2_\stride:
    step \stride, 2
heavy_3_\stride:
    step \stride, 3
    .size depthwise_3x3_stride_\stride, . - depthwise_3x3_stride_\stride
    .endm

    strip 1
    strip 2

/* ---- Tails: r0 x, the accumulators as above. The second column is stored before the first, the
 * lower half before the upper: where there is none (COLUMN or LOWER is 0), what was computed for
 * it is overwritten at once by the output that belongs there. */

    /* r1 = the limit that the accumulator in r1, which is outside [0, bound), is beyond of. */
    .macro saturate back
    asrs r1, r1, #31
    ldr r2, [sp, #CLAMP]
    ands r1, r2
    ldr r2, [sp, #MAXIMUM]
    eors r1, r2
    b \back
    .endm

    .macro short accumulator, beyond
    mov r1, \accumulator
    cmp r1, r4
    bhs \beyond
    movs r2, r1
    muls r2, r5
    muls r1, r6
    lsrs r1, r1, #15
    adds r1, r1, r2
    adds r1, r1, r7
    lsrs r1, r1, #24
    .endm

    function depthwise_strip_short
    add r1, sp, #FAST
    ldm r1!, {r4-r7}
    short r11, beyond_4
back_4:
    ldr r3, [sp, #OUTPUT]
    ldr r2, [sp, #LOWER]
    strb r1, [r3, r2]
    short r10, beyond_3
back_3:
    strb r1, [r3]
    short r9, beyond_2
back_2:
    ldr r2, [sp, #COLUMN]
    subs r3, r3, r2
    ldr r2, [sp, #LOWER]
    strb r1, [r3, r2]
    short r8, beyond_1
back_1:
    strb r1, [r3]
step_end:
    ldr r2, [sp, #ADVANCE]
    adds r3, r3, r2
    str r3, [sp, #OUTPUT]
    ldr r2, [sp, #X_END]
    cmp r0, r2
    beq row_end
    ldr r1, [sp, #VARIANT]
    bx r1
beyond_1:
    saturate back_1
beyond_2:
    saturate back_2
beyond_3:
    saturate back_3
beyond_4:
    saturate back_4

    /* After a row's pairs of columns. r0 x, r3 output. */
row_end:
    ldr r1, [sp, #ODD]
    cmp r1, #0
    bne single
next_row:
    ldr r2, [sp, #ROWS]
    subs r2, #1
    beq strip_done
    str r2, [sp, #ROWS]
    cmp r2, #1
    bne 1f
    ldr r1, [sp, #LAST_LOWER]
    str r1, [sp, #LOWER]
1:  ldr r1, [sp, #X_ROW]
    adds r0, r0, r1
    ldr r1, [sp, #X_END]
    ldr r2, [sp, #X_END_ROW]
    adds r1, r1, r2
    str r1, [sp, #X_END]
    ldr r1, [sp, #OUTPUT_ROW]
    adds r3, r3, r1
    str r3, [sp, #OUTPUT]
    ldr r1, [sp, #VARIANT]
    bx r1

    /* A single column ends the row: one more step, both of its columns stored to one place. */
single:
    ldr r2, [sp, #COLUMN]
    cmp r2, #0
    beq 1f
    str r2, [sp, #SAVED_COLUMN]
    subs r3, r3, r2
    str r3, [sp, #OUTPUT]
    movs r2, #0
    str r2, [sp, #COLUMN]
    str r2, [sp, #ADVANCE]
    ldr r2, [sp, #X_END]
    adds r2, r2, r1
    str r2, [sp, #X_END]
    ldr r1, [sp, #VARIANT]
    bx r1
1:  ldr r2, [sp, #SAVED_COLUMN]
    str r2, [sp, #COLUMN]
    lsls r4, r2, #1
    adds r2, r2, r4
    str r2, [sp, #ADVANCE]
    ldr r2, [sp, #X_END]
    subs r2, r2, r1
    str r2, [sp, #X_END]
    b next_row

strip_done:
    movs r0, #1
strip_leave:
    add sp, #FRAME
    leave
strip_refused:
    movs r0, #0
    b strip_leave
    .size depthwise_strip_short, . - depthwise_strip_short

    /* The other tails put the outputs in place of the accumulators. */
    .macro beyond accumulator
    asrs r1, r1, #31
    ldr r2, [sp, #CLAMP]
    ands r1, r2
    ldr r2, [sp, #MAXIMUM]
    eors r1, r2
    mov \accumulator, r1
    .endm

    .macro long accumulator
    mov r1, \accumulator
    cmp r1, r4
    bhs 1f
    ldr r2, [sp, #FAST + FAST_THIRD]
    muls r2, r1
    lsrs r2, r2, #11
    movs r3, r1
    muls r3, r6
    adds r2, r2, r3
    lsrs r2, r2, #11
    muls r1, r5
    adds r1, r1, r2
    adds r1, r1, r7
    lsrs r1, r1, #21
    mov \accumulator, r1
    b 2f
1:  beyond \accumulator
2:
    .endm

    function depthwise_strip_long
    add r1, sp, #FAST
    ldm r1!, {r4-r7}
    long r8
    long r9
    long r10
    long r11
store:
    ldr r3, [sp, #OUTPUT]
    ldr r2, [sp, #LOWER]
    mov r1, r11
    strb r1, [r3, r2]
    mov r1, r10
    strb r1, [r3]
    ldr r1, [sp, #COLUMN]
    subs r3, r3, r1
    mov r1, r9
    strb r1, [r3, r2]
    mov r1, r8
    strb r1, [r3]
    ldr r1, =step_end + 1
    bx r1
    .ltorg
    .size depthwise_strip_long, . - depthwise_strip_long

    .macro signed accumulator, pieces
    mov r1, \accumulator
    cmp r1, r4
    bhs 1f
    ldr r2, [sp, #FAST + FAST_BASE]
    adds r1, r1, r2
    asrs r3, r1, #31
    ldr r2, [sp, #FAST + FAST_NEGATIVE]
    ands r3, r2
    .if \pieces == 2
    movs r2, r1
    muls r2, r6
    asrs r2, r2, #15
    .else
    ldr r2, [sp, #FAST + FAST_THIRD]
    muls r2, r1
    asrs r2, r2, #11
    mov \accumulator, r2
    movs r2, r1
    muls r2, r6
    add r2, \accumulator
    asrs r2, r2, #11
    .endif
    muls r1, r5
    adds r1, r1, r2
    subs r1, r1, r3
    adds r1, r1, r7
    .if \pieces == 2
    lsrs r1, r1, #24
    .else
    lsrs r1, r1, #21
    .endif
    mov \accumulator, r1
    b 2f
1:  beyond \accumulator
2:
    .endm

    .macro signed_tail pieces
    add r1, sp, #FAST
    ldm r1!, {r4-r7}
    signed r8, \pieces
    signed r9, \pieces
    signed r10, \pieces
    signed r11, \pieces
    ldr r1, =store + 1
    bx r1
    .ltorg
    .endm

    function depthwise_strip_signed_short
    signed_tail 2
    .size depthwise_strip_signed_short, . - depthwise_strip_signed_short

    function depthwise_strip_signed_long
    signed_tail 3
    .size depthwise_strip_signed_long, . - depthwise_strip_signed_long

    function depthwise_strip_any
    str r0, [sp, #X]
    mov r1, r12
    str r1, [sp, #SAVED_R12]
    mov r1, lr
    str r1, [sp, #SAVED_LR]
    mov r1, r8
    mov r2, r9
    mov r3, r10
    mov r4, r11
    add r0, sp, #ACCUMULATORS
    movs r5, r0
    stm r5!, {r1-r4}
    movs r1, #4
    ldr r2, [sp, #STRIP]
    adds r2, #STRIP_QUANTISATION
    ldr r2, [r2]
    bl depthwise_requantize
    add r5, sp, #ACCUMULATORS
    ldm r5!, {r1-r4}
    mov r8, r1
    mov r9, r2
    mov r10, r3
    mov r11, r4
    ldr r1, [sp, #SAVED_LR]
    mov lr, r1
    ldr r1, [sp, #SAVED_R12]
    mov r12, r1
    ldr r0, [sp, #X]
    ldr r1, =store + 1
    bx r1
    .ltorg
    .size depthwise_strip_any, . - depthwise_strip_any

/* ---- By requantize_kind. */
    .section .time_critical.depthwise_strip_tails, "ax", %progbits
    .balign 4
    .global depthwise_strip_tails
    .type depthwise_strip_tails, %object
depthwise_strip_tails:
    .word depthwise_strip_any
    .word depthwise_strip_short
    .word depthwise_strip_long
    .word depthwise_strip_signed_short
    .word depthwise_strip_signed_long
    .size depthwise_strip_tails, . - depthwise_strip_tails

#endif
