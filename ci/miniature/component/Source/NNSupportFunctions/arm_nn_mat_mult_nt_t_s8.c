/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnsupportfunctions.h"

static int32_t dot(const int8_t *lhs, const int8_t *rhs, int32_t count, int32_t sum)
{
    for (int32_t k = 0; k < count; k++)
    {
        sum += lhs[k] * rhs[k];
    }
    return sum;
}

/* bias + lhs_offset * sum of the row: what the offset adds to every product with this row. */
static int32_t start_value(const int8_t *rhs, int32_t count, int32_t lhs_offset, int32_t bias)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < count; k++)
    {
        sum += rhs[k];
    }
    return bias + lhs_offset * sum;
}

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

    /* Blocks of two rows by two channels: four products for four loads. */
    int32_t j = 0;
    for (; j + 2 <= rhs_rows; j += 2)
    {
        const int8_t *rhs0 = rhs + j * rhs_cols;
        const int8_t *rhs1 = rhs0 + rhs_cols;
        const int32_t start0 = start_value(rhs0, rhs_cols, lhs_offset, bias ? bias[j] : 0);
        const int32_t start1 = start_value(rhs1, rhs_cols, lhs_offset, bias ? bias[j + 1] : 0);
        const int32_t mult0 = dst_multipliers[j];
        const int32_t mult1 = dst_multipliers[j + 1];
        const int32_t shift0 = dst_shifts[j];
        const int32_t shift1 = dst_shifts[j + 1];
        const int8_t *lhs0 = lhs;
        int8_t *out = dst + j;

        int32_t i = 0;
        for (; i + 2 <= lhs_rows; i += 2)
        {
            const int8_t *lhs1 = lhs0 + lhs_cols_offset;
            int32_t acc00 = start0;
            int32_t acc01 = start1;
            int32_t acc10 = start0;
            int32_t acc11 = start1;
            for (int32_t k = 0; k < rhs_cols; k++)
            {
                acc00 += lhs0[k] * rhs0[k];
                acc01 += lhs0[k] * rhs1[k];
                acc10 += lhs1[k] * rhs0[k];
                acc11 += lhs1[k] * rhs1[k];
            }
            out[0] =
                mini_nn_output_s8(acc00, mult0, shift0, dst_offset, activation_min, activation_max);
            out[1] =
                mini_nn_output_s8(acc01, mult1, shift1, dst_offset, activation_min, activation_max);
            out += rhs_rows;
            out[0] =
                mini_nn_output_s8(acc10, mult0, shift0, dst_offset, activation_min, activation_max);
            out[1] =
                mini_nn_output_s8(acc11, mult1, shift1, dst_offset, activation_min, activation_max);
            out += rhs_rows;
            lhs0 += 2 * lhs_cols_offset;
        }
        if (i < lhs_rows)
        {
            const int32_t acc0 = dot(lhs0, rhs0, rhs_cols, start0);
            const int32_t acc1 = dot(lhs0, rhs1, rhs_cols, start1);
            out[0] =
                mini_nn_output_s8(acc0, mult0, shift0, dst_offset, activation_min, activation_max);
            out[1] =
                mini_nn_output_s8(acc1, mult1, shift1, dst_offset, activation_min, activation_max);
        }
    }

    /* An odd channel left over. */
    if (j < rhs_rows)
    {
        const int8_t *rhs0 = rhs + j * rhs_cols;
        const int32_t start = start_value(rhs0, rhs_cols, lhs_offset, bias ? bias[j] : 0);
        const int8_t *lhs0 = lhs;
        int8_t *out = dst + j;
        for (int32_t i = 0; i < lhs_rows; i++)
        {
            const int32_t acc = dot(lhs0, rhs0, rhs_cols, start);
            *out = mini_nn_output_s8(
                acc, dst_multipliers[j], dst_shifts[j], dst_offset, activation_min, activation_max);
            out += rhs_rows;
            lhs0 += lhs_cols_offset;
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
