/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 softmax with outputs of 8 or 16 bits. Replaces CMSIS-NN's
 * Source/SoftmaxFunctions/arm_nn_softmax_common_s8.c.
 *
 * The same arithmetic in fixed point, step by step: exp by a Taylor series around -1/8 and a
 * product for each set bit above, the reciprocal by three Newton steps. What differs is where the
 * time goes. A softmax has few values; upstream's spends most of its time waiting for its own code
 * to come from flash, once in each inference. This one lies in SRAM, multiplies without the
 * library's 64-bit product, and computes each exponential once.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_nn_softmax_common_s8.inc")
#include "upstream/arm_nn_softmax_common_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

/* Integer bits of the sum of exponentials. */
#define SUM_BITS 12

/* So many exponentials are kept from the sum to the outputs; the others are computed again. */
#define KEPT 32

/** floor((a * m + 2^30) / 2^31): rounded to nearest; m is a constant, or not INT32_MIN. */
static inline int32_t multiply(const int32_t a, const int32_t m)
{
    return requantize_high_product(a, m >> 16, m & 0xffff);
}

/** value / 2^exponent, rounded to nearest, midpoints away from zero. */
static inline int32_t divide(const int32_t value, const int32_t exponent)
{
    const int32_t mask = (int32_t)((1u << exponent) - 1);
    const int32_t quotient = value >> exponent;
    return quotient + ((value & mask) > (mask >> 1) + (quotient < 0));
}

/** value * 2^exponent, saturated. */
static inline int32_t scale_up(const int32_t value, const int32_t exponent)
{
    const int32_t limit = (1 << (31 - exponent)) - 1;
    if (value > limit) {
        return INT32_MAX;
    }
    return value < -limit ? INT32_MIN : (int32_t)((uint32_t)value << exponent);
}

/** exp of a Q5.26 number, at most 0, as Q0.31. */
static int32_t DUAL_CORE_IN_RAM(softmax_exp)(const int32_t value)
{
    if (value == 0) {
        return INT32_MAX;
    }
    /* A rest in [-1/4, 0) and a multiple of 1/4. */
    const int32_t rest = (value & ((1 << 24) - 1)) - (1 << 24);
    uint32_t quarters = (uint32_t)(rest - value) >> 24;

    const int32_t eighth = 1895147668;       /* exp(-1/8) */
    const int32_t x = rest * 32 + (1 << 28); /* rest + 1/8 as Q0.31 */
    const int32_t x2 = multiply(x, x);
    const int32_t high = divide(multiply(x2, x2), 2) + multiply(x2, x); /* x^4/4 + x^3 */
    const int32_t series = x + divide(multiply(high, 715827883) + x2, 1);
    int32_t result = eighth + multiply(series, eighth);

    static const int32_t DUAL_CORE_DATA_IN_RAM(softmax_powers)[] = {
        1672461947, /* exp(-1/4) */
        1302514674, /* exp(-1/2) */
        790015084,  /* exp(-1) */
        290630308,  /* exp(-2) */
        39332535,   /* exp(-4) */
        720401,     /* exp(-8) */
        242,        /* exp(-16) */
    };
    const int32_t *const end = softmax_powers + sizeof(softmax_powers) / sizeof(softmax_powers[0]);
    for (const int32_t *power = softmax_powers; power != end; power++, quarters >>= 1) {
        if (quarters & 1) {
            result = multiply(result, *power);
        }
    }
    return result;
}

/** 1 / (1 + x) for x in [0, 1), both Q0.31. */
static int32_t DUAL_CORE_IN_RAM(softmax_reciprocal)(const int32_t x)
{
    const int32_t half = (x >> 1) + (1 << 30); /* of the denominator */
    int32_t guess = 1515870810 + multiply(half, -1010580540); /* 48/17 - 32/17 * half, Q2.29 */
    for (int step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - multiply(half, guess);
        guess += scale_up(multiply(guess, error), 2);
    }
    return scale_up(guess, 1);
}

/* Arguments as documented in arm_nnsupportfunctions.h. */
void DUAL_CORE_IN_RAM(arm_nn_softmax_common_s8)(const int8_t *input,
                                                const int32_t num_rows,
                                                const int32_t row_size,
                                                const int32_t mult,
                                                const int32_t shift,
                                                const int32_t diff_min,
                                                const bool int16_output,
                                                void *output)
{
    const int32_t output_bits = int16_output ? 16 : 8;
    const int32_t lowest = -(1 << (output_bits - 1));
    int32_t kept[KEPT];
    for (int32_t row = 0; row < num_rows; row++, input += row_size) {
        int32_t max = input[0];
        for (int32_t i = 1; i < row_size; i++) {
            max = MAX(max, input[i]);
        }

        int32_t sum = 0;
        for (int32_t i = 0; i < row_size; i++) {
            const int32_t diff = input[i] - max;
            if (diff >= diff_min) {
                const int32_t power =
                    softmax_exp(multiply((int32_t)((uint32_t)diff << shift), mult));
                sum += divide(power, SUM_BITS);
                if (i < KEPT) {
                    kept[i] = power;
                }
            }
        }

        /* sum = (1 + x) * 2^(SUM_BITS - headroom), x in [0, 1) */
        int32_t headroom = 0;
        uint32_t normal = (uint32_t)sum;
        while (headroom < 32 && (normal & 0x80000000u) == 0) {
            normal <<= 1;
            headroom++;
        }
        const int32_t scale = softmax_reciprocal((int32_t)(normal ^ 0x80000000u));
        const int32_t right = SUM_BITS - headroom + 31 - output_bits;

        for (int32_t i = 0; i < row_size; i++) {
            const int32_t diff = input[i] - max;
            int32_t out = lowest;
            if (diff >= diff_min) {
                const int32_t power =
                    i < KEPT ? kept[i]
                             : softmax_exp(multiply((int32_t)((uint32_t)diff << shift), mult));
                out += divide(multiply(power, scale), right);
                out = out > -1 - lowest ? -1 - lowest : out < lowest ? lowest : out;
            }
            if (int16_output) {
                ((int16_t *)output)[row * row_size + i] = (int16_t)out;
            } else {
                ((int8_t *)output)[row * row_size + i] = (int8_t)out;
            }
        }
    }
}

#endif
