/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution, 3x3, one output channel per input channel, on both cores of the
 * RP2040. Replaces CMSIS-NN's Source/ConvolutionFunctions/arm_depthwise_conv_3x3_s8.c.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_depthwise_conv_3x3_s8.inc")
#include "upstream/arm_depthwise_conv_3x3_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnfunctions.h"

#include "depthwise.h"

/*
 * Arguments and refusals as documented in arm_nnfunctions.h: one image, as many output channels
 * as input channels, a 3x3 filter, at most one column of padding. ctx is not used.
 */
arm_cmsis_nn_status arm_depthwise_conv_3x3_s8(const cmsis_nn_context *ctx,
                                              const cmsis_nn_dw_conv_params *dw_conv_params,
                                              const cmsis_nn_per_channel_quant_params *quant_params,
                                              const cmsis_nn_dims *input_dims,
                                              const int8_t *input,
                                              const cmsis_nn_dims *filter_dims,
                                              const int8_t *kernel,
                                              const cmsis_nn_dims *bias_dims,
                                              const int32_t *bias,
                                              const cmsis_nn_dims *output_dims,
                                              int8_t *output)
{
    (void)ctx;
    (void)bias_dims;

    if (input_dims->c != output_dims->c || filter_dims->w != 3 || filter_dims->h != 3 ||
        dw_conv_params->padding.w > 1) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const depthwise_layer layer = {
        .params = dw_conv_params,
        .quantisation = quant_params,
        .input_dims = input_dims,
        .input = input,
        .filter_dims = filter_dims,
        .kernel = kernel,
        .bias = bias,
        .output_dims = output_dims,
        .output = output,
        .batches = 1,
        .multiplier = 1,
        .dilation = {.w = 1, .h = 1},
    };
    dual_core_depthwise(&layer);
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
