/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 matrix product lhs * transposed(rhs) with requantisation, on both cores of the RP2040.
 * Replaces CMSIS-NN's Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c; pointwise
 * convolution spends its time here.
 *
 *   lhs  [lhs_rows][rhs_cols] int8, rows lhs_cols_offset bytes apart    (pixels x input channels)
 *   rhs  [rhs_rows][rhs_cols] int8                             (output channels x input channels)
 *   dst  [lhs_rows][rhs_rows] int8                                    (pixels x output channels)
 *
 * Two products per MULS: with X = x1 + x0 * 2^16 and W = w0 + w1 * 2^16, both built as signed
 * sums, X * W mod 2^32 = x1 * w0 + (x0 * w0 + x1 * w1) * 2^16. The upper half is the dot product
 * of two columns, one too low where x1 * w0 is negative; rounding the halfword off puts that
 * right. The dot product fits its 16 bits unless x0 = x1 = w0 = w1 = -128, so output channels
 * with such a pair of weights (TFLite quantises weights to -127..127) take a plain loop.
 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

/* lhs rows that advance together: as many accumulators as the eight low registers leave room. */
#define GROUP 3

/* Four columns, a quad, take two words: a quad of a rhs row w[0], w[1]; of a group of lhs rows the
 * first word of each row, then the second of each. Up to this many quads, the two halfwords of the
 * packed weight sum cannot overflow: 256 * -128 = INT16_MIN. */
#define MAX_QUADS 128

typedef struct {
    const int8_t *lhs;
    const int8_t *rhs;
    const int32_t *bias;
    int8_t *dst;
    const int32_t *multipliers;
    const int32_t *shifts;
    int32_t rhs_rows;
    int32_t rhs_cols;
    int32_t lhs_offset;
    int32_t lhs_stride;
    int32_t dst_offset;
    int32_t activation_min;
    int32_t activation_max;
    /* The tile at work: some rows of lhs, packed or (NULL) not. */
    int32_t first_row;
    int32_t row_count;
    uint32_t *packed_rows;
    uint32_t *packed_weights; /* one rhs row for each part */
    bool split_channels;      /* each part does all rows of half the output channels */
} matmul;

/** Words of a packed row. */
static inline int32_t words_of(const int32_t cols)
{
    return 2 * ((cols + 3) >> 2);
}

/**
 * Adds the products of a packed rhs row, from w up to end, and a group of packed lhs rows to the
 * group's accumulators. Returns the end of the group.
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
            acc[row] += (int32_t)(*x++ * *w + 0x8000u) >> 16;
        }
    }
#endif
    return x;
}

/** Bytes 0 and 2 of v, sign-extended and summed as b0 + b2 * 2^16. */
static inline uint32_t unpack_even(const uint32_t v)
{
    return ((v & 0x00ff00ffu) ^ 0x00800080u) - 0x00800080u;
}

/** Columns 4 * quad to 4 * quad + 3 of a row; those from `cols` on read as zero. */
static inline uint32_t
load_quad(const int8_t *row, const int32_t quad, const int32_t cols, const bool aligned)
{
    const int8_t *at = row + 4 * quad;
    const int32_t left = cols - 4 * quad;
    uint32_t v = 0;
    if (aligned && left >= 4) {
        __builtin_memcpy(&v, __builtin_assume_aligned(at, 4), 4);
    } else {
        for (int32_t i = 0; i < 4 && i < left; i++) {
            v |= (uint32_t)(uint8_t)at[i] << (8 * i);
        }
    }
    return v;
}

static inline bool is_aligned(const int8_t *row)
{
    return ((uintptr_t)row & 3) == 0;
}

/** Packs one lhs row; its words lie GROUP apart, between those of its neighbours. */
static void DUAL_CORE_IN_RAM(pack_row)(const int8_t *row, const int32_t cols, uint32_t *out)
{
    const bool aligned = is_aligned(row);
    for (int32_t quad = 0; 4 * quad < cols; quad++) {
        const uint32_t v = load_quad(row, quad, cols, aligned);
        out[0] = unpack_even(v);
        out[GROUP] = unpack_even(v >> 8);
        out += 2 * GROUP;
    }
}

/**
 * Packs one rhs row, halves exchanged. Sets *sum to the sum of its weights; returns false if
 * two weights that share a word are both -128.
 */
static bool DUAL_CORE_IN_RAM(pack_weights)(const int8_t *row,
                                           const int32_t cols,
                                           uint32_t *out,
                                           int32_t *sum)
{
    const bool aligned = is_aligned(row);
    bool exact = true;
    uint32_t total = 0;
    for (int32_t quad = 0; 4 * quad < cols; quad++) {
        uint32_t v = load_quad(row, quad, cols, aligned);
        v = (v >> 16) | (v << 16);
        const uint32_t even = (v & 0x00ff00ffu) ^ 0x00800080u;
        const uint32_t odd = ((v >> 8) & 0x00ff00ffu) ^ 0x00800080u;
        if (even == 0 || odd == 0) {
            exact = false;
        }
        out[0] = even - 0x00800080u;
        out[1] = odd - 0x00800080u;
        total += out[0] + out[1];
        out += 2;
    }
    const int32_t low = (int16_t)total;
    *sum = low + ((int32_t)(total - (uint32_t)low) >> 16);
    return exact;
}

/** One output channel of `rows` packed lhs rows; outputs are `stride` bytes apart. */
static void DUAL_CORE_IN_RAM(packed_channel)(const uint32_t *x,
                                             const uint32_t *weights,
                                             const uint32_t *weights_end,
                                             int32_t rows,
                                             const int32_t start,
                                             const requantize_channel *quantisation,
                                             int8_t *dst,
                                             const int32_t stride)
{
    for (; rows > 0; rows -= GROUP) {
        int32_t acc[GROUP] = {start, start, start};
        x = multiply_group(acc, x, weights, weights_end);
        *dst = requantize(quantisation, acc[0]);
        dst += stride;
        if (rows > 1) {
            *dst = requantize(quantisation, acc[1]);
            dst += stride;
        }
        if (rows > 2) {
            *dst = requantize(quantisation, acc[2]);
            dst += stride;
        }
    }
}

/** One output channel of `rows` lhs rows without packing: any weights, any number of columns. */
static void DUAL_CORE_IN_RAM(plain_channel)(const matmul *m,
                                            const int32_t channel,
                                            const int32_t first_row,
                                            const int32_t rows,
                                            const requantize_channel *quantisation)
{
    const int8_t *w = m->rhs + channel * m->rhs_cols;
    const int8_t *x = m->lhs + first_row * m->lhs_stride;
    int8_t *dst = m->dst + first_row * m->rhs_rows + channel;
    const int32_t start = m->bias != NULL ? m->bias[channel] : 0;
    for (int32_t row = 0; row < rows; row++) {
        int32_t acc = start;
        for (int32_t i = 0; i < m->rhs_cols; i++) {
            acc += (x[i] + m->lhs_offset) * w[i];
        }
        *dst = requantize(quantisation, acc);
        x += m->lhs_stride;
        dst += m->rhs_rows;
    }
}

/** This part's share of the tile's rows, in whole groups. */
static dual_core_range share_of_rows(const matmul *m, const int part, const int parts)
{
    const int32_t groups = (m->row_count + GROUP - 1) / GROUP;
    dual_core_range rows = dual_core_share(groups, part, parts);
    rows.begin *= GROUP;
    rows.end = MIN(GROUP * rows.end, m->row_count);
    return rows;
}

static void DUAL_CORE_IN_RAM(pack_job)(void *arg, int part, int parts)
{
    const matmul *m = arg;
    const dual_core_range rows = share_of_rows(m, part, parts);
    const int8_t *in = m->lhs + (m->first_row + rows.begin) * m->lhs_stride;
    uint32_t *out = m->packed_rows + rows.begin * words_of(m->rhs_cols);
    for (int32_t row = rows.begin, lane = 0; row < rows.end; row++) {
        pack_row(in, m->rhs_cols, out + lane);
        in += m->lhs_stride;
        if (++lane == GROUP) {
            lane = 0;
            out += GROUP * words_of(m->rhs_cols);
        }
    }
}

static void DUAL_CORE_IN_RAM(multiply_job)(void *arg, int part, int parts)
{
    const matmul *m = arg;
    dual_core_range rows = {0, m->row_count};
    dual_core_range channels = {0, m->rhs_rows};
    if (m->split_channels) {
        channels = dual_core_share(m->rhs_rows, part, parts);
    } else {
        rows = share_of_rows(m, part, parts);
    }
    const int32_t words = words_of(m->rhs_cols);
    const int32_t first_row = m->first_row + rows.begin;
    const int32_t row_count = rows.end - rows.begin;
    const bool packed = m->packed_rows != NULL;
    const uint32_t *packed_rows = packed ? m->packed_rows + rows.begin * words : NULL;
    uint32_t *weights = packed ? m->packed_weights + part * words : NULL;

    requantize_channel quantisation;
    requantize_layer(&quantisation, m->dst_offset, m->activation_min, m->activation_max);

    for (int32_t channel = channels.begin; channel < channels.end; channel++) {
        requantize_set(&quantisation, m->multipliers[channel], m->shifts[channel]);
        int32_t sum;
        if (packed &&
            pack_weights(m->rhs + channel * m->rhs_cols, m->rhs_cols, weights, &sum)) {
            const int32_t bias = m->bias != NULL ? m->bias[channel] : 0;
            packed_channel(packed_rows,
                           weights,
                           weights + words,
                           row_count,
                           bias + m->lhs_offset * sum,
                           &quantisation,
                           m->dst + first_row * m->rhs_rows + channel,
                           m->rhs_rows);
        } else {
            plain_channel(m, channel, first_row, row_count, &quantisation);
        }
    }
}

/*
 * Arguments as documented in arm_nnsupportfunctions.h. row_address_offset has a meaning for
 * Helium only; everywhere else output rows are rhs_rows bytes apart.
 */
arm_cmsis_nn_status arm_nn_mat_mult_nt_t_s8(const int8_t *lhs,
                                            const int8_t *rhs,
                                            const int32_t *bias,
                                            int8_t *dst,
                                            const int32_t *dst_multipliers,
                                            const int32_t *dst_shifts,
                                            const int32_t lhs_rows,
                                            const int32_t rhs_rows,
                                            const int32_t rhs_cols,
                                            const int32_t lhs_offset,
                                            const int32_t dst_offset,
                                            const int32_t activation_min,
                                            const int32_t activation_max,
                                            const int32_t row_address_offset,
                                            const int32_t lhs_cols_offset)
{
    (void)row_address_offset;
    matmul m = {
        .lhs = lhs,
        .rhs = rhs,
        .bias = bias,
        .dst = dst,
        .multipliers = dst_multipliers,
        .shifts = dst_shifts,
        .rhs_rows = rhs_rows,
        .rhs_cols = rhs_cols,
        .lhs_offset = lhs_offset,
        .lhs_stride = lhs_cols_offset,
        .dst_offset = dst_offset,
        .activation_min = activation_min,
        .activation_max = activation_max,
        .row_count = lhs_rows,
        /* By channels every weight is fetched and unpacked by one core only. */
        .split_channels = rhs_rows % 2 == 0 || rhs_rows > lhs_rows / GROUP,
    };

    const int32_t words = words_of(rhs_cols);
    const int32_t room = DUAL_CORE_SCRATCH_WORDS - DUAL_CORE_MAX_PARTS * words;
    uint32_t *scratch = NULL;
    if (words > 0 && words <= 2 * MAX_QUADS && room >= GROUP * words) {
        scratch = dual_core_scratch_acquire();
    }
    if (scratch == NULL) {
        dual_core_run(multiply_job, &m);
        return ARM_CMSIS_NN_SUCCESS;
    }
    m.packed_weights = scratch;
    m.packed_rows = scratch + DUAL_CORE_MAX_PARTS * words;
    const int32_t tile_rows = GROUP * (room / (GROUP * words));
    while (m.first_row < lhs_rows) {
        m.row_count = MIN(tile_rows, lhs_rows - m.first_row);
        dual_core_run(pack_job, &m);
        dual_core_run(multiply_job, &m);
        m.first_row += m.row_count;
    }
    dual_core_scratch_release(scratch);
    return ARM_CMSIS_NN_SUCCESS;
}
