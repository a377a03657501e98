/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at every instruction: breakpoints and watchpoints, the trace, the profiler. A machine that
 * is watched runs one instruction at a time: with exact timing to the same cycles. One that is not pays
 * nothing.
 */
#ifndef SYNCER_WATCH_H
#define SYNCER_WATCH_H

#include "machine.h"

#define MOST_WATCHPOINTS 16

struct Profile;
struct Watch {
    bool tracing;
    struct Trace *trace;
    size_t trace_count;
    struct Profile *profile;
    uint32_t *breaks;
    size_t break_count;
    struct {
        uint32_t address, size;
        uint32_t kind;
    } points[MOST_WATCHPOINTS];
    size_t point_count;
    uint64_t resumed[2]; /* instructions executed when the run began: there no breakpoint holds */
    uint32_t step;       /* the core whose next instruction ends the run, or NO_CORE */
    struct Stopped stopped;
};
enum { NO_CORE = 2 };

void watch_free(struct Machine *m);
/* The machine was reset; what is watched for stays. */
void watch_reset(struct Machine *m);
/* A core starts anew. */
void watch_core_reset(struct Machine *m, struct Core *c);
/* Runs like machine_run, with m->watch. */
void run_watched(struct Machine *m);
/* Executes one instruction of the current core. */
void execute_one(struct Machine *m);
/* Bytes of the instruction that begins with this halfword: ARMv6-M ARM A5.1. */
static inline unsigned instruction_size(uint32_t halfword)
{
    return (halfword & 0xffff) >> 11 >= 0x1d ? 4 : 2;
}

/* profile.c. The core is about to execute `code` at `pc`; it has executed it. */
void profile_before(struct Machine *m, struct Core *c, uint32_t pc, uint32_t code);
void profile_after(struct Machine *m, struct Core *c);
void profile_free(struct Profile *p);
/* A core has been reset: it is in no call any more. */
void profile_core_reset(struct Machine *m, struct Core *c);
/* Starts anew, with the functions known. */
void profile_reset(struct Profile *p);

#endif
