/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_MATMUL_CHANNEL_H
#define PORT_RP2040_KERNELS_MATMUL_CHANNEL_H

/*
 * The inner loops of the matrix product, in assembly on a Cortex-M0+ and in C elsewhere.
 *
 * Four columns, a quad, of a row of lhs take two words, x0 + x2 * 2^16 and x1 + x3 * 2^16 as
 * signed sums. Three rows, a group, are interleaved: the two words of a quad of the first row,
 * those of the second, those of the third, then the next quad.
 */

/* Columns in quads that the stack frame has room for weights of. */
#define MATMUL_CHANNEL_QUADS 64

/* Offsets of what the assembly reads; the structure below is checked against them. */
#define TASK_WEIGHTS 0
#define TASK_QUADS 4
#define TASK_X 8
#define TASK_DST 12
#define TASK_X_FULL 16
#define TASK_X_END 20
#define TASK_DST_STRIDE 24
#define TASK_DST_BACK 28
#define TASK_START 32
#define TASK_LHS_OFFSET 36
#define TASK_FAST 40
#define TASK_MINIMUM 68
#define TASK_MAXIMUM 72
#define TASK_ANY 76
#define TASK_KIND 80

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

#include "requantize.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One output channel of some groups of rows. */
typedef struct {
    const int8_t *weights;  /* [4 * quads], word-aligned */
    int32_t quads;          /* 1..MATMUL_CHANNEL_QUADS */
    const uint32_t *x;      /* the packed groups, 6 * quads words each */
    int8_t *dst;            /* the first row's output */
    const uint32_t *x_full; /* end of the groups whose rows are all new */
    const uint32_t *x_end;  /* end of all: at most one group more, rows of which repeat */
    int32_t dst_stride;     /* bytes from row to row */
    int32_t dst_back;       /* bytes that the repeated rows of the last group take in dst */
    int32_t start;          /* bias - fast.base */
    int32_t lhs_offset;
    requantize_fast fast;
    int32_t minimum;
    int32_t maximum;
    const requantize_channel *any; /* for REQUANTIZE_ANY */
    int32_t kind;                  /* requantize_kind */
} matmul_channel_task;

/**
 * Computes the channel. Returns false, and has written nothing, if two weights that share a word
 * are both -128: their products might not fit. `part` picks the copy of the loop that lies in that
 * part's private bank.
 */
bool matmul_channel(const matmul_channel_task *task, int part);

/**
 * Packs `groups` (at least 1) groups of rows that lie `stride` bytes apart; src and stride are
 * multiples of 4, quads at least 1.
 */
void matmul_pack_groups(
    const int8_t *src, uint32_t *dst, int32_t quads, int32_t groups, int32_t stride);

#ifdef __cplusplus
}
#endif

#endif

#endif
