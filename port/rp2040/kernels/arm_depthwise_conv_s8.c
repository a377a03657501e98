/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution of any filter size, dilation, batch and channel multiplier, on both
 * cores of the RP2040. Replaces CMSIS-NN's Source/ConvolutionFunctions/arm_depthwise_conv_s8.c.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_depthwise_conv_s8.inc")
#include "upstream/arm_depthwise_conv_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnfunctions.h"

#include "depthwise.h"

/* Arguments as documented in arm_nnfunctions.h; ctx is not used. */
arm_cmsis_nn_status arm_depthwise_conv_s8(const cmsis_nn_context *ctx,
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
        .batches = input_dims->n,
        .multiplier = dw_conv_params->ch_mult,
        .dilation = dw_conv_params->dilation,
    };
    dual_core_depthwise(&layer);
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
