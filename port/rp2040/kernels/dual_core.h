/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_DUAL_CORE_H
#define PORT_RP2040_KERNELS_DUAL_CORE_H

/*
 * Runs one job on both cores of the RP2040.
 *
 * Core 1 is launched once, on the first job, and then waits for work in WFE. Without a second
 * core to use (host builds, dual_core_disable(), a call from core 1, a call that interrupts a
 * running job) the same job runs on the calling core alone, as one part.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DUAL_CORE_MAX_PARTS 2

/* Working memory, in 32-bit words, for both cores together. Kernels adapt to its size; with less
 * of it they pass over the weights more often. */
#ifndef DUAL_CORE_SCRATCH_WORDS
#define DUAL_CORE_SCRATCH_WORDS 2608
#endif

/* Each core's jobs have a stack of their own of this many bytes, in the core's private bank. */
#ifndef DUAL_CORE_STACK_BYTES
#define DUAL_CORE_STACK_BYTES 1344
#endif

/*
 * Where things lie on the RP2040. DUAL_CORE_IN_RAM: a function in the striped SRAM, where neither
 * core waits for the flash cache; DUAL_CORE_DATA_IN_RAM: a constant there. DUAL_CORE_PRIVATE_0, _1:
 * a variable in the 4 KB bank that only the core of part 0 or 1 uses, SCRATCH_Y or SCRATCH_X. In
 * assembly, the innermost loops are there too, once for each core: sections `.scratch_y.<name>` and
 * `.scratch_x.<name>`.
 */
#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE
#define DUAL_CORE_IN_RAM(name) __attribute__((noinline, section(".time_critical." #name))) name
#define DUAL_CORE_DATA_IN_RAM(name) __attribute__((section(".data." #name))) name
#define DUAL_CORE_PRIVATE_0(name) __attribute__((section(".scratch_y." #name))) name
#define DUAL_CORE_PRIVATE_1(name) __attribute__((section(".scratch_x." #name))) name
#else
#define DUAL_CORE_IN_RAM(name) name
#define DUAL_CORE_DATA_IN_RAM(name) name
#define DUAL_CORE_PRIVATE_0(name) name
#define DUAL_CORE_PRIVATE_1(name) name
#endif

/**
 * Does share number `part` of `parts` of a job. Parts run at the same time and in any order:
 * they may read the same memory but must write to different bytes.
 */
typedef void (*dual_core_job)(void *arg, int part, int parts);

/**
 * Runs `job` to completion: part 0 on the calling core, part 1 on the other, or everything as
 * one part (part 0 of 1) where the other core is not to be had. Everything written before the
 * call is visible to both parts, and everything both parts wrote is visible after it. Parts run
 * on the jobs' own stacks, except where a job is running already: then on the caller's.
 */
void dual_core_run(dual_core_job job, void *arg);

/**
 * Leaves core 1 to the application: every later job runs on the calling core alone. Call it
 * before launching code of your own on core 1. Once a job has launched core 1 it sleeps in
 * dual_core's loop: then multicore_reset_core1() first. Not to be called while a job runs.
 */
void dual_core_disable(void);

/**
 * Takes core 1 (back) for jobs, which is how things are at the start; the next job resets and
 * launches it. Not to be called while a job runs.
 */
void dual_core_enable(void);

/**
 * Borrows the working memory, DUAL_CORE_SCRATCH_WORDS words of undefined contents. Returns NULL
 * while another call holds it (a kernel called from an interrupt, or on the other core); the
 * caller then has to do without.
 */
uint32_t *dual_core_scratch_acquire(void);

/** Gives the working memory back; NULL is allowed. */
void dual_core_scratch_release(uint32_t *scratch);

/** Half-open range of items. */
typedef struct {
    int32_t begin;
    int32_t end;
} dual_core_range;

/** The share of `count` items that falls to `part`; earlier parts take the odd item. */
static inline dual_core_range dual_core_share(int32_t count, int part, int parts)
{
    const int32_t half = (count + 1) >> 1;
    dual_core_range all = {0, count};
    if (parts == DUAL_CORE_MAX_PARTS) {
        if (part == 0) {
            all.end = half;
        } else {
            all.begin = half;
        }
    }
    return all;
}

#ifdef __cplusplus
}
#endif

#endif
