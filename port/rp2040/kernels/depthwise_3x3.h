/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_DEPTHWISE_3X3_H
#define PORT_RP2040_KERNELS_DEPTHWISE_3X3_H

/*
 * What arm_depthwise_conv_3x3_s8() and arm_depthwise_conv_s8() share: int8 depthwise
 * convolution, dilation 1, one image, on both cores.
 */

#include "arm_nn_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Depthwise convolution with a 3x3 filter of one image; any padding, stride and channel
 * multiplier.
 *
 *   input   [input_dims->h][input_dims->w][input_dims->c]
 *   kernel  [3][3][output_dims->c]
 *   output  [output_dims->h][output_dims->w][output_dims->c]
 *
 * Output channel c reads input channel c / (output_dims->c / input_dims->c). bias may be NULL.
 */
void depthwise_3x3(const cmsis_nn_dw_conv_params *params,
                   const cmsis_nn_per_channel_quant_params *quantisation,
                   const cmsis_nn_dims *input_dims,
                   const int8_t *input,
                   const int8_t *kernel,
                   const int32_t *bias,
                   const cmsis_nn_dims *output_dims,
                   int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
