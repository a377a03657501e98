/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs rows of both factors of the matrix product to words.
 */

#include "matmul_channel.h"
#include "matmul_words.h"
#include "matmul_work.h"

/* Quads whose weights can be summed by the halves of one word: 128 * 2 * 128 = 2^15. */
#define SUM_QUADS 128

void DUAL_CORE_IN_RAM(matmul_pack_row)(const int8_t *row,
                                       const int32_t columns,
                                       uint32_t *out,
                                       const int32_t second)
{
    const bool aligned = is_aligned(row);
    const int32_t whole = columns >> 2;
    int32_t quad = 0;
    if (aligned) {
        const uint32_t *in = (const uint32_t *)__builtin_assume_aligned(row, 4);
        for (; quad < whole; quad++) {
            const uint32_t v = *in++;
            out[0] = unpack_even(v);
            out[second] = unpack_even(v >> 8);
            out += GROUP_WORDS;
        }
    }
    for (; 4 * quad < columns; quad++) {
        const uint32_t v = load_quad(row, quad, columns, false);
        out[0] = unpack_even(v);
        out[second] = unpack_even(v >> 8);
        out += GROUP_WORDS;
    }
}

#if !defined(__ARM_ARCH_6M__) /* for which it is in matmul_channel.S */

void matmul_pack_groups(const int8_t *src,
                        uint32_t *dst,
                        const int32_t quads,
                        const int32_t groups,
                        const int32_t stride)
{
    for (int32_t group = 0; group < groups; group++) {
        for (int32_t row = 0; row < GROUP; row++) {
            matmul_pack_row(src, 4 * quads, dst + 2 * row, 1);
            src += stride;
        }
        dst += GROUP_WORDS * quads;
    }
}

#endif

bool DUAL_CORE_IN_RAM(matmul_pack_weights)(const int8_t *row,
                                           const int32_t columns,
                                           uint32_t *out,
                                           int32_t *sum)
{
    const bool aligned = is_aligned(row);
    bool exact = true;
    *sum = 0;
    for (int32_t quad = 0; 4 * quad < columns;) {
        int32_t low = 0;
        uint32_t total = 0;
        for (int32_t i = 0; i < SUM_QUADS && 4 * quad < columns; i++, quad++) {
            const uint32_t v = exchange(load_quad(row, quad, columns, aligned));
            exact = exact && products_fit(v);
            out[0] = unpack_even(v);
            out[1] = unpack_even(v >> 8);
#if defined(__ARM_FEATURE_SIMD32)
            low = __smlad((int16x2_t)out[0], 0x00010001, low);
            low = __smlad((int16x2_t)out[1], 0x00010001, low);
#else
            total += out[0] + out[1];
#endif
            out += 2;
        }
        low += (int16_t)total;
        *sum += low + upper_of(total);
    }
    return exact;
}
