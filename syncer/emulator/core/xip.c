/* SPDX-License-Identifier: Apache-2.0
 *
 * XIP cache timing: RP2040 datasheet 2.6.3. Only the tags are kept; data come from m->flash.
 */
#include "xip.h"

#include <string.h>

#include "bus.h"

static void no_line_is_sure(struct Machine *m)
{
    m->core[0].last_line = m->core[1].last_line = XIP_NO_LINE;
}

/* What an access at *t waits until the port is its own; moves *t there. A fill that starts later
 * than *t (the other core may be ahead) does not block. */
static int wait_for_port(struct Machine *m, struct Core *c, uint64_t *t)
{
    int wait = 0;
    if (UNLIKELY(*t < m->dma.flash_until)) { /* DMA lets go after each word */
        wait = (int)((m->dma.flash_until - *t) % m->settings.xip_word);
        *t += (uint64_t)wait;
    }
    if (*t < m->xip.busy_until && *t >= m->xip.fill_start) {
        wait += (int)(m->xip.busy_until - *t);
        *t = m->xip.busy_until;
    }
    if (m->dual) {
        int lost = port_conflict(m, c, PORT_XIP, *t);
        wait += lost;
        *t += (uint64_t)lost;
    }
    c->stall_port += (uint64_t)wait;
    return wait;
}

static int fill(struct Machine *m, uint64_t t, uint32_t cycles)
{
    if (t < m->dma.flash_until) { /* transfers under way end later by as much */
        for (int i = 0; i < DMA_CHANNELS; i++)
            if (m->dma.channel[i].busy && m->dma.channel[i].done > t)
                m->dma.channel[i].done += cycles;
        m->dma.flash_until += cycles; /* m->dma.due is then early, which dma_service bears */
    }
    m->xip.fill_start = t;
    m->xip.busy_until = t + cycles;
    m->xip.quiet_from = m->xip.busy_until > m->dma.flash_until ? m->xip.busy_until
                                                               : m->dma.flash_until;
    return (int)cycles;
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
        if (LIKELY(!x->disabled)) {
            unsigned way = x->oldest[set];
            x->line[set][way] = line;
            x->oldest[set] = (uint8_t)(way ^ 1);
        }
        return stall + fill(m, t, m->settings.xip_fill);
    }
    if (!data && !m->dual) c->last_line = line;
    return stall;
}

int xip_uncached(struct Machine *m, struct Core *c, uint64_t t)
{
    int stall = wait_for_port(m, c, &t);
    return stall + fill(m, t, m->settings.xip_word);
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
    return m->core[0].xip_accesses + m->core[1].xip_accesses;
}

static uint64_t hits(const struct Machine *m)
{
    return accesses(m) - m->core[0].xip_misses - m->core[1].xip_misses;
}

enum { XIP_CTRL = 0x00, XIP_FLUSH = 0x04, XIP_STAT = 0x08, XIP_CTR_HIT = 0x0c, XIP_CTR_ACC = 0x10 };
enum { SSI_RXFLR = 0x24, SSI_SR = 0x28 };

uint32_t xip_read_register(struct Machine *m, uint32_t address)
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
    case XIP_STAT: return 3; /* flush complete, stream FIFO empty */
    case XIP_CTR_HIT: return (uint32_t)(hits(m) - m->xip.hits_cleared);
    case XIP_CTR_ACC: return (uint32_t)(accesses(m) - m->xip.accesses_cleared);
    }
    count_unmapped(m, address, false);
    return 0;
}

void xip_write_register(struct Machine *m, uint32_t address, uint32_t value)
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
        }
    }
    count_unmapped(m, address, true);
}
