/* SPDX-License-Identifier: Apache-2.0 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

/* Smallest k >= 0 with start + k * step >= 0, at most `taps`. */
static int32_t first_tap(int32_t start, int32_t step, int32_t taps)
{
    const int32_t k = start < 0 ? (-start + step - 1) / step : 0;
    return MIN(k, taps);
}

/* One past the largest k < taps with start + k * step < size. */
static int32_t last_tap(int32_t start, int32_t step, int32_t taps, int32_t size)
{
    const int32_t k = start < size ? (size - start + step - 1) / step : 0;
    return MIN(k, taps);
}

/* The taps of one output pixel that lie inside the input, and their distances in elements. */
typedef struct
{
    int32_t rows;
    int32_t columns;
    int32_t in_row;
    int32_t in_column;
    int32_t filter_row;
    int32_t filter_column;
} tap_window;

/* Adds the products for one output channel to acc[0]. */
static void one_channel(
    int32_t *acc, const int8_t *input, const int8_t *filter, int32_t offset, const tap_window *taps)
{
    int32_t sum = acc[0];
    for (int32_t row = 0; row < taps->rows; row++)
    {
        const int8_t *in = input + row * taps->in_row;
        const int8_t *weight = filter + row * taps->filter_row;
        for (int32_t column = 0; column < taps->columns; column++)
        {
            sum += (*in + offset) * *weight;
            in += taps->in_column;
            weight += taps->filter_column;
        }
    }
    acc[0] = sum;
}

/* The same for four output channels of one input channel. */
static void four_channels(
    int32_t *acc, const int8_t *input, const int8_t *filter, int32_t offset, const tap_window *taps)
{
    int32_t sum0 = acc[0];
    int32_t sum1 = acc[1];
    int32_t sum2 = acc[2];
    int32_t sum3 = acc[3];
    for (int32_t row = 0; row < taps->rows; row++)
    {
        const int8_t *in = input + row * taps->in_row;
        const int8_t *weight = filter + row * taps->filter_row;
        for (int32_t column = 0; column < taps->columns; column++)
        {
            const int32_t value = *in + offset;
            sum0 += value * weight[0];
            sum1 += value * weight[1];
            sum2 += value * weight[2];
            sum3 += value * weight[3];
            in += taps->in_column;
            weight += taps->filter_column;
        }
    }
    acc[0] = sum0;
    acc[1] = sum1;
    acc[2] = sum2;
    acc[3] = sum3;
}

arm_cmsis_nn_status arm_depthwise_conv_s8(const cmsis_nn_context *ctx,
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

    const int32_t channels_in = input_dims->c;
    const int32_t channels_out = output_dims->c;
    const int32_t ch_mult = dw_conv_params->ch_mult;
    const int32_t row_size = input_dims->w * channels_in;
    const int32_t filter_row = filter_dims->w * channels_out;
    const cmsis_nn_tile dilation = dw_conv_params->dilation;
    const int32_t input_offset = dw_conv_params->input_offset;
    const int32_t step = ch_mult % 4 == 0 ? 4 : 1;
    tap_window taps = {.in_row = dilation.h * row_size,
                       .in_column = dilation.w * channels_in,
                       .filter_row = filter_row,
                       .filter_column = channels_out};

    for (int32_t n = 0; n < input_dims->n; n++)
    {
        for (int32_t y = 0; y < output_dims->h; y++)
        {
            const int32_t top = y * dw_conv_params->stride.h - dw_conv_params->padding.h;
            const int32_t ky = first_tap(top, dilation.h, filter_dims->h);
            taps.rows = last_tap(top, dilation.h, filter_dims->h, input_dims->h) - ky;
            for (int32_t x = 0; x < output_dims->w; x++)
            {
                const int32_t left = x * dw_conv_params->stride.w - dw_conv_params->padding.w;
                const int32_t kx = first_tap(left, dilation.w, filter_dims->w);
                taps.columns = last_tap(left, dilation.w, filter_dims->w, input_dims->w) - kx;
                const int32_t first =
                    (top + ky * dilation.h) * row_size + (left + kx * dilation.w) * channels_in;
                const int8_t *in = input_data + first;
                const int8_t *filter = filter_data + ky * filter_row + kx * channels_out;

                int32_t out = 0;
                for (int32_t c = 0; c < channels_in; c++, in++)
                {
                    for (int32_t end = out + ch_mult; out < end; out += step)
                    {
                        int32_t acc[4] = {0};
                        for (int32_t i = 0; i < step && bias_data != NULL; i++)
                        {
                            acc[i] = bias_data[out + i];
                        }
                        if (step == 4)
                        {
                            four_channels(acc, in, filter + out, input_offset, &taps);
                        }
                        else
                        {
                            one_channel(acc, in, filter + out, input_offset, &taps);
                        }
                        for (int32_t i = 0; i < step; i++)
                        {
                            *output_data++ = mini_nn_output_s8(acc[i],
                                                               quant_params->multiplier[out + i],
                                                               quant_params->shift[out + i],
                                                               dw_conv_params->output_offset,
                                                               dw_conv_params->activation.min,
                                                               dw_conv_params->activation.max);
                        }
                    }
                }
            }
        }
        input_data += input_dims->h * row_size;
    }
    return ARM_CMSIS_NN_SUCCESS;
}
