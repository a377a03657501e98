/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution of any filter size, dilation, batch and channel multiplier, on both
 * cores of the RP2040. Replaces CMSIS-NN's Source/ConvolutionFunctions/arm_depthwise_conv_s8.c.
 */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "depthwise_3x3.h"
#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

typedef struct {
    const cmsis_nn_dw_conv_params *params;
    const cmsis_nn_per_channel_quant_params *quantisation;
    const cmsis_nn_dims *input_dims;
    const cmsis_nn_dims *filter_dims;
    const cmsis_nn_dims *output_dims;
    const int8_t *input;
    const int8_t *kernel;
    const int32_t *bias;
    int8_t *output;
} depthwise;

/** Taps k of `size` with 0 <= first + k * dilation < limit. */
static dual_core_range taps_inside(int32_t first, int32_t dilation, int32_t size, int32_t limit)
{
    const int32_t above = limit - first; /* taps from ceil(above / dilation) on are outside */
    const dual_core_range taps = {
        first < 0 ? (-first + dilation - 1) / dilation : 0,
        above > 0 ? MIN(size, (above + dilation - 1) / dilation) : 0,
    };
    return taps;
}

/** All channels of one output pixel. */
static void DUAL_CORE_IN_RAM(depthwise_pixel)(const depthwise *d,
                                              const int8_t *image,
                                              const int32_t first_row,
                                              const int32_t first_column,
                                              int8_t *output)
{
    const cmsis_nn_tile dilation = d->params->dilation;
    const int32_t in_channels = d->input_dims->c;
    const int32_t out_channels = d->output_dims->c;
    const int32_t in_row = dilation.h * d->input_dims->w * in_channels;
    const int32_t in_column = dilation.w * in_channels;
    const int32_t kernel_row = d->filter_dims->w * out_channels;
    const dual_core_range rows =
        taps_inside(first_row, dilation.h, d->filter_dims->h, d->input_dims->h);
    const dual_core_range columns =
        taps_inside(first_column, dilation.w, d->filter_dims->w, d->input_dims->w);
    const int8_t *window = image +
                           (first_row * d->input_dims->w + first_column) * in_channels +
                           rows.begin * in_row + columns.begin * in_column;
    const int8_t *kernel = d->kernel + rows.begin * kernel_row + columns.begin * out_channels;
    const int32_t offset = d->params->input_offset;

    requantize_channel quantisation;
    quantisation.offset = d->params->output_offset;
    quantisation.minimum = d->params->activation.min;
    quantisation.maximum = d->params->activation.max;

    for (int32_t channel = 0, left = d->params->ch_mult; channel < out_channels; channel++) {
        int32_t acc = d->bias != NULL ? d->bias[channel] : 0;
        const int8_t *x_row = window;
        const int8_t *w_row = kernel + channel;
        for (int32_t i = rows.begin; i < rows.end; i++) {
            const int8_t *x = x_row;
            const int8_t *w = w_row;
            for (int32_t j = columns.begin; j < columns.end; j++) {
                acc += (*x + offset) * *w;
                x += in_column;
                w += out_channels;
            }
            x_row += in_row;
            w_row += kernel_row;
        }
        requantize_set(&quantisation,
                       d->quantisation->multiplier[channel],
                       d->quantisation->shift[channel]);
        output[channel] = requantize(&quantisation, acc);
        if (--left == 0) {
            left = d->params->ch_mult;
            window++;
        }
    }
}

static void DUAL_CORE_IN_RAM(depthwise_job)(void *arg, int part, int parts)
{
    const depthwise *d = arg;
    const int32_t height = d->output_dims->h;
    const int32_t width = d->output_dims->w;
    const int32_t image_size = d->input_dims->h * d->input_dims->w * d->input_dims->c;
    /* Rows of all images together, so that a batch of single rows is shared out as well. */
    const dual_core_range rows = dual_core_share(d->input_dims->n * height, part, parts);
    int32_t y = 0;
    const int8_t *image = d->input;
    for (int32_t row = 0; row < rows.end; row++) {
        if (row >= rows.begin) {
            int8_t *out = d->output + row * width * d->output_dims->c;
            for (int32_t x = 0; x < width; x++) {
                depthwise_pixel(d,
                                image,
                                y * d->params->stride.h - d->params->padding.h,
                                x * d->params->stride.w - d->params->padding.w,
                                out);
                out += d->output_dims->c;
            }
        }
        if (++y == height) {
            y = 0;
            image += image_size;
        }
    }
}

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

    if (filter_dims->w == 3 && filter_dims->h == 3 && input_dims->n == 1 &&
        dw_conv_params->dilation.w == 1 && dw_conv_params->dilation.h == 1) {
        depthwise_3x3(
            dw_conv_params, quant_params, input_dims, input, kernel, bias, output_dims, output);
        return ARM_CMSIS_NN_SUCCESS;
    }
    depthwise d = {
        .params = dw_conv_params,
        .quantisation = quant_params,
        .input_dims = input_dims,
        .filter_dims = filter_dims,
        .output_dims = output_dims,
        .input = input,
        .kernel = kernel,
        .bias = bias,
        .output = output,
    };
    dual_core_run(depthwise_job, &d);
    return ARM_CMSIS_NN_SUCCESS;
}
