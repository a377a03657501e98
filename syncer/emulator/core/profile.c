/* SPDX-License-Identifier: Apache-2.0
 *
 * The profiler: what each function of each core costs, by its callers; what regions that the
 * firmware marks cost; and what each core did when.
 *
 * A call is a BL or BLX, an exception entry, nothing else; its frame goes when its return address
 * is reached with the stack that high again, or its exception is over. A function that is reached
 * otherwise (by a tail call, or by a jump) takes its caller's place.
 */
#include <stdlib.h>
#include <string.h>

#include "watch.h"

#define MOST_FRAMES 256
#define MOST_REGIONS 256
#define MOST_OPEN 32
#define BUCKETS 2048
enum { POLL_AGAIN = 200 }; /* cycles within which another look at SIO is of the same wait */

struct Frame {
    uint32_t node, function, sp, back;
    uint32_t exception;
};

struct TreeNode {
    struct Node out;
    uint32_t first, next;
};

struct Thread {
    struct Frame frame[MOST_FRAMES];
    size_t depth;
    uint32_t last_pc, expected, exception;
    bool last_was_call;
    struct Cost total, snapshot; /* what has been given to nodes; the counters then */
    uint64_t asleep_from;        /* NEVER: awake */
    uint64_t polls, poll_cycle;
    uint32_t poll_pc;
    struct {
        uint32_t name;
        struct Cost at;
    } open[MOST_OPEN];
    size_t open_count;
    struct Bucket bucket[BUCKETS];
};

struct Profile {
    struct Thread thread[2];
    struct TreeNode *node;
    size_t node_count, node_capacity;
    struct MarkedRegion region[MOST_REGIONS];
    size_t region_count;
    uint64_t width;
    uint32_t region_begin, region_end;
    /* The function of each halfword. */
    uint16_t *flash, *sram, *rom;
    uint32_t flash_size;
};

static uint16_t *function_slot(const struct Profile *p, uint32_t pc)
{
    if (pc - FLASH_BASE < p->flash_size) return p->flash + (pc - FLASH_BASE) / 2;
    if (pc - SRAM_BASE < SRAM_SIZE) return p->sram + (pc - SRAM_BASE) / 2;
    if (pc < ROM_SIZE) return p->rom + pc / 2;
    return NULL;
}

static uint32_t function_at(const struct Profile *p, uint32_t pc)
{
    const uint16_t *slot = function_slot(p, pc);
    return slot ? *slot : 0;
}

/* ---- the tree of calls */

/* A new node, or the parent where there is no memory for it. */
static uint32_t add_node(struct Profile *p, uint32_t parent, uint32_t function, uint32_t core)
{
    if (p->node_count == p->node_capacity) {
        size_t capacity = p->node_capacity ? p->node_capacity * 2 : 1024;
        struct TreeNode *grown = realloc(p->node, capacity * sizeof *grown);
        if (!grown) return parent;
        p->node = grown;
        p->node_capacity = capacity;
    }
    uint32_t n = (uint32_t)p->node_count++;
    p->node[n] = (struct TreeNode){
        .out = {.parent = parent, .function = function, .core = core}, .first = 0, .next = 0};
    return n;
}

static uint32_t child(struct Profile *p, uint32_t parent, uint32_t function)
{
    uint32_t n = p->node[parent].first;
    while (n && p->node[n].out.function != function) n = p->node[n].next;
    if (n) return n;
    n = add_node(p, parent, function, p->node[parent].out.core);
    if (n == parent) return n;
    p->node[n].next = p->node[parent].first;
    p->node[parent].first = n;
    return n;
}

static struct Frame *top(struct Thread *t)
{
    return &t->frame[t->depth - 1];
}

static void push(struct Profile *p, struct Thread *t, struct Frame frame)
{
    if (t->depth == MOST_FRAMES) return; /* deeper calls count to the deepest frame */
    frame.node = child(p, top(t)->node, frame.function);
    p->node[frame.node].out.calls++;
    t->frame[t->depth++] = frame;
}

static void pop_exceptions(struct Thread *t, const struct Core *c)
{
    for (size_t i = t->depth; i-- > 1;) {
        uint32_t e = t->frame[i].exception;
        if (e && !(c->nvic.active >> e & 1)) t->depth = i;
    }
}

static void pop_returned(struct Thread *t, uint32_t pc, uint32_t sp)
{
    for (size_t i = t->depth; i-- > 1 && !t->frame[i].exception;) {
        if (t->frame[i].back != pc || sp < t->frame[i].sp) continue;
        t->depth = i;
        return;
    }
}

static void follow(struct Profile *p, struct Thread *t, const struct Core *c, uint32_t pc)
{
    uint32_t function = function_at(p, pc), sp = c->r[13];
    if (c->ipsr != t->exception) {
        pop_exceptions(t, c);
        bool entered = c->ipsr && !(c->r[14] < 0xfffffff0u);
        if (entered) push(p, t, (struct Frame){0, function, sp, 0, c->ipsr});
        t->exception = c->ipsr;
    } else if (pc != t->expected) {
        if (t->last_was_call && (c->r[14] & ~1u) == t->expected)
            push(p, t, (struct Frame){0, function, sp, t->expected, 0});
        else pop_returned(t, pc, sp);
    }
    struct Frame *f = top(t);
    if (f->function == function) return;
    uint32_t parent = t->depth > 1 ? t->frame[t->depth - 2].node : c->id;
    f->function = function;
    f->node = child(p, parent, function);
    p->node[f->node].out.calls++;
}

/* ---- costs */

static struct Cost counters(const struct Machine *m, const struct Core *c)
{
    return (struct Cost){
        .cycles = c->cycles,
        .instructions = c->instructions,
        .fill = c->xip_misses * m->settings.xip_word,
        .port = c->stall_port,
        .bank = c->stall_bank,
        .xip_accesses = c->xip_accesses,
        .xip_misses = c->xip_misses,
    };
}

/* Each field of struct Cost is a uint64_t. */
static void add(struct Cost *sum, const struct Cost *more, const struct Cost *less)
{
    uint64_t *s = (uint64_t *)sum;
    const uint64_t *a = (const uint64_t *)more, *b = (const uint64_t *)less;
    for (size_t i = 0; i < sizeof *sum / sizeof *s; i++) s[i] += a[i] - b[i];
}

static void halve_timeline(struct Profile *p)
{
    for (int core = 0; core < 2; core++) {
        struct Bucket *b = p->thread[core].bucket;
        for (size_t i = 0; i < BUCKETS; i++) {
            struct Bucket pair = {0};
            if (i < BUCKETS / 2) {
                const struct Bucket *x = &b[2 * i], *y = &b[2 * i + 1];
                pair = x->weight >= y->weight ? *x : *y;
                pair.weight = x->function == y->function ? x->weight + y->weight : pair.weight;
                pair.busy = x->busy + y->busy;
                pair.stalled = x->stalled + y->stalled;
                pair.waiting = x->waiting + y->waiting;
                pair.idle = x->idle + y->idle;
            }
            b[i] = pair;
        }
    }
    p->width *= 2;
}

/* From cycle `from` on a core spent `cost` in a function. */
static void paint(struct Profile *p, unsigned core, uint64_t from, const struct Cost *cost,
                  uint32_t function)
{
    uint64_t end = from + cost->cycles + cost->idle;
    while (end / p->width >= BUCKETS) halve_timeline(p);
    struct Bucket *b = &p->thread[core].bucket[from / p->width];
    b->busy += cost->cycles;
    b->stalled += cost->fill + cost->port + cost->bank;
    b->waiting += cost->sio;
    if (b->function == function) b->weight += cost->cycles;
    else if (b->weight >= cost->cycles) b->weight -= cost->cycles;
    else b->function = function, b->weight = cost->cycles - b->weight;
    for (uint64_t at = from + cost->cycles; at < end;) { /* sleep may be long */
        uint64_t next = (at / p->width + 1) * p->width, until = next < end ? next : end;
        p->thread[core].bucket[at / p->width].idle += until - at;
        at = until;
    }
}

/* Gives what a core has spent since the last time to the function it was in. */
static void account(struct Machine *m, struct Core *c)
{
    struct Profile *p = m->watch->profile;
    struct Thread *t = &p->thread[c->id];
    struct Cost now = counters(m, c), spent = {0};
    add(&spent, &now, &t->snapshot);
    if (t->asleep_from != NEVER) {
        spent.idle = c->cycles - t->asleep_from;
        spent.cycles -= spent.idle;
        t->asleep_from = NEVER;
    }
    if (c->polls != t->polls) {
        uint64_t since = c->cycles - t->poll_cycle;
        if (t->poll_pc == t->last_pc && since < POLL_AGAIN)
            spent.sio = since;
        t->poll_pc = t->last_pc;
        t->poll_cycle = c->cycles;
        t->polls = c->polls;
    }
    static const struct Cost nothing;
    uint32_t node = t->depth ? top(t)->node : c->id;
    add(&p->node[node].out.cost, &spent, &nothing);
    add(&t->total, &spent, &nothing);
    paint(p, c->id, t->snapshot.cycles, &spent, p->node[node].out.function);
    t->snapshot = now;
}

/* ---- regions */

static void begin_region(struct Thread *t, uint32_t name)
{
    if (t->open_count == MOST_OPEN) return;
    t->open[t->open_count].name = name;
    t->open[t->open_count++].at = t->total;
}

static void end_region(struct Profile *p, unsigned core)
{
    struct Thread *t = &p->thread[core];
    if (!t->open_count) return;
    t->open_count--;
    uint32_t name = t->open[t->open_count].name;
    size_t i = 0;
    while (i < p->region_count && (p->region[i].name != name || p->region[i].core != core)) i++;
    if (i == MOST_REGIONS) return;
    if (i == p->region_count) {
        p->region[i] = (struct MarkedRegion){.name = name, .core = core};
        p->region_count++;
    }
    p->region[i].count++;
    add(&p->region[i].cost, &t->total, &t->open[t->open_count].at);
}

/* ---- around each instruction */

void profile_before(struct Machine *m, struct Core *c, uint32_t pc, uint32_t code)
{
    struct Profile *p = m->watch->profile;
    struct Thread *t = &p->thread[c->id];
    account(m, c);
    if (!t->depth) {
        t->frame[0] = (struct Frame){.node = c->id, .function = 0};
        t->depth = 1;
        t->exception = c->ipsr;
        t->expected = pc;
    }
    follow(p, t, c, pc);
    if (pc == p->region_begin && pc) begin_region(t, c->r[0]);
    else if (pc == p->region_end && pc) end_region(p, c->id);
    t->last_pc = pc;
    t->expected = pc + instruction_size(code);
    t->last_was_call = instruction_size(code) == 4 ? code >> 30 == 3 : (code & 0xff80) == 0x4780;
}

void profile_after(struct Machine *m, struct Core *c)
{
    struct Thread *t = &m->watch->profile->thread[c->id];
    if (c->sleep != AWAKE && t->asleep_from == NEVER) t->asleep_from = c->cycles;
}

void profile_core_reset(struct Machine *m, struct Core *c)
{
    struct Thread *t = &m->watch->profile->thread[c->id];
    account(m, c);
    t->depth = t->open_count = 0;
    t->exception = t->expected = 0;
    t->last_was_call = false;
}

/* ---- from outside */

void profile_free(struct Profile *p)
{
    if (!p) return;
    free(p->node);
    free(p->flash);
    free(p->sram);
    free(p->rom);
    free(p);
}

void profile_reset(struct Profile *p)
{
    memset(p->thread, 0, sizeof p->thread);
    p->thread[0].asleep_from = p->thread[1].asleep_from = NEVER;
    p->node_count = p->region_count = 0;
    p->width = 256;
    for (uint32_t core = 0; core < 2; core++) add_node(p, core, 0, core);
}

bool machine_profile(struct Machine *m, const uint32_t *starts, const uint32_t *ends, size_t count,
                     uint32_t region_begin, uint32_t region_end)
{
    if (!machine_step(m, NO_CORE)) return false;
    profile_free(m->watch->profile);
    struct Profile *p = m->watch->profile = calloc(1, sizeof *p);
    if (!p) return false;
    p->flash_size = m->flash_size;
    p->flash = calloc(m->flash_size / 2, sizeof *p->flash);
    p->sram = calloc(SRAM_SIZE / 2, sizeof *p->sram);
    p->rom = calloc(ROM_SIZE / 2, sizeof *p->rom);
    profile_reset(p);
    if (!p->flash || !p->sram || !p->rom || p->node_count < 2) {
        profile_free(p);
        m->watch->profile = NULL;
        return false;
    }
    p->region_begin = region_begin;
    p->region_end = region_end;
    for (size_t i = 0; i < count && i < UINT16_MAX; i++) {
        for (uint32_t pc = starts[i]; pc < ends[i]; pc += 2) {
            uint16_t *slot = function_slot(p, pc);
            if (!slot) break;
            *slot = (uint16_t)(i + 1);
        }
    }
    for (unsigned core = 0; core < 2; core++) {
        struct Thread *t = &p->thread[core];
        t->snapshot = counters(m, &m->core[core]);
        t->polls = m->core[core].polls;
        if (m->core[core].sleep != AWAKE) t->asleep_from = t->snapshot.cycles;
    }
    return true;
}

static struct Profile *up_to_date(struct Machine *m)
{
    struct Profile *p = m->watch ? m->watch->profile : NULL;
    if (!p) return NULL;
    uint64_t now = m->current->cycles;
    for (unsigned core = 0; core < 2; core++) {
        struct Core *c = &m->core[core];
        struct Thread *t = &p->thread[core];
        bool asleep = t->asleep_from != NEVER;
        uint64_t stands = c->cycles; /* a sleeping core's clock does, until it wakes */
        if (asleep && c->cycles < now) c->cycles = now;
        account(m, c);
        if (asleep) t->asleep_from = t->snapshot.cycles;
        c->cycles = stands;
    }
    return p;
}

size_t machine_nodes(struct Machine *m, struct Node *out, size_t capacity)
{
    struct Profile *p = up_to_date(m);
    if (!p) return 0;
    for (size_t i = 0; i < p->node_count && i < capacity; i++) out[i] = p->node[i].out;
    return p->node_count;
}

size_t machine_regions(struct Machine *m, struct MarkedRegion *out, size_t capacity)
{
    struct Profile *p = up_to_date(m);
    if (!p) return 0;
    size_t count = p->region_count < capacity ? p->region_count : capacity;
    if (count) memcpy(out, p->region, count * sizeof *out);
    return p->region_count;
}

size_t machine_timeline(struct Machine *m, uint32_t core, struct Bucket *out, size_t capacity)
{
    struct Profile *p = up_to_date(m);
    if (!p) return 0;
    size_t count = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (int n = 0; n < 2; n++)
            if (p->thread[n].bucket[i].busy + p->thread[n].bucket[i].idle) count = i + 1;
    size_t copied = count < capacity ? count : capacity;
    if (copied) memcpy(out, p->thread[core & 1].bucket, copied * sizeof *out);
    return count;
}

uint64_t machine_bucket_cycles(const struct Machine *m)
{
    return m->watch && m->watch->profile ? m->watch->profile->width : 0;
}
