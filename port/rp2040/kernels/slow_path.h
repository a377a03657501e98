/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_SLOW_PATH_H
#define PORT_RP2040_KERNELS_SLOW_PATH_H

/*
 * Counts how often a kernel could not go the fast way, and why. Results are the same either way;
 * a model whose counts are not zero runs slower than it might.
 */

#include <stdint.h>

#include "dual_core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    SLOW_PATH_SCRATCH,    /* a call: the working memory was lent out */
    SLOW_PATH_SHAPE,      /* a call: the layer's shape or offsets fit no fast kernel */
    SLOW_PATH_WEIGHTS,    /* a channel and tile: weights of -128 side by side */
    SLOW_PATH_REQUANTIZE, /* a channel and tile: REQUANTIZE_ANY */
    SLOW_PATH_REASONS
} slow_path_reason;

/* Each part counts for itself: nothing is locked. */
extern uint32_t slow_path_counts[DUAL_CORE_MAX_PARTS][SLOW_PATH_REASONS];

static inline void slow_path_taken(const int part, const slow_path_reason reason)
{
    slow_path_counts[part][reason]++;
}

/** How often, since the start or slow_path_reset(); exact while no kernel is running. */
uint32_t slow_path_count(slow_path_reason reason);

/** A word for the reason, such as "scratch". */
const char *slow_path_name(slow_path_reason reason);

void slow_path_reset(void);

#ifdef __cplusplus
}
#endif

#endif
