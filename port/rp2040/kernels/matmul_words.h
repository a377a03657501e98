/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_MATMUL_WORDS_H
#define PORT_RP2040_KERNELS_MATMUL_WORDS_H

/*
 * Two int8 in a word, which the matrix product computes with.
 */

#include <stdbool.h>
#include <stdint.h>

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

static inline bool is_aligned(const void *p)
{
    return ((uintptr_t)p & 3) == 0;
}

/*
 * Two int8 in a word. With the DSP extension (RP2350) they are the two halfwords, and SMLAD does the
 * rest. Without it they are summed, b0 + b2 * 2^16, and one of the factors has them exchanged:
 * matmul_channel.S has the arithmetic.
 */
#if defined(__ARM_FEATURE_SIMD32)

static inline uint32_t unpack_even(const uint32_t v)
{
    return (uint32_t)__sxtb16((int8x4_t)v);
}

static inline int32_t upper_of(const uint32_t word)
{
    return (int32_t)word >> 16;
}

static inline uint32_t exchange(const uint32_t v)
{
    return v;
}

static inline bool products_fit(const uint32_t v)
{
    (void)v;
    return true;
}

static inline int32_t multiply(const int32_t acc, const uint32_t x, const uint32_t w)
{
    return __smlad((int16x2_t)x, (int16x2_t)w, acc);
}

#else

/** Bytes 0 and 2 of v, sign-extended. */
static inline uint32_t unpack_even(const uint32_t v)
{
    return ((v & 0x00ff00ffu) ^ 0x00800080u) - 0x00800080u;
}

/** b2 of a word. */
static inline int32_t upper_of(const uint32_t word)
{
    return (int32_t)(word - (uint32_t)(int32_t)(int16_t)word) >> 16;
}

/** Four bytes in the order that makes weights of them. */
static inline uint32_t exchange(const uint32_t v)
{
    return (v >> 16) | (v << 16);
}

/** Whether no two weights that share a word are both -128. */
static inline bool products_fit(const uint32_t v)
{
    return (v & 0x00ff00ffu) != 0x00800080u && (v >> 8 & 0x00ff00ffu) != 0x00800080u;
}

static inline int32_t multiply(const int32_t acc, const uint32_t x, const uint32_t w)
{
    return acc + ((int32_t)(x * w + 0x8000u) >> 16);
}

#endif

/** Columns 4 * quad to 4 * quad + 3 of a row; those from `columns` on read as zero. */
static inline uint32_t
load_quad(const int8_t *row, const int32_t quad, const int32_t columns, const bool aligned)
{
    const int8_t *at = row + 4 * quad;
    const int32_t left = columns - 4 * quad;
    if (aligned && left >= 4) {
        uint32_t v;
        __builtin_memcpy(&v, __builtin_assume_aligned(at, 4), 4);
        return v;
    }
    uint32_t v = (uint8_t)at[0];
    v |= left > 1 ? (uint32_t)(uint8_t)at[1] << 8 : 0;
    v |= left > 2 ? (uint32_t)(uint8_t)at[2] << 16 : 0;
    v |= left > 3 ? (uint32_t)(uint8_t)at[3] << 24 : 0;
    return v;
}

#endif
