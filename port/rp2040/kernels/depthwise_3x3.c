/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution with a 3x3 filter on both cores of the RP2040.
 *
 * Each core works on one channel and one band of output rows at a time. It cuts the band in an
 * upper and a lower half and copies the channel's input for both, with its padding, to a plane
 * of words, each upper + lower * 2^16 as a signed sum: one multiplication by a weight then serves
 * two outputs, the same column of a row of either half. Three such products fit the halfwords if
 * the three weights' magnitudes add up to no more than 255 (128 * 255 < 2^15), as nearly all do;
 * otherwise each product is taken apart by itself.
 *
 * Padding holds -input_offset, so that (x + input_offset) * w is zero there and the offset folds
 * into the start value, bias + input_offset * (sum of the weights), everywhere.
 */

#include "depthwise.h"

#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

#define PART_WORDS (DUAL_CORE_SCRATCH_WORDS / DUAL_CORE_MAX_PARTS)

typedef struct {
    const depthwise_layer *layer;
    uint32_t *planes; /* PART_WORDS for each part */
    int32_t pitch;    /* words in a row of a plane */
    int32_t half;     /* most output rows of half a band */
    bool split_rows;  /* each part does half the rows of all channels */
} depthwise_3x3_work;

/** One output channel. */
typedef struct {
    int32_t weights[9];
    int32_t start; /* of every accumulator */
    bool heavy;    /* three products may not fit a halfword */
    requantize_channel quantisation;
} filter;

/** Consecutive output rows. */
typedef struct {
    int32_t first; /* output row */
    int32_t count;
    int32_t half; /* rows of the upper half: the lower has as many or one less */
} band;

static void DUAL_CORE_IN_RAM(load_filter)(const depthwise_layer *layer,
                                          const int32_t channel,
                                          filter *f)
{
    const int8_t *w = layer->kernel + channel;
    int32_t sum = 0;
    f->heavy = false;
    for (int32_t row = 0; row < 9; row += 3) {
        int32_t magnitude = 0;
        for (int32_t i = row; i < row + 3; i++) {
            const int32_t weight = *w;
            w += layer->output_dims->c;
            f->weights[i] = weight;
            sum += weight;
            magnitude += weight < 0 ? -weight : weight;
        }
        f->heavy |= magnitude > 255;
    }
    f->start = layer->params->input_offset * sum;
    if (layer->bias != NULL) {
        f->start += layer->bias[channel];
    }
    const cmsis_nn_activation limits = layer->params->activation;
    requantize_layer(&f->quantisation, layer->params->output_offset, limits.min, limits.max);
    requantize_set(&f->quantisation,
                   layer->quantisation->multiplier[channel],
                   layer->quantisation->shift[channel]);
}

/** Fills the plane with one input channel of a band. */
static void DUAL_CORE_IN_RAM(load_plane)(const depthwise_3x3_work *work,
                                         const band rows,
                                         const int32_t channel,
                                         uint32_t *plane)
{
    const depthwise_layer *layer = work->layer;
    const int32_t height = layer->input_dims->h;
    const int32_t channels = layer->input_dims->c;
    const int32_t line = layer->input_dims->w * channels;
    const int32_t stride = layer->params->stride.h;
    const int8_t outside = (int8_t)-layer->params->input_offset;
    const uint32_t outside_word = (uint32_t)outside * 0x10001u;
    const int32_t left = MIN(layer->params->padding.w, work->pitch);
    const int32_t middle = MIN(layer->input_dims->w, work->pitch - left);
    const int32_t plane_rows = (rows.half - 1) * stride + 3;

    int32_t y = rows.first * stride - layer->params->padding.h;
    for (int32_t row = 0; row < plane_rows; row++, y++) {
        /* Where a half lies outside the image, one padding byte is read again and again. */
        const int32_t y_low = y + rows.half * stride;
        const bool has_high = y >= 0 && y < height;
        const bool has_low = y_low >= 0 && y_low < height;
        const int8_t *high = has_high ? layer->input + y * line + channel : &outside;
        const int8_t *low = has_low ? layer->input + y_low * line + channel : &outside;
        const int32_t high_step = has_high ? channels : 0;
        const int32_t low_step = has_low ? channels : 0;

        uint32_t *const inside = plane + left;
        uint32_t *const right = inside + middle;
        uint32_t *const end = plane + work->pitch;
        while (plane != inside) {
            *plane++ = outside_word;
        }
        while (plane != right) {
            *plane++ = (uint32_t)*high + ((uint32_t)*low << 16);
            high += high_step;
            low += low_step;
        }
        while (plane != end) {
            *plane++ = outside_word;
        }
    }
}

/** Adds a word's two sums to their accumulators. */
static inline void take_apart(const uint32_t sums, int32_t *high, int32_t *low)
{
    *high += (int16_t)sums;
    *low += (int32_t)(sums + 0x8000u) >> 16;
}

/** One row of taps for two outputs. */
static inline void
three_taps(const uint32_t *x, const int32_t *w, const bool heavy, int32_t *high, int32_t *low)
{
    const uint32_t first = x[0] * (uint32_t)w[0];
    const uint32_t second = x[1] * (uint32_t)w[1];
    const uint32_t third = x[2] * (uint32_t)w[2];
    if (heavy) {
        take_apart(first, high, low);
        take_apart(second, high, low);
        take_apart(third, high, low);
    } else {
        take_apart(first + second + third, high, low);
    }
}

/** Two rows of outputs, `low` bytes apart, from a place in the plane. */
static inline void two_rows(const depthwise_3x3_work *work,
                            const filter *f,
                            const uint32_t *x,
                            int8_t *output,
                            const int32_t low,
                            const bool heavy)
{
    const int32_t pitch = work->pitch;
    const int32_t stride = work->layer->params->stride.w;
    const int32_t channels = work->layer->output_dims->c;
    const int8_t *const end = output + work->layer->output_dims->w * channels;
    while (output != end) {
        int32_t acc_high = f->start;
        int32_t acc_low = f->start;
        three_taps(x, f->weights, heavy, &acc_high, &acc_low);
        three_taps(x + pitch, f->weights + 3, heavy, &acc_high, &acc_low);
        three_taps(x + 2 * pitch, f->weights + 6, heavy, &acc_high, &acc_low);
        x += stride;
        output[low] = requantize(&f->quantisation, acc_low);
        *output = requantize(&f->quantisation, acc_high);
        output += channels;
    }
}

static void DUAL_CORE_IN_RAM(light_rows)(const depthwise_3x3_work *work,
                                         const filter *f,
                                         const uint32_t *x,
                                         int8_t *output,
                                         const int32_t low)
{
    two_rows(work, f, x, output, low, false);
}

static void DUAL_CORE_IN_RAM(heavy_rows)(const depthwise_3x3_work *work,
                                         const filter *f,
                                         const uint32_t *x,
                                         int8_t *output,
                                         const int32_t low)
{
    two_rows(work, f, x, output, low, true);
}

/** One output channel of a band. */
static void DUAL_CORE_IN_RAM(filter_plane)(const depthwise_3x3_work *work,
                                           const band rows,
                                           const filter *f,
                                           const uint32_t *plane,
                                           const int32_t channel)
{
    const cmsis_nn_dims *dims = work->layer->output_dims;
    const int32_t line = dims->w * dims->c;
    int8_t *output = work->layer->output + rows.first * line + channel;
    for (int32_t row = 0; row < rows.half; row++) {
        /* An odd band's last row has no partner: its own outputs, written last, hide the
         * surplus ones. */
        const int32_t low = row + rows.half < rows.count ? rows.half * line : 0;
        if (f->heavy) {
            heavy_rows(work, f, plane, output, low);
        } else {
            light_rows(work, f, plane, output, low);
        }
        plane += work->layer->params->stride.h * work->pitch;
        output += line;
    }
}

static void DUAL_CORE_IN_RAM(depthwise_3x3_job)(void *arg, int part, int parts)
{
    const depthwise_3x3_work *work = arg;
    const depthwise_layer *layer = work->layer;
    uint32_t *plane = work->planes + part * PART_WORDS;
    dual_core_range rows = {0, layer->output_dims->h};
    dual_core_range channels = {0, layer->input_dims->c};
    if (work->split_rows) {
        rows = dual_core_share(rows.end, part, parts);
    } else {
        channels = dual_core_share(channels.end, part, parts);
    }
    for (int32_t channel = channels.begin; channel < channels.end; channel++) {
        band b = {.first = rows.begin};
        for (; b.first < rows.end; b.first += b.count) {
            b.count = MIN(2 * work->half, rows.end - b.first);
            b.half = (b.count + 1) >> 1;
            load_plane(work, b, channel, plane);
            for (int32_t i = 0; i < layer->multiplier; i++) {
                const int32_t output_channel = channel * layer->multiplier + i;
                filter f;
                load_filter(layer, output_channel, &f);
                filter_plane(work, b, &f, plane, output_channel);
            }
        }
    }
}

bool dual_core_depthwise_3x3(const depthwise_layer *layer)
{
    const cmsis_nn_dims *in = layer->input_dims;
    const cmsis_nn_dims *out = layer->output_dims;
    const int32_t offset = layer->params->input_offset;
    const int32_t pitch = (out->w - 1) * layer->params->stride.w + 3;
    const int32_t plane_rows = PART_WORDS / pitch;
    if (layer->filter_dims->w != 3 || layer->filter_dims->h != 3 || layer->dilation.w != 1 ||
        layer->dilation.h != 1 || layer->batches != 1 || offset < -127 || offset > 128 ||
        plane_rows < 3) {
        return false;
    }
    depthwise_3x3_work work = {
        .layer = layer,
        .planes = dual_core_scratch_acquire(),
        .pitch = pitch,
        .half = (plane_rows - 3) / layer->params->stride.h + 1,
        /* By channels no filter is set up twice; by rows if that gives more equal halves. */
        .split_rows = in->c == 1 || (in->c % 2 != 0 && (out->h % 2 == 0 || out->h > in->c)),
    };
    if (work.planes == NULL) {
        return false;
    }
    dual_core_run(depthwise_3x3_job, &work);
    dual_core_scratch_release(work.planes);
    return true;
}
