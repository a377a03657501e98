/* SPDX-License-Identifier: Apache-2.0 */

#include "dual_core.h"

#include <stddef.h>

static uint32_t scratch_memory[DUAL_CORE_SCRATCH_WORDS];

#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE && defined(PICO_RP2040) && PICO_RP2040

#include "hardware/sync.h"
#include "pico/multicore.h"
#include "pico/platform.h"

#define STACK_WORDS (DUAL_CORE_STACK_BYTES / 4)

/* Core 1's takes its interrupts too: the lockout's, if the application uses that. */
static uint32_t DUAL_CORE_PRIVATE_0(job_stack)[STACK_WORDS] __attribute__((aligned(8)));
static uint32_t DUAL_CORE_PRIVATE_1(worker_stack)[STACK_WORDS] __attribute__((aligned(8)));

static volatile bool runtime_busy;
static volatile bool scratch_busy;
static volatile bool disabled;
static bool launched;

#if defined(__ARM_ARCH_6M__)
void dual_core_call_on_stack(dual_core_job job, void *arg, int parts, uint32_t *stack_end);
#else /* the tests, on a machine of another kind */
static void dual_core_call_on_stack(dual_core_job job, void *arg, int parts, uint32_t *stack_end)
{
    (void)stack_end;
    job(arg, 0, parts);
}
#endif

/* The handover. Only core 0 writes the first three, only core 1, once launched, the last; a job is
 * pending while the two counts differ. Not the SIO FIFO: the SDK's lockout speaks through that one. */
static struct {
    dual_core_job job;
    void *arg;
    volatile uint32_t posted;
    volatile uint32_t finished;
} mailbox;

/* Test-and-set that holds against interrupts and the other core (ARMv6-M has no LDREX). The
 * lock is one of the SDK's shared ones, meant for critical sections as short as this. */
static bool DUAL_CORE_IN_RAM(claim)(volatile bool *flag)
{
    spin_lock_t *lock = spin_lock_instance(PICO_SPINLOCK_ID_STRIPED_FIRST);
    const uint32_t interrupts = spin_lock_blocking(lock);
    const bool free = !*flag;
    *flag = true;
    spin_unlock(lock, interrupts);
    return free;
}

static void release(volatile bool *flag)
{
    __dmb();
    *flag = false;
}

/*
 * Core 1's program. It lies in SRAM and, between jobs, touches no flash: while no job runs, core
 * 0 may erase and program flash with core 1 parked here. So that flash_safe_execute() and
 * multicore_lockout_start_blocking() work as well (they insist on an answer from core 1, and
 * may come from an interrupt while a job is running from flash), core 1 offers itself as a
 * lockout victim: the lockout interrupt wakes it from WFE or takes it out of a job.
 */
static void DUAL_CORE_IN_RAM(dual_core_worker)(void)
{
    multicore_lockout_victim_init();
    for (uint32_t done = 0;;) {
        while (mailbox.posted == done) {
            __wfe();
        }
        __dmb(); /* the job's arguments were written before the count */
        mailbox.job(mailbox.arg, 1, DUAL_CORE_MAX_PARTS);
        done++;
        __dmb(); /* the results are out before the count says so */
        mailbox.finished = done;
        __sev();
    }
}

void DUAL_CORE_IN_RAM(dual_core_run)(dual_core_job job, void *arg)
{
    if (get_core_num() != 0 || !claim(&runtime_busy)) {
        job(arg, 0, 1);
        return;
    }
    if (disabled) {
        dual_core_call_on_stack(job, arg, 1, job_stack + STACK_WORDS);
        release(&runtime_busy);
        return;
    }
    if (!launched) {
        /* A debugger restarts core 0 alone; only from reset does core 1 answer the launch. */
        multicore_reset_core1();
        mailbox.posted = mailbox.finished = 0;
        multicore_launch_core1_with_stack(dual_core_worker, worker_stack, sizeof(worker_stack));
        launched = true;
    }
    mailbox.job = job;
    mailbox.arg = arg;
    __dmb();
    const uint32_t ticket = mailbox.posted + 1;
    mailbox.posted = ticket;
    __dmb();
    __sev();
    dual_core_call_on_stack(job, arg, DUAL_CORE_MAX_PARTS, job_stack + STACK_WORDS);
    while (mailbox.finished != ticket) {
        __wfe();
    }
    __dmb();
    release(&runtime_busy);
}

void dual_core_disable(void)
{
    disabled = true;
}

void dual_core_enable(void)
{
    /* The application may have run something else on core 1. */
    launched = launched && !disabled;
    disabled = false;
}

uint32_t *DUAL_CORE_IN_RAM(dual_core_scratch_acquire)(void)
{
    return claim(&scratch_busy) ? scratch_memory : NULL;
}

void DUAL_CORE_IN_RAM(dual_core_scratch_release)(uint32_t *scratch)
{
    if (scratch != NULL) {
        release(&scratch_busy);
    }
}

#else /* one core: plain calls */

static bool scratch_busy;

void dual_core_run(dual_core_job job, void *arg)
{
    job(arg, 0, 1);
}

void dual_core_disable(void)
{
}

void dual_core_enable(void)
{
}

uint32_t *DUAL_CORE_IN_RAM(dual_core_scratch_acquire)(void)
{
    if (scratch_busy) {
        return NULL;
    }
    scratch_busy = true;
    return scratch_memory;
}

void DUAL_CORE_IN_RAM(dual_core_scratch_release)(uint32_t *scratch)
{
    if (scratch != NULL) {
        scratch_busy = false;
    }
}

#endif
