/* SPDX-License-Identifier: Apache-2.0
 *
 * Breakpoints, watchpoints, stepping and the trace.
 */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "exceptions.h"
#include "schedule.h"

enum { TRACE_FULL = 0x10000 };

static struct Watch *watched(struct Machine *m)
{
    if (!m->watch) {
        m->watch = calloc(1, sizeof *m->watch);
        if (m->watch) m->watch->step = NO_CORE;
    }
    return m->watch;
}

void watch_free(struct Machine *m)
{
    if (!m->watch) return;
    free(m->watch->trace);
    free(m->watch->breaks);
    profile_free(m->watch->profile);
    free(m->watch);
    m->watch = NULL;
}

void watch_reset(struct Machine *m)
{
    if (!m->watch) return;
    m->watch->trace_count = 0;
    m->watch->step = NO_CORE;
    if (m->watch->profile) profile_reset(m->watch->profile);
}

void watch_core_reset(struct Machine *m, struct Core *c)
{
    if (m->watch->profile) profile_core_reset(m, c);
}

/* ---- what an instruction accesses (ARMv6-M ARM A5.2.4 and A5.2.5) */

struct Access {
    uint32_t address, size;
    uint32_t kind; /* 0: nothing */
};

static struct Access access_of(const struct Core *c, uint32_t pc, uint32_t h)
{
    static const uint8_t by_register[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    uint32_t rn = c->r[h >> 3 & 7], sp = c->r[13], imm5 = h >> 6 & 31, imm8 = h & 255;
    unsigned count = (unsigned)__builtin_popcount(imm8);
    uint32_t kind = h >> 11 & 1 ? WATCH_READ : WATCH_WRITE;
    switch (h >> 12 & 15) {
    case 4:
        if (h >> 11 & 1) return (struct Access){((pc + 4) & ~3u) + imm8 * 4, 4, WATCH_READ};
        break;
    case 5: {
        unsigned operation = h >> 9 & 7;
        return (struct Access){rn + c->r[h >> 6 & 7], by_register[operation],
                               operation < 3 ? WATCH_WRITE : WATCH_READ};
    }
    case 6: return (struct Access){rn + imm5 * 4, 4, kind};
    case 7: return (struct Access){rn + imm5, 1, kind};
    case 8: return (struct Access){rn + imm5 * 2, 2, kind};
    case 9: return (struct Access){sp + imm8 * 4, 4, kind};
    case 11:
        count += h >> 8 & 1;
        if ((h & 0xfe00) == 0xb400) return (struct Access){sp - 4 * count, 4 * count, WATCH_WRITE};
        if ((h & 0xfe00) == 0xbc00) return (struct Access){sp, 4 * count, WATCH_READ};
        break;
    case 12: return (struct Access){c->r[h >> 8 & 7], 4 * count, kind};
    }
    return (struct Access){0};
}

static bool hits_watchpoint(struct Watch *w, const struct Core *c, const struct Access *a)
{
    for (size_t i = 0; i < w->point_count; i++) {
        uint32_t first = w->points[i].address, size = w->points[i].size;
        bool overlaps = a->address < first + size && first < a->address + a->size;
        if (!overlaps || !(a->kind & w->points[i].kind)) continue;
        w->stopped = (struct Stopped){c->id, first, w->points[i].kind};
        return true;
    }
    return false;
}

static bool is_break(const struct Watch *w, uint32_t pc)
{
    for (size_t i = 0; i < w->break_count; i++)
        if (w->breaks[i] == pc) return true;
    return false;
}

/* ---- running */

static uint32_t code_at(const struct Machine *m, uint32_t pc)
{
    uint32_t code = 0;
    if (!machine_peek(m, pc, (uint8_t *)&code, 4)) machine_peek(m, pc, (uint8_t *)&code, 2);
    return code;
}

void run_watched(struct Machine *m)
{
    struct Watch *w = m->watch;
    for (int i = 0; i < 2; i++) w->resumed[i] = m->core[i].instructions;
    while (schedule(m)) {
        struct Core *c = m->current;
        uint32_t pc = pc_of(c, c->ip), code = code_at(m, pc);
        if (w->break_count && c->instructions != w->resumed[c->id] && is_break(w, pc)) {
            w->stopped = (struct Stopped){c->id, pc, 0};
            m->stop |= STOP_BREAK;
            break;
        }
        if (w->tracing) {
            w->trace[w->trace_count++] = (struct Trace){c->cycles, pc, code, c->id};
            if (w->trace_count == TRACE_FULL) m->stop |= STOP_DRAIN;
        }
        if (w->profile) profile_before(m, c, pc, code);
        struct Access accessed = {0};
        if (w->point_count) accessed = access_of(c, pc, code);
        execute_one(m);
        if (w->profile) profile_after(m, c);
        if (accessed.kind && !m->fault.kind && hits_watchpoint(w, c, &accessed))
            m->stop |= STOP_WATCHPOINT;
        if (w->step == c->id) {
            w->stopped = (struct Stopped){c->id, pc, 0};
            m->stop |= STOP_STEP;
        }
    }
    w->step = NO_CORE;
}

bool machine_trace(struct Machine *m, bool on)
{
    struct Watch *w = watched(m);
    if (!w) return false;
    if (on && !w->trace) w->trace = calloc(TRACE_FULL, sizeof *w->trace);
    w->tracing = on && w->trace;
    return !on || w->trace;
}

size_t machine_take_trace(struct Machine *m, struct Trace *out, size_t capacity)
{
    struct Watch *w = m->watch;
    if (!w) return 0;
    size_t taken = w->trace_count < capacity ? w->trace_count : capacity;
    if (!taken) return 0;
    memcpy(out, w->trace, taken * sizeof *out);
    w->trace_count -= taken;
    memmove(w->trace, w->trace + taken, w->trace_count * sizeof *out);
    return taken;
}

bool machine_break(struct Machine *m, uint32_t address, bool on)
{
    struct Watch *w = watched(m);
    if (!w) return false;
    size_t i = 0;
    while (i < w->break_count && w->breaks[i] != address) i++;
    if (!on) {
        if (i < w->break_count) w->breaks[i] = w->breaks[--w->break_count];
        return true;
    }
    if (i < w->break_count) return true;
    uint32_t *grown = realloc(w->breaks, (w->break_count + 1) * sizeof *grown);
    if (!grown) return false;
    w->breaks = grown;
    w->breaks[w->break_count++] = address;
    return true;
}

bool machine_watchpoint(struct Machine *m, uint32_t address, uint32_t size, uint32_t kind, bool on)
{
    struct Watch *w = watched(m);
    if (!w) return false;
    for (size_t i = 0; i < w->point_count; i++) {
        if (w->points[i].address != address || w->points[i].size != size ||
            w->points[i].kind != kind)
            continue;
        if (!on) w->points[i] = w->points[--w->point_count];
        return true;
    }
    if (!on) return true;
    if (w->point_count == MOST_WATCHPOINTS) return false;
    w->points[w->point_count].address = address;
    w->points[w->point_count].size = size;
    w->points[w->point_count++].kind = kind;
    return true;
}

bool machine_step(struct Machine *m, uint32_t core)
{
    struct Watch *w = watched(m);
    if (w) w->step = core;
    return w;
}

void machine_stopped(const struct Machine *m, struct Stopped *out)
{
    *out = m->watch ? m->watch->stopped : (struct Stopped){0};
}

bool machine_set_register(struct Machine *m, uint32_t core, uint32_t number, uint32_t value)
{
    struct Core *c = &m->core[core & 1];
    request_attention(m);
    if (number == 15) return set_pc(m, c, value);
    if (number < 15) {
        c->r[number] = number == 13 ? value & ~3u : value;
        return true;
    }
    switch (number) {
    case 16: write_special(c, 0, value); return true;
    case 17: write_special(c, 8, value); return true;
    case 18: write_special(c, 9, value); return true;
    case 19: write_special(c, 16, value); return true;
    case 20: write_special(c, 20, value); return true;
    }
    return false;
}
