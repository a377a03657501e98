/* SPDX-License-Identifier: Apache-2.0 */

/*
 * int8 depthwise convolution over planes (depthwise_plane.h) on both cores of the RP2040.
 *
 * Each core takes half of the channels, or of the output rows, and of those a band of rows at a
 * time: as many as its half of the working memory has room for, in a segment of columns if even
 * two rows of all are too many. A band is cut into an upper and a lower half. Its geometry is
 * worked out once; then, channel by channel, the input is packed to a plane and the filters of
 * that channel run over it.
 *
 * Padding holds -input_offset, so that (x + input_offset) * w is zero there and the offset folds
 * into the start value, bias + input_offset * (sum of the weights), everywhere.
 */

#include "depthwise.h"

#include "arm_nnsupportfunctions.h"

#include "depthwise_plane.h"
#include "dual_core.h"
#include "slow_path.h"

#include <stddef.h>

#define PART_WORDS (DUAL_CORE_SCRATCH_WORDS / DUAL_CORE_MAX_PARTS)

/* With more taps, or fewer outputs, the plain loops are as good. */
#define MOST_TAPS 144
#define FEWEST_OUTPUTS 4

/** One direction of a layer; steps in bytes. */
typedef struct {
    int32_t input;
    int32_t output;
    int32_t filter;
    int32_t stride;
    int32_t padding;
    int32_t dilation;
    int32_t input_step;
    int32_t output_step;
    int32_t filter_step;
} axis;

typedef struct {
    const depthwise_layer *layer;
    axis y; /* the direction that is cut into bands and halves */
    axis x;
    const int8_t *input;  /* of one image */
    int8_t *output;
    uint32_t *scratch;
    bool strips;      /* steps of two columns, by depthwise_3x3_stride_... */
    bool split_rows;  /* each part does half the rows of all channels */
    int32_t columns;  /* most output columns of a band */
    int32_t half;     /* most output rows of half a band */
    int32_t capacity; /* words of a plane */
} depthwise_work;

typedef struct {
    int32_t first; /* output row */
    int32_t count;
    int32_t half; /* rows of the upper half: the lower has as many or one less */
    int32_t left; /* output column */
    int32_t columns;
    int32_t pitch; /* words in a row of the plane */
    depthwise_run runs[5];
    int32_t run_count;
    depthwise_order orders[8];
} band;

/** Words of a plane from the first tap of `count` outputs to the last of the last. */
static int32_t extent(const axis *a, const int32_t count)
{
    return (count - 1) * a->stride + (a->filter - 1) * a->dilation + 1;
}

static int32_t pitch_of(const depthwise_work *work, const int32_t columns)
{
    return extent(&work->x, work->strips ? (columns + 1) & ~1 : columns);
}

static int32_t between(const int32_t low, const int32_t value, const int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/** Fills what of the plane is padding, and says how to fill the rest with a channel. */
static void DUAL_CORE_IN_RAM(lay_out)(const depthwise_work *work, band *b, uint32_t *plane)
{
    const axis *y_axis = &work->y;
    const axis *x_axis = &work->x;
    const int32_t outside = -work->layer->params->input_offset;
    const uint32_t outside_word = (uint32_t)outside * 0x10001u;
    const int32_t x = b->left * x_axis->stride - x_axis->padding;
    const int32_t from = MAX(x, 0);
    const int32_t before = between(0, -x, b->pitch);
    const int32_t inside = between(0, x_axis->input - from, b->pitch - before);
    const int32_t lower = b->half * y_axis->stride;
    const int32_t rows = extent(y_axis, b->half);

    int32_t y = b->first * y_axis->stride - y_axis->padding;
    int32_t kind_before = -1;
    b->run_count = 0;
    for (int32_t row = 0; row < rows; row++, y++, plane += b->pitch) {
        const bool has_upper = inside > 0 && y >= 0 && y < y_axis->input;
        const bool has_lower = inside > 0 && y + lower >= 0 && y + lower < y_axis->input;
        const bool none = !has_upper && !has_lower;
        const int32_t first_outside = none ? 0 : before + inside;
        for (int32_t i = 0; !none && i < before; i++) {
            plane[i] = outside_word;
        }
        for (int32_t i = first_outside; i < b->pitch; i++) {
            plane[i] = outside_word;
        }
        const int32_t kind = none         ? -1
                             : !has_lower ? RUN_UPPER_ONLY
                             : !has_upper ? RUN_LOWER_ONLY
                                          : RUN_BOTH;
        if (kind >= 0 && kind == kind_before) {
            b->runs[b->run_count - 1].rows++;
        } else if (kind >= 0) {
            const int32_t begin = y * y_axis->input_step + from * x_axis->input_step;
            depthwise_run *run = &b->runs[b->run_count++];
            run->upper = has_upper ? work->input + begin : work->input;
            run->lower = has_lower ? work->input + begin + lower * y_axis->input_step : work->input;
            run->pixel = x_axis->input_step;
            run->line = inside * x_axis->input_step;
            run->threes = inside / 3 * 3 * x_axis->input_step;
            run->plane = plane + before;
            run->gap = (b->pitch - inside) * 4;
            run->image_row = y_axis->input_step;
            run->rows = 1;
            run->kind = kind;
            run->outside = kind == RUN_UPPER_ONLY   ? (int32_t)((uint32_t)outside << 16)
                           : kind == RUN_LOWER_ONLY ? outside
                                                    : 0;
        }
        kind_before = kind;
    }
}

/** In which order to take the rows of taps: the heavy ones, then the others from the last. */
static void DUAL_CORE_IN_RAM(set_orders)(const depthwise_work *work, band *b)
{
    const int32_t row = b->pitch * 4;
    const int32_t step = work->x.stride * 8;
    const int32_t loaded = work->x.stride == 1 ? 16 : 20;
    for (int32_t heavy = 0; heavy < 8; heavy++) {
        int32_t order[3];
        int32_t front = 0;
        int32_t back = 2;
        for (int32_t i = 0; i < 3; i++) {
            order[(heavy >> i & 1) ? front++ : back--] = i;
        }
        depthwise_order *o = &b->orders[heavy];
        o->first_to_second = (order[1] - order[0]) * row - loaded;
        o->second_to_third = (order[2] - order[1]) * row - loaded;
        o->rewind = (order[0] - order[2]) * row - loaded + step;
        o->start = order[0] * row;
    }
}

/** What of a strip does not depend on the channel. */
static void DUAL_CORE_IN_RAM(set_strip)(const depthwise_work *work,
                                        const band *b,
                                        uint32_t *plane,
                                        depthwise_strip *strip)
{
    const cmsis_nn_activation limits = work->layer->params->activation;
    const int32_t step = work->x.stride * 8;
    const int32_t pairs = b->columns == 1 ? 1 : b->columns >> 1;
    const int32_t column = b->columns == 1 ? 0 : work->x.output_step;
    const int32_t row = b->pitch * 4 * work->y.stride;
    const int32_t lower = b->half * work->y.output_step;
    strip->weight_step = work->x.filter_step;
    strip->input_offset = work->layer->params->input_offset;
    strip->odd = b->columns > 1 && (b->columns & 1) ? step : 0;
    strip->column = column;
    strip->advance = 3 * column;
    strip->rows = b->half;
    strip->x_end = pairs * step;
    strip->x_row = row - strip->x_end - strip->odd;
    strip->x_end_row = row;
    strip->output_row = work->y.output_step - 2 * pairs * column + (strip->odd ? column : 0);
    strip->last_lower = (b->count & 1) ? 0 : lower;
    strip->lower = b->half == 1 ? strip->last_lower : lower;
    strip->clamp = (uint32_t)(limits.min ^ limits.max);
    strip->maximum = (uint32_t)limits.max;
    strip->orders = b->orders;
    strip->plane = plane;
    strip->plane_row = b->pitch * 4;
    strip->line = work->y.output_step;
    strip->columns = b->columns;
}

/** Computes one output channel of a band from its plane, whatever the filter. */
static void DUAL_CORE_IN_RAM(run_taps)(const depthwise_work *work,
                                       const band *b,
                                       const uint32_t *plane,
                                       const int32_t channel,
                                       const requantize_kind kind,
                                       const requantize_fast *fast,
                                       const requantize_channel *quantisation)
{
    const depthwise_layer *layer = work->layer;
    const cmsis_nn_activation limits = layer->params->activation;
    const int32_t lower = b->half * work->y.output_step;
    depthwise_tap_pair *const pairs = (depthwise_tap_pair *)(plane + work->capacity);
    depthwise_tap_pair *pair = pairs;
    int32_t sum = 0;
    bool half_full = false;
    for (int32_t i = 0; i < work->y.filter; i++) {
        const int8_t *w = layer->kernel + channel + i * work->y.filter_step;
        int32_t place = 4 * i * work->y.dilation * b->pitch;
        for (int32_t j = 0; j < work->x.filter; j++) {
            const int32_t weight = *w;
            sum += weight;
            if (half_full && !(weight == -128 && pair->weights[0] == -128)) {
                pair->places[1] = place;
                pair->weights[1] = weight;
                pair++;
                half_full = false;
            } else {
                pair += half_full;
                pair->places[0] = place;
                pair->weights[0] = weight;
                pair->places[1] = place;
                pair->weights[1] = 0;
                half_full = true;
            }
            w += work->x.filter_step;
            place += 4 * work->x.dilation;
        }
    }
    pair += half_full;
    const int32_t bias = layer->bias != NULL ? layer->bias[channel] : 0;
    depthwise_taps taps = {
        .begin = pairs,
        .end = pair,
        .start = bias - fast->base + layer->params->input_offset * sum,
        .x = plane,
        .x_step = 4 * work->x.stride,
        .x_row = 4 * (b->pitch * work->y.stride - b->columns * work->x.stride),
        .columns = b->columns,
        .rows = b->half,
        .output = work->output + b->first * work->y.output_step + b->left * work->x.output_step +
                  channel,
        .lower = b->half == 1 && (b->count & 1) ? 0 : lower,
        .column = work->x.output_step,
        .output_row = work->y.output_step - b->columns * work->x.output_step,
        .last_lower = (b->count & 1) ? 0 : lower,
        .fast = *fast,
        .tail = depthwise_taps_tails[kind],
        .kind = kind,
        .clamp = (uint32_t)(limits.min ^ limits.max),
        .maximum = (uint32_t)limits.max,
        .quantisation = quantisation,
    };
    depthwise_run_taps(&taps);
}

/** What of a strip depends on the channel. Out of line: few values are in use here, so that they
 * find room in registers. */
static void DUAL_CORE_IN_RAM(set_channel)(const depthwise_work *work,
                                          const int32_t channel,
                                          depthwise_strip *strip)
{
    const depthwise_layer *layer = work->layer;
    strip->kind = requantize_fast_set(&strip->fast,
                                      layer->quantisation->multiplier[channel],
                                      layer->quantisation->shift[channel],
                                      layer->params->output_offset,
                                      layer->params->activation.min,
                                      layer->params->activation.max);
    if (strip->kind == REQUANTIZE_ANY) {
        strip->fast.base = 0;
    }
    strip->tail = depthwise_strip_tails[strip->kind];
    strip->weights = layer->kernel + channel;
    strip->bias = (layer->bias != NULL ? layer->bias[channel] : 0) - strip->fast.base;
}

static void DUAL_CORE_IN_RAM(run_band)(const depthwise_work *work,
                                       band *b,
                                       const dual_core_range channels,
                                       uint32_t *plane,
                                       const int part)
{
    const depthwise_layer *layer = work->layer;
    const cmsis_nn_activation limits = layer->params->activation;
    requantize_channel quantisation;
    requantize_layer(&quantisation, layer->params->output_offset, limits.min, limits.max);
    lay_out(work, b, plane);
    depthwise_strip strip;
    bool (*const run_strip)(const depthwise_strip *) = !work->strips           ? NULL
                                                       : work->x.stride == 1 ? depthwise_3x3_stride_1
                                                                             : depthwise_3x3_stride_2;
    if (work->strips) {
        set_orders(work, b);
        set_strip(work, b, plane, &strip);
    }
    strip.quantisation = &quantisation;
    int8_t *const output = work->output + b->first * work->y.output_step +
                           b->left * work->x.output_step + strip.column;
    int32_t channel = channels.begin * layer->multiplier;
    for (int32_t in = channels.begin; in < channels.end; in++) {
        if (b->run_count > 0) {
            depthwise_pack(b->runs, b->run_count, in);
        }
        for (int32_t i = 0; i < layer->multiplier; i++, channel++) {
            set_channel(work, channel, &strip);
            if (strip.kind == REQUANTIZE_ANY) {
                requantize_set(&quantisation,
                               layer->quantisation->multiplier[channel],
                               layer->quantisation->shift[channel]);
                slow_path_taken(part, SLOW_PATH_REQUANTIZE);
            }
            if (run_strip != NULL) {
                strip.output = output + channel;
                if (run_strip(&strip)) {
                    continue;
                }
                slow_path_taken(part, SLOW_PATH_WEIGHTS);
            }
            run_taps(work, b, plane, channel, strip.kind, &strip.fast, &quantisation);
        }
    }
}

static void DUAL_CORE_IN_RAM(depthwise_bands_job)(void *arg, int part, int parts)
{
    const depthwise_work *work = arg;
    uint32_t *plane = work->scratch + part * PART_WORDS;
    dual_core_range rows = {0, work->y.output};
    dual_core_range channels = {0, work->layer->input_dims->c};
    if (work->split_rows) {
        rows = dual_core_share(rows.end, part, parts);
    } else {
        channels = dual_core_share(channels.end, part, parts);
    }
    /* Bands of equal height, as few as will do. */
    const int32_t count = rows.end - rows.begin;
    const int32_t bands = (count + 2 * work->half - 1) / (2 * work->half);
    const int32_t height = bands > 0 ? (count + bands - 1) / bands : 0;
    band b;
    for (b.left = 0; b.left < work->x.output; b.left += b.columns) {
        b.columns = MIN(work->columns, work->x.output - b.left);
        b.pitch = pitch_of(work, b.columns);
        for (b.first = rows.begin; b.first < rows.end; b.first += b.count) {
            b.count = MIN(height, rows.end - b.first);
            b.half = (b.count + 1) >> 1;
            run_band(work, &b, channels, plane, part);
        }
    }
}

static bool refuse(const slow_path_reason reason)
{
    slow_path_taken(0, reason);
    return false;
}

bool DUAL_CORE_IN_RAM(dual_core_depthwise_bands)(const depthwise_layer *layer)
{
    const cmsis_nn_dims *in = layer->input_dims;
    const cmsis_nn_dims *out = layer->output_dims;
    const cmsis_nn_dims *filter = layer->filter_dims;
    const cmsis_nn_dw_conv_params *params = layer->params;
    const int32_t taps = filter->h * filter->w;
    if (out->h * out->w < FEWEST_OUTPUTS) {
        return false;
    }
    if (params->input_offset < -127 || params->input_offset > 128 || taps < 1 ||
        taps > MOST_TAPS || out->c != in->c * layer->multiplier) {
        return refuse(SLOW_PATH_SHAPE);
    }
    depthwise_work work = {
        .layer = layer,
        .y = {in->h, out->h, filter->h, params->stride.h, params->padding.h, layer->dilation.h,
              in->w * in->c, out->w * out->c, filter->w * out->c},
        .x = {in->w, out->w, filter->w, params->stride.w, params->padding.w, layer->dilation.w,
              in->c, out->c, out->c},
        .strips = filter->h == 3 && filter->w == 3 && layer->dilation.h == 1 &&
                  layer->dilation.w == 1 && params->stride.w <= 2 && out->h > 1,
        .columns = out->w,
    };
    if (out->h == 1) {
        /* A single row has no lower half; the columns, taken as rows, have. */
        const axis row = work.y;
        work.y = work.x;
        work.x = row;
        work.columns = 1;
    }
    work.capacity = PART_WORDS - (work.strips ? 9 : taps) * (int32_t)sizeof(depthwise_tap_pair) / 4;
    const int32_t reach = extent(&work.y, 1);
    const int32_t most_pitch = work.capacity / reach;
    if (pitch_of(&work, work.columns) > most_pitch) {
        work.columns = (most_pitch - extent(&work.x, 1)) / work.x.stride + 1;
        work.columns &= work.strips ? ~1 : ~0;
        if (most_pitch < extent(&work.x, 1) || work.columns < 1) {
            return refuse(SLOW_PATH_SHAPE);
        }
    }
    const int32_t rows = work.capacity / pitch_of(&work, work.columns);
    work.half = (rows - reach) / work.y.stride + 1;
    /* By channels no filter is set up twice; by rows if that gives more equal halves. */
    work.split_rows =
        in->c == 1 || (in->c % 2 != 0 && (work.y.output % 2 == 0 || work.y.output > in->c));
    work.scratch = dual_core_scratch_acquire();
    if (work.scratch == NULL) {
        return refuse(SLOW_PATH_SCRATCH);
    }
    work.input = layer->input;
    work.output = layer->output;
    for (int32_t batch = 0; batch < layer->batches; batch++) {
        dual_core_run(depthwise_bands_job, &work);
        work.input += in->h * in->w * in->c;
        work.output += out->h * out->w * out->c;
    }
    dual_core_scratch_release(work.scratch);
    return true;
}
