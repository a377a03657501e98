/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_DEPTHWISE_PLANE_H
#define PORT_RP2040_KERNELS_DEPTHWISE_PLANE_H

/*
 * Depthwise convolution of one channel over a plane, in assembly on a Cortex-M0+ and in C
 * elsewhere.
 *
 * A plane is a band of input rows of one channel, padding included, with two bytes to a word:
 * upper + lower * 2^16 as a signed sum, where `upper` belongs to the upper half of the band's
 * output rows and `lower` to the same place in the lower half. One multiplication by a weight
 * gives two products. Products may be added up before the halves are taken apart as long as the
 * sum of their weights' magnitudes is at most 255, since 128 * 255 < 2^15.
 */

/* Offsets of what the assembly reads; the structures below are checked against them. */
#define RUN_UPPER 0
#define RUN_LOWER 4
#define RUN_PIXEL 8
#define RUN_LINE 12
#define RUN_THREES 16
#define RUN_PLANE 20
#define RUN_GAP 24
#define RUN_IMAGE_ROW 28
#define RUN_ROWS 32
#define RUN_KIND 36
#define RUN_OUTSIDE 40
#define RUN_SIZE 44

#define STRIP_WEIGHTS 0
#define STRIP_WEIGHT_STEP 4
#define STRIP_BIAS 8
#define STRIP_INPUT_OFFSET 12
#define STRIP_FAST 16
#define STRIP_TAIL 44
#define STRIP_OUTPUT 48
#define STRIP_CLAMP 88
#define STRIP_ODD 96
#define STRIP_ORDERS 100
#define STRIP_PLANE 104
#define STRIP_QUANTISATION 108

#define ORDER_BYTES 16

#define TAPS_BEGIN 0
#define TAPS_END 4
#define TAPS_START 8
#define TAPS_X 12
#define TAPS_X_STEP 16
#define TAPS_X_ROW 20
#define TAPS_COLUMNS 24
#define TAPS_ROWS 28
#define TAPS_OUTPUT 32
#define TAPS_LOWER 36
#define TAPS_COLUMN 40
#define TAPS_OUTPUT_ROW 44
#define TAPS_LAST_LOWER 48
#define TAPS_FAST 52
#define TAPS_TAIL 80
#define TAPS_CLAMP 84
#define TAPS_MAXIMUM 88
#define TAPS_QUANTISATION 92

/* Of requantize_fast. */
#define FAST_CONSTANT 12
#define FAST_THIRD 16
#define FAST_BASE 20
#define FAST_NEGATIVE 24

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

#include "requantize.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RUN_BOTH, RUN_LOWER_ONLY, RUN_UPPER_ONLY };

/** Rows of a plane that are filled alike. */
typedef struct {
    const int8_t *upper; /* the first pixel's channel 0 */
    const int8_t *lower;
    int32_t pixel;       /* bytes from pixel to pixel */
    int32_t line;        /* pixel * pixels in a row */
    int32_t threes;      /* pixel * (those in whole groups of three) */
    uint32_t *plane;
    int32_t gap;         /* bytes of the plane from a row's last pixel to the next row's first */
    int32_t image_row;   /* bytes of the image from row to row */
    int32_t rows;
    int32_t kind;        /* RUN_... */
    int32_t outside;     /* what the absent half contributes to a word */
} depthwise_run;

/** Fills `count` (at least 1) runs of a plane with one channel. */
void depthwise_pack(const depthwise_run *runs, int32_t count, int32_t channel);

/** How to walk over the three rows of taps if those that need more extractions come first. */
typedef struct {
    int32_t first_to_second; /* bytes of the plane, from where a row's loads end */
    int32_t second_to_third;
    int32_t rewind; /* to the next step's first row */
    int32_t start;  /* the first row's place in the window, in bytes */
} depthwise_order;

/** One channel of a band of outputs of a 3x3 filter. Steps make two columns of both halves. */
typedef struct {
    const int8_t *weights;
    int32_t weight_step; /* bytes from tap to tap */
    int32_t bias; /* less fast.base */
    int32_t input_offset;
    requantize_fast fast;
    void (*tail)(void); /* of strip_tails */
    int8_t *output;     /* the second column's, upper half */
    int32_t lower;      /* bytes from there to the lower half; 0 in a row without */
    int32_t column;     /* from column to column, 0 if there is but one */
    int32_t advance;    /* 3 * column */
    int32_t rows;       /* at least 1 */
    int32_t x_end;      /* bytes of x that a row's pairs of columns walk over */
    int32_t x_row;      /* from a row's end to the next row's begin */
    int32_t x_end_row;  /* from row to row */
    int32_t output_row; /* from where a row's last step leaves to the next row's first */
    int32_t last_lower; /* `lower` of the last row */
    uint32_t clamp;     /* minimum ^ maximum */
    uint32_t maximum;
    int32_t odd; /* bytes of x in a step if a single column follows the pairs, else 0 */
    const depthwise_order *orders; /* by which rows are heavy: bit r is row r */
    uint32_t *plane;
    const requantize_channel *quantisation;
    /* Not for the assembly, to which the above says it all: */
    requantize_kind kind;
    int32_t plane_row; /* bytes of the plane from row to row */
    int32_t line;      /* bytes of the output from row to row */
    int32_t columns;
} depthwise_strip;

/**
 * Computes the strip. Returns false, and has written nothing, if the products of two neighbouring
 * weights of a row might not fit the halves: both are -128.
 */
bool depthwise_3x3_stride_1(const depthwise_strip *strip);
bool depthwise_3x3_stride_2(const depthwise_strip *strip);

/** Two taps of a filter: where they are in the plane, in bytes, and their weights. */
typedef struct {
    int32_t places[2];
    int32_t weights[2];
} depthwise_tap_pair;

/** One channel of a band of outputs of any filter. A step makes one column of both halves. */
typedef struct {
    const depthwise_tap_pair *begin; /* at least one; no two weights of a pair both -128 */
    const depthwise_tap_pair *end;
    int32_t start; /* of every accumulator, less fast.base */
    const uint32_t *x;
    int32_t x_step; /* bytes, from column to column */
    int32_t x_row;  /* from after a row's last column to the next row's first */
    int32_t columns; /* at least 1 */
    int32_t rows;    /* at least 1 */
    int8_t *output;
    int32_t lower;  /* bytes from there to the lower half; 0 in a row without */
    int32_t column;
    int32_t output_row; /* from after a row's last column to the next row's first */
    int32_t last_lower; /* `lower` of the last row */
    requantize_fast fast;
    void (*tail)(void); /* of taps_tails */
    uint32_t clamp;     /* minimum ^ maximum */
    uint32_t maximum;
    const requantize_channel *quantisation;
    requantize_kind kind; /* not for the assembly, which has the tail */
} depthwise_taps;

/** Computes it, and uses up what it is told. */
void depthwise_run_taps(depthwise_taps *taps);

/* What requantises and stores the accumulators of a step, by requantize_kind. */
extern void (*const depthwise_strip_tails[])(void);
extern void (*const depthwise_taps_tails[])(void);

/** Replaces accumulators by their outputs, by requantize(); for the assembly. */
void depthwise_requantize(int32_t *accumulators,
                          int32_t count,
                          const requantize_channel *quantisation);

#ifdef __cplusplus
}
#endif

#endif

#endif
