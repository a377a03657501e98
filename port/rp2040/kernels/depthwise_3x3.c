/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution with a 3x3 filter on both cores of the RP2040.
 *
 * One output channel at a time, so that its nine weights and its requantisation are set up once
 * per plane; two neighbouring outputs at a time, so that a weight is loaded once for both. The
 * input offset is folded into the start value: bias + offset * (sum of the weights in use).
 * Outputs whose window leaves the image sideways are computed tap by tap.
 */

#include "depthwise_3x3.h"

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

typedef struct {
    const cmsis_nn_dw_conv_params *params;
    const int32_t *multipliers;
    const int32_t *shifts;
    const cmsis_nn_dims *input_dims;
    const cmsis_nn_dims *output_dims;
    const int8_t *input;
    const int8_t *kernel;
    const int32_t *bias;
    int8_t *output;
    dual_core_range inside; /* output columns whose three input columns all exist */
    int32_t multiplier;     /* output channels per input channel */
    bool split_rows;        /* each part does half the rows of all output channels */
} depthwise;

/** One output channel's weights and what belongs to them. */
typedef struct {
    int32_t weights[3][3];
    int32_t bias;
    requantize_channel quantisation;
} filter;

static void load_filter(filter *f, const depthwise *d, const int32_t channel)
{
    const int32_t channels = d->output_dims->c;
    const int8_t *w = d->kernel + channel;
    for (int32_t row = 0; row < 3; row++) {
        for (int32_t column = 0; column < 3; column++) {
            f->weights[row][column] = *w;
            w += channels;
        }
    }
    f->bias = d->bias != NULL ? d->bias[channel] : 0;
    requantize_set(&f->quantisation, d->multipliers[channel], d->shifts[channel]);
    f->quantisation.offset = d->params->output_offset;
    f->quantisation.minimum = d->params->activation.min;
    f->quantisation.maximum = d->params->activation.max;
}

/** `count` outputs from windows that lie inside the image sideways. */
static void DUAL_CORE_IN_RAM(depthwise_3x3_inside)(const filter *f,
                                                   const dual_core_range kernel_rows,
                                                   const int32_t start,
                                                   const int8_t *window,
                                                   const int32_t input_row,
                                                   const int32_t input_column,
                                                   const int32_t stride,
                                                   int8_t *output,
                                                   const int32_t output_column,
                                                   int32_t count)
{
    const int32_t step = stride * input_column;
    const int32_t *const first = f->weights[kernel_rows.begin];
    const int32_t *const end = f->weights[kernel_rows.end];
    for (; count > 1; count -= 2) {
        int32_t acc0 = start;
        int32_t acc1 = start;
        const int8_t *row = window;
        const int32_t *w = first;
        do {
            const int8_t *x = row;
            const int32_t w0 = w[0];
            const int32_t w1 = w[1];
            const int32_t w2 = w[2];
            acc0 += w0 * *x;
            x += input_column;
            int32_t v = *x;
            acc0 += w1 * v;
            if (stride == 1) {
                acc1 += w0 * v;
                x += input_column;
                v = *x;
                acc0 += w2 * v;
                acc1 += w1 * v;
            } else {
                x += input_column;
                v = *x;
                acc0 += w2 * v;
                if (stride != 2) {
                    x = row + step;
                    v = *x;
                }
                acc1 += w0 * v;
                x += input_column;
                acc1 += w1 * *x;
            }
            x += input_column;
            acc1 += w2 * *x;
            row += input_row;
            w += 3;
        } while (w != end);
        *output = requantize(&f->quantisation, acc0);
        output += output_column;
        *output = requantize(&f->quantisation, acc1);
        output += output_column;
        window += 2 * step;
    }
    if (count > 0) {
        int32_t acc = start;
        for (const int32_t *w = first; w != end; w += 3) {
            const int8_t *x = window;
            acc += w[0] * *x;
            x += input_column;
            acc += w[1] * *x;
            x += input_column;
            acc += w[2] * *x;
            window += input_row;
        }
        *output = requantize(&f->quantisation, acc);
    }
}

/** One output whose window starts at input column `first_column`, possibly outside the image. */
static int8_t DUAL_CORE_IN_RAM(depthwise_3x3_edge)(const depthwise *d,
                                                   const filter *f,
                                                   const dual_core_range kernel_rows,
                                                   const int8_t *row,
                                                   const int32_t first_column)
{
    const int32_t width = d->input_dims->w;
    const int32_t channels = d->input_dims->c;
    int32_t acc = f->bias;
    for (int32_t i = kernel_rows.begin; i < kernel_rows.end; i++) {
        for (int32_t j = 0; j < 3; j++) {
            const int32_t column = first_column + j;
            if (column >= 0 && column < width) {
                acc += (row[column * channels] + d->params->input_offset) * f->weights[i][j];
            }
        }
        row += width * channels;
    }
    return requantize(&f->quantisation, acc);
}

static void DUAL_CORE_IN_RAM(depthwise_3x3_row)(const depthwise *d,
                                                const filter *f,
                                                const int32_t input_channel,
                                                const int32_t output_channel,
                                                const int32_t y)
{
    const int32_t width = d->input_dims->w;
    const int32_t in_channels = d->input_dims->c;
    const int32_t out_channels = d->output_dims->c;
    const int32_t stride = d->params->stride.w;
    const int32_t pad = d->params->padding.w;
    const int32_t first_row = y * d->params->stride.h - d->params->padding.h;
    const dual_core_range rows = {MAX(0, -first_row), MIN(3, d->input_dims->h - first_row)};

    int32_t start = f->bias;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        start += d->params->input_offset * (f->weights[i][0] + f->weights[i][1] + f->weights[i][2]);
    }
    const int8_t *in = d->input + (first_row + rows.begin) * width * in_channels + input_channel;
    int8_t *out = d->output + y * d->output_dims->w * out_channels + output_channel;

    const dual_core_range inside = d->inside;
    int32_t x = 0;
    for (; x < inside.begin; x++) {
        out[x * out_channels] = depthwise_3x3_edge(d, f, rows, in, x * stride - pad);
    }
    if (x < inside.end && rows.begin < rows.end) {
        depthwise_3x3_inside(f,
                             rows,
                             start,
                             in + (x * stride - pad) * in_channels,
                             width * in_channels,
                             in_channels,
                             stride,
                             out + x * out_channels,
                             out_channels,
                             inside.end - x);
        x = inside.end;
    }
    for (; x < d->output_dims->w; x++) {
        out[x * out_channels] = depthwise_3x3_edge(d, f, rows, in, x * stride - pad);
    }
}

static void DUAL_CORE_IN_RAM(depthwise_3x3_job)(void *arg, int part, int parts)
{
    const depthwise *d = arg;
    dual_core_range rows = {0, d->output_dims->h};
    dual_core_range channels = {0, d->output_dims->c};
    if (d->split_rows) {
        rows = dual_core_share(rows.end, part, parts);
    } else {
        channels = dual_core_share(channels.end, part, parts);
    }
    int32_t input_channel = channels.begin / d->multiplier;
    int32_t left = d->multiplier - (channels.begin - input_channel * d->multiplier);
    for (int32_t channel = channels.begin; channel < channels.end; channel++) {
        filter f;
        load_filter(&f, d, channel);
        for (int32_t y = rows.begin; y < rows.end; y++) {
            depthwise_3x3_row(d, &f, input_channel, channel, y);
        }
        if (--left == 0) {
            left = d->multiplier;
            input_channel++;
        }
    }
}

void depthwise_3x3(const cmsis_nn_dw_conv_params *params,
                   const cmsis_nn_per_channel_quant_params *quantisation,
                   const cmsis_nn_dims *input_dims,
                   const int8_t *input,
                   const int8_t *kernel,
                   const int32_t *bias,
                   const cmsis_nn_dims *output_dims,
                   int8_t *output)
{
    const int32_t stride = params->stride.w;
    const int32_t last = input_dims->w - 3 + params->padding.w;
    const int32_t begin = MIN((params->padding.w + stride - 1) / stride, output_dims->w);
    const int32_t end = last < 0 ? 0 : MIN(last / stride + 1, output_dims->w);
    depthwise d = {
        .params = params,
        .multipliers = quantisation->multiplier,
        .shifts = quantisation->shift,
        .input_dims = input_dims,
        .output_dims = output_dims,
        .input = input,
        .kernel = kernel,
        .bias = bias,
        .output = output,
        .inside = {begin, MAX(begin, end)},
        .multiplier = output_dims->c / input_dims->c,
        /* By channels nothing is set up twice; by rows if that gives more equal halves. */
        .split_rows = output_dims->c % 2 != 0 &&
                      (output_dims->h % 2 == 0 || output_dims->h > output_dims->c),
    };
    dual_core_run(depthwise_3x3_job, &d);
}
