/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 matrix product lhs * transposed(rhs) with requantisation, on both cores of the RP2040.
 * Replaces CMSIS-NN's Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c; pointwise
 * convolution spends its time here.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_nn_mat_mult_nt_t_s8.inc")
#include "upstream/arm_nn_mat_mult_nt_t_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "matmul.h"

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
    const matmul_layer layer = {
        .lhs = lhs,
        .lhs_stride = lhs_cols_offset,
        .rhs = rhs,
        .bias = bias,
        .multipliers = dst_multipliers,
        .shifts = dst_shifts,
        .quantisation_step = 1,
        .dst = dst,
        .dst_stride = rhs_rows,
        .rows = lhs_rows,
        .channels = rhs_rows,
        .columns = rhs_cols,
        .lhs_offset = lhs_offset,
        .dst_offset = dst_offset,
        .activation_min = activation_min,
        .activation_max = activation_max,
    };
    matmul_run(&layer);
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
