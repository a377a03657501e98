/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnsupportfunctions.h"

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
                                      int8_t *out_0)
{
    /* Without groups the two pixels lie next to one another. */
    return arm_nn_mat_mult_kernel_row_offset_s8_s16(input_a,
                                                    input_b,
                                                    output_ch,
                                                    out_shift,
                                                    out_mult,
                                                    out_offset,
                                                    activation_min,
                                                    activation_max,
                                                    num_col_a,
                                                    aligned_num_col_a,
                                                    output_bias,
                                                    output_ch,
                                                    out_0);
}
