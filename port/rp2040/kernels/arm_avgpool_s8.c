/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 average pooling on both cores of the RP2040. Replaces CMSIS-NN's
 * Source/PoolingFunctions/arm_avgpool_s8.c.
 *
 * What of a window lies inside the image is worked out once for all channels, which are added up
 * four at a time, and the mean is a multiplication by the reciprocal of the number of pixels. Each
 * core takes half of the output rows, or of the channels where there is but one row.
 */

#if defined(__ARM_FEATURE_DSP) && __has_include("upstream/arm_avgpool_s8.inc")
#include "upstream/arm_avgpool_s8.inc" /* upstream's, written for such cores */
#else

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

#include <stdbool.h>
#include <stdint.h>

/* Fewer values than this are done before the other core has begun. */
#define SMALL 256

typedef struct {
    const cmsis_nn_pool_params *params;
    const cmsis_nn_dims *input_dims;
    const cmsis_nn_dims *filter_dims;
    const cmsis_nn_dims *output_dims;
    const int8_t *input; /* of one image */
    int8_t *output;
} pool_work;

/** Rows or columns of the image in the window that begins at `first`. */
static inline dual_core_range inside(int32_t first, int32_t filter, int32_t image)
{
    const dual_core_range range = {MAX(first, 0), MIN(first + filter, image)};
    return range;
}

/** One window, for all channels. */
typedef struct {
    const int8_t *begin;
    int32_t rows;
    int32_t line;   /* bytes from row to row */
    int32_t within; /* bytes of a row */
    int32_t pixel;  /* bytes from pixel to pixel */
    uint32_t count; /* of pixels, at least 1 */
    uint32_t half;
    uint32_t reciprocal; /* of count; 0 if it has more than MOST */
    int32_t minimum;
    int32_t maximum;
} pool_window;

/*
 * With up to 256 pixels n / count = n * ceil(2^24 / count) / 2^24, rounded down, for what is divided
 * here: n is at most 128.5 * count, so n * count < 2^24, which is what the reciprocal's own rounding
 * needs, and the product is below 128.5 * (2^24 + count) < 2^32. And 256 bytes add up in 16 bits.
 */
#define MOST 256

/** |sum| / count as a channel's output: midpoints go away from zero. */
static inline int8_t
limited(const pool_window *window, const int32_t sum, const uint32_t quotient)
{
    int32_t value = sum < 0 ? -(int32_t)quotient : (int32_t)quotient;
    value = MAX(value, window->minimum);
    return (int8_t)MIN(value, window->maximum);
}

static inline uint32_t numerator(const pool_window *window, const int32_t sum)
{
    return (uint32_t)(sum < 0 ? -sum : sum) + window->half;
}

/** The output of a channel whose pixels, at most MOST, add up to `sum`. */
static inline int8_t average(const pool_window *window, const int32_t sum)
{
    return limited(window, sum, (numerator(window, sum) * window->reciprocal) >> 24);
}

/** Four channels, of which the first is word-aligned, in a window of at most MOST pixels. */
static inline void four_channels(const pool_window *window, const int32_t channel, int8_t *output)
{
    /* As unsigned bytes, 128 more each, two to a word. */
    const int8_t *row = window->begin + channel;
    uint32_t even = 0;
    uint32_t odd = 0;
    for (int32_t i = window->rows; i != 0; i--, row += window->line) {
        for (const int8_t *at = row; at != row + window->within; at += window->pixel) {
            uint32_t v;
            __builtin_memcpy(&v, __builtin_assume_aligned(at, 4), 4);
            v ^= 0x80808080u;
            even += v & 0x00ff00ffu;
            odd += (v >> 8) & 0x00ff00ffu;
        }
    }
    const int32_t excess = (int32_t)window->count << 7;
    output[0] = average(window, (int32_t)(even & 0xffff) - excess);
    output[1] = average(window, (int32_t)(odd & 0xffff) - excess);
    output[2] = average(window, (int32_t)(even >> 16) - excess);
    output[3] = average(window, (int32_t)(odd >> 16) - excess);
}

static void DUAL_CORE_IN_RAM(pool_channels)(const pool_window *window,
                                            const dual_core_range channels,
                                            int8_t *output)
{
    int32_t channel = channels.begin;
    const bool aligned =
        (((uintptr_t)window->begin | (uint32_t)window->pixel | (uint32_t)channel) & 3) == 0;
    if (aligned && window->reciprocal != 0) {
        for (; channel + 4 <= channels.end; channel += 4) {
            four_channels(window, channel, output + channel);
        }
    }
    for (; channel < channels.end; channel++) {
        const int8_t *row = window->begin + channel;
        int32_t sum = 0;
        for (int32_t i = window->rows; i != 0; i--, row += window->line) {
            for (const int8_t *at = row; at != row + window->within; at += window->pixel) {
                sum += *at;
            }
        }
        output[channel] =
            limited(window, sum, requantize_divide(numerator(window, sum), window->count));
    }
}

static void DUAL_CORE_IN_RAM(pool_job)(void *arg, int part, int parts)
{
    const pool_work *work = arg;
    const cmsis_nn_pool_params *params = work->params;
    const int32_t width = work->output_dims->w;
    const int32_t all = work->input_dims->c;
    dual_core_range outputs = {0, work->output_dims->h};
    dual_core_range channels = {0, all};
    if (outputs.end > 1) {
        outputs = dual_core_share(outputs.end, part, parts);
    } else {
        channels = dual_core_share((all + 3) >> 2, part, parts);
        channels.begin = MIN(4 * channels.begin, all);
        channels.end = MIN(4 * channels.end, all);
    }
    pool_window window = {
        .line = work->input_dims->w * all,
        .pixel = all,
        .minimum = params->activation.min,
        .maximum = params->activation.max,
    };
    for (int32_t y = outputs.begin; y < outputs.end; y++) {
        const dual_core_range rows = inside(y * params->stride.h - params->padding.h,
                                            work->filter_dims->h,
                                            work->input_dims->h);
        window.rows = rows.end - rows.begin;
        for (int32_t x = 0; x < width; x++) {
            const dual_core_range columns = inside(x * params->stride.w - params->padding.w,
                                                   work->filter_dims->w,
                                                   work->input_dims->w);
            window.begin = work->input + rows.begin * window.line + columns.begin * all;
            window.within = (columns.end - columns.begin) * all;
            window.count = (uint32_t)(window.rows * (columns.end - columns.begin));
            window.half = window.count >> 1;
            window.reciprocal =
                window.count <= MOST
                    ? requantize_divide((1u << 24) + window.count - 1, window.count)
                    : 0;
            pool_channels(&window, channels, work->output + (y * width + x) * all);
        }
    }
}

/** Whether every window of one direction holds something of the image. */
static bool reaches(int32_t outputs, int32_t stride, int32_t padding, int32_t filter, int32_t image)
{
    for (int32_t i = 0; i < outputs; i++) {
        const dual_core_range range = inside(i * stride - padding, filter, image);
        if (range.end <= range.begin) {
            return false;
        }
    }
    return true;
}

/* Arguments and refusals as documented in arm_nnfunctions.h; a window outside the image has no mean.
 * ctx is not used. */
arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *ctx,
                                   const cmsis_nn_pool_params *pool_params,
                                   const cmsis_nn_dims *input_dims,
                                   const int8_t *src,
                                   const cmsis_nn_dims *filter_dims,
                                   const cmsis_nn_dims *output_dims,
                                   int8_t *dst)
{
    (void)ctx;
    const cmsis_nn_tile stride = pool_params->stride;
    const cmsis_nn_tile padding = pool_params->padding;
    if (input_dims->n < 1 ||
        !reaches(output_dims->h, stride.h, padding.h, filter_dims->h, input_dims->h) ||
        !reaches(output_dims->w, stride.w, padding.w, filter_dims->w, input_dims->w)) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    pool_work work = {
        .params = pool_params,
        .input_dims = input_dims,
        .filter_dims = filter_dims,
        .output_dims = output_dims,
        .input = src,
        .output = dst,
    };
    const int32_t outputs = output_dims->h * output_dims->w * input_dims->c;
    for (int32_t image = 0; image < input_dims->n; image++) {
        if (outputs * filter_dims->h * filter_dims->w < SMALL) {
            pool_job(&work, 0, 1);
        } else {
            dual_core_run(pool_job, &work);
        }
        work.input += input_dims->h * input_dims->w * input_dims->c;
        work.output += outputs;
    }
    return ARM_CMSIS_NN_SUCCESS;
}

#endif
