/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnsupportfunctions.h"

/* Integer bits of the sum of exponentials: up to 4096 of them. */
#define SUM_INTEGER_BITS 12

/* Values that are widened at a time. */
#define BLOCK 16

/*
 * exp of a Q5.26 number <= 0, as Q0.31.
 *
 * The number is split into multiples of -1/4 and a rest in [-1/4, 0). The rest goes through the
 * Taylor series around -1/8; each set bit of the multiple multiplies by a constant.
 */
static int32_t exp_of_negative(int32_t value)
{
    static const int32_t exp_of_minus_power[] = {
        1672461947, /* exp(-1/4) */
        1302514674, /* exp(-1/2) */
        790015084,  /* exp(-1) */
        290630308,  /* exp(-2) */
        39332535,   /* exp(-4) */
        720401,     /* exp(-8) */
        242,        /* exp(-16) */
    };
    const int32_t exp_of_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    const int32_t quarter_bit = 24; /* 1/4 in Q5.26 is 1 << 24 */

    if (value == 0)
    {
        return NN_Q31_MAX;
    }

    const int32_t rest = (value & ((1 << quarter_bit) - 1)) - (1 << quarter_bit);
    const int32_t multiple = rest - value;

    const int32_t x = rest * 32 + (1 << 28); /* rest + 1/8, from Q5.26 to Q0.31 */
    const int32_t x2 = arm_nn_doubling_high_mult(x, x);
    const int32_t x3 = arm_nn_doubling_high_mult(x2, x);
    const int32_t x4 = arm_nn_doubling_high_mult(x2, x2);
    const int32_t cubic = arm_nn_divide_by_power_of_two(x4, 2) + x3; /* x^3 + x^4/4 */
    const int32_t square =                                           /* x^2/2 + x^3/6 + x^4/24 */
        arm_nn_divide_by_power_of_two(arm_nn_doubling_high_mult(cubic, third) + x2, 1);
    int32_t result =
        exp_of_minus_eighth + arm_nn_doubling_high_mult(exp_of_minus_eighth, x + square);

    for (int32_t bit = 0; bit < 7; bit++)
    {
        if (multiple & (1 << (quarter_bit + bit)))
        {
            result = arm_nn_doubling_high_mult(result, exp_of_minus_power[bit]);
        }
    }
    return result;
}

/* 1 / (1 + x) for x in [0, 1), both Q0.31: three Newton steps for the half of it. */
static int32_t one_over_one_plus(int32_t x)
{
    const int32_t seed = 1515870810;   /* 48/17 in Q2.29 */
    const int32_t slope = -1010580540; /* -32/17 in Q2.29 */
    const int32_t one = 1 << 29;       /* 1 in Q2.29 */

    const int64_t sum = (int64_t)x + NN_Q31_MAX;
    const int32_t half_denominator = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t guess = seed + arm_nn_doubling_high_mult(half_denominator, slope);
    for (int step = 0; step < 3; step++)
    {
        const int32_t error = one - arm_nn_doubling_high_mult(half_denominator, guess);
        guess += arm_nn_mult_by_power_of_two(arm_nn_doubling_high_mult(guess, error), 2);
    }
    return arm_nn_mult_by_power_of_two(guess, 1);
}

void arm_nn_softmax_common_s8(const int8_t *input,
                              const int32_t num_rows,
                              const int32_t row_size,
                              const int32_t mult,
                              const int32_t shift,
                              const int32_t diff_min,
                              const bool int16_output,
                              void *output)
{
    const int32_t output_bits = int16_output ? 16 : 8;
    const int32_t lowest = int16_output ? NN_Q15_MIN : NN_Q7_MIN;
    const int32_t highest = int16_output ? NN_Q15_MAX : NN_Q7_MAX;

    for (int32_t row = 0; row < num_rows; row++)
    {
        int32_t max = input[0];
        for (int32_t i = 1; i < row_size; i++)
        {
            max = MAX(max, input[i]);
        }

        int32_t sum = 0;
        for (int32_t first = 0; first < row_size; first += BLOCK)
        {
            int16_t diffs[BLOCK];
            const int32_t count = MIN(BLOCK, row_size - first);
            arm_q7_to_q15_with_offset(input + first, diffs, count, (int16_t)-max);
            for (int32_t i = 0; i < count; i++)
            {
                if (diffs[i] >= diff_min)
                {
                    const int32_t power =
                        exp_of_negative(arm_nn_doubling_high_mult(diffs[i] * (1 << shift), mult));
                    sum += arm_nn_divide_by_power_of_two(power, SUM_INTEGER_BITS);
                }
            }
        }

        /* sum = (1 + x) * 2^(SUM_INTEGER_BITS - headroom), x in [0, 1) */
        const int32_t headroom = CLZ((uint32_t)sum);
        const int32_t x = (int32_t)(((uint32_t)sum << headroom) - ((uint32_t)1 << 31));
        const int32_t scale = one_over_one_plus(x);
        const int32_t right = SUM_INTEGER_BITS - headroom + 31 - output_bits;

        for (int32_t i = 0; i < row_size; i++)
        {
            const int32_t diff = input[i] - max;
            int32_t out = lowest;
            if (diff >= diff_min)
            {
                const int32_t power =
                    exp_of_negative(arm_nn_doubling_high_mult(diff * (1 << shift), mult));
                out +=
                    arm_nn_divide_by_power_of_two(arm_nn_doubling_high_mult(scale, power), right);
                out = CLAMP(out, highest, lowest);
            }
            if (int16_output)
            {
                ((int16_t *)output)[row * row_size + i] = (int16_t)out;
            }
            else
            {
                ((int8_t *)output)[row * row_size + i] = (int8_t)out;
            }
        }
        input += row_size;
    }
}
