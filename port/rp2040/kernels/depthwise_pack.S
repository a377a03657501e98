/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs a channel of an image to a plane, on a Cortex-M0+. depthwise_plane.h says what a plane is.
 */

#if defined(__ARM_ARCH_6M__)

#include "depthwise_plane.h"
#include "thumb.h"

/* ---- void depthwise_pack(const depthwise_run *runs, int32_t count, int32_t channel)
 *
 * r0 upper, r1 lower, r2 index into both, r3-r6 scratch, r7 plane; r8 bytes from pixel to pixel,
 * r9 the index that ends the groups of three, r10 what the absent half adds, r11 rows left, r12
 * bytes from row to row of the image, lr the plane's gap. On the stack: run, runs left, channel,
 * the index that ends a row. A word takes 9.3 cycles, 7.0 where one half is outside the image. */

    .macro pack_word word, kind
    .if \kind == 0
    ldrsb \word, [r1, r2]
    ldrsb r3, [r0, r2]
    lsls \word, \word, #16
    adds \word, \word, r3
    .elseif \kind == 1
    ldrsb \word, [r1, r2]
    lsls \word, \word, #16
    add \word, r10
    .else
    ldrsb \word, [r0, r2]
    add \word, r10
    .endif
    add r2, r8
    .endm

    .macro pack_rows kind
1:  movs r2, #0
    cmp r2, r9
    beq 3f
2:
    .irp word, r4, r5, r6
    pack_word \word, \kind
    .endr
    stm r7!, {r4-r6}
    cmp r2, r9
    bne 2b
3:  ldr r3, [sp, #12]
    cmp r2, r3
    beq 4f
    pack_word r4, \kind
    stm r7!, {r4}
    b 3b
4:  add r7, lr
    add r0, r12
    add r1, r12
    mov r3, r11
    subs r3, #1
    mov r11, r3
    bne 1b
    b pack_next
    .endm

    function depthwise_pack
    enter
    sub sp, #4
    push {r0-r2}
pack_run:
    ldr r1, [r0, #RUN_PIXEL]
    mov r8, r1
    ldr r1, [r0, #RUN_THREES]
    mov r9, r1
    ldr r1, [r0, #RUN_LINE]
    str r1, [sp, #12]
    ldr r1, [r0, #RUN_OUTSIDE]
    mov r10, r1
    ldr r1, [r0, #RUN_ROWS]
    mov r11, r1
    ldr r1, [r0, #RUN_IMAGE_ROW]
    mov r12, r1
    ldr r1, [r0, #RUN_GAP]
    mov lr, r1
    ldr r7, [r0, #RUN_PLANE]
    ldr r2, [r0, #RUN_KIND]
    ldr r3, [sp, #8]
    ldr r1, [r0, #RUN_LOWER]
    adds r1, r1, r3
    ldr r0, [r0, #RUN_UPPER]
    adds r0, r0, r3
    cmp r2, #1
    bhi pack_upper
    beq pack_lower
    b pack_both
pack_upper:
    pack_rows 2
pack_lower:
    pack_rows 1
pack_both:
    pack_rows 0
pack_next:
    ldr r0, [sp, #0]
    adds r0, #RUN_SIZE
    str r0, [sp, #0]
    ldr r1, [sp, #4]
    subs r1, #1
    str r1, [sp, #4]
    beq 1f
    b pack_run
1:  add sp, #16
    leave
    .size depthwise_pack, . - depthwise_pack

#endif
