/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 matrix product with requantisation, on both cores of the RP2040.
 *
 * As many groups of three rows of lhs as fit the working memory make a tile. Both cores pack it,
 * then each computes its share of the output channels (or of the groups), one channel at a time
 * for the whole tile: matmul_channel() up to 256 columns, a plainer loop beyond. Where the number
 * of rows is no multiple of three, the last group begins before the one in front of it ends.
 */

#include "matmul.h"

#include "arm_nnsupportfunctions.h"

#include "matmul_channel.h"
#include "matmul_words.h"
#include "matmul_work.h"
#include "slow_path.h"

#include <stddef.h>

/* With |bias| and |lhs_offset| below these no accumulator that is packed leaves -2^30..2^30. */
#define BIAS_LIMIT (1 << 29)
#define OFFSET_LIMIT (1 << 8)

static const int8_t *get_row(const matmul_layer *layer, const int32_t row, const int part)
{
    if (layer->gather == NULL) {
        return layer->lhs + row * layer->lhs_stride;
    }
    layer->gather(layer->source, row, layer->buffers[part]);
    return layer->buffers[part];
}

static dual_core_range share_of_groups(const matmul_work *work, const int part, const int parts)
{
    /* The odd group goes to the last part: its last two may then overlap, but no other part's. */
    dual_core_range groups = {work->first_group, work->first_group + work->group_count};
    if (parts == DUAL_CORE_MAX_PARTS) {
        const int32_t middle = work->first_group + work->group_count / 2;
        if (part == 0) {
            groups.end = middle;
        } else {
            groups.begin = middle;
        }
    }
    return groups;
}

static void DUAL_CORE_IN_RAM(matmul_pack_job)(void *arg, int part, int parts)
{
    const matmul_work *work = arg;
    const matmul_layer *layer = work->layer;
    dual_core_range groups = share_of_groups(work, part, parts);
    const int32_t words = GROUP_WORDS * work->quads;
    uint32_t *out = work->packed + (groups.begin - work->first_group) * words;

    if (!work->wide && layer->gather == NULL && is_aligned(layer->lhs) &&
        ((layer->lhs_stride | layer->columns) & 3) == 0) {
        const int32_t regular = MIN(groups.end, layer->rows / GROUP);
        if (regular > groups.begin) {
            const int8_t *rows = layer->lhs + GROUP * groups.begin * layer->lhs_stride;
            matmul_pack_groups(rows, out, work->quads, regular - groups.begin, layer->lhs_stride);
            out += (regular - groups.begin) * words;
            groups.begin = regular;
        }
    }
    for (int32_t group = groups.begin; group < groups.end; group++) {
        const int32_t first = group_row(layer, group);
        for (int32_t row = 0; row < GROUP && row < layer->rows; row++) {
            matmul_pack_row(get_row(layer, first + row, part),
                            layer->columns,
                            out + lane_of(work, row),
                            second_of(work));
        }
        out += words;
    }
}

/** The channel's weights, aligned and padded with zeros to whole quads. */
static const int8_t *DUAL_CORE_IN_RAM(matmul_aligned_weights)(const matmul_work *work,
                                                             const int8_t *weights,
                                                             uint32_t *room)
{
    const int32_t columns = work->layer->columns;
    if (is_aligned(weights) && (columns & 3) == 0) {
        return weights;
    }
    for (int32_t quad = 0; quad < work->quads; quad++) {
        room[quad] = load_quad(weights, quad, columns, false);
    }
    return (const int8_t *)room;
}

static void DUAL_CORE_IN_RAM(matmul_multiply_job)(void *arg, int part, int parts)
{
    const matmul_work *work = arg;
    const matmul_layer *layer = work->layer;
    dual_core_range groups = {work->first_group, work->first_group + work->group_count};
    dual_core_range channels = {0, layer->channels};
    if (work->split_channels) {
        channels = dual_core_share(layer->channels, part, parts);
    } else {
        groups = share_of_groups(work, part, parts);
    }
    if (groups.begin == groups.end) {
        return;
    }
    uint32_t *room = work->weights + part * work->weight_words;
    const int32_t words = GROUP_WORDS * work->quads;
    const bool any_start = layer->lhs_offset < -OFFSET_LIMIT || layer->lhs_offset > OFFSET_LIMIT;

    requantize_channel any;
    requantize_layer(&any, layer->dst_offset, layer->activation_min, layer->activation_max);

    /* The last group of all begins before the one in front of it ends, unless it is alone. */
    const int32_t surplus = GROUP * groups.end - layer->rows;
    const bool overlaps = surplus > 0 && groups.end - groups.begin > 1;
    matmul_channel_task task = {
        .quads = work->quads,
        .x = work->packed + (groups.begin - work->first_group) * words,
        .dst_stride = layer->dst_stride,
        .dst_back = overlaps ? surplus * layer->dst_stride : 0,
        .lhs_offset = layer->lhs_offset,
        .minimum = layer->activation_min,
        .maximum = layer->activation_max,
        .any = &any,
    };
    task.x_end = task.x + (groups.end - groups.begin) * words;
    task.x_full = overlaps ? task.x_end - words : task.x_end;
    int8_t *dst = layer->dst + group_row(layer, groups.begin) * layer->dst_stride;

    /* One channel's weights are in one half of the room while the next one's come to the other. */
    const bool streams = !work->wide && (layer->columns & 3) == 0 &&
                         weight_stream_has(&work->stream, part) && channels.begin < channels.end;
    uint32_t *current = room;
    uint32_t *next = room + work->quads;
    if (streams) {
        weight_stream_start(&work->stream,
                            part,
                            layer->rhs + channels.begin * layer->columns,
                            next,
                            work->quads);
    }

    for (int32_t channel = channels.begin; channel < channels.end; channel++) {
        const int8_t *weights = layer->rhs + channel * layer->columns;
        const int32_t bias = layer->bias != NULL ? layer->bias[channel] : 0;
        const int32_t multiplier = layer->multipliers[channel * layer->quantisation_step];
        const int32_t shift = layer->shifts[channel * layer->quantisation_step];
        bool done;
        if (work->wide) {
            int32_t sum;
            done = matmul_pack_weights(weights, layer->columns, room, &sum);
            if (done) {
                requantize_set(&any, multiplier, shift);
                const uint32_t start = (uint32_t)bias + (uint32_t)layer->lhs_offset * (uint32_t)sum;
                matmul_wide_channel(work, room, (int32_t)start, groups, &any, channel);
            }
        } else {
            requantize_kind kind = REQUANTIZE_ANY;
            if (!any_start && bias > -BIAS_LIMIT && bias < BIAS_LIMIT) {
                kind = requantize_fast_set(&task.fast,
                                           multiplier,
                                           shift,
                                           layer->dst_offset,
                                           layer->activation_min,
                                           layer->activation_max);
            }
            task.kind = kind;
            task.start = bias;
            if (kind == REQUANTIZE_ANY) {
                requantize_set(&any, multiplier, shift);
                slow_path_taken(part, SLOW_PATH_REQUANTIZE);
            } else {
                task.start -= task.fast.base;
            }
            if (streams) {
                uint32_t *const arrived = next;
                next = current;
                current = arrived;
                weight_stream_wait(&work->stream, part);
                if (channel + 1 < channels.end) {
                    weight_stream_start(
                        &work->stream, part, weights + layer->columns, next, work->quads);
                }
                task.weights = (const int8_t *)current;
            } else {
                task.weights = matmul_aligned_weights(work, weights, room);
            }
            task.dst = dst + channel;
            done = matmul_channel(&task, part);
        }
        if (!done) {
            requantize_set(&any, multiplier, shift);
            matmul_plain_channel(work, weights, bias, groups, &any, channel);
            slow_path_taken(part, SLOW_PATH_WEIGHTS);
        }
    }
}

/** Without working memory: rows as they are, one product at a time. */
static void DUAL_CORE_IN_RAM(matmul_unpacked_job)(void *arg, int part, int parts)
{
    const matmul_work *work = arg;
    const matmul_layer *layer = work->layer;
    dual_core_range rows = {0, layer->rows};
    dual_core_range channels = {0, layer->channels};
    if (work->split_channels) {
        channels = dual_core_share(layer->channels, part, parts);
    } else {
        rows = dual_core_share(layer->rows, part, parts);
    }
    requantize_channel quantisation;
    requantize_layer(
        &quantisation, layer->dst_offset, layer->activation_min, layer->activation_max);
    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int8_t *x = get_row(layer, row, part);
        for (int32_t channel = channels.begin; channel < channels.end; channel++) {
            const int8_t *w = layer->rhs + channel * layer->columns;
            uint32_t acc = layer->bias != NULL ? (uint32_t)layer->bias[channel] : 0;
            for (int32_t i = 0; i < layer->columns; i++) {
                acc += (uint32_t)((x[i] + layer->lhs_offset) * w[i]);
            }
            requantize_set(&quantisation,
                           layer->multipliers[channel * layer->quantisation_step],
                           layer->shifts[channel * layer->quantisation_step]);
            layer->dst[row * layer->dst_stride + channel] =
                requantize(&quantisation, (int32_t)acc);
        }
    }
}

void DUAL_CORE_IN_RAM(matmul_run)(const matmul_layer *layer)
{
    const int32_t quads = (layer->columns + 3) >> 2;
    const int32_t groups = group_total(layer);
    matmul_work work = {
        .layer = layer,
        .quads = quads,
        .wide = quads > MATMUL_CHANNEL_QUADS || layer->rows < GROUP,
    };
    work.weight_words = 2 * quads; /* unpacked, or of two channels as they are */

    const int32_t room = DUAL_CORE_SCRATCH_WORDS - DUAL_CORE_MAX_PARTS * work.weight_words;
    const int32_t most = quads > 0 ? room / (GROUP_WORDS * quads) : 0;
    const bool fits = most > 0 && layer->rows > 0;
    uint32_t *scratch = fits ? dual_core_scratch_acquire() : NULL;
    if (scratch == NULL) {
        slow_path_taken(0, fits ? SLOW_PATH_SCRATCH : SLOW_PATH_SHAPE);
        work.split_channels = layer->rows == 1 || layer->gather == NULL;
        dual_core_run(matmul_unpacked_job, &work);
        return;
    }
    work.weights = scratch;
    work.packed = scratch + DUAL_CORE_MAX_PARTS * work.weight_words;

    work.stream = weight_stream_claim(layer->rhs);

    /* Tiles of about the same size. */
    const int32_t tiles = (groups + most - 1) / most;
    const int32_t tile = (groups + tiles - 1) / tiles;
    /* By channels every weight is fetched and unpacked by one core only. Few groups cannot be
     * shared out: the last may overlap the one before. */
    work.split_channels = layer->channels % 2 == 0 || layer->channels > tile || tile < 4;
    while (work.first_group < groups) {
        work.group_count = MIN(tile, groups - work.first_group);
        dual_core_run(matmul_pack_job, &work);
        dual_core_run(matmul_multiply_job, &work);
        work.first_group += work.group_count;
    }
    weight_stream_release(&work.stream);
    dual_core_scratch_release(scratch);
}
