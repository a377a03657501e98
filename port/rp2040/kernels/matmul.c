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
#include "requantize.h"
#include "slow_path.h"
#include "weight_stream.h"

#include <stddef.h>

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

#define GROUP 3
#define GROUP_WORDS (2 * GROUP) /* of a quad */

/* Quads whose weights can be summed by the halves of one word: 128 * 2 * 128 = 2^15. */
#define SUM_QUADS 128

/* With |bias| and |lhs_offset| below these no accumulator that is packed leaves -2^30..2^30. */
#define BIAS_LIMIT (1 << 29)
#define OFFSET_LIMIT (1 << 8)

typedef struct {
    const matmul_layer *layer;
    int32_t quads;
    bool wide;           /* more columns than matmul_channel() takes, or less rows than a group */
    bool split_channels; /* each part does half the channels, else half the groups */
    int32_t first_group; /* the tile at work */
    int32_t group_count;
    uint32_t *packed;
    uint32_t *weights; /* weight_words for each part */
    int32_t weight_words;
    weight_stream stream;
} matmul_work;

static inline int32_t group_total(const matmul_layer *layer)
{
    return (layer->rows + GROUP - 1) / GROUP;
}

/** A group's first row: the last group ends with the last row. */
static inline int32_t group_row(const matmul_layer *layer, const int32_t group)
{
    const int32_t last = MAX(layer->rows - GROUP, 0);
    return MIN(GROUP * group, last);
}

static inline bool is_aligned(const void *p)
{
    return ((uintptr_t)p & 3) == 0;
}

/*
 * Two int8 in a word. With the DSP extension (RP2350) they are the two halfwords, and SMLAD does the
 * rest. Without it they are summed, b0 + b2 * 2^16, and one of the factors has them exchanged:
 * matmul_channel.S has the arithmetic.
 */
#if defined(__ARM_FEATURE_SIMD32)

static inline uint32_t unpack_even(const uint32_t v)
{
    return (uint32_t)__sxtb16((int8x4_t)v);
}

static inline int32_t upper_of(const uint32_t word)
{
    return (int32_t)word >> 16;
}

static inline uint32_t exchange(const uint32_t v)
{
    return v;
}

static inline bool products_fit(const uint32_t v)
{
    (void)v;
    return true;
}

static inline int32_t multiply(const int32_t acc, const uint32_t x, const uint32_t w)
{
    return __smlad((int16x2_t)x, (int16x2_t)w, acc);
}

#else

/** Bytes 0 and 2 of v, sign-extended. */
static inline uint32_t unpack_even(const uint32_t v)
{
    return ((v & 0x00ff00ffu) ^ 0x00800080u) - 0x00800080u;
}

/** b2 of a word. */
static inline int32_t upper_of(const uint32_t word)
{
    return (int32_t)(word - (uint32_t)(int32_t)(int16_t)word) >> 16;
}

/** Four bytes in the order that makes weights of them. */
static inline uint32_t exchange(const uint32_t v)
{
    return (v >> 16) | (v << 16);
}

/** Whether no two weights that share a word are both -128. */
static inline bool products_fit(const uint32_t v)
{
    return (v & 0x00ff00ffu) != 0x00800080u && (v >> 8 & 0x00ff00ffu) != 0x00800080u;
}

static inline int32_t multiply(const int32_t acc, const uint32_t x, const uint32_t w)
{
    return acc + ((int32_t)(x * w + 0x8000u) >> 16);
}

#endif

/** Columns 4 * quad to 4 * quad + 3 of a row; those from `columns` on read as zero. */
static inline uint32_t
load_quad(const int8_t *row, const int32_t quad, const int32_t columns, const bool aligned)
{
    const int8_t *at = row + 4 * quad;
    const int32_t left = columns - 4 * quad;
    if (aligned && left >= 4) {
        uint32_t v;
        __builtin_memcpy(&v, __builtin_assume_aligned(at, 4), 4);
        return v;
    }
    uint32_t v = (uint8_t)at[0];
    v |= left > 1 ? (uint32_t)(uint8_t)at[1] << 8 : 0;
    v |= left > 2 ? (uint32_t)(uint8_t)at[2] << 16 : 0;
    v |= left > 3 ? (uint32_t)(uint8_t)at[3] << 24 : 0;
    return v;
}

/*
 * Where the words of a quad of one row lie among a group's GROUP_WORDS: those of a row side by
 * side, as matmul_channel() reads them, or (wide) the first words of all rows, then the second.
 */
static inline int32_t lane_of(const matmul_work *work, const int32_t row)
{
    return work->wide ? row : 2 * row;
}

static inline int32_t second_of(const matmul_work *work)
{
    return work->wide ? GROUP : 1;
}

static void DUAL_CORE_IN_RAM(matmul_pack_row)(const int8_t *row,
                                              const int32_t columns,
                                              uint32_t *out,
                                              const int32_t second)
{
    const bool aligned = is_aligned(row);
    const int32_t whole = columns >> 2;
    int32_t quad = 0;
    if (aligned) {
        const uint32_t *in = (const uint32_t *)__builtin_assume_aligned(row, 4);
        for (; quad < whole; quad++) {
            const uint32_t v = *in++;
            out[0] = unpack_even(v);
            out[second] = unpack_even(v >> 8);
            out += GROUP_WORDS;
        }
    }
    for (; 4 * quad < columns; quad++) {
        const uint32_t v = load_quad(row, quad, columns, false);
        out[0] = unpack_even(v);
        out[second] = unpack_even(v >> 8);
        out += GROUP_WORDS;
    }
}

#if defined(__ARM_ARCH_6M__)

/* In matmul_channel.S, which also says what lies behind `code`. */
extern const uint32_t matmul_channel_code_0[];
extern const uint32_t matmul_channel_code_1[];
bool matmul_channel_on(const matmul_channel_task *task, const uint32_t *code);
int32_t matmul_requantize_any(const requantize_channel *channel, int32_t accumulator);

_Static_assert(offsetof(matmul_channel_task, dst) == TASK_DST, "matmul_channel.h");
_Static_assert(offsetof(matmul_channel_task, fast) == TASK_FAST, "matmul_channel.h");
_Static_assert(offsetof(matmul_channel_task, minimum) == TASK_MINIMUM, "matmul_channel.h");
_Static_assert(offsetof(matmul_channel_task, any) == TASK_ANY, "matmul_channel.h");
_Static_assert(sizeof(requantize_fast) == TASK_MINIMUM - TASK_FAST, "requantize.h");

int32_t DUAL_CORE_IN_RAM(matmul_requantize_any)(const requantize_channel *channel,
                                                const int32_t accumulator)
{
    return requantize(channel, accumulator);
}

bool DUAL_CORE_IN_RAM(matmul_channel)(const matmul_channel_task *task, const int part)
{
    return matmul_channel_on(task, part == 0 ? matmul_channel_code_0 : matmul_channel_code_1);
}

#else

void matmul_pack_groups(const int8_t *src,
                        uint32_t *dst,
                        const int32_t quads,
                        const int32_t groups,
                        const int32_t stride)
{
    for (int32_t group = 0; group < groups; group++) {
        for (int32_t row = 0; row < GROUP; row++) {
            matmul_pack_row(src, 4 * quads, dst + 2 * row, 1);
            src += stride;
        }
        dst += GROUP_WORDS * quads;
    }
}

bool matmul_channel(const matmul_channel_task *task, const int part)
{
    (void)part;
    uint32_t unpacked[2 * MATMUL_CHANNEL_QUADS];
    int32_t sum = 0;
    for (int32_t quad = 0; quad < task->quads; quad++) {
        const uint32_t v = exchange(load_quad(task->weights, quad, 4 * task->quads, true));
        if (!products_fit(v)) {
            return false;
        }
        unpacked[2 * quad] = unpack_even(v);
        unpacked[2 * quad + 1] = unpack_even(v >> 8);
        for (int32_t i = 0; i < 4; i++) {
            sum += task->weights[4 * quad + i];
        }
    }
    const int32_t start =
        (int32_t)((uint32_t)task->start + (uint32_t)task->lhs_offset * (uint32_t)sum);
    int8_t *dst = task->dst;
    for (const uint32_t *x = task->x; x != task->x_end;) {
        if (x == task->x_full) {
            dst -= task->dst_back;
        }
        int32_t acc[GROUP] = {start, start, start};
        for (int32_t word = 0; word < 2 * task->quads; word += 2) {
            for (int32_t row = 0; row < GROUP; row++) {
                acc[row] = multiply(acc[row], *x++, unpacked[word]);
                acc[row] = multiply(acc[row], *x++, unpacked[word + 1]);
            }
        }
        for (int32_t row = 0; row < GROUP; row++) {
            *dst = task->kind == REQUANTIZE_ANY
                       ? requantize(task->any, acc[row])
                       : requantize_fast_apply((requantize_kind)task->kind,
                                               &task->fast,
                                               task->minimum,
                                               task->maximum,
                                               acc[row]);
            dst += task->dst_stride;
        }
    }
    return true;
}

#endif

/**
 * The wide loop: adds the products of a packed rhs row, from w up to end, and a group of packed
 * lhs rows to the group's accumulators. Returns the end of the group.
 */
static inline const uint32_t *
multiply_group(int32_t acc[GROUP], const uint32_t *x, const uint32_t *w, const uint32_t *end)
{
#if defined(__ARM_ARCH_6M__)
    /* One word of each row: ASRS leaves bit 15, the sign of the cross term, in the carry flag. */
#define MULTIPLY(row)                                                                              \
    "ldmia %[x]!, {%[t]}                   \n\t"                                                   \
    "muls  %[t], %[pair], %[t]             \n\t"                                                   \
    "asrs  %[t], %[t], #16                 \n\t"                                                   \
    "adcs  %[" row "], %[" row "], %[t]    \n\t"
#define MULTIPLY_GROUP                                                                             \
    "ldmia %[w]!, {%[pair]}                \n\t"                                                   \
    MULTIPLY("row0") MULTIPLY("row1") MULTIPLY("row2")
    uint32_t pair;
    uint32_t t;
    __asm__ volatile(".syntax unified       \n"
                     "1:                    \n\t"
                     MULTIPLY_GROUP
                     MULTIPLY_GROUP
                     "cmp   %[w], %[end]    \n\t"
                     "bne   1b              \n\t"
                     : [row0] "+&l"(acc[0]), [row1] "+&l"(acc[1]), [row2] "+&l"(acc[2]),
                       [x] "+&l"(x), [w] "+&l"(w), [pair] "=&l"(pair), [t] "=&l"(t)
                     : [end] "r"(end)
                     : "cc", "memory");
#undef MULTIPLY_GROUP
#undef MULTIPLY
#else
    for (; w != end; w++) {
        for (int32_t row = 0; row < GROUP; row++) {
            acc[row] = multiply(acc[row], *x++, *w);
        }
    }
#endif
    return x;
}

/**
 * Packs one rhs row for the wide loop, halves exchanged. Sets *sum to the sum of its weights;
 * returns false if two weights that share a word are both -128.
 */
static bool DUAL_CORE_IN_RAM(matmul_pack_weights)(const int8_t *row,
                                                  const int32_t columns,
                                                  uint32_t *out,
                                                  int32_t *sum)
{
    const bool aligned = is_aligned(row);
    bool exact = true;
    *sum = 0;
    for (int32_t quad = 0; 4 * quad < columns;) {
        int32_t low = 0;
        uint32_t total = 0;
        for (int32_t i = 0; i < SUM_QUADS && 4 * quad < columns; i++, quad++) {
            const uint32_t v = exchange(load_quad(row, quad, columns, aligned));
            exact = exact && products_fit(v);
            out[0] = unpack_even(v);
            out[1] = unpack_even(v >> 8);
#if defined(__ARM_FEATURE_SIMD32)
            low = __smlad((int16x2_t)out[0], 0x00010001, low);
            low = __smlad((int16x2_t)out[1], 0x00010001, low);
#else
            total += out[0] + out[1];
#endif
            out += 2;
        }
        low += (int16_t)total;
        *sum += low + upper_of(total);
    }
    return exact;
}

/** One output channel of some groups in the wide loop. */
static void DUAL_CORE_IN_RAM(matmul_wide_channel)(const matmul_work *work,
                                                  const uint32_t *weights,
                                                  const int32_t start,
                                                  const dual_core_range groups,
                                                  const requantize_channel *quantisation,
                                                  const int32_t channel)
{
    const matmul_layer *layer = work->layer;
    const uint32_t *x =
        work->packed + (groups.begin - work->first_group) * GROUP_WORDS * work->quads;
    for (int32_t group = groups.begin; group < groups.end; group++) {
        int8_t *dst = layer->dst + group_row(layer, group) * layer->dst_stride + channel;
        int32_t acc[GROUP] = {start, start, start};
        x = multiply_group(acc, x, weights, weights + 2 * work->quads);
        for (int32_t row = 0; row < GROUP && row < layer->rows; row++) {
            *dst = requantize(quantisation, acc[row]);
            dst += layer->dst_stride;
        }
    }
}

/** One output channel of some packed groups, one product at a time: any weights. */
static void DUAL_CORE_IN_RAM(matmul_plain_channel)(const matmul_work *work,
                                                   const int8_t *weights,
                                                   const int32_t bias,
                                                   const dual_core_range groups,
                                                   const requantize_channel *quantisation,
                                                   const int32_t channel)
{
    const matmul_layer *layer = work->layer;
    const int32_t columns = layer->columns;
    for (int32_t group = groups.begin; group < groups.end; group++) {
        const int32_t first = group_row(layer, group);
        for (int32_t row = 0; row < GROUP && row < layer->rows; row++) {
            const uint32_t *x = work->packed +
                                (group - work->first_group) * GROUP_WORDS * work->quads +
                                lane_of(work, row);
            uint32_t acc = (uint32_t)bias;
            for (int32_t column = 0; column < columns; column++) {
                const int32_t within = column & 3;
                const uint32_t word = within & 1 ? x[second_of(work)] : x[0];
                const int32_t value = within & 2 ? upper_of(word) : (int16_t)word;
                acc += (uint32_t)((value + layer->lhs_offset) * weights[column]);
                x += within == 3 ? GROUP_WORDS : 0;
            }
            layer->dst[(first + row) * layer->dst_stride + channel] =
                requantize(quantisation, (int32_t)acc);
        }
    }
}

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
