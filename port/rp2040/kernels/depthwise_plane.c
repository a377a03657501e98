/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What depthwise_pack.S, depthwise_strip.S and depthwise_taps.S do, in C, for whatever is no
 * Cortex-M0+.
 */

#include "depthwise_plane.h"

#include "dual_core.h"

#include <stddef.h>

#define AT(type, field, offset)                                                                    \
    _Static_assert(sizeof(void *) != 4 || offsetof(type, field) == (offset), #field)

AT(depthwise_run, upper, RUN_UPPER);
AT(depthwise_run, lower, RUN_LOWER);
AT(depthwise_run, pixel, RUN_PIXEL);
AT(depthwise_run, line, RUN_LINE);
AT(depthwise_run, threes, RUN_THREES);
AT(depthwise_run, plane, RUN_PLANE);
AT(depthwise_run, gap, RUN_GAP);
AT(depthwise_run, image_row, RUN_IMAGE_ROW);
AT(depthwise_run, rows, RUN_ROWS);
AT(depthwise_run, kind, RUN_KIND);
AT(depthwise_run, outside, RUN_OUTSIDE);
_Static_assert(sizeof(void *) != 4 || sizeof(depthwise_run) == RUN_SIZE, "depthwise_run");
_Static_assert(sizeof(depthwise_order) == ORDER_BYTES, "depthwise_order");
AT(depthwise_strip, weights, STRIP_WEIGHTS);
AT(depthwise_strip, weight_step, STRIP_WEIGHT_STEP);
AT(depthwise_strip, bias, STRIP_BIAS);
AT(depthwise_strip, input_offset, STRIP_INPUT_OFFSET);
AT(depthwise_strip, fast, STRIP_FAST);
AT(depthwise_strip, tail, STRIP_TAIL);
AT(depthwise_strip, output, STRIP_OUTPUT);
AT(depthwise_strip, clamp, STRIP_CLAMP);
AT(depthwise_strip, odd, STRIP_ODD);
AT(depthwise_strip, orders, STRIP_ORDERS);
AT(depthwise_strip, plane, STRIP_PLANE);
AT(depthwise_strip, quantisation, STRIP_QUANTISATION);
AT(depthwise_taps, begin, TAPS_BEGIN);
AT(depthwise_taps, end, TAPS_END);
AT(depthwise_taps, start, TAPS_START);
AT(depthwise_taps, x, TAPS_X);
AT(depthwise_taps, x_step, TAPS_X_STEP);
AT(depthwise_taps, x_row, TAPS_X_ROW);
AT(depthwise_taps, columns, TAPS_COLUMNS);
AT(depthwise_taps, rows, TAPS_ROWS);
AT(depthwise_taps, output, TAPS_OUTPUT);
AT(depthwise_taps, lower, TAPS_LOWER);
AT(depthwise_taps, column, TAPS_COLUMN);
AT(depthwise_taps, output_row, TAPS_OUTPUT_ROW);
AT(depthwise_taps, last_lower, TAPS_LAST_LOWER);
AT(depthwise_taps, fast, TAPS_FAST);
AT(depthwise_taps, tail, TAPS_TAIL);
AT(depthwise_taps, clamp, TAPS_CLAMP);
AT(depthwise_taps, maximum, TAPS_MAXIMUM);
AT(depthwise_taps, quantisation, TAPS_QUANTISATION);
AT(requantize_fast, bound, 0);
AT(requantize_fast, high, 4);
AT(requantize_fast, low, 8);
AT(requantize_fast, constant, FAST_CONSTANT);
AT(requantize_fast, third, FAST_THIRD);
AT(requantize_fast, base, FAST_BASE);
AT(requantize_fast, negative, FAST_NEGATIVE);

void DUAL_CORE_IN_RAM(depthwise_requantize)(int32_t *accumulators,
                                            int32_t count,
                                            const requantize_channel *quantisation)
{
    for (int32_t i = 0; i < count; i++) {
        accumulators[i] = requantize(quantisation, accumulators[i]);
    }
}

#if !defined(__ARM_ARCH_6M__)

/** The sums in a word's halves. */
static inline int32_t upper_of(const uint32_t sums)
{
    return (int16_t)sums;
}

static inline int32_t lower_of(const uint32_t sums)
{
    return (int32_t)(sums + 0x8000u) >> 16;
}

void depthwise_pack(const depthwise_run *runs, int32_t count, int32_t channel)
{
    for (const depthwise_run *run = runs; run != runs + count; run++) {
        uint32_t *plane = run->plane;
        for (int32_t row = 0; row < run->rows; row++) {
            const int32_t begin = row * run->image_row + channel;
            for (int32_t i = begin; i < begin + run->line; i += run->pixel) {
                const int32_t upper = run->kind != RUN_LOWER_ONLY ? run->upper[i] : 0;
                const int32_t lower = run->kind != RUN_UPPER_ONLY ? run->lower[i] : 0;
                *plane++ = (uint32_t)upper + ((uint32_t)lower << 16) + (uint32_t)run->outside;
            }
            plane += run->gap / 4;
        }
    }
}

/** Takes a word's sums apart and adds them to their accumulators. */
static inline void extract(const uint32_t sums, int32_t *accumulators)
{
    accumulators[0] += upper_of(sums);
    accumulators[1] += lower_of(sums);
}

/** Requantises and stores a column's two accumulators, as the tails do. */
static inline void store(const requantize_kind kind,
                         const requantize_fast *fast,
                         const requantize_channel *quantisation,
                         int32_t *accumulators,
                         int8_t *output,
                         const int32_t lower)
{
    if (kind == REQUANTIZE_ANY) {
        depthwise_requantize(accumulators, 2, quantisation);
    } else {
        for (int32_t i = 0; i < 2; i++) {
            accumulators[i] = requantize_fast_apply(
                kind, fast, quantisation->minimum, quantisation->maximum, accumulators[i]);
        }
    }
    output[lower] = (int8_t)accumulators[1];
    *output = (int8_t)accumulators[0];
}

static bool run_strip(const depthwise_strip *strip, const int32_t stride)
{
    uint32_t weights[9];
    bool heavy[3];
    int32_t start = strip->bias;
    for (int32_t row = 0; row < 3; row++) {
        int32_t magnitude = 0;
        for (int32_t i = 3 * row; i < 3 * row + 3; i++) {
            const int32_t w = strip->weights[i * strip->weight_step];
            weights[i] = (uint32_t)w;
            magnitude += w < 0 ? -w : w;
            start += w * strip->input_offset;
        }
        heavy[row] = magnitude > 255;
        if (weights[3 * row] + weights[3 * row + 1] == (uint32_t)-256) {
            return false;
        }
    }
    const int32_t pitch = strip->plane_row / 4;
    const int32_t columns = strip->columns;
    for (int32_t row = 0; row < strip->rows; row++) {
        const uint32_t *x = strip->plane + row * strip->x_end_row / 4;
        const int32_t lower = row == strip->rows - 1 ? strip->last_lower : strip->lower;
        int8_t *output = strip->output - strip->column + row * strip->line;
        for (int32_t column = 0; column < columns; column++) {
            int32_t accumulators[2] = {start, start};
            for (int32_t i = 0; i < 3; i++) {
                const uint32_t *taps = x + i * pitch;
                const uint32_t *w = weights + 3 * i;
                uint32_t sums = taps[0] * w[0] + taps[1] * w[1];
                if (heavy[i]) {
                    extract(sums, accumulators);
                    sums = 0;
                }
                extract(sums + taps[2] * w[2], accumulators);
            }
            store(strip->kind, &strip->fast, strip->quantisation, accumulators, output, lower);
            output += strip->column;
            x += stride;
        }
    }
    return true;
}

bool depthwise_3x3_stride_1(const depthwise_strip *strip)
{
    return run_strip(strip, 1);
}

bool depthwise_3x3_stride_2(const depthwise_strip *strip)
{
    return run_strip(strip, 2);
}

void depthwise_run_taps(depthwise_taps *taps)
{
    const uint32_t *x = taps->x;
    int8_t *output = taps->output;
    for (int32_t row = 0; row < taps->rows; row++) {
        const int32_t lower = row == taps->rows - 1 ? taps->last_lower : taps->lower;
        for (int32_t column = 0; column < taps->columns; column++) {
            int32_t accumulators[2] = {taps->start, taps->start};
            for (const depthwise_tap_pair *pair = taps->begin; pair != taps->end; pair++) {
                extract(x[pair->places[0] / 4] * (uint32_t)pair->weights[0] +
                            x[pair->places[1] / 4] * (uint32_t)pair->weights[1],
                        accumulators);
            }
            store(taps->kind, &taps->fast, taps->quantisation, accumulators, output, lower);
            output += taps->column;
            x += taps->x_step / 4;
        }
        output += taps->output_row;
        x += taps->x_row / 4;
    }
}

/* Only the assembly has any. */
void (*const depthwise_strip_tails[])(void) = {NULL, NULL, NULL, NULL, NULL};
void (*const depthwise_taps_tails[])(void) = {NULL, NULL, NULL, NULL, NULL};

#endif
