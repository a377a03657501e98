/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnsupportfunctions.h"

/* Inlined twice: without a filter offset the compiler leaves its addition out. */
__STATIC_FORCEINLINE void multiply_rows(const int8_t *lhs,
                                        const int8_t *rhs,
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
                                        const int32_t rhs_offset)
{
    int32_t j = 0;

    /* Three rows at once: one load of the vector serves three products. */
    for (; j + 3 <= rhs_rows; j += 3)
    {
        const int8_t *rhs1 = rhs + rhs_cols;
        const int8_t *rhs2 = rhs1 + rhs_cols;
        int32_t acc0 = bias ? bias[j] : 0;
        int32_t acc1 = bias ? bias[j + 1] : 0;
        int32_t acc2 = bias ? bias[j + 2] : 0;
        for (int32_t k = 0; k < rhs_cols; k++)
        {
            const int32_t value = lhs[k] + lhs_offset;
            acc0 += value * (rhs[k] + rhs_offset);
            acc1 += value * (rhs1[k] + rhs_offset);
            acc2 += value * (rhs2[k] + rhs_offset);
        }
        dst[0] = mini_nn_output_s8(
            acc0, dst_multiplier[j], dst_shift[j], dst_offset, activation_min, activation_max);
        dst[address_offset] = mini_nn_output_s8(acc1,
                                                dst_multiplier[j + 1],
                                                dst_shift[j + 1],
                                                dst_offset,
                                                activation_min,
                                                activation_max);
        dst[2 * address_offset] = mini_nn_output_s8(acc2,
                                                    dst_multiplier[j + 2],
                                                    dst_shift[j + 2],
                                                    dst_offset,
                                                    activation_min,
                                                    activation_max);
        dst += 3 * address_offset;
        rhs += 3 * rhs_cols;
    }

    for (; j < rhs_rows; j++)
    {
        int32_t acc = bias ? bias[j] : 0;
        for (int32_t k = 0; k < rhs_cols; k++)
        {
            acc += (lhs[k] + lhs_offset) * (rhs[k] + rhs_offset);
        }
        *dst = mini_nn_output_s8(
            acc, dst_multiplier[j], dst_shift[j], dst_offset, activation_min, activation_max);
        dst += address_offset;
        rhs += rhs_cols;
    }
}

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
                                                    const int32_t rhs_offset)
{
    (void)kernel_sum;

    if (rhs_offset == 0)
    {
        multiply_rows(lhs,
                      rhs,
                      bias,
                      dst,
                      lhs_offset,
                      dst_offset,
                      dst_multiplier,
                      dst_shift,
                      rhs_cols,
                      rhs_rows,
                      activation_min,
                      activation_max,
                      address_offset,
                      0);
    }
    else
    {
        multiply_rows(lhs,
                      rhs,
                      bias,
                      dst,
                      lhs_offset,
                      dst_offset,
                      dst_multiplier,
                      dst_shift,
                      rhs_cols,
                      rhs_rows,
                      activation_min,
                      activation_max,
                      address_offset,
                      rhs_offset);
    }
    return ARM_CMSIS_NN_SUCCESS;
}
