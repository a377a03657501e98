/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The inner loops of the matrix product on a Cortex-M0+. matmul_channel.h says what the functions
 * do and how rows are packed.
 *
 * With X = x1 + x0 * 2^16 and W = w0 + w1 * 2^16 (signed sums), X * W mod 2^32 has in its upper half
 * x0 * w0 + x1 * w1, less 1 where x1 * w0 < 0. ASRS #16 brings that half down and leaves bit 15, the
 * sign of x1 * w0, in the carry flag; ADCS adds both to the accumulator. Two products in three
 * cycles; |x0 * w0 + x1 * w1| < 2^15 unless all four are -128.
 *
 * A step multiplies a quad of weights, from SP, by a quad of each of three rows: 31 cycles for 12
 * products. Requantising and storing three outputs takes some 50 cycles.
 */

#if defined(__ARM_ARCH_6M__)

#include "matmul_channel.h"
#include "thumb.h"

/* The frame, from SP. */
#define START 0      /* of each accumulator */
#define ENTRY 4      /* where in the body the first pass begins */
/* From here to ANY as the task has them, but for what lies there between BACK and THIRD. */
#define X_END 8      /* where to stop next */
#define X_LAST 12
#define STRIDE 16
#define BACK 20
#define THIRD 24
#define BASE 28
#define NEGATIVE 32
#define MINIMUM 36
#define MAXIMUM 40
#define ANY 44
#define RETURN 48    /* from the body's first pass: `pass_1` or the tail */
#define PASS_2 52
#define TAIL 56
#define ENTRY_2 60   /* where the second pass begins */
#define STORE 64
/* Weights, unpacked and with halves exchanged, eight bytes a quad, each block filled from its end:
 * the first 32 quads at WEIGHTS, more of them PASS bytes below, where the body finds them with SP
 * lowered by as much. */
#define BLOCK 32
#define PASS (8 * BLOCK)
#define WEIGHTS (72 + PASS)
#define FRAME (WEIGHTS + PASS + 4) /* with nine registers pushed, SP is a multiple of 8 */

/* What `code` points at: the addresses of one core's copy of the loop. */
#define CODE_LOOP 0
#define CODE_BODY_END 4
#define CODE_PASS_1 8
#define CODE_PASS_2 12
#define CODE_STORE 16
#define CODE_SHORT 20

#define STEP_BYTES 46 /* of code */

/* Four int8 in `even` to two words of signed sums, `even` and `odd`; r2 = 0x00ff00ff, \bias holds
 * 0x00800080. The EORS of either sets Z if both its bytes were -128. */
    .macro split even, odd, bias
    lsrs \odd, \even, #8
    ands \even, r2
    ands \odd, r2
    eors \even, \bias
    eors \odd, \bias
    subs \even, \even, \bias
    subs \odd, \odd, \bias
    .endm

/* ---- void matmul_pack_groups(src, dst, quads, groups, stride)
 *
 * r0 src, r1 dst, r2 and r3 the masks, r4 and r5 a quad, r6 stride, r7 2 * stride; r8 from a row's
 * end to the next group, r9 the row's end, r10 groups left. 13 cycles a quad. */

    function matmul_pack_groups
    enter
    lsls r2, r2, #2                     @ bytes in a row
    mov r11, r2
    mov r10, r3
    ldr r6, [sp, #36]
    lsls r7, r6, #1
    adds r4, r6, r7
    subs r4, r4, r2
    mov r8, r4
    ldr r2, =0x00ff00ff
    ldr r3, =0x00800080
1:  mov r4, r11
    adds r4, r4, r0
    mov r9, r4
2:
    .irp row, 0, 1, 2
    .if \row == 0
    ldr r4, [r0]
    .elseif \row == 1
    ldr r4, [r0, r6]
    .else
    ldr r4, [r0, r7]
    .endif
    split r4, r5, r3
    stm r1!, {r4, r5}
    .endr
    adds r0, #4
    cmp r0, r9
    bne 2b
    add r0, r8
    mov r4, r10
    subs r4, #1
    mov r10, r4
    bne 1b
    leave
    .ltorg

/* ---- bool matmul_channel_on(const matmul_channel_task *task, const code *)
 *
 * Unpacks the weights to the frame, once for all groups: r0 sum of the words, r1 weights, r2 and r4
 * the masks, r3 frame, r5 and r6 a quad, r7 16; r8 task, r9 end of this block, r11 end of all, r12
 * code. 18.5 cycles a quad. */

    .macro unpack
    ldm r1!, {r5}
    rors r5, r7
    lsrs r6, r5, #8
    ands r5, r2
    ands r6, r2
    eors r5, r4
    beq channel_refused                 @ both weights are -128
    eors r6, r4
    beq channel_refused
    subs r5, r5, r4
    subs r6, r6, r4
    stm r3!, {r5, r6}
    adds r0, r0, r5
    adds r0, r0, r6
    .endm

    function matmul_channel_on
    enter
    sub sp, #508
    sub sp, #(FRAME - 508)
    mov r8, r0
    mov r12, r1
    ldr r1, [r0, #TASK_WEIGHTS]
    ldr r5, [r0, #TASK_QUADS]
    lsls r2, r5, #2
    adds r2, r2, r1
    mov r11, r2
    add r3, sp, #WEIGHTS
    cmp r5, #BLOCK
    bhi 1f
    movs r4, #BLOCK                     @ one block: fill it from its end
    subs r4, r4, r5
    lsls r4, r4, #3
    adds r3, r3, r4
    b 2f
1:  mov r2, r1                          @ the first block is full
    adds r2, #(4 * BLOCK)
2:  mov r9, r2
    ldr r2, =0x00ff00ff
    ldr r4, =0x00800080
    movs r7, #16
    movs r0, #0
3:  mov r5, r9                          @ two quads at a time, a single one first
    subs r5, r5, r1
    lsls r5, r5, #29
    bmi unpack_second
unpack_first:
    unpack
unpack_second:
    unpack
    cmp r1, r9
    bne unpack_first
    cmp r1, r11
    beq 4f
    mov r9, r11                         @ the second block, from its end as well
    mov r5, r11
    subs r5, r5, r1                     @ 4 * quads of it
    lsls r5, r5, #1
    add r3, sp, #WEIGHTS
    subs r3, r3, r5
    b 3b

channel_refused:
    movs r0, #0
    add sp, #508
    add sp, #(FRAME - 508)
    leave

    /* The sums of the words' halves, |sum| <= 128 * 128 < 2^15 each, make the sum of the weights. */
4:  sxth r1, r0
    subs r0, r0, r1
    asrs r0, r0, #16
    adds r1, r1, r0
    mov r0, r8                          @ task
    ldr r2, [r0, #TASK_LHS_OFFSET]
    muls r1, r2
    ldr r2, [r0, #TASK_START]
    adds r1, r1, r2
    str r1, [sp, #START]
    adds r0, #TASK_X_FULL
    add r1, sp, #X_END
    ldm r0!, {r2-r5}
    stm r1!, {r2-r5}
    adds r0, #(TASK_FAST - TASK_START)
    ldm r0!, {r2-r5}                    @ bound, high, low, constant
    mov r11, r2
    mov r8, r3
    mov r9, r4
    mov r10, r5
    ldm r0!, {r2-r7}
    stm r1!, {r2-r7}
    ldr r7, [r0]                        @ kind
    subs r0, #TASK_KIND
    mov r3, r12                         @ code
    ldr r1, [r0, #TASK_DST]
    mov r12, r1
    ldr r1, [r3, #CODE_STORE]
    str r1, [sp, #STORE]

    lsls r7, r7, #2                     @ the tail of the requantisation's kind
    ldr r1, =channel_tails
    ldr r1, [r1, r7]
    cmp r1, #0
    bne 5f
    ldr r1, [r3, #CODE_SHORT]
5:  str r1, [sp, #TAIL]

    ldr r2, [r0, #TASK_QUADS]
    ldr r4, [r3, #CODE_BODY_END]
    movs r5, #STEP_BYTES
    cmp r2, #BLOCK
    bls 6f
    ldr r1, [r3, #CODE_PASS_2]
    str r1, [sp, #PASS_2]
    subs r2, #BLOCK
    muls r2, r5
    subs r2, r4, r2
    str r2, [sp, #ENTRY_2]
    ldr r1, [r3, #CODE_PASS_1]
    movs r2, #BLOCK
6:  mov lr, r1
    str r1, [sp, #RETURN]
    muls r2, r5
    subs r4, r4, r2
    str r4, [sp, #ENTRY]
    ldr r1, [r3, #CODE_LOOP]
    ldr r0, [r0, #TASK_X]
    bx r1
    .ltorg

    .balign 4
channel_tails: /* by requantize_kind */
    .word tail_any + 1
    .word 0 /* short: in the private banks */
    .word tail_long + 1
    .word tail_signed_short + 1
    .word tail_signed_long + 1

/* ---- The loop over groups. r0 x; r1, r6, r7 the accumulators of three rows; r2-r5 free; r8 high,
 * r9 low, r10 constant, r11 bound, r12 dst, lr where the body returns to. */

    /* One quad: 4 cycles for the weights, 9 for each row. */
    .macro step number
    ldr r2, [sp, #(WEIGHTS + 8 * \number)]
    ldr r3, [sp, #(WEIGHTS + 8 * \number + 4)]
    .irp acc, r1, r6, r7
    ldm r0!, {r4, r5}
    muls r4, r2
    muls r5, r3
    asrs r4, r4, #16
    adcs \acc, r4
    asrs r5, r5, #16
    adcs \acc, r5
    .endr
    .endm

    /* An accumulator outside the window; flags are those of comparing it with the bound. */
    .macro limit acc, back
    bmi 1f
    ldr \acc, [sp, #MAXIMUM]
    b \back
1:  ldr \acc, [sp, #MINIMUM]
    b \back
    .endm

    /* Nine cycles, and two for the window. r2 high, r3 low. */
    .macro requantize_short acc, outside, back
    cmp \acc, r11
    bhs \outside
    movs r4, \acc
    muls r4, r2
    muls \acc, r3
    lsrs \acc, \acc, #15
    adds \acc, \acc, r4
    add \acc, r10
    lsrs \acc, \acc, #24
\back:
    .endm

    .macro channel_loop part, bank
    .section .scratch_\bank\().matmul_channel, "ax", %progbits
    .balign 4
    .type matmul_loop_\part, %function
matmul_loop_\part:
    ldr r1, [sp, #START]
    mov r6, r1
    mov r7, r1
    ldr r2, [sp, #ENTRY]
    mov pc, r2

pass_1_\part:
    sub sp, #PASS
    ldr r2, [sp, #(PASS + PASS_2)]
    mov lr, r2
    ldr r2, [sp, #(PASS + ENTRY_2)]
    mov pc, r2

pass_2_\part:
    add sp, #PASS
    ldr r2, [sp, #RETURN]
    mov lr, r2
    ldr r2, [sp, #TAIL]
    bx r2

body_\part:
    .set number, 0
    .rept BLOCK
    step number
    .set number, number + 1
    .endr
body_end_\part:
    bx lr
    .if body_end_\part - body_\part != BLOCK * STEP_BYTES
    .error "STEP_BYTES is not the size of a step"
    .endif

short_\part:
    mov r2, r8
    mov r3, r9
    requantize_short r1, outside_1_\part, back_1_\part
    requantize_short r6, outside_6_\part, back_6_\part
    requantize_short r7, outside_7_\part, store_\part
    mov r3, r12
    ldr r2, [sp, #STRIDE]
    strb r1, [r3]
    strb r6, [r3, r2]
    adds r3, r3, r2
    strb r7, [r3, r2]
    adds r3, r3, r2
    adds r3, r3, r2
    mov r12, r3
    ldr r2, [sp, #X_END]
    cmp r0, r2
    beq 2f
    b matmul_loop_\part
2:  ldr r2, [sp, #X_LAST]
    cmp r0, r2
    beq 3f
    str r2, [sp, #X_END]
    ldr r2, [sp, #BACK]
    subs r3, r3, r2
    mov r12, r3
    b matmul_loop_\part
3:  movs r0, #1
    add sp, #508
    add sp, #(FRAME - 508)
    leave

outside_1_\part:
    limit r1, back_1_\part
outside_6_\part:
    limit r6, back_6_\part
outside_7_\part:
    limit r7, store_\part
    .size matmul_loop_\part, . - matmul_loop_\part

    .section .time_critical.matmul_channel_code_\part, "ax", %progbits
    .balign 4
    .global matmul_channel_code_\part
    .type matmul_channel_code_\part, %object
matmul_channel_code_\part:
    .word matmul_loop_\part + 1
    .word body_end_\part
    .word pass_1_\part + 1
    .word pass_2_\part + 1
    .word store_\part + 1
    .word short_\part + 1
    .endm

    channel_loop 0, y
    channel_loop 1, x

/* ---- The other tails, shared by both cores. r2 high, r3 low, r4 and r5 free. */

    .section .time_critical.matmul_channel_tails, "ax", %progbits
    .balign 4

    .macro store
    ldr r4, [sp, #STORE]
    bx r4
    .endm

    .macro limited acc
    bmi 7f
    ldr \acc, [sp, #MAXIMUM]
    b 9f
7:  ldr \acc, [sp, #MINIMUM]
    b 9f
    .endm

tail_long:
    mov r2, r8
    mov r3, r9
    .irp acc, r1, r6, r7
    cmp \acc, r11
    bhs 8f
    ldr r5, [sp, #THIRD]
    movs r4, \acc
    muls r4, r5
    lsrs r4, r4, #11
    movs r5, \acc
    muls r5, r3
    adds r4, r4, r5
    lsrs r4, r4, #11
    muls \acc, r2
    adds \acc, \acc, r4
    add \acc, r10
    lsrs \acc, \acc, #21
    b 9f
8:  limited \acc
9:
    .endr
    store

tail_signed_short:
    mov r2, r8
    mov r3, r9
    .irp acc, r1, r6, r7
    cmp \acc, r11
    bhs 8f
    ldr r5, [sp, #BASE]
    adds \acc, \acc, r5
    asrs r5, \acc, #31
    ldr r4, [sp, #NEGATIVE]
    ands r5, r4
    movs r4, \acc
    muls r4, r2
    subs r4, r4, r5
    muls \acc, r3
    asrs \acc, \acc, #15
    adds \acc, \acc, r4
    add \acc, r10
    lsrs \acc, \acc, #24
    b 9f
8:  limited \acc
9:
    .endr
    store

tail_signed_long:
    mov r2, r8
    mov r3, r9
    .irp acc, r1, r6, r7
    cmp \acc, r11
    bhs 8f
    ldr r5, [sp, #BASE]
    adds \acc, \acc, r5
    ldr r5, [sp, #THIRD]
    movs r4, \acc
    muls r4, r5
    asrs r4, r4, #11
    movs r5, \acc
    muls r5, r3
    adds r4, r4, r5
    asrs r4, r4, #11
    asrs r5, \acc, #31
    muls \acc, r2
    adds \acc, \acc, r4
    add \acc, r10
    ldr r4, [sp, #NEGATIVE]
    ands r5, r4
    subs \acc, \acc, r5
    lsrs \acc, \acc, #21
    b 9f
8:  limited \acc
9:
    .endr
    store

    /* int32_t matmul_requantize_any(const requantize_channel *, int32_t accumulator), in C. */
tail_any:
    mov r2, r12
    push {r0, r2}
    ldr r4, =matmul_requantize_any
    ldr r0, [sp, #(8 + ANY)]
    blx r4
    mov r5, r0
    ldr r0, [sp, #(8 + ANY)]
    mov r1, r6
    blx r4
    mov r6, r0
    ldr r0, [sp, #(8 + ANY)]
    mov r1, r7
    blx r4
    mov r7, r0
    mov r1, r5
    pop {r0, r2}
    mov r12, r2
    ldr r2, [sp, #RETURN]
    mov lr, r2
    store
    .ltorg

#endif
