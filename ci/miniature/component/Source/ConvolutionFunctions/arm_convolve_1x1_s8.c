/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status arm_convolve_1x1_s8(const cmsis_nn_context *ctx,
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

    if (conv_params->padding.w != 0 || conv_params->padding.h != 0)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }

    const int32_t channels_in = input_dims->c;
    const int32_t channels_out = output_dims->c;
    const int32_t row_in = input_dims->w * channels_in;
    const int32_t row_out = output_dims->w * channels_out;
    arm_cmsis_nn_status status = ARM_CMSIS_NN_SUCCESS;

    /* One product per output row; the stride skips pixels within it and rows between them. */
    for (int32_t n = 0; n < input_dims->n; n++)
    {
        const int8_t *in = input_data + n * input_dims->h * row_in;
        for (int32_t y = 0; y < output_dims->h && status == ARM_CMSIS_NN_SUCCESS; y++)
        {
            status = arm_nn_mat_mult_nt_t_s8(in,
                                             filter_data,
                                             bias_data,
                                             output_data,
                                             quant_params->multiplier,
                                             quant_params->shift,
                                             output_dims->w,
                                             channels_out,
                                             channels_in,
                                             conv_params->input_offset,
                                             conv_params->output_offset,
                                             conv_params->activation.min,
                                             conv_params->activation.max,
                                             channels_out,
                                             channels_in * conv_params->stride.w);
            in += conv_params->stride.h * row_in;
            output_data += row_out;
        }
    }
    return status;
}
