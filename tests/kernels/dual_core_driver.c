/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs dual_core.c, built for the RP2040, on two threads: `driver <scenario>` prints what was
 * seen and exits with 0, or names what was wrong and exits with 1.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dual_core.h"
#include "hardware/sync.h"
#include "pico/multicore.h"

#define JOBS 2000

/* ---- the SDK, on threads */

static _Thread_local unsigned core_number;
static pthread_mutex_t event_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t event_raised = PTHREAD_COND_INITIALIZER;
static bool event[2]; /* each core's event register */
static pthread_mutex_t lock_mutex = PTHREAD_MUTEX_INITIALIZER;
static int launches;
static int resets;
static int victims;

unsigned get_core_num(void)
{
    return core_number;
}

void __wfe(void)
{
    pthread_mutex_lock(&event_mutex);
    while (!event[core_number]) {
        pthread_cond_wait(&event_raised, &event_mutex);
    }
    event[core_number] = false;
    pthread_mutex_unlock(&event_mutex);
}

void __sev(void)
{
    pthread_mutex_lock(&event_mutex);
    event[0] = event[1] = true;
    pthread_cond_broadcast(&event_raised);
    pthread_mutex_unlock(&event_mutex);
}

void __dmb(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

spin_lock_t *spin_lock_instance(unsigned number)
{
    (void)number;
    return (spin_lock_t *)&lock_mutex;
}

uint32_t spin_lock_blocking(spin_lock_t *lock)
{
    pthread_mutex_lock((pthread_mutex_t *)lock);
    return 1;
}

void spin_unlock(spin_lock_t *lock, uint32_t interrupts)
{
    (void)interrupts;
    pthread_mutex_unlock((pthread_mutex_t *)lock);
}

static void *core1(void *entry)
{
    core_number = 1;
    (*(void (**)(void))entry)();
    return NULL;
}

void multicore_reset_core1(void)
{
    resets++;
}

void multicore_launch_core1_with_stack(void (*entry)(void), uint32_t *stack, size_t size)
{
    static void (*program)(void);
    pthread_t thread;
    (void)stack;
    (void)size;
    launches++;
    program = entry;
    pthread_create(&thread, NULL, core1, &program);
}

void multicore_lockout_victim_init(void)
{
    victims++;
}

/* ---- scenarios */

static void expect(bool condition, const char *what)
{
    if (!condition) {
        printf("wrong: %s\n", what);
        exit(1);
    }
}

typedef struct {
    int parts[DUAL_CORE_MAX_PARTS];    /* how many parts each part was told of */
    unsigned core[DUAL_CORE_MAX_PARTS]; /* where it ran */
    int runs[DUAL_CORE_MAX_PARTS];
} record;

static void whole(void *arg, int part, int parts)
{
    if (part == 0 && parts == 1) {
        ++*(int *)arg;
    }
}

static void note(void *arg, int part, int parts)
{
    record *r = arg;
    r->parts[part] = parts;
    r->core[part] = get_core_num();
    r->runs[part]++;
}

static void both_cores(void)
{
    for (int i = 0; i < JOBS; i++) {
        record r = {.runs = {0, 0}};
        dual_core_run(note, &r);
        expect(r.runs[0] == 1 && r.runs[1] == 1, "each part runs once");
        expect(r.parts[0] == 2 && r.parts[1] == 2, "there are two parts");
        expect(r.core[0] == 0 && r.core[1] == 1, "each part has its core");
    }
    expect(launches == 1 && resets == 1 && victims == 1, "core 1 is launched once");
}

static void nested_on(void *arg, int part, int parts)
{
    int *runs = arg;
    expect(parts == 2, "the outer job has both cores");
    dual_core_run(whole, &runs[part]);
}

static void nested(void)
{
    for (int i = 0; i < JOBS; i++) {
        int runs[DUAL_CORE_MAX_PARTS] = {0, 0};
        dual_core_run(nested_on, runs);
        expect(runs[0] == 1 && runs[1] == 1, "jobs inside a job run whole, on either core");
    }
    both_cores();
}

static void disabled(void)
{
    int runs = 0;
    dual_core_disable();
    dual_core_run(whole, &runs);
    expect(runs == 1, "the job runs whole");
    expect(launches == 0 && resets == 0, "core 1 is left alone");
}

static void enabled(void)
{
    disabled();
    dual_core_enable();
    both_cores();
    int runs = 0;
    dual_core_disable();
    dual_core_run(whole, &runs);
    expect(runs == 1, "the job runs whole, though core 1 has been at work");
}

static void from_core1(void)
{
    int runs = 0;
    core_number = 1;
    dual_core_run(whole, &runs);
    expect(runs == 1, "the job runs whole");
    expect(launches == 0 && resets == 0, "core 1 does not launch itself");
}

static void borrow_all(void *arg, int part, int parts)
{
    (void)parts;
    bool *refused = arg;
    refused[part] = dual_core_scratch_acquire() == NULL;
}

static void scratch(void)
{
    for (int i = 0; i < JOBS; i++) {
        uint32_t *mine = dual_core_scratch_acquire();
        bool refused[DUAL_CORE_MAX_PARTS] = {false, false};
        expect(mine != NULL, "free working memory is lent");
        dual_core_run(borrow_all, refused);
        expect(refused[0] && refused[1], "it is lent to one at a time");
        memset(mine, i, sizeof(uint32_t) * DUAL_CORE_SCRATCH_WORDS);
        dual_core_scratch_release(mine);
        dual_core_scratch_release(NULL);
    }
    bool refused[DUAL_CORE_MAX_PARTS] = {false, false};
    dual_core_run(borrow_all, refused);
    expect(refused[0] != refused[1], "of two that ask at once one gets it");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        {"both_cores", both_cores},
        {"nested", nested},
        {"disabled", disabled},
        {"enabled", enabled},
        {"from_core1", from_core1},
        {"scratch", scratch},
    };
    for (size_t i = 0; argc == 2 && i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            puts("done");
            return 0;
        }
    }
    return 2;
}
