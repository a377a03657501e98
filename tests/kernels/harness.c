/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stands in for dual_core.c on the host: runs a job's parts one after the other, in either
 * order, and hands out working memory full of rubbish, or none.
 */

#include "dual_core.h"
#include "requantize.h"

#include <stddef.h>

enum { WHOLE, FORWARD, REVERSE };

int harness_order = WHOLE;
int harness_has_scratch = 1;
int harness_held = 0;     /* how many borrowers have the working memory now */
int harness_overruns = 0; /* words written before or behind it */

#define GUARD_WORDS 1024
#define RUBBISH 0xa5a5a5a5u

static uint32_t scratch_memory[GUARD_WORDS + DUAL_CORE_SCRATCH_WORDS + GUARD_WORDS];

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
    for (size_t i = 0; i < sizeof(scratch_memory) / sizeof(scratch_memory[0]); i++) {
        scratch_memory[i] = RUBBISH;
    }
    return scratch_memory + GUARD_WORDS;
}

void dual_core_scratch_release(uint32_t *scratch)
{
    if (scratch == NULL) {
        return;
    }
    harness_held--;
    for (size_t i = 0; i < GUARD_WORDS; i++) {
        harness_overruns += scratch_memory[i] != RUBBISH;
        harness_overruns += scratch_memory[GUARD_WORDS + DUAL_CORE_SCRATCH_WORDS + i] != RUBBISH;
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

void harness_outputs(const int32_t *accumulators, const int32_t *multipliers,
                     const int32_t *shifts, int8_t *out, int32_t count, int32_t offset,
                     int32_t minimum, int32_t maximum)
{
    for (int32_t i = 0; i < count; i++) {
        requantize_channel channel;
        requantize_layer(&channel, offset, minimum, maximum);
        requantize_set(&channel, multipliers[i], shifts[i]);
        out[i] = requantize(&channel, accumulators[i]);
    }
}

/* Outputs by requantize_fast_apply(), where the channel has it; `kinds` says which. */
void harness_fast_outputs(const int32_t *accumulators, const int32_t *multipliers,
                          const int32_t *shifts, int8_t *out, int32_t *kinds, int32_t count,
                          int32_t offset, int32_t minimum, int32_t maximum)
{
    for (int32_t i = 0; i < count; i++) {
        requantize_fast fast;
        const requantize_kind kind =
            requantize_fast_set(&fast, multipliers[i], shifts[i], offset, minimum, maximum);
        kinds[i] = kind;
        out[i] = 0;
        if (kind != REQUANTIZE_ANY) {
            out[i] =
                requantize_fast_apply(kind, &fast, minimum, maximum, accumulators[i] - fast.base);
        }
    }
}
