/* SPDX-License-Identifier: Apache-2.0
 *
 * BUSCTRL, the bus fabric's control: priorities of the masters (RP2040 datasheet 2.1.1.1) and
 * performance counters (2.1.1.2), registers 2.1.5. While cores are of unequal priority, or a counter
 * counts, every access of a core comes through arbitrate() (ARBITRATED); else none does.
 */
#include "bus.h"
#include "dma.h"
#include "peripherals.h"

enum { PRIORITY = 0x00, PRIORITY_ACK = 0x04, PERFCTR0 = 0x08, PERFSEL0 = 0x0c, END = 0x28 };
enum { PRIORITY_BITS = PRIORITY_PROC0 | PRIORITY_PROC1 | PRIORITY_DMA_R | PRIORITY_DMA_W };
enum { SELECT_BITS = 0x1f, MOST = 0xffffff };

void busctrl_reset(struct Machine *m)
{
    m->bus = (struct BusControl){.select = {SELECT_BITS, SELECT_BITS, SELECT_BITS, SELECT_BITS}};
    request_attention(m);
}

/* ---- performance counters */

/* PERFSEL's numbers: each port has two, of contested accesses and of all. */
static unsigned event_of(unsigned port)
{
    return port <= PORT_SRAM5 ? EVENT_SRAM0 - 2 * port : EVENT_XIP_MAIN + 2 * (port - PORT_XIP);
}

static void count(struct Machine *m, unsigned event, bool contested)
{
    m->bus.counted[event]++;
    if (contested) m->bus.counted[event - 1]++;
}

void count_access(struct Machine *m, unsigned port, bool contested)
{
    if (UNLIKELY(m->bus.counting)) count(m, event_of(port), contested);
}

void count_register(struct Machine *m, enum Master master, uint32_t address, uint64_t t)
{
    if (LIKELY(!m->bus.counting)) return;
    if (address >> 28 == 1) {
        count(m, EVENT_XIP_MAIN, false);
        return;
    }
    bool apb = address >> 28 == 4;
    struct BusAccess *last = &m->bus.last[apb];
    count(m, apb ? EVENT_APB : EVENT_FASTPERI, t < last->end && last->master != master);
    *last = (struct BusAccess){t + 1 + (unsigned)bus_register_wait(address), master};
}

void count_words(struct Machine *m, uint32_t address, unsigned words)
{
    uint32_t offset;
    if (LIKELY(!m->bus.counting)) return;
    for (; words; words--, address += 4) {
        if (sram_offset(address, &offset)) count(m, event_of(sram_port(offset)), false);
        else count(m, address < ROM_SIZE ? EVENT_ROM : EVENT_XIP_MAIN, false);
    }
}

static uint64_t counted(const struct Machine *m, unsigned n)
{
    uint32_t select = m->bus.select[n];
    return select < BUS_EVENTS ? m->bus.counted[select] : 0;
}

/* A counter stops at its largest value. */
static uint32_t counter(const struct Machine *m, unsigned n)
{
    uint64_t value = m->bus.value[n] + (counted(m, n) - m->bus.since[n]);
    return value < MOST ? (uint32_t)value : MOST;
}

static void restart(struct Machine *m, unsigned n, uint32_t value)
{
    m->bus.value[n] = value;
    m->bus.since[n] = counted(m, n);
}

static void select(struct Machine *m, unsigned n, uint32_t event)
{
    uint32_t value = counter(m, n);
    m->bus.select[n] = event;
    restart(m, n, value);
    m->bus.counting = false;
    for (n = 0; n < BUS_COUNTERS; n++)
        if (m->bus.select[n] < BUS_EVENTS) m->bus.counting = m->settings.exact;
}

/* ---- arbitration */

static int rank(const struct Machine *m, uint32_t master)
{
    return (m->bus.priority & master) != 0;
}

static uint32_t master_of(const struct Core *c)
{
    return c->id ? PRIORITY_PROC1 : PRIORITY_PROC0;
}

/* Whether a core may have to go before somebody who has been there first. */
static bool has_rank(const struct Machine *m)
{
    int core0 = rank(m, PRIORITY_PROC0), core1 = rank(m, PRIORITY_PROC1);
    int dma = rank(m, PRIORITY_DMA_R) && rank(m, PRIORITY_DMA_W);
    return core0 != core1 || core0 > dma;
}

static void count_put_off(struct Machine *m, unsigned port, uint64_t t)
{
    if (m->bus.counting && m->bus.put_off[port] != t) m->bus.counted[event_of(port) - 1]++;
    m->bus.put_off[port] = t + 1; /* put off again, it is still one */
}

void put_off(struct Machine *m, struct Core *c, unsigned port, uint64_t t)
{
    c->cycles++;
    if (port == PORT_XIP) c->stall_port++;
    else c->stall_bank++;
    count_put_off(m, port, t);
}

int arbitrate(struct Machine *m, struct Core *c, unsigned port, uint64_t t, bool delayed)
{
    struct Core *other = c->other;
    uint64_t *taken = m->taken[c->id][port], *takes = m->taken[other->id][port];
    const uint64_t asked = t;
    for (; taken[t % PORT_HISTORY] == t; t++) {
        bool by_dma = takes[t % PORT_HISTORY] == t;
        uint32_t by = by_dma ? PRIORITY_DMA_R : master_of(other);
        if (by_dma && m->bus.dma_wrote[port] == t) by = PRIORITY_DMA_W;
        int above = rank(m, master_of(c)) - rank(m, by);
        if (above > 0) { /* who has been there before its turn comes a cycle later */
            taken[t % PORT_HISTORY] = NEVER;
            taken[(t + 1) % PORT_HISTORY] = t + 1;
            if (by_dma) {
                takes[(t + 1) % PORT_HISTORY] = t + 1;
                if (by == PRIORITY_DMA_W) m->bus.dma_wrote[port] = t + 1;
                count_put_off(m, port, t);
                dma_put_off(m);
            } else {
                put_off(m, other, port, t);
            }
            break;
        }
        if (above == 0) { /* equals go in turn: an access waits for one other at most */
            t++;
            break;
        }
    }
    takes[t % PORT_HISTORY] = t;
    count_access(m, port, delayed || t != asked);
    return (int)(t - asked);
}

/* ---- registers */

uint32_t busctrl_read(struct Machine *m, uint32_t offset)
{
    if (offset == PRIORITY) return m->bus.priority;
    if (offset == PRIORITY_ACK) return 1; /* arbiters know of a new priority at once */
    if (offset >= END) {
        count_unmapped(m, 0x40030000u + offset, false);
        return 0;
    }
    unsigned n = (offset - PERFCTR0) / 8;
    return offset & 4 ? m->bus.select[n] : counter(m, n);
}

void busctrl_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias)
{
    if (offset == PRIORITY_ACK) return;
    if (offset >= END) {
        count_unmapped(m, 0x40030000u + offset, true);
        return;
    }
    unsigned n = (offset - PERFCTR0) / 8;
    if (offset == PRIORITY) {
        m->bus.priority = apply_alias(m->bus.priority, value, alias) & PRIORITY_BITS;
    } else if (offset & 4) {
        select(m, n, apply_alias(m->bus.select[n], value, alias) & SELECT_BITS);
    } else {
        restart(m, n, 0);
    }
    m->bus.arbitrated = m->bus.counting || has_rank(m);
    request_attention(m);
}
