/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_MATMUL_WORK_H
#define PORT_RP2040_KERNELS_MATMUL_WORK_H

/*
 * What the parts of the matrix product share. matmul.c puts them together.
 */

#include "arm_nnsupportfunctions.h"

#include "dual_core.h"
#include "matmul.h"
#include "requantize.h"
#include "weight_stream.h"

#include <stdbool.h>
#include <stdint.h>

#define GROUP 3
#define GROUP_WORDS (2 * GROUP) /* of a quad */

/** A layer at work, tile by tile. */
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

/** Packs a row, any address; its words go to out, out + second and so on, GROUP_WORDS apart. */
void matmul_pack_row(const int8_t *row, int32_t columns, uint32_t *out, int32_t second);

/**
 * Packs one rhs row for the wide loop, halves exchanged. Sets *sum to the sum of its weights;
 * returns false if two weights that share a word are both -128.
 */
bool matmul_pack_weights(const int8_t *row, int32_t columns, uint32_t *out, int32_t *sum);

/** One output channel of some groups in the wide loop. */
void matmul_wide_channel(const matmul_work *work,
                         const uint32_t *weights,
                         int32_t start,
                         dual_core_range groups,
                         const requantize_channel *quantisation,
                         int32_t channel);

/** One output channel of some packed groups, one product at a time: any weights. */
void matmul_plain_channel(const matmul_work *work,
                          const int8_t *weights,
                          int32_t bias,
                          dual_core_range groups,
                          const requantize_channel *quantisation,
                          int32_t channel);

#endif
