/* SPDX-License-Identifier: Apache-2.0
 *
 * DMA between plain memories: RP2040 datasheet 2.5. The bytes move when the transfer starts, its
 * end comes when the time has passed: xip_word cycles for a word of flash, which keeps the cache
 * port busy, and a cycle for each transfer otherwise. Not modelled: pacing, peripherals at either
 * end, the sniffer, byte swapping, and collisions with the cores in SRAM.
 */
#include "dma.h"

#include "bus.h"
#include "exceptions.h"
#include "peripherals.h"
#include "timing.h"

enum { READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL };
enum {
    EN = 1 << 0, INCR_READ = 1 << 4, INCR_WRITE = 1 << 5, RING_WRITE = 1 << 10,
    IRQ_QUIET = 1 << 21, BSWAP = 1 << 22, SNIFF_EN = 1 << 23, BUSY = 1 << 24
};
enum { UNPACED = 0x3f, LARGEST_COUNT = 1 << 20 };

/* The order of a channel's four registers in each of its four aliases (datasheet 2.5.2.1); the
 * last one triggers. */
static const uint8_t order[4][4] = {
    {READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL},
    {CTRL, READ_ADDR, WRITE_ADDR, TRANS_COUNT},
    {CTRL, TRANS_COUNT, READ_ADDR, WRITE_ADDR},
    {CTRL, WRITE_ADDR, TRANS_COUNT, READ_ADDR},
};

enum {
    INTR = 0x400, INTE0 = 0x404, INTF0 = 0x408, INTS0 = 0x40c, INTE1 = 0x414, INTF1 = 0x418,
    INTS1 = 0x41c, MULTI_CHAN_TRIGGER = 0x430, CHAN_ABORT = 0x444, N_CHANNELS = 0x448
};

static uint32_t raised_for(const struct Machine *m, unsigned irq)
{
    return (m->dma.raised | m->dma.force[irq]) & m->dma.enable[irq];
}

static void update_irqs(struct Machine *m)
{
    set_irq(m, BOTH_CORES, IRQ_DMA_0, raised_for(m, 0));
    set_irq(m, BOTH_CORES, IRQ_DMA_1, raised_for(m, 1));
}

static void plan(struct Machine *m)
{
    m->dma.due = NEVER;
    for (int i = 0; i < DMA_CHANNELS; i++) {
        const struct DmaChannel *ch = &m->dma.channel[i];
        if (ch->busy && ch->done < m->dma.due) m->dma.due = ch->done;
    }
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

static uint32_t advance(uint32_t address, unsigned size, uint32_t ring)
{
    return ring ? (address & ~ring) | ((address + size) & ring) : address + size;
}

/* Moves the bytes. False: an end is not plain memory, or cannot be written. */
static bool move(struct Machine *m, struct DmaChannel *ch)
{
    unsigned size = 1u << (ch->control >> 2 & 3);
    uint32_t ring_bits = ch->control >> 6 & 15;
    uint32_t ring = ring_bits ? (1u << ring_bits) - 1 : 0;
    uint32_t read_ring = ch->control & RING_WRITE ? 0 : ring;
    uint32_t write_ring = ch->control & RING_WRITE ? ring : 0;
    uint32_t from = ch->read, to = ch->write;
    for (uint32_t i = 0; i < ch->count; i++) {
        const uint8_t *source = plain_memory(m, from, size);
        uint8_t *target = plain_memory(m, to, size);
        if (!source || !target || to < SRAM_BASE || ((from | to) & (size - 1))) return false;
        memcpy(target, source, size);
        forget_code(m, to - SRAM_BASE, size);
        if (ch->control & INCR_READ) from = advance(from, size, read_ring);
        if (ch->control & INCR_WRITE) to = advance(to, size, write_ring);
    }
    ch->read_end = from;
    ch->write_end = to;
    return true;
}

static bool start(struct Machine *m, struct Core *c, unsigned number, uint64_t t)
{
    struct DmaChannel *ch = &m->dma.channel[number];
    if (!(ch->control & EN) || ch->busy) return true;
    if ((ch->control >> 15 & 0x3f) != UNPACED || ch->control & (BSWAP | SNIFF_EN) ||
        (ch->control >> 2 & 3) == 3 || ch->count > LARGEST_COUNT || !move(m, ch))
        return raise_fault(m, c, FAULT_DMA, ch->read, number);

    uint64_t begin = t + DMA_START;
    if (ch->read - FLASH_BASE < 0x04000000u && ch->count) {
        if (begin < m->dma.flash_until) begin = m->dma.flash_until;
        if (begin < m->xip.busy_until) begin = m->xip.busy_until;
        uint64_t bytes = (uint64_t)ch->count << (ch->control >> 2 & 3);
        ch->done = begin + (bytes + 3) / 4 * m->settings.xip_word;
        m->dma.flash_until = ch->done;
        if (m->xip.quiet_from < ch->done) m->xip.quiet_from = ch->done;
    } else {
        ch->done = begin + ch->count;
    }
    ch->busy = true;
    plan(m);
    return true;
}

void dma_service(struct Machine *m, uint64_t now)
{
    if (now < m->dma.due) return;
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        struct DmaChannel *ch = &m->dma.channel[i];
        if (!ch->busy || ch->done > now) continue;
        ch->busy = false;
        ch->read = ch->read_end;
        ch->write = ch->write_end;
        if (!(ch->control & IRQ_QUIET)) m->dma.raised |= 1u << i;
        unsigned chained = ch->control >> 11 & 15;
        if (chained != i && chained < DMA_CHANNELS && !start(m, m->current, chained, ch->done))
            return;
    }
    plan(m);
    update_irqs(m);
}

uint32_t dma_read(struct Machine *m, uint32_t address, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    dma_service(m, t);
    if (offset < DMA_CHANNELS * 0x40) {
        const struct DmaChannel *ch = &m->dma.channel[offset / 0x40];
        switch (order[offset >> 4 & 3][offset >> 2 & 3]) {
        case READ_ADDR: return ch->read;
        case WRITE_ADDR: return ch->write;
        case TRANS_COUNT: return ch->busy ? ch->count : 0;
        default: return ch->control | (ch->busy ? (uint32_t)BUSY : 0);
        }
    }
    switch (offset) {
    case INTR: return m->dma.raised;
    case INTE0: case INTE1: return m->dma.enable[offset == INTE1];
    case INTF0: case INTF1: return m->dma.force[offset == INTF1];
    case INTS0: case INTS1: return raised_for(m, offset == INTS1);
    case CHAN_ABORT: return 0; /* an abort is complete at once */
    case N_CHANNELS: return DMA_CHANNELS;
    }
    count_unmapped(m, address, false);
    return 0;
}

static bool write_channel(struct Machine *m, struct Core *c, uint32_t offset, uint32_t value,
                          unsigned alias, uint64_t t)
{
    unsigned number = offset / 0x40, slot = offset >> 2 & 3;
    struct DmaChannel *ch = &m->dma.channel[number];
    uint32_t *registers[4] = {&ch->read, &ch->write, &ch->count, &ch->control};
    unsigned which = order[offset >> 4 & 3][slot];
    uint32_t *r = registers[which];
    *r = apply_alias(*r, value, alias);
    if (which == CTRL) *r &= 0x00ffffff;
    if (slot != 3) return true;
    if (*r) return start(m, c, number, t);
    if (ch->control & IRQ_QUIET) { /* a null trigger ends a chain, and says so (2.5.2.3) */
        m->dma.raised |= 1u << number;
        update_irqs(m);
    }
    return true;
}

bool dma_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    unsigned alias = address >> 12 & 3;
    dma_service(m, t);
    if (offset < DMA_CHANNELS * 0x40) return write_channel(m, c, offset, value, alias, t);
    switch (offset) {
    case INTR: case INTS0: case INTS1: m->dma.raised &= ~value; break;
    case INTE0: case INTE1: {
        uint32_t *r = &m->dma.enable[offset == INTE1];
        *r = apply_alias(*r, value, alias) & 0xffff;
        break;
    }
    case INTF0: case INTF1: {
        uint32_t *r = &m->dma.force[offset == INTF1];
        *r = apply_alias(*r, value, alias) & 0xffff;
        break;
    }
    case MULTI_CHAN_TRIGGER:
        for (unsigned i = 0; i < DMA_CHANNELS; i++)
            if (value >> i & 1 && !start(m, c, i, t)) return false;
        break;
    case CHAN_ABORT:
        for (unsigned i = 0; i < DMA_CHANNELS; i++)
            if (value >> i & 1) m->dma.channel[i].busy = false;
        plan(m);
        break;
    default:
        count_unmapped(m, address, true);
        return true;
    }
    update_irqs(m);
    return true;
}
