/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_MATMUL_H
#define PORT_RP2040_KERNELS_MATMUL_H

/*
 * int8 matrix product lhs * transposed(rhs) with requantisation, on both cores: what pointwise and
 * general convolution and fully connected layers of several rows have in common.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dual_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes row `row` of lhs, [columns] int8, to `buffer`. */
typedef void (*matmul_gather)(const void *source, int32_t row, int8_t *buffer);

/**
 *   lhs [rows][columns]      (pixels x input channels, or patches)
 *   rhs [channels][columns]  (output channels x input channels, or filters)
 *   dst [rows][channels]     (pixels x output channels)
 *
 * Any sizes, any alignment. lhs is `lhs`, or made row by row by `gather`.
 */
typedef struct {
    const int8_t *lhs;
    int32_t lhs_stride; /* bytes from row to row */
    matmul_gather gather;
    const void *source;
    int8_t *buffers[DUAL_CORE_MAX_PARTS]; /* for gather, [columns] each, word-aligned */

    const int8_t *rhs;
    const int32_t *bias; /* [channels], or NULL for zeros */
    const int32_t *multipliers;
    const int32_t *shifts;
    int32_t quantisation_step; /* 1: a multiplier and shift for each channel; 0: one for all */
    int8_t *dst;
    int32_t dst_stride; /* bytes from row to row */

    int32_t rows;
    int32_t channels;
    int32_t columns;
    int32_t lhs_offset;
    int32_t dst_offset;
    int32_t activation_min;
    int32_t activation_max;
} matmul_layer;

void matmul_run(const matmul_layer *layer);

#ifdef __cplusplus
}
#endif

#endif
