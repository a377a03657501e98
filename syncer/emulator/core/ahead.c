/* SPDX-License-Identifier: Apache-2.0
 *
 * Stretches: beginning and ending one, and who waits where the cores meet. ahead.h says the whole.
 */
#include "ahead.h"

#include <string.h>

enum { LEADER, FOLLOWER };
enum {
    MARGIN = 4 * AHEAD_SPAN, /* no stretch gets further */
    LEFTOVER = 62,           /* cycles that a->leftover has */
    SHORT = 32,              /* a stretch of fewer cycles was not worth it */
    PATIENCE = 512           /* then turns are taken for up to this many */
};

void forget_ahead(struct Ahead *a)
{
    memset(a, 0, sizeof *a);
    a->span = AHEAD_CYCLES;
    a->patience = 1;
}

/* When the leader's instruction began. What pushed it, or a later one, came after. */
static uint32_t leader_start(const struct Ahead *a, uint32_t instruction)
{
    uint32_t shift = a->shift;
    for (uint32_t i = a->push_count; i && a->pushes[i - 1] >= instruction; i--) shift--;
    return a->starts[LEADER][instruction] + shift;
}

/* Whether turns would execute the leader's instruction before the follower's: the one that begins
 * earlier; if they begin together, that of the core which executed the last one before. */
static bool leader_is_first(const struct Ahead *a, uint32_t leaders, uint32_t followers)
{
    uint32_t l = leader_start(a, leaders), f = a->starts[FOLLOWER][followers];
    if (l != f) return l < f;
    for (bool first = true;; first = !first) { /* of two that begin together, the last was the other */
        leaders--, followers--;
        if (leaders == 0 || followers == 0) /* if both are the stretch's first, the leader's */
            return (leaders > 0 || followers == 0) == first;
        l = leader_start(a, leaders), f = a->starts[FOLLOWER][followers];
        if (l != f) return (l > f) == first;
    }
}

static void count_stall(struct Core *c, unsigned port)
{
    if (port == PORT_XIP) c->stall_port++;
    else c->stall_bank++;
}

static void remember(struct Ahead *a, const struct Core *c, unsigned who, uint32_t instruction)
{
    if (a->before[who].instruction == instruction) return;
    a->before[who].instruction = instruction;
    a->before[who].shift = a->shift;
    a->before[who].push_count = a->push_count;
    a->before[who].moved_port = a->moved_port;
    a->before[who].moved_at = a->moved_at;
    a->before[who].pushed_bank = a->pushed_bank;
    a->before[who].pushed_port = a->pushed_port;
    a->before[who].stall_bank = c->stall_bank;
    a->before[who].stall_port = c->stall_port;
}

unsigned leader_meets(struct Machine *m, struct Core *c, unsigned port, uint32_t t,
                      uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
    if (!(a->leftover[port] >> (t - (AHEAD_START - 1)) & 1)) return 0;
    remember(a, c, LEADER, instruction);
    count_stall(c, port);
    return 1;
}

/* The leader's access, written down for `at`, waits a cycle more, and so does all after it. */
static void push_leader(struct Ahead *a, unsigned port, uint32_t at, uint32_t leaders)
{
    a->shift++;
    a->limit[FOLLOWER]++;
    a->pushes[a->push_count++ % AHEAD_SPAN] = leaders;
    a->moved_port = port;
    a->moved_at = at;
    if (port == PORT_XIP) a->pushed_port++;
    else a->pushed_bank++;
}

unsigned follower_meets(struct Machine *m, struct Core *c, unsigned port, uint32_t t,
                        uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
    uint32_t at = t - a->shift, leaders = a->taken[at % AHEAD_SPAN][port];
    remember(a, c, FOLLOWER, instruction);
    if (!leader_is_first(a, leaders, instruction)) {
        /* An access waits for one other at most. */
        if (a->moved_port != port || a->moved_at != at) push_leader(a, port, at, leaders);
        return 0;
    }
    count_stall(c, port);
    /* In the next cycle the leader may come, and find the follower there. */
    uint32_t next = a->taken[(at + 1) % AHEAD_SPAN][port];
    if (next && !leader_is_first(a, next, instruction))
        push_leader(a, port, at + 1, next);
    return 1;
}

/* ---- a stretch */

/* False: what the follower has done reaches too far. */
static bool find_leftovers(struct Machine *m, const struct Core *l, const struct Core *f)
{
    struct Ahead *a = &m->ahead;
    uint64_t from = l->cycles - 1;
    memset(a->leftover, 0, sizeof a->leftover);
    a->leftover_end = 0;
    for (uint64_t t = from; t + 2 <= f->cycles; t++)
        for (unsigned port = 0; port < PORTS; port++)
            if (m->taken[l->id][port][t % PORT_HISTORY] == t) {
                if (t - from >= LEFTOVER) return false;
                a->leftover[port] |= 1ull << (t - from);
                a->leftover_end = AHEAD_START + (uint32_t)(t - from);
            }
    return true;
}

static void begin(struct Machine *m, const struct Core *l, const struct Core *f)
{
    struct Ahead *a = &m->ahead;
    if (++a->stretch == 0) {
        a->stretch = 1;
        memset(a->written, 0, sizeof a->written);
        memset(a->eight, 0, sizeof a->eight);
    }
    a->shift = a->push_count = a->undo_count = 0;
    a->moved_port = PORTS;
    memset(a->unrecorded, 0, sizeof a->unrecorded);
    memset(a->touched, 0, sizeof a->touched);
    a->pushed_bank = a->pushed_port = 0;
    a->before[LEADER].instruction = a->before[FOLLOWER].instruction = 0;
    for (int i = 0; i < 2; i++) a->count[i] = a->stopped[i] = 0;
    a->cycles[LEADER] = AHEAD_START;
    uint64_t distance = f->cycles - l->cycles;
    a->cycles[FOLLOWER] = AHEAD_START + (uint32_t)(distance < MARGIN ? distance : MARGIN);
    /* The first fetch is in the cycle before. */
    uint64_t first = l->cycles - 1, noise = m->xip.quiet_from > first ? m->xip.quiet_from - first : 0;
    a->quiet_from = noise == 0 ? 0 : noise < MARGIN ? AHEAD_START - 1 + (uint32_t)noise : UINT32_MAX;
}

/* Takes back what an instruction did that was then stopped: the fetch of an upper halfword. */
static void unfetch_leader(struct Ahead *a, struct Core *l)
{
    uint32_t stopped = a->stopped[LEADER];
    for (uint32_t t = a->cycles[LEADER] - 1; t <= a->cycles[LEADER]; t++)
        for (unsigned port = 0; port < PORTS; port++)
            if (a->taken[t][port] == stopped) {
                a->taken[t][port] = 0;
                if (port == PORT_XIP) l->xip_accesses--;
            }
    if (a->before[LEADER].instruction == stopped) {
        l->stall_bank = a->before[LEADER].stall_bank;
        l->stall_port = a->before[LEADER].stall_port;
    }
}

static void unfetch_follower(struct Ahead *a, struct Core *f)
{
    for (uint32_t t = a->cycles[FOLLOWER] - 1; t <= a->cycles[FOLLOWER]; t++)
        if (a->followed[t][PORT_XIP]) f->xip_accesses--;
    if (a->before[FOLLOWER].instruction == a->stopped[FOLLOWER]) {
        a->shift = a->before[FOLLOWER].shift;
        a->push_count = a->before[FOLLOWER].push_count;
        a->moved_port = a->before[FOLLOWER].moved_port;
        a->moved_at = a->before[FOLLOWER].moved_at;
        a->pushed_bank = a->before[FOLLOWER].pushed_bank;
        a->pushed_port = a->before[FOLLOWER].pushed_port;
        f->stall_bank = a->before[FOLLOWER].stall_bank;
        f->stall_port = a->before[FOLLOWER].stall_port;
    }
}

/* The follower runs for as long as it is its turn. */
static void follow(struct Machine *m, struct Core *f)
{
    struct Ahead *a = &m->ahead;
    a->limit[FOLLOWER] = a->cycles[LEADER];
    a->starts[LEADER][a->count[LEADER] + 1] = a->cycles[LEADER];
    for (;;) {
        if (a->cycles[FOLLOWER] < a->limit[FOLLOWER]) execute_follower(m, f);
        if (a->stopped[FOLLOWER] || a->cycles[FOLLOWER] > a->limit[FOLLOWER]) return;
        a->starts[FOLLOWER][a->count[FOLLOWER] + 1] = a->cycles[FOLLOWER];
        if (leader_is_first(a, a->count[LEADER] + 1, a->count[FOLLOWER] + 1)) return;
        a->limit[FOLLOWER] = 0; /* one instruction */
        execute_follower(m, f);
        a->limit[FOLLOWER] = a->cycles[LEADER] + a->shift;
        if (a->stopped[FOLLOWER]) return;
    }
}

/* Takes the leader back to what turns would have executed before the instruction that the follower
 * stopped at. */
static void take_leader_back(struct Machine *m, struct Core *l)
{
    struct Ahead *a = &m->ahead;
    uint32_t keep = a->count[LEADER];
    while (keep && !leader_is_first(a, keep, a->stopped[FOLLOWER])) keep--;
    if (keep == a->count[LEADER]) return;
    while (a->undo_count) {
        const struct Undo *undo = &a->undo[--a->undo_count];
        memcpy(m->sram + undo->offset, &undo->word, sizeof undo->word);
    }
    *l = a->begin;
    a->limit[LEADER] = a->starts[LEADER][keep + 1];
    a->cycles[LEADER] = AHEAD_START;
    a->count[LEADER] = a->stopped[LEADER] = 0;
    a->before[LEADER].instruction = 0;
    if (keep) execute_leader(m, l);
}

/* What one core did in cycles that the other has yet to come to goes to m->taken. */
static void leave_records(struct Machine *m, const struct Core *l, const struct Core *f,
                          uint64_t base)
{
    struct Ahead *a = &m->ahead;
    uint32_t leader_end = a->cycles[LEADER] + a->shift, follower_end = a->cycles[FOLLOWER];
    for (uint32_t t = follower_end - 1; t + 2 <= leader_end; t++)
        for (unsigned port = 0; port < PORTS; port++) {
            uint32_t leaders = a->taken[t - a->shift][port];
            uint64_t cycle = base + t - AHEAD_START;
            if (leaders && leaders <= a->count[LEADER])
                m->taken[f->id][port][cycle % PORT_HISTORY] = cycle;
        }
    for (uint32_t t = leader_end - 1; t + 2 <= follower_end && a->count[FOLLOWER]; t++)
        for (unsigned port = 0; port < PORTS; port++) {
            uint64_t cycle = base + t - AHEAD_START;
            if (a->followed[t][port])
                m->taken[l->id][port][cycle % PORT_HISTORY] = cycle;
        }
}

static void forget_records(struct Ahead *a, uint32_t leader_end, uint32_t follower_end)
{
    memset(a->taken[AHEAD_START - 1], 0, (leader_end - AHEAD_START + 2) * sizeof a->taken[0]);
    if (a->count[FOLLOWER] || a->stopped[FOLLOWER])
        memset(a->followed[AHEAD_START - 1], 0,
               (follower_end - AHEAD_START + 2) * sizeof a->followed[0]);
}

static void run_stretch(struct Machine *m, struct Core *l, struct Core *f)
{
    struct Ahead *a = &m->ahead;
    const uint64_t base = l->cycles, follower_base = f->cycles;
    begin(m, l, f);
    a->begin = *l;
    a->limit[LEADER] = AHEAD_START + a->span;
    execute_leader(m, l);
    const uint32_t leader_written = a->cycles[LEADER]; /* it may be taken back */
    if (a->stopped[LEADER]) unfetch_leader(a, l);
    follow(m, f);
    if (a->stopped[FOLLOWER]) {
        unfetch_follower(a, f);
        take_leader_back(m, l);
    }
    leave_records(m, l, f, base);
    forget_records(a, leader_written, a->cycles[FOLLOWER]);
    l->cycles = base + (a->cycles[LEADER] - AHEAD_START) + a->shift;
    if (a->count[FOLLOWER]) f->cycles = base + (a->cycles[FOLLOWER] - AHEAD_START);
    else f->cycles = follower_base;
    l->instructions += a->count[LEADER];
    f->instructions += a->count[FOLLOWER];
    l->stall_bank += a->pushed_bank;
    l->stall_port += a->pushed_port;
    m->current = a->stopped[FOLLOWER] ? f : l;
}

bool run_ahead(struct Machine *m)
{
    struct Ahead *a = &m->ahead;
    struct Core *l = m->current, *f = l->other;
    if (m->settings.in_turns || l->cycles < a->turns_until) return false;
    for (bool begun = false;; begun = true) {
        const uint64_t base = l->cycles;
        if (m->dma.due != NEVER || base + MARGIN >= m->horizon) return begun;
        if (base < m->dma.free + 2 * PORT_HISTORY) {
            a->turns_until = m->dma.free + 2 * PORT_HISTORY;
            return begun;
        }
        if (!find_leftovers(m, l, f)) {
            a->turns_until = base + PORT_HISTORY;
            return begun;
        }
        run_stretch(m, l, f);
        uint64_t got = l->cycles - base;
        if (a->stopped[LEADER] || a->stopped[FOLLOWER]) {
            a->patience = got >= SHORT ? 1 : a->patience < PATIENCE ? a->patience * 2 : PATIENCE;
            a->turns_until = m->current->cycles + a->patience;
            if (a->stopped[FOLLOWER]) a->span = got > SHORT ? (uint32_t)got : SHORT;
            if (a->span > AHEAD_CYCLES) a->span = AHEAD_CYCLES;
            return true;
        }
        a->span = 2 * a->span < AHEAD_CYCLES ? 2 * a->span : AHEAD_CYCLES;
    }
}
