/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 convolution of any filter size, stride, padding, dilation, batch and number of groups, on
 * both cores of the RP2040. Replaces CMSIS-NN's Source/ConvolutionFunctions/arm_convolve_s8.c.
 *
 * The patch of each output pixel is a row of the matrix product of matmul.h; padding holds minus
 * the input offset, which counts as zero.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_convolve_s8.inc")
#include "upstream/arm_convolve_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "matmul.h"

#include <stddef.h>

typedef struct {
    const int8_t *image;  /* the batch's, from the group's first channel on */
    int32_t pixel;        /* bytes from pixel to pixel: all input channels */
    int32_t line;         /* bytes from row to row */
    int32_t channels;     /* of the group */
    cmsis_nn_tile image_size;
    cmsis_nn_tile kernel;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_tile upscale; /* 1: the image has zeros between its pixels, as size / 2 leaves them */
    int32_t output_width;
    int8_t outside;
} patch_source;

static inline void fill(int8_t *out, int32_t count, const int8_t value)
{
    for (; count > 0; count--) {
        *out++ = value;
    }
}

static inline void copy(int8_t *out, const int8_t *in, int32_t count)
{
    if ((((uintptr_t)out | (uintptr_t)in | (uint32_t)count) & 3) == 0) {
        for (; count > 0; count -= 4) {
            __builtin_memcpy(__builtin_assume_aligned(out, 4), __builtin_assume_aligned(in, 4), 4);
            out += 4;
            in += 4;
        }
    }
    for (; count > 0; count--) {
        *out++ = *in++;
    }
}

/** Taps k of `size` with 0 <= first + k * dilation < limit. */
static inline dual_core_range
taps_inside(const int32_t first, const int32_t dilation, const int32_t size, const int32_t limit)
{
    dual_core_range taps = {0, size};
    while (taps.begin < taps.end && first + taps.begin * dilation < 0) {
        taps.begin++;
    }
    while (taps.end > taps.begin && first + (taps.end - 1) * dilation >= limit) {
        taps.end--;
    }
    return taps;
}

/** The patch of output pixel `row`. */
static void DUAL_CORE_IN_RAM(convolve_gather)(const void *source, const int32_t row, int8_t *out)
{
    const patch_source *s = source;
    const int32_t y = row / s->output_width;
    const int32_t x = row - y * s->output_width;
    const int32_t left = x * s->stride.w - s->padding.w;
    const int32_t channels = s->channels;
    const dual_core_range columns =
        taps_inside(left, s->dilation.w, s->kernel.w, s->image_size.w);
    int32_t in_y = y * s->stride.h - s->padding.h;

    for (int32_t i = 0; i < s->kernel.h; i++, in_y += s->dilation.h) {
        if (in_y < 0 || in_y >= s->image_size.h) {
            fill(out, s->kernel.w * channels, s->outside);
            out += s->kernel.w * channels;
            continue;
        }
        fill(out, columns.begin * channels, s->outside);
        out += columns.begin * channels;
        const int32_t in_x = left + columns.begin * s->dilation.w;
        const int8_t *in = s->image + in_y * s->line + in_x * s->pixel;
        if (s->dilation.w == 1 && channels == s->pixel) {
            const int32_t bytes = (columns.end - columns.begin) * channels;
            copy(out, in, bytes);
            out += bytes;
        } else {
            for (int32_t j = columns.begin; j < columns.end; j++) {
                copy(out, in, channels);
                out += channels;
                in += s->dilation.w * s->pixel;
            }
        }
        fill(out, (s->kernel.w - columns.end) * channels, s->outside);
        out += (s->kernel.w - columns.end) * channels;
    }
}

/** The same of an image with every second row or column left out, as if they were zero. */
static void convolve_gather_upscaled(const void *source, const int32_t row, int8_t *out)
{
    const patch_source *s = source;
    const int32_t y = row / s->output_width;
    const int32_t x = row - y * s->output_width;
    for (int32_t i = 0; i < s->kernel.h; i++) {
        const int32_t in_y = y * s->stride.h - s->padding.h + i * s->dilation.h;
        for (int32_t j = 0; j < s->kernel.w; j++) {
            const int32_t in_x = x * s->stride.w - s->padding.w + j * s->dilation.w;
            if (in_y < 0 || in_y >= s->image_size.h || in_x < 0 || in_x >= s->image_size.w ||
                (in_y & s->upscale.h) != 0 || (in_x & s->upscale.w) != 0) {
                fill(out, s->channels, s->outside);
            } else {
                copy(out,
                     s->image + (in_y >> s->upscale.h) * s->line + (in_x >> s->upscale.w) * s->pixel,
                     s->channels);
            }
            out += s->channels;
        }
    }
}

/*
 * Arguments as documented in arm_nnfunctions.h. Of ctx->buf, sized by
 * arm_convolve_s8_get_buffer_size(), a patch for each core is used.
 */
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
    if (ctx->buf == NULL || filter_dims->c <= 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t groups = input_dims->c / filter_dims->c;
    if (groups == 0 || input_dims->c % groups != 0 || output_dims->c % groups != 0) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    const int32_t group_outputs = output_dims->c / groups;
    const int32_t columns = filter_dims->h * filter_dims->w * filter_dims->c;
    const cmsis_nn_tile upscale = {
        upscale_dims != NULL && upscale_dims->w == 2,
        upscale_dims != NULL && upscale_dims->h == 2,
    };
    const bool upscaled = upscale.w != 0 || upscale.h != 0;
    const int32_t image_line = (input_dims->w >> upscale.w) * input_dims->c;

    patch_source source = {
        .pixel = input_dims->c,
        .line = image_line,
        .channels = filter_dims->c,
        .image_size = {input_dims->w, input_dims->h},
        .kernel = {filter_dims->w, filter_dims->h},
        .stride = conv_params->stride,
        .padding = conv_params->padding,
        .dilation = conv_params->dilation,
        .upscale = upscale,
        .output_width = output_dims->w,
        .outside = (int8_t)-conv_params->input_offset,
    };
    int8_t *const buffer = ctx->buf;
    matmul_layer layer = {
        .gather = upscaled ? convolve_gather_upscaled : convolve_gather,
        .source = &source,
        .buffers = {buffer, buffer + ((columns + 3) & ~3)},
        .quantisation_step = 1,
        .dst_stride = output_dims->c,
        .rows = output_dims->h * output_dims->w,
        .channels = group_outputs,
        .columns = columns,
        .lhs_offset = conv_params->input_offset,
        .dst_offset = conv_params->output_offset,
        .activation_min = conv_params->activation.min,
        .activation_max = conv_params->activation.max,
    };
    for (int32_t batch = 0; batch < input_dims->n; batch++) {
        for (int32_t group = 0; group < groups; group++) {
            const int32_t first = group * group_outputs;
            source.image = input_data + group * filter_dims->c;
            layer.rhs = filter_data + first * columns;
            layer.bias = bias_data != NULL ? bias_data + first : NULL;
            layer.multipliers = quant_params->multiplier + first;
            layer.shifts = quant_params->shift + first;
            layer.dst = output_data + first;
            matmul_run(&layer);
        }
        input_data += (input_dims->h >> upscale.h) * image_line;
        output_data += layer.rows * output_dims->c;
    }
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
