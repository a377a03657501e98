/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* Copies the patch of one output pixel into `column`, input offset added; padding becomes 0. */
static void gather_patch(int16_t *column,
                         const int8_t *input,
                         const cmsis_nn_dims *input_dims,
                         const cmsis_nn_dims *filter_dims,
                         const cmsis_nn_conv_params *conv_params,
                         int32_t top,
                         int32_t left)
{
    const int32_t channels = filter_dims->c;

    for (int32_t ky = 0; ky < filter_dims->h; ky++)
    {
        const int32_t y = top + ky * conv_params->dilation.h;
        for (int32_t kx = 0; kx < filter_dims->w; kx++)
        {
            const int32_t x = left + kx * conv_params->dilation.w;
            if (y < 0 || y >= input_dims->h || x < 0 || x >= input_dims->w)
            {
                memset(column, 0, (size_t)channels * sizeof *column);
            }
            else
            {
                arm_q7_to_q15_with_offset(input + (y * input_dims->w + x) * input_dims->c,
                                          column,
                                          channels,
                                          (int16_t)conv_params->input_offset);
            }
            column += channels;
        }
    }
}

/* One output pixel, where the number of pixels is odd. */
static void last_pixel(const int8_t *filter,
                       const int16_t *column,
                       int32_t channels,
                       int32_t column_size,
                       const int32_t *bias,
                       const int32_t *multiplier,
                       const int32_t *shift,
                       const cmsis_nn_conv_params *conv_params,
                       int8_t *out)
{
    for (int32_t c = 0; c < channels; c++)
    {
        int32_t acc = bias ? bias[c] : 0;
        for (int32_t k = 0; k < column_size; k++)
        {
            acc += filter[k] * column[k];
        }
        out[c] = mini_nn_output_s8(acc,
                                   multiplier[c],
                                   shift[c],
                                   conv_params->output_offset,
                                   conv_params->activation.min,
                                   conv_params->activation.max);
        filter += column_size;
    }
}

arm_cmsis_nn_status arm_convolve_s8(const cmsis_nn_context *ctx,
                                    const cmsis_nn_conv_params *conv_params,
                                    const cmsis_nn_per_channel_quant_params *quant_params,
                                    const cmsis_nn_dims *input_dims,
                                    const int8_t *input_data,
                                    const cmsis_nn_dims *filter_dims,
                                    const int8_t *filter_data,
                                    const cmsis_nn_dims *bias_dims,
                                    const int32_t *bias_data,
                                    const cmsis_nn_dims *upscale_dims,
                                    const cmsis_nn_dims *output_dims,
                                    int8_t *output_data)
{
    (void)bias_dims;

    if (ctx->buf == NULL)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    if (upscale_dims != NULL)
    {
        return ARM_CMSIS_NN_NO_IMPL_ERROR;
    }

    const int32_t channels_out = output_dims->c;
    const int32_t groups = input_dims->c / filter_dims->c;
    if (groups == 0 || groups * filter_dims->c != input_dims->c || channels_out % groups != 0)
    {
        return ARM_CMSIS_NN_ARG_ERROR;
    }

    const int32_t channels_per_group = channels_out / groups;
    const int32_t column_size = filter_dims->h * filter_dims->w * filter_dims->c;
    const int32_t column_stride = (column_size + 3) & ~3;
    int16_t *columns = (int16_t *)ctx->buf;

    for (int32_t n = 0; n < input_dims->n; n++)
    {
        for (int32_t group = 0; group < groups; group++)
        {
            const int32_t first = group * channels_per_group;
            const int8_t *input = input_data + group * filter_dims->c;
            const int8_t *filter = filter_data + first * column_size;
            const int32_t *bias = bias_data ? bias_data + first : NULL;
            int8_t *out = output_data + first;
            int32_t gathered = 0;

            for (int32_t y = 0; y < output_dims->h; y++)
            {
                const int32_t top = y * conv_params->stride.h - conv_params->padding.h;
                for (int32_t x = 0; x < output_dims->w; x++)
                {
                    const int32_t left = x * conv_params->stride.w - conv_params->padding.w;
                    gather_patch(columns + gathered * column_stride,
                                 input,
                                 input_dims,
                                 filter_dims,
                                 conv_params,
                                 top,
                                 left);
                    if (++gathered < 2)
                    {
                        continue;
                    }
                    gathered = 0;
                    if (groups == 1)
                    {
                        out = arm_nn_mat_mult_kernel_s8_s16(filter,
                                                            columns,
                                                            channels_per_group,
                                                            quant_params->shift + first,
                                                            quant_params->multiplier + first,
                                                            conv_params->output_offset,
                                                            (int16_t)conv_params->activation.min,
                                                            (int16_t)conv_params->activation.max,
                                                            column_size,
                                                            column_stride,
                                                            bias,
                                                            out);
                    }
                    else
                    {
                        out = arm_nn_mat_mult_kernel_row_offset_s8_s16(
                            filter,
                            columns,
                            channels_per_group,
                            quant_params->shift + first,
                            quant_params->multiplier + first,
                            conv_params->output_offset,
                            (int16_t)conv_params->activation.min,
                            (int16_t)conv_params->activation.max,
                            column_size,
                            column_stride,
                            bias,
                            channels_out,
                            out);
                    }
                }
            }
            if (gathered == 1)
            {
                last_pixel(filter,
                           columns,
                           channels_per_group,
                           column_size,
                           bias,
                           quant_params->multiplier + first,
                           quant_params->shift + first,
                           conv_params,
                           out);
            }
        }
        input_data += input_dims->h * input_dims->w * input_dims->c;
        output_data += output_dims->h * output_dims->w * channels_out;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
