/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The matrix product where matmul_channel() does not fit: many columns, few rows, or weights of -128
 * side by side.
 */

#include "matmul_words.h"
#include "matmul_work.h"

/**
 * The wide loop: adds the products of a packed rhs row, from w up to end, and a group of packed
 * lhs rows to the group's accumulators. Returns the end of the group.
 */
static inline const uint32_t *
multiply_group(int32_t acc[GROUP], const uint32_t *x, const uint32_t *w, const uint32_t *end)
{
#if defined(__ARM_ARCH_6M__)
    /* One word of each row: ASRS leaves bit 15, the sign of the cross term, in the carry flag. */
#define MULTIPLY(row)                                                                              \
    "ldmia %[x]!, {%[t]}                   \n\t"                                                   \
    "muls  %[t], %[pair], %[t]             \n\t"                                                   \
    "asrs  %[t], %[t], #16                 \n\t"                                                   \
    "adcs  %[" row "], %[" row "], %[t]    \n\t"
#define MULTIPLY_GROUP                                                                             \
    "ldmia %[w]!, {%[pair]}                \n\t"                                                   \
    MULTIPLY("row0") MULTIPLY("row1") MULTIPLY("row2")
    uint32_t pair;
    uint32_t t;
    __asm__ volatile(".syntax unified       \n"
                     "1:                    \n\t"
                     MULTIPLY_GROUP
                     MULTIPLY_GROUP
                     "cmp   %[w], %[end]    \n\t"
                     "bne   1b              \n\t"
                     : [row0] "+&l"(acc[0]), [row1] "+&l"(acc[1]), [row2] "+&l"(acc[2]),
                       [x] "+&l"(x), [w] "+&l"(w), [pair] "=&l"(pair), [t] "=&l"(t)
                     : [end] "r"(end)
                     : "cc", "memory");
#undef MULTIPLY_GROUP
#undef MULTIPLY
#else
    for (; w != end; w++) {
        for (int32_t row = 0; row < GROUP; row++) {
            acc[row] = multiply(acc[row], *x++, *w);
        }
    }
#endif
    return x;
}

void DUAL_CORE_IN_RAM(matmul_wide_channel)(const matmul_work *work,
                                           const uint32_t *weights,
                                           const int32_t start,
                                           const dual_core_range groups,
                                           const requantize_channel *quantisation,
                                           const int32_t channel)
{
    const matmul_layer *layer = work->layer;
    const uint32_t *x =
        work->packed + (groups.begin - work->first_group) * GROUP_WORDS * work->quads;
    for (int32_t group = groups.begin; group < groups.end; group++) {
        int8_t *dst = layer->dst + group_row(layer, group) * layer->dst_stride + channel;
        int32_t acc[GROUP] = {start, start, start};
        x = multiply_group(acc, x, weights, weights + 2 * work->quads);
        for (int32_t row = 0; row < GROUP && row < layer->rows; row++) {
            *dst = requantize(quantisation, acc[row]);
            dst += layer->dst_stride;
        }
    }
}

void DUAL_CORE_IN_RAM(matmul_plain_channel)(const matmul_work *work,
                                            const int8_t *weights,
                                            const int32_t bias,
                                            const dual_core_range groups,
                                            const requantize_channel *quantisation,
                                            const int32_t channel)
{
    const matmul_layer *layer = work->layer;
    const int32_t columns = layer->columns;
    for (int32_t group = groups.begin; group < groups.end; group++) {
        const int32_t first = group_row(layer, group);
        for (int32_t row = 0; row < GROUP && row < layer->rows; row++) {
            const uint32_t *x = work->packed +
                                (group - work->first_group) * GROUP_WORDS * work->quads +
                                lane_of(work, row);
            uint32_t acc = (uint32_t)bias;
            for (int32_t column = 0; column < columns; column++) {
                const int32_t within = column & 3;
                const uint32_t word = within & 1 ? x[second_of(work)] : x[0];
                const int32_t value = within & 2 ? upper_of(word) : (int16_t)word;
                acc += (uint32_t)((value + layer->lhs_offset) * weights[column]);
                x += within == 3 ? GROUP_WORDS : 0;
            }
            layer->dst[(first + row) * layer->dst_stride + channel] =
                requantize(quantisation, (int32_t)acc);
        }
    }
}
