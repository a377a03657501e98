/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 product of a vector and a transposed matrix, requantised as a whole,
 * on both cores of the RP2040. Replaces CMSIS-NN's
 * Source/NNSupportFunctions/arm_nn_vec_mat_mult_t_s8.c; fully connected layers
 * spend their time here.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_nn_vec_mat_mult_t_s8.inc")
#include "upstream/arm_nn_vec_mat_mult_t_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnsupportfunctions.h"

#include "vec_mat.h"

/* Arguments as documented in arm_nnsupportfunctions.h; kernel_sum is for Helium only. */
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
                                             const int32_t rhs_offset)
{
    (void)kernel_sum;
    const vec_mat_layer layer = {
        .lhs = lhs,
        .rhs = rhs,
        .bias = bias,
        .dst = dst,
        .dst_step = address_offset,
        .multipliers = &dst_multiplier,
        .shifts = &dst_shift,
        .quantisation_step = 0,
        .lhs_offset = lhs_offset,
        .rhs_offset = rhs_offset,
        .dst_offset = dst_offset,
        .columns = rhs_cols,
        .rows = rhs_rows,
        .activation_min = activation_min,
        .activation_max = activation_max,
    };
    vec_mat_run(&layer);
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
