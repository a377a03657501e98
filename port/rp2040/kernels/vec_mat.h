/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_VEC_MAT_H
#define PORT_RP2040_KERNELS_VEC_MAT_H

/*
 * int8 product of a vector and a transposed matrix with requantisation, on both cores: fully
 * connected layers.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 *   lhs [columns] int8, rhs [rows][columns] int8, dst [rows] int8, dst_step bytes apart.
 *
 * dst = sum of (lhs + lhs_offset) * (rhs + rhs_offset) over the columns, plus bias, requantised.
 */
typedef struct {
    const int8_t *lhs;
    const int8_t *rhs;
    const int32_t *bias; /* [rows], or NULL for zeros */
    int8_t *dst;
    int32_t dst_step;
    const int32_t *multipliers;
    const int32_t *shifts;
    int32_t quantisation_step; /* 1: a multiplier and shift for each row; 0: one for all */
    int32_t lhs_offset;
    int32_t rhs_offset;
    int32_t dst_offset;
    int32_t columns;
    int32_t rows;
    int32_t activation_min;
    int32_t activation_max;
} vec_mat_layer;

void vec_mat_run(const vec_mat_layer *layer);

#ifdef __cplusplus
}
#endif

#endif
