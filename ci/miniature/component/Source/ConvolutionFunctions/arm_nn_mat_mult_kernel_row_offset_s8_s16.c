/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnsupportfunctions.h"

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
                                                 int8_t *out_0)
{
    const int16_t *column0 = input_b;
    const int16_t *column1 = input_b + aligned_num_col_a;
    int8_t *out_1 = out_0 + row_address_offset;

    /* Blocks of two channels by two pixels. */
    int32_t c = 0;
    for (; c + 2 <= output_ch; c += 2)
    {
        const int8_t *filter0 = input_a + c * num_col_a;
        const int8_t *filter1 = filter0 + num_col_a;
        int32_t acc00 = output_bias ? output_bias[c] : 0;
        int32_t acc10 = output_bias ? output_bias[c + 1] : 0;
        int32_t acc01 = acc00;
        int32_t acc11 = acc10;
        for (int32_t k = 0; k < num_col_a; k++)
        {
            acc00 += filter0[k] * column0[k];
            acc01 += filter0[k] * column1[k];
            acc10 += filter1[k] * column0[k];
            acc11 += filter1[k] * column1[k];
        }
        out_0[c] = mini_nn_output_s8(
            acc00, out_mult[c], out_shift[c], out_offset, activation_min, activation_max);
        out_1[c] = mini_nn_output_s8(
            acc01, out_mult[c], out_shift[c], out_offset, activation_min, activation_max);
        out_0[c + 1] = mini_nn_output_s8(
            acc10, out_mult[c + 1], out_shift[c + 1], out_offset, activation_min, activation_max);
        out_1[c + 1] = mini_nn_output_s8(
            acc11, out_mult[c + 1], out_shift[c + 1], out_offset, activation_min, activation_max);
    }
    if (c < output_ch)
    {
        const int8_t *filter0 = input_a + c * num_col_a;
        int32_t acc0 = output_bias ? output_bias[c] : 0;
        int32_t acc1 = acc0;
        for (int32_t k = 0; k < num_col_a; k++)
        {
            acc0 += filter0[k] * column0[k];
            acc1 += filter0[k] * column1[k];
        }
        out_0[c] = mini_nn_output_s8(
            acc0, out_mult[c], out_shift[c], out_offset, activation_min, activation_max);
        out_1[c] = mini_nn_output_s8(
            acc1, out_mult[c], out_shift[c], out_offset, activation_min, activation_max);
    }
    return out_0 + 2 * row_address_offset;
}
