/* SPDX-License-Identifier: Apache-2.0 */

/* What the kernels share: fixed-point arithmetic and the inner products. */

#ifndef ARM_NNSUPPORTFUNCTIONS_H
#define ARM_NNSUPPORTFUNCTIONS_H

#include "Internal/arm_nn_compiler.h"
#include "arm_nn_math_types.h"
#include "arm_nn_types.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MAX
#define MAX(A, B) ((A) > (B) ? (A) : (B))
#endif
#ifndef MIN
#define MIN(A, B) ((A) < (B) ? (A) : (B))
#endif
#define CLAMP(x, h, l) MAX(MIN((x), (h)), (l))
#define LEFT_SHIFT(_shift) ((_shift) > 0 ? (_shift) : 0)
#define RIGHT_SHIFT(_shift) ((_shift) > 0 ? 0 : -(_shift))

/* ---- Which convolution a shape calls for */

__STATIC_INLINE bool arm_nn_is_convolve_1x1(const cmsis_nn_conv_params *conv_params,
                                            const cmsis_nn_dims *input_dims,
                                            const cmsis_nn_dims *filter_dims)
{
    const bool one_tap = filter_dims->w == 1 && filter_dims->h == 1;
    const bool one_group = filter_dims->c == input_dims->c;
    const bool unpadded = conv_params->padding.w == 0 && conv_params->padding.h == 0;
    const bool undilated = conv_params->dilation.w == 1 && conv_params->dilation.h == 1;
    return one_tap && one_group && unpadded && undilated;
}

__STATIC_INLINE bool arm_nn_is_convolve_1x1_fast(const cmsis_nn_conv_params *conv_params)
{
    return conv_params->stride.w == 1 && conv_params->stride.h == 1;
}

__STATIC_INLINE bool arm_nn_is_convolve_1_x_n(const cmsis_nn_conv_params *conv_params,
                                              const cmsis_nn_dims *input_dims,
                                              const cmsis_nn_dims *filter_dims)
{
    const bool one_row = input_dims->h == 1 && filter_dims->h == 1;
    const bool one_group = filter_dims->c == input_dims->c;
    const bool aligned = conv_params->stride.w * input_dims->c % 4 == 0;
    return one_row && one_group && aligned && conv_params->dilation.w == 1;
}

/* ---- Unaligned access */

__STATIC_FORCEINLINE int32_t arm_nn_read_s8x4(const int8_t *in_s8)
{
    int32_t word;
    memcpy(&word, in_s8, sizeof word);
    return word;
}

__STATIC_FORCEINLINE int32_t arm_nn_read_s8x4_ia(const int8_t **in_s8)
{
    const int32_t word = arm_nn_read_s8x4(*in_s8);
    *in_s8 += sizeof word;
    return word;
}

__STATIC_FORCEINLINE void
arm_memcpy_s8(int8_t *__RESTRICT dst, const int8_t *__RESTRICT src, uint32_t block_size)
{
    memcpy(dst, src, block_size);
}

__STATIC_FORCEINLINE void arm_memset_s8(int8_t *dst, const int8_t val, uint32_t block_size)
{
    memset(dst, val, block_size);
}

/* ---- Fixed point. "Q0.31" below: the integer n stands for n / 2^31. */

/* Product of two Q0.31 numbers, rounded to nearest, halves up. Not for INT32_MIN squared. */
__STATIC_FORCEINLINE int32_t arm_nn_doubling_high_mult_no_sat(int32_t m1, int32_t m2)
{
    const int64_t half = (int64_t)1 << 30;
    return (int32_t)(((int64_t)m1 * m2 + half) >> 31);
}

/* The same, saturated for INT32_MIN squared. */
__STATIC_FORCEINLINE int32_t arm_nn_doubling_high_mult(const int32_t m1, const int32_t m2)
{
    if (m1 == NN_Q31_MIN && m2 == NN_Q31_MIN)
    {
        return NN_Q31_MAX;
    }
    return arm_nn_doubling_high_mult_no_sat(m1, m2);
}

/* dividend / 2^exponent, rounded to nearest, halves away from zero; 0 <= exponent <= 31. */
__STATIC_FORCEINLINE int32_t arm_nn_divide_by_power_of_two(const int32_t dividend,
                                                           const int32_t exponent)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (dividend < 0);
    return (dividend >> exponent) + ((dividend & mask) > threshold);
}

/* val * 2^exp, saturated. */
__STATIC_FORCEINLINE int32_t arm_nn_mult_by_power_of_two(const int32_t val, const int32_t exp)
{
    const int64_t wide = (int64_t)val * ((int64_t)1 << exp);
    return (int32_t)CLAMP(wide, (int64_t)NN_Q31_MAX, (int64_t)NN_Q31_MIN);
}

/*
 * val * multiplier / 2^31 * 2^shift: an accumulator brought to the output's scale.
 *
 * Rounds twice when shift < 0, once after the product and once after the shift, as TFLM's
 * MultiplyByQuantizedMultiplier does unless built for single rounding. val * 2^shift must fit
 * in 32 bits when shift > 0.
 */
__STATIC_FORCEINLINE int32_t arm_nn_requantize(const int32_t val,
                                               const int32_t multiplier,
                                               const int32_t shift)
{
    const int32_t scaled = (int32_t)((uint32_t)val << LEFT_SHIFT(shift));
    return arm_nn_divide_by_power_of_two(arm_nn_doubling_high_mult_no_sat(scaled, multiplier),
                                         RIGHT_SHIFT(shift));
}

/* From accumulator to stored output: requantise, add the zero point, apply the activation. */
__STATIC_FORCEINLINE int8_t mini_nn_output_s8(const int32_t acc,
                                              const int32_t multiplier,
                                              const int32_t shift,
                                              const int32_t offset,
                                              const int32_t activation_min,
                                              const int32_t activation_max)
{
    const int32_t out = arm_nn_requantize(acc, multiplier, shift) + offset;
    return (int8_t)CLAMP(out, activation_max, activation_min);
}

/* ---- Inner products */

/*
 * dst[i][j] = output of (bias[j] + sum over k of (lhs[i][k] + lhs_offset) * rhs[j][k]).
 *
 * lhs: lhs_rows rows, lhs_cols_offset apart; rhs: rhs_rows rows of rhs_cols; dst: lhs_rows rows
 * of rhs_rows. One multiplier and shift for each j. row_address_offset is not used here.
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
                                            const int32_t lhs_cols_offset);

/*
 * dst[j * address_offset] = output of (bias[j] + sum over k of
 * (lhs[k] + lhs_offset) * (rhs[j][k] + rhs_offset)). kernel_sum is not used here.
 */
arm_cmsis_nn_status arm_nn_vec_mat_mult_t_s8(const int8_t *lhs,
                                             const int8_t *rhs,
                                             const int32_t *kernel_sum,
                                             const int32_t *bias,
                                             int8_t *dst,
                                             const int32_t lhs_offset,
                                             const int32_t dst_offset,
                                             const int32_t dst_multiplier,
                                             const int32_t dst_shift,
                                             const int32_t rhs_cols,
                                             const int32_t rhs_rows,
                                             const int32_t activation_min,
                                             const int32_t activation_max,
                                             const int32_t address_offset,
                                             const int32_t rhs_offset);

/* The same with one multiplier and shift for each row of rhs. */
arm_cmsis_nn_status arm_nn_vec_mat_mult_t_per_ch_s8(const int8_t *lhs,
                                                    const int8_t *rhs,
                                                    const int32_t *kernel_sum,
                                                    const int32_t *bias,
                                                    int8_t *dst,
                                                    const int32_t lhs_offset,
                                                    const int32_t dst_offset,
                                                    const int32_t *dst_multiplier,
                                                    const int32_t *dst_shift,
                                                    const int32_t rhs_cols,
                                                    const int32_t rhs_rows,
                                                    const int32_t activation_min,
                                                    const int32_t activation_max,
                                                    const int32_t address_offset,
                                                    const int32_t rhs_offset);

/*
 * Two output pixels of a convolution: output_ch rows of num_col_a weights times two columns of
 * input_b, aligned_num_col_a apart, input offset already added. Returns where the next two
 * pixels go: out_0 + 2 * output_ch.
 */
int8_t *arm_nn_mat_mult_kernel_s8_s16(const int8_t *input_a,
                                      const int16_t *input_b,
                                      const uint16_t output_ch,
                                      const int32_t *out_shift,
                                      const int32_t *out_mult,
                                      const int32_t out_offset,
                                      const int16_t activation_min,
                                      const int16_t activation_max,
                                      const int32_t num_col_a,
                                      const int32_t aligned_num_col_a,
                                      const int32_t *const output_bias,
                                      int8_t *out_0);

/* The same with pixels row_address_offset apart in the output, for grouped convolution. */
int8_t *arm_nn_mat_mult_kernel_row_offset_s8_s16(const int8_t *input_a,
                                                 const int16_t *input_b,
                                                 const uint16_t output_ch,
                                                 const int32_t *out_shift,
                                                 const int32_t *out_mult,
                                                 const int32_t out_offset,
                                                 const int16_t activation_min,
                                                 const int16_t activation_max,
                                                 const int32_t num_col_a,
                                                 const int32_t aligned_num_col_a,
                                                 const int32_t *const output_bias,
                                                 const int32_t row_address_offset,
                                                 int8_t *out_0);

/* dst[i] = src[i] + offset. */
void arm_q7_to_q15_with_offset(const int8_t *src, int16_t *dst, int32_t block_size, int16_t offset);

/* arm_softmax_s8, with output as int8 (scale 1/2^8) or int16 (scale 1/2^16), at the type's
 * lowest value for zero. */
void arm_nn_softmax_common_s8(const int8_t *input,
                              const int32_t num_rows,
                              const int32_t row_size,
                              const int32_t mult,
                              const int32_t shift,
                              const int32_t diff_min,
                              const bool int16_output,
                              void *output);

#ifdef __cplusplus
}
#endif

#endif
