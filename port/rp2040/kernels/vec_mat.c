/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 product of a vector and a transposed matrix, on both cores of the RP2040.
 *
 * Each weight is used once, so unpacking pairs of them would cost more than it saves: each core
 * takes half the rows, two at a time, which share the loads of the vector; or one at a time, as DMA
 * brings them, where they are many and in flash. Working memory is not needed, and a program that
 * has no other kernel does not link it.
 */

#include "vec_mat.h"

#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "requantize.h"
#include "weight_stream.h"

#include <stddef.h>

/* Fewer products than this are done before the other core has begun. */
#define SMALL 512

/* So many weights, in bytes, come by DMA: they would not stay in the cache of 16 KB from one
 * inference to the next. Fewer may, and are read faster from there. */
#define LARGE 8192

/* Of the stack in the core's private bank. */
#define CHUNK_WORDS 64

typedef struct {
    const vec_mat_layer *layer;
    int32_t start; /* what rhs_offset adds to every row */
    weight_stream stream;
} vec_mat_work;

static inline void put(const vec_mat_layer *layer,
                       requantize_channel *quantisation,
                       const int32_t row,
                       const uint32_t acc)
{
    if (layer->quantisation_step != 0) {
        requantize_set(quantisation, layer->multipliers[row], layer->shifts[row]);
    }
    layer->dst[row * layer->dst_step] = requantize(quantisation, (int32_t)acc);
}

static inline uint32_t bias_of(const vec_mat_work *work, const int32_t row)
{
    const int32_t *bias = work->layer->bias;
    return (uint32_t)work->start + (bias != NULL ? (uint32_t)bias[row] : 0);
}

/** Products of a row's weights, from w up to end, and x + offset. */
static inline uint32_t
products(const int8_t *x, const int8_t *w, const int8_t *const end, const uint32_t offset)
{
    uint32_t acc = 0;
    while (w != end) {
        acc += ((uint32_t)(int32_t)*x++ + offset) * (uint32_t)(int32_t)*w++;
    }
    return acc;
}

/** Rows whose weights come by DMA: one stretch of flash, cut into chunks without regard to rows. */
static void DUAL_CORE_IN_RAM(vec_mat_streamed)(const vec_mat_work *work,
                                               const dual_core_range rows,
                                               requantize_channel *quantisation,
                                               const int part)
{
    const vec_mat_layer *layer = work->layer;
    const int32_t columns = layer->columns;
    const int8_t *const begin = layer->rhs + rows.begin * columns;
    const int32_t skipped = (int32_t)((uintptr_t)begin & 3); /* DMA brings whole words */
    const int8_t *ahead = begin - skipped;
    int32_t words = (skipped + (rows.end - rows.begin) * columns + 3) >> 2; /* not begun yet */
    uint32_t chunks[2][CHUNK_WORDS];
    int32_t arriving = 0; /* which of them is */

    int32_t count = MIN(words, CHUNK_WORDS);
    weight_stream_start(&work->stream, part, ahead, chunks[arriving], count);
    const int8_t *w = (const int8_t *)chunks;
    const int8_t *end = w; /* of what has arrived */
    for (int32_t row = rows.begin; row < rows.end; row++) {
        uint32_t acc = bias_of(work, row);
        for (int32_t column = 0; column < columns;) {
            if (w == end) {
                w = (const int8_t *)chunks[arriving] + (ahead < begin ? skipped : 0);
                end = (const int8_t *)(chunks[arriving] + count);
                ahead += 4 * count;
                words -= count;
                count = MIN(words, CHUNK_WORDS);
                arriving ^= 1;
                weight_stream_wait(&work->stream, part);
                if (count > 0) {
                    weight_stream_start(&work->stream, part, ahead, chunks[arriving], count);
                }
            }
            const int32_t here = MIN(columns - column, (int32_t)(end - w));
            acc += products(layer->lhs + column, w, w + here, (uint32_t)layer->lhs_offset);
            column += here;
            w += here;
        }
        put(layer, quantisation, row, acc);
    }
}

static void DUAL_CORE_IN_RAM(vec_mat_job)(void *arg, int part, int parts)
{
    const vec_mat_work *work = arg;
    const vec_mat_layer *layer = work->layer;
    const dual_core_range rows = dual_core_share(layer->rows, part, parts);
    const int32_t columns = layer->columns;
    requantize_channel quantisation;
    requantize_layer(
        &quantisation, layer->dst_offset, layer->activation_min, layer->activation_max);
    requantize_set(&quantisation, layer->multipliers[0], layer->shifts[0]);
    if (weight_stream_has(&work->stream, part)) {
        if (rows.begin < rows.end) {
            vec_mat_streamed(work, rows, &quantisation, part);
        }
        return;
    }

    const int8_t *w = layer->rhs + rows.begin * columns;
    const uint32_t offset = (uint32_t)layer->lhs_offset;
    int32_t row = rows.begin;
    for (; row + 1 < rows.end; row += 2) {
        uint32_t acc0 = bias_of(work, row);
        uint32_t acc1 = bias_of(work, row + 1);
        const int8_t *x = layer->lhs;
        const int8_t *const end = x + columns;
        while (x != end) {
            const uint32_t value = (uint32_t)(int32_t)*x++ + offset;
            acc0 += value * (uint32_t)(int32_t)w[0];
            acc1 += value * (uint32_t)(int32_t)w[columns];
            w++;
        }
        w += columns;
        put(layer, &quantisation, row, acc0);
        put(layer, &quantisation, row + 1, acc1);
    }
    for (; row < rows.end; row++) {
        const uint32_t acc = bias_of(work, row) + products(layer->lhs, w, w + columns, offset);
        w += columns;
        put(layer, &quantisation, row, acc);
    }
}

void DUAL_CORE_IN_RAM(vec_mat_run)(const vec_mat_layer *layer)
{
    if (layer->rows <= 0) {
        return;
    }
    vec_mat_work work = {.layer = layer, .stream = weight_stream_none};
    if (layer->rhs_offset != 0) {
        uint32_t sum = (uint32_t)layer->columns * (uint32_t)layer->lhs_offset;
        for (int32_t i = 0; i < layer->columns; i++) {
            sum += (uint32_t)(int32_t)layer->lhs[i];
        }
        work.start = (int32_t)(sum * (uint32_t)layer->rhs_offset);
    }
    if (layer->columns * layer->rows < SMALL) {
        vec_mat_job(&work, 0, 1);
        return;
    }
    if (layer->columns * layer->rows >= LARGE) {
        work.stream = weight_stream_claim(layer->rhs);
    }
    dual_core_run(vec_mat_job, &work);
    weight_stream_release(&work.stream);
}
