/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution of any filter size, dilation, batch and channel multiplier, on both
 * cores of the RP2040: the plain loops, and the choice between them and dual_core_depthwise_bands().
 */

#include "depthwise.h"

#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

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

/** All channels of the output pixel whose window begins at the given row and column. */
static void DUAL_CORE_IN_RAM(depthwise_pixel)(const depthwise_layer *layer,
                                              const int8_t *image,
                                              const int32_t first_row,
                                              const int32_t first_column,
                                              int8_t *output)
{
    const cmsis_nn_tile dilation = layer->dilation;
    const int32_t width = layer->input_dims->w;
    const int32_t in_channels = layer->input_dims->c;
    const int32_t out_channels = layer->output_dims->c;
    const int32_t in_row = dilation.h * width * in_channels;
    const int32_t in_column = dilation.w * in_channels;
    const int32_t kernel_row = layer->filter_dims->w * out_channels;
    const dual_core_range rows =
        taps_inside(first_row, dilation.h, layer->filter_dims->h, layer->input_dims->h);
    const dual_core_range columns =
        taps_inside(first_column, dilation.w, layer->filter_dims->w, width);
    const int32_t begin = (first_row * width + first_column) * in_channels +
                          rows.begin * in_row + columns.begin * in_column;
    const int8_t *kernel = layer->kernel + rows.begin * kernel_row + columns.begin * out_channels;
    const int32_t offset = layer->params->input_offset;
    const cmsis_nn_activation limits = layer->params->activation;

    requantize_channel quantisation;
    requantize_layer(&quantisation, layer->params->output_offset, limits.min, limits.max);
    const int8_t *window = image + begin;
    for (int32_t channel = 0, left = layer->multiplier; channel < out_channels; channel++) {
        int32_t acc = layer->bias != NULL ? layer->bias[channel] : 0;
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
                       layer->quantisation->multiplier[channel],
                       layer->quantisation->shift[channel]);
        output[channel] = requantize(&quantisation, acc);
        if (--left == 0) {
            left = layer->multiplier;
            window++;
        }
    }
}

static void DUAL_CORE_IN_RAM(depthwise_job)(void *arg, int part, int parts)
{
    const depthwise_layer *layer = arg;
    const cmsis_nn_tile stride = layer->params->stride;
    const cmsis_nn_tile padding = layer->params->padding;
    const int32_t height = layer->output_dims->h;
    const int32_t width = layer->output_dims->w;
    const int32_t image_size =
        layer->input_dims->h * layer->input_dims->w * layer->input_dims->c;
    /* The rows of all images together, so that a batch of single rows is shared out as well. */
    const dual_core_range rows = dual_core_share(layer->batches * height, part, parts);
    const int8_t *image = layer->input;
    for (int32_t row = 0, y = 0; row < rows.end; row++) {
        if (row >= rows.begin) {
            int8_t *out = layer->output + row * width * layer->output_dims->c;
            for (int32_t x = 0; x < width; x++) {
                depthwise_pixel(layer,
                                image,
                                y * stride.h - padding.h,
                                x * stride.w - padding.w,
                                out);
                out += layer->output_dims->c;
            }
        }
        if (++y == height) {
            y = 0;
            image += image_size;
        }
    }
}

void dual_core_depthwise(const depthwise_layer *layer)
{
    if (!dual_core_depthwise_bands(layer)) {
        dual_core_run(depthwise_job, (void *)(uintptr_t)layer);
    }
}
