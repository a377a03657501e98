/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stands in for dual_core.c on the host: runs a job's parts one after the other, in either
 * order, and hands out working memory full of rubbish, or none.
 */

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>
#include <string.h>

enum { WHOLE, FORWARD, REVERSE };

int harness_order = WHOLE;
int harness_has_scratch = 1;
int harness_held = 0; /* how many borrowers have the working memory now */

static uint32_t scratch_memory[DUAL_CORE_SCRATCH_WORDS];

void dual_core_run(dual_core_job job, void *arg)
{
    switch (harness_order) {
    case FORWARD:
        job(arg, 0, 2);
        job(arg, 1, 2);
        break;
    case REVERSE:
        job(arg, 1, 2);
        job(arg, 0, 2);
        break;
    default:
        job(arg, 0, 1);
    }
}

uint32_t *dual_core_scratch_acquire(void)
{
    if (!harness_has_scratch) {
        return NULL;
    }
    harness_held++;
    memset(scratch_memory, 0xa5, sizeof(scratch_memory));
    return scratch_memory;
}

void dual_core_scratch_release(uint32_t *scratch)
{
    if (scratch != NULL) {
        harness_held--;
    }
}

void harness_scale(const int32_t *accumulators, const int32_t *multipliers, const int32_t *shifts,
                   int32_t *out, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        requantize_channel channel;
        requantize_layer(&channel, 0, INT32_MIN, INT32_MAX);
        requantize_set(&channel, multipliers[i], shifts[i]);
        out[i] = requantize_scale(&channel, accumulators[i]);
    }
}
