/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

arm_cmsis_nn_status arm_depthwise_conv_3x3_s8(const cmsis_nn_context *ctx,
                                              const cmsis_nn_dw_conv_params *dw_conv_params,
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
    (void)bias_dims;

    const int32_t channels = input_dims->c;
    const int32_t width = input_dims->w;
    const int32_t height = input_dims->h;
    const int32_t row_size = width * channels;
    const int32_t input_offset = dw_conv_params->input_offset;
    const int32_t output_offset = dw_conv_params->output_offset;
    const int32_t activation_min = dw_conv_params->activation.min;
    const int32_t activation_max = dw_conv_params->activation.max;
    const int32_t *multiplier = quant_params->multiplier;
    const int32_t *shift = quant_params->shift;

    if (channels != output_dims->c || filter_dims->w != 3 || filter_dims->h != 3 ||
        dw_conv_params->padding.w > 1 || dw_conv_params->padding.h > 1)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }

    for (int32_t y = 0; y < output_dims->h; y++)
    {
        const int32_t top = y * dw_conv_params->stride.h - dw_conv_params->padding.h;
        const int32_t ky_start = MAX(0, -top);
        const int32_t ky_end = MIN(3, height - top);
        for (int32_t x = 0; x < output_dims->w; x++)
        {
            const int32_t left = x * dw_conv_params->stride.w - dw_conv_params->padding.w;
            const int32_t kx_start = MAX(0, -left);
            const int32_t kx_end = MIN(3, width - left);
            const int32_t corner = top * row_size + left * channels;

            int32_t c = 0;
            for (; c + 4 <= channels; c += 4)
            {
                int32_t acc0 = bias_data ? bias_data[c] : 0;
                int32_t acc1 = bias_data ? bias_data[c + 1] : 0;
                int32_t acc2 = bias_data ? bias_data[c + 2] : 0;
                int32_t acc3 = bias_data ? bias_data[c + 3] : 0;
                for (int32_t ky = ky_start; ky < ky_end; ky++)
                {
                    for (int32_t kx = kx_start; kx < kx_end; kx++)
                    {
                        /* Four channels of input and filter to a word. */
                        const int32_t in = arm_nn_read_s8x4(input_data + corner + ky * row_size +
                                                            kx * channels + c);
                        const int32_t filter =
                            arm_nn_read_s8x4(filter_data + (ky * 3 + kx) * channels + c);
                        acc0 += ((int8_t)in + input_offset) * (int8_t)filter;
                        acc1 += ((int8_t)(in >> 8) + input_offset) * (int8_t)(filter >> 8);
                        acc2 += ((int8_t)(in >> 16) + input_offset) * (int8_t)(filter >> 16);
                        acc3 += ((int8_t)(in >> 24) + input_offset) * (int8_t)(filter >> 24);
                    }
                }
                *output_data++ = mini_nn_output_s8(
                    acc0, multiplier[c], shift[c], output_offset, activation_min, activation_max);
                *output_data++ = mini_nn_output_s8(acc1,
                                                   multiplier[c + 1],
                                                   shift[c + 1],
                                                   output_offset,
                                                   activation_min,
                                                   activation_max);
                *output_data++ = mini_nn_output_s8(acc2,
                                                   multiplier[c + 2],
                                                   shift[c + 2],
                                                   output_offset,
                                                   activation_min,
                                                   activation_max);
                *output_data++ = mini_nn_output_s8(acc3,
                                                   multiplier[c + 3],
                                                   shift[c + 3],
                                                   output_offset,
                                                   activation_min,
                                                   activation_max);
            }
            for (; c < channels; c++)
            {
                int32_t acc = bias_data ? bias_data[c] : 0;
                for (int32_t ky = ky_start; ky < ky_end; ky++)
                {
                    for (int32_t kx = kx_start; kx < kx_end; kx++)
                    {
                        const int32_t in = input_data[corner + ky * row_size + kx * channels + c];
                        acc += (in + input_offset) * filter_data[(ky * 3 + kx) * channels + c];
                    }
                }
                *output_data++ = mini_nn_output_s8(
                    acc, multiplier[c], shift[c], output_offset, activation_min, activation_max);
            }
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
