/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_DEPTHWISE_H
#define PORT_RP2040_KERNELS_DEPTHWISE_H

/*
 * int8 depthwise convolution on both cores, for arm_depthwise_conv_3x3_s8() and
 * arm_depthwise_conv_s8().
 */

#include <stdbool.h>
#include <stdint.h>

#include "arm_nn_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * One depthwise layer.
 *
 *   input   [batches][input_dims->h][input_dims->w][input_dims->c]
 *   kernel  [filter_dims->h][filter_dims->w][output_dims->c]
 *   output  [batches][output_dims->h][output_dims->w][output_dims->c]
 *
 * Output channel c reads input channel c / multiplier.
 */
typedef struct {
    const cmsis_nn_dw_conv_params *params;
    const cmsis_nn_per_channel_quant_params *quantisation;
    const cmsis_nn_dims *input_dims;
    const int8_t *input;
    const cmsis_nn_dims *filter_dims;
    const int8_t *kernel;
    const int32_t *bias; /* [output_dims->c], or NULL for zeros */
    const cmsis_nn_dims *output_dims;
    int8_t *output;
    int32_t batches;
    int32_t multiplier; /* output channels per input channel */
    cmsis_nn_tile dilation;
} depthwise_layer;

/** Computes any layer. */
void dual_core_depthwise(const depthwise_layer *layer);

/**
 * Computes a layer the fast way. Returns false, and has written nothing, where that gains nothing
 * (few outputs) or cannot be: padded with values that are no int8, a window larger than the
 * working memory, or the working memory is taken.
 */
bool dual_core_depthwise_bands(const depthwise_layer *layer);

#ifdef __cplusplus
}
#endif

#endif
