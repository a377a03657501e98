/* SPDX-License-Identifier: Apache-2.0
 *
 * XIP cache timing: RP2040 datasheet 2.6.3. Only the tags are kept; data come from m->flash.
 */
#include "xip.h"

#include <string.h>

#include "bus.h"
#include "dma.h"
#include "timing.h"

static void no_line_is_sure(struct Machine *m)
{
    m->core[0].last_line = m->core[1].last_line = XIP_NO_LINE;
}

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
        int lost = port_conflict(m, c, PORT_XIP, *t);
        wait += lost;
        *t += (uint64_t)lost;
    }
    c->stall_port += (uint64_t)wait;
    return wait;
}

/* Reads flash for `cycles` once the stream lets go: how long it takes from `t`. The wait for the
 * stream is added to *held. */
static uint64_t fill(struct Machine *m, uint64_t t, uint32_t cycles, uint64_t *held)
{
    uint64_t wait = stream_hold(m, t), end = t + wait + cycles;
    *held += wait;
    m->xip.fill_start = t;
    m->xip.busy_until = m->xip.quiet_from = end;
    if (m->stream.earliest < end + STREAM_COOLDOWN) m->stream.earliest = end + STREAM_COOLDOWN;
    return end - t;
}

static void allocate(struct Xip *x, uint32_t line)
{
    uint32_t set = line % XIP_SETS;
    unsigned way = x->oldest[set];
    if (UNLIKELY(x->disabled)) return;
    x->line[set][way] = line;
    x->oldest[set] = (uint8_t)(way ^ 1);
}

int xip_access_slowly(struct Machine *m, struct Core *c, uint32_t line, uint64_t t, bool data)
{
    struct Xip *x = &m->xip;
    int stall = wait_for_port(m, c, &t);
    uint32_t set = line % XIP_SETS;
    if (x->line[set][0] != line && x->line[set][1] != line) {
        c->xip_misses++;
        if (data) c->xip_data_misses++;
        no_line_is_sure(m);
        allocate(x, line);
        return stall + (int)fill(m, t, m->settings.xip_fill, &c->stall_port);
    }
    if (!data && !m->contended) c->last_line = line;
    return stall;
}

int xip_uncached(struct Machine *m, struct Core *c, uint64_t t)
{
    int stall = wait_for_port(m, c, &t);
    return stall + (int)fill(m, t, m->settings.xip_word, &c->stall_port);
}

uint64_t xip_dma_read(struct Machine *m, uint32_t address, uint64_t t)
{
    struct Xip *x = &m->xip;
    uint32_t line = xip_line(address), set = line % XIP_SETS;
    uint64_t held = 0;
    bool cached = address >> 24 <= 0x11;
    if (t < x->busy_until && t >= x->fill_start) t = x->busy_until;
    t = dma_take_port(m, PORT_XIP, t, false);
    x->dma_accesses++;
    if (cached && (x->line[set][0] == line || x->line[set][1] == line)) return t;
    x->dma_misses++;
    if (!cached) return t + fill(m, t, m->settings.xip_word, &held);
    no_line_is_sure(m);
    allocate(x, line);
    return t + fill(m, t, m->settings.xip_fill, &held);
}

void xip_flush(struct Machine *m)
{
    memset(m->xip.line, 0xff, sizeof m->xip.line);
    no_line_is_sure(m);
}

void xip_forget_line(struct Machine *m, uint32_t address)
{
    uint32_t line = xip_line(address), set = line % XIP_SETS;
    for (int way = 0; way < 2; way++)
        if (m->xip.line[set][way] == line) m->xip.line[set][way] = XIP_NO_LINE;
    no_line_is_sure(m);
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
