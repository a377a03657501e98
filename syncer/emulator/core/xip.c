/* SPDX-License-Identifier: Apache-2.0
 *
 * XIP cache timing: RP2040 datasheet 2.6.3. Only the tags are kept; data come from m->flash.
 */
#include "xip.h"

#include <string.h>

#include "bus.h"
#include "dma.h"
#include "timing.h"

/* What an access at *t waits until the port is its own; moves *t there. A fill that starts later
 * than *t (the other core may be ahead) does not block. */
static int wait_for_port(struct Machine *m, struct Core *c, uint64_t *t)
{
    int wait = 0;
    if (*t < m->xip.busy_until && *t >= m->xip.fill_start) {
        wait = (int)(m->xip.busy_until - *t);
        *t = m->xip.busy_until;
    }
    if (m->contended) {
        int lost = m->contended == ARBITRATED ? arbitrate(m, c, PORT_XIP, *t, wait > 0)
                                              : port_conflict(m, c, PORT_XIP, *t, SHARED);
        wait += lost;
        *t += (uint64_t)lost;
    }
    c->stall_port += (uint64_t)wait;
    return wait;
}

/* Reads a word of flash once the stream lets go: how long it takes from `t`. The wait for the stream
 * is added to *held. */
static uint64_t fill(struct Machine *m, uint64_t t, uint64_t *held)
{
    uint64_t wait = stream_hold(m, t), end = t + wait + m->settings.xip_word;
    *held += wait;
    m->xip.fill_start = t;
    m->xip.busy_until = m->xip.quiet_from = end;
    if (m->stream.earliest < end + STREAM_COOLDOWN) m->stream.earliest = end + STREAM_COOLDOWN;
    return end - t;
}

/* The line may be there already, without this half of it. */
static void allocate(struct Xip *x, uint32_t word)
{
    uint32_t half = word % XIP_HALVES, sibling = half ^ 1;
    uint8_t *oldest = &x->oldest[half / 2];
    if (UNLIKELY(x->disabled)) return;
    unsigned way = x->word[sibling][0] == (word ^ 1) ? 0 : x->word[sibling][1] == (word ^ 1) ? 1 : 2;
    if (way == 2) {
        way = *oldest;
        *oldest ^= 1;
        x->word[sibling][way] = XIP_NO_WORD;
    }
    x->word[half][way] = word;
}

int xip_access_slowly(struct Machine *m, struct Core *c, uint32_t word, uint64_t t, bool data)
{
    int stall = wait_for_port(m, c, &t);
    if (xip_holds(&m->xip, word)) return stall;
    c->xip_misses++;
    if (data) c->xip_data_misses++;
    allocate(&m->xip, word);
    return stall + (int)fill(m, t, &c->stall_port);
}

int xip_uncached(struct Machine *m, struct Core *c, uint64_t t)
{
    int stall = wait_for_port(m, c, &t);
    return stall + (int)fill(m, t, &c->stall_port);
}

uint64_t xip_dma_read(struct Machine *m, uint32_t address, uint64_t t)
{
    struct Xip *x = &m->xip;
    uint32_t word = xip_word(address);
    uint64_t held = 0;
    bool cached = address >> 24 <= 0x11;
    const bool blocked = t < x->busy_until && t >= x->fill_start;
    t = dma_take_port(m, PORT_XIP, blocked ? x->busy_until : t, false, blocked);
    x->dma_accesses++;
    if (cached && xip_holds(x, word)) return t;
    x->dma_misses++;
    if (cached) allocate(x, word);
    return t + fill(m, t, &held);
}

void xip_flush(struct Machine *m)
{
    memset(m->xip.word, 0xff, sizeof m->xip.word);
}

void xip_forget_line(struct Machine *m, uint32_t address)
{
    uint32_t word = xip_word(address) & ~1u;
    for (uint32_t half = 0; half < 2; half++)
        for (unsigned way = 0; way < 2; way++) {
            uint32_t *held = &m->xip.word[(word | half) % XIP_HALVES][way];
            if (*held == (word | half)) *held = XIP_NO_WORD;
        }
}

static uint64_t accesses(const struct Machine *m)
{
    return m->core[0].xip_accesses + m->core[1].xip_accesses + m->xip.dma_accesses;
}

static uint64_t hits(const struct Machine *m)
{
    return accesses(m) - m->core[0].xip_misses - m->core[1].xip_misses - m->xip.dma_misses;
}

enum { XIP_CTRL = 0x00, XIP_FLUSH = 0x04, XIP_STAT = 0x08, XIP_CTR_HIT = 0x0c, XIP_CTR_ACC = 0x10 };
enum { STREAM_ADDR = 0x14, STREAM_CTR = 0x18, STREAM_FIFO = 0x1c };
enum { CONTROL_RESET = 3 };
enum { SSI_RXFLR = 0x24, SSI_SR = 0x28 };

uint32_t xip_read_register(struct Machine *m, uint32_t address, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    if (address >> 24 == 0x18) {
        if (offset == SSI_SR) return 0xe; /* both FIFOs ready, nothing under way */
        if (offset == SSI_RXFLR) return 1; /* a byte has come back, of whatever was asked */
        count_unmapped(m, address, false);
        return 0;
    }
    switch (offset) {
    case XIP_CTRL: return m->xip.control;
    case XIP_FLUSH: return 0;
    case XIP_STAT: return 1 | stream_status(m, t); /* a flush is complete at once */
    case XIP_CTR_HIT: return (uint32_t)(hits(m) - m->xip.hits_cleared);
    case XIP_CTR_ACC: return (uint32_t)(accesses(m) - m->xip.accesses_cleared);
    case STREAM_ADDR: case STREAM_CTR: return stream_read_register(m, offset, t);
    case STREAM_FIFO: return stream_pop(m, t);
    }
    count_unmapped(m, address, false);
    return 0;
}

void xip_write_register(struct Machine *m, uint32_t address, uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    if (address >> 24 == 0x14) {
        switch (offset) {
        case XIP_CTRL:
            m->xip.control = value & 0xb;
            m->xip.disabled = !(value & 1);
            if (m->xip.disabled) xip_flush(m);
            return;
        case XIP_FLUSH: xip_flush(m); return;
        case XIP_CTR_HIT: m->xip.hits_cleared = hits(m); return;
        case XIP_CTR_ACC: m->xip.accesses_cleared = accesses(m); return;
        case STREAM_ADDR: case STREAM_CTR: stream_write_register(m, offset, value, t); return;
        }
    }
    count_unmapped(m, address, true);
}

void xip_reset(struct Machine *m, uint64_t t)
{
    m->xip.control = CONTROL_RESET;
    m->xip.disabled = false;
    m->xip.hits_cleared = hits(m);
    m->xip.accesses_cleared = accesses(m);
    xip_flush(m);
    stream_reset(m, t);
}
