/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status arm_convolve_1x1_s8_fast(const cmsis_nn_context *ctx,
                                             const cmsis_nn_conv_params *conv_params,
                                             const cmsis_nn_per_channel_quant_params *quant_params,
                                             const cmsis_nn_dims *input_dims,
                                             const int8_t *input_data,
                                             const cmsis_nn_dims *filter_dims,
                                             const int8_t *filter_data,
                                             const cmsis_nn_dims *bias_dims,
                                             const int32_t *bias_data,
                                             const cmsis_nn_dims *output_dims,
                                             int8_t *output_data)
{
    (void)ctx;
    (void)filter_dims;
    (void)bias_dims;

    if (conv_params->padding.w != 0 || conv_params->padding.h != 0 ||
        !arm_nn_is_convolve_1x1_fast(conv_params))
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }

    /* Every pixel is a row of the left matrix, every output channel a row of the right one. */
    const int32_t pixels = input_dims->n * input_dims->h * input_dims->w;
    const int32_t channels_in = input_dims->c;
    const int32_t channels_out = output_dims->c;

    return arm_nn_mat_mult_nt_t_s8(input_data,
                                   filter_data,
                                   bias_data,
                                   output_data,
                                   quant_params->multiplier,
                                   quant_params->shift,
                                   pixels,
                                   channels_out,
                                   channels_in,
                                   conv_params->input_offset,
                                   conv_params->output_offset,
                                   conv_params->activation.min,
                                   conv_params->activation.max,
                                   channels_out,
                                   channels_in);
}
