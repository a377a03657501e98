/* SPDX-License-Identifier: Apache-2.0
 *
 * The DMA controller: RP2040 datasheet 2.5. Every transfer happens at a cycle of its own, a read and
 * behind it a write (dma_bus.c). Pacing by the peripherals that the machine has, and by the four
 * timers; a channel that waits for another peripheral ends the run.
 */
#include "dma.h"

#include "bus.h"
#include "exceptions.h"
#include "peripherals.h"
#include "timing.h"

enum { READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL };
enum {
    EN = 1 << 0, HIGH_PRIORITY = 1 << 1, INCR_READ = 1 << 4, INCR_WRITE = 1 << 5,
    RING_WRITE = 1 << 10, IRQ_QUIET = 1 << 21, BSWAP = 1 << 22, SNIFF_EN = 1 << 23, BUSY = 1 << 24
};
/* Transfer requests: 2.5.3. */
enum {
    REQUEST_UART0_TX = 20, REQUEST_UART0_RX, REQUEST_UART1_TX, REQUEST_UART1_RX,
    REQUEST_XIP_STREAM = 37, REQUEST_TIMER0 = 0x3b, REQUEST_ALWAYS = 0x3f
};

/* The order of a channel's four registers in each of its four aliases (2.5.2.1); the last one
 * triggers. */
static const uint8_t order[4][4] = {
    {READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL},
    {CTRL, READ_ADDR, WRITE_ADDR, TRANS_COUNT},
    {CTRL, TRANS_COUNT, READ_ADDR, WRITE_ADDR},
    {CTRL, WRITE_ADDR, TRANS_COUNT, READ_ADDR},
};

enum {
    INTR = 0x400, INTE0 = 0x404, INTF0 = 0x408, INTS0 = 0x40c, INTE1 = 0x414, INTF1 = 0x418,
    INTS1 = 0x41c, TIMER0 = 0x420, MULTI_CHAN_TRIGGER = 0x430, SNIFF_CTRL = 0x434,
    SNIFF_DATA = 0x438, FIFO_LEVELS = 0x440, CHAN_ABORT = 0x444, N_CHANNELS = 0x448,
    DEBUG = 0x800 /* DBG_CTDREQ and DBG_TCR of each channel */
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

/* ---- pacing */

static unsigned request_of(const struct DmaChannel *ch)
{
    return ch->control >> 15 & 0x3f;
}

/* A pacing timer ticks X times in Y cycles (2.5.5.1); the ticks by cycle `t`. */
static uint64_t timer_ticks(const struct Machine *m, unsigned timer, uint64_t t)
{
    uint32_t x = m->dma.timer[timer] >> 16, y = m->dma.timer[timer] & 0xffff;
    return x && y ? (t - m->dma.timer_start[timer]) * x / y : 0;
}

static uint64_t timer_tick_at(const struct Machine *m, unsigned timer, uint64_t tick)
{
    uint32_t x = m->dma.timer[timer] >> 16, y = m->dma.timer[timer] & 0xffff;
    return x && y ? m->dma.timer_start[timer] + (tick * y + x - 1) / x : NEVER;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The cycle at which a busy channel can make its next transfer, or end. */
static uint64_t ready_at(const struct Machine *m, const struct DmaChannel *ch)
{
    if (!ch->left) return ch->ready;
    if (!(ch->control & EN)) return NEVER; /* paused */
    unsigned request = request_of(ch);
    uint64_t asked = 0;
    switch (request) {
    case REQUEST_XIP_STREAM: asked = stream_ready(m); break;
    case REQUEST_UART0_RX: case REQUEST_UART1_RX:
        asked = uart_received_at(m, request == REQUEST_UART1_RX);
        break;
    case REQUEST_TIMER0: case REQUEST_TIMER0 + 1: case REQUEST_TIMER0 + 2: case REQUEST_TIMER0 + 3:
        asked = timer_tick_at(m, request - REQUEST_TIMER0, ch->ticks + 1);
        return asked == NEVER ? NEVER : later(later(asked, ch->ready), m->dma.free);
    }
    if (asked == NEVER) return NEVER;
    if (asked) asked += DMA_REQUEST;
    return later(later(asked, ch->ready), m->dma.free);
}

static bool is_modelled(unsigned request)
{
    return request >= REQUEST_TIMER0 || request == REQUEST_XIP_STREAM ||
           (request >= REQUEST_UART0_TX && request <= REQUEST_UART1_RX);
}

void dma_plan(struct Machine *m)
{
    if (m->dma.serving) return; /* dma_service does so when it is through */
    uint64_t due = NEVER;
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        const struct DmaChannel *ch = &m->dma.channel[i];
        if (!ch->busy) continue;
        uint64_t at = ready_at(m, ch);
        if (at < due) due = at;
    }
    if (due != NEVER) due++;
    if (due == m->dma.due) return;
    m->dma.due = due;
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

/* ---- transfers */

static bool start(struct Machine *m, struct Core *c, unsigned number, uint64_t t)
{
    struct DmaChannel *ch = &m->dma.channel[number];
    if (!(ch->control & EN) || ch->busy) return true;
    unsigned request = request_of(ch);
    if (!is_modelled(request) || (ch->control >> 2 & 3) == 3)
        return raise_fault(m, c, FAULT_DMA, ch->read, number);
    ch->left = ch->count;
    ch->busy = true;
    ch->ready = t + DMA_START;
    if (request >= REQUEST_TIMER0 && request < REQUEST_ALWAYS)
        ch->ticks = timer_ticks(m, request - REQUEST_TIMER0, t);
    dma_plan(m);
    return true;
}

void dma_put_off(struct Machine *m)
{
    m->dma.free++;
    m->dma.channel[m->dma.last].ready++;
    dma_plan(m);
}

static uint32_t advance(uint32_t address, unsigned size, uint32_t ring)
{
    return ring ? (address & ~ring) | ((address + size) & ring) : address + size;
}

static uint32_t swap(uint32_t value, unsigned size)
{
    return size == 1 ? value : __builtin_bswap32(value) >> (32 - 8 * size);
}

/* False: a fault. */
static bool transfer(struct Machine *m, unsigned number, uint64_t t)
{
    struct DmaChannel *ch = &m->dma.channel[number];
    const uint32_t control = ch->control;
    unsigned size = 1u << (control >> 2 & 3), ring_bits = control >> 6 & 15;
    uint32_t ring = ring_bits ? (1u << ring_bits) - 1 : 0, value;
    uint64_t end = t;
    if (!dma_bus_read(m, ch->read, size, &end, &value))
        return raise_fault(m, m->current, FAULT_DMA, ch->read, number);
    if (control & BSWAP) value = swap(value, size);
    if (control & SNIFF_EN) dma_sniff(m, number, size, value);
    uint64_t written = end + 1;
    /* What it writes may be its own registers: they move on first. */
    uint32_t to = ch->write;
    if (control & INCR_READ) ch->read = advance(ch->read, size, control & RING_WRITE ? 0 : ring);
    if (control & INCR_WRITE) ch->write = advance(to, size, control & RING_WRITE ? ring : 0);
    ch->left--;
    ch->ticks++;
    if (!dma_bus_write(m, to, size, &written, value))
        return raise_fault(m, m->current, FAULT_DMA, to, number);
    m->dma.free = later(end + 1, written);
    ch->ready = ch->left ? m->dma.free : written;
    return true;
}

/* False: a fault. */
static bool complete(struct Machine *m, unsigned number, uint64_t t)
{
    struct DmaChannel *ch = &m->dma.channel[number];
    ch->busy = false;
    if (!(ch->control & IRQ_QUIET)) m->dma.raised |= 1u << number;
    unsigned chained = ch->control >> 11 & 15;
    return chained == number || chained >= DMA_CHANNELS || start(m, m->current, chained, t);
}

/* The channel whose turn it is among those that are ready at *due, the next cycle at which one is:
 * those of high priority first, then the next after the last served. DMA_CHANNELS: none ever. */
static unsigned choose(const struct Machine *m, uint64_t *due)
{
    unsigned best = DMA_CHANNELS;
    bool best_high = false;
    *due = NEVER;
    for (unsigned i = 1; i <= DMA_CHANNELS; i++) {
        unsigned n = (m->dma.last + i) % DMA_CHANNELS;
        const struct DmaChannel *ch = &m->dma.channel[n];
        if (!ch->busy) continue;
        uint64_t at = ready_at(m, ch);
        bool high = ch->control & HIGH_PRIORITY;
        if (at == NEVER || at > *due || (at == *due && (best_high || !high))) continue;
        *due = at;
        best = n;
        best_high = high;
    }
    return best;
}

void dma_service(struct Machine *m, uint64_t now)
{
    if (now < m->dma.due || m->dma.serving) return;
    m->dma.serving = true;
    for (;;) {
        uint64_t due;
        unsigned n = choose(m, &due);
        m->dma.due = due == NEVER ? NEVER : due + 1;
        if (due >= now || m->fault.kind) break;
        if (request_of(&m->dma.channel[n]) == REQUEST_XIP_STREAM && m->dma.channel[n].left) {
            stream_status(m, due); /* a miss may have put the word off */
            if (ready_at(m, &m->dma.channel[n]) > due) continue;
        }
        bool going = m->dma.channel[n].left ? transfer(m, n, due) : complete(m, n, due);
        m->dma.last = n;
        if (!going) break;
    }
    m->dma.serving = false;
    update_irqs(m);
}

/* ---- registers */

uint32_t dma_read(struct Machine *m, uint32_t address, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    dma_service(m, t);
    if (offset < DMA_CHANNELS * 0x40) {
        const struct DmaChannel *ch = &m->dma.channel[offset / 0x40];
        switch (order[offset >> 4 & 3][offset >> 2 & 3]) {
        case READ_ADDR: return ch->read;
        case WRITE_ADDR: return ch->write;
        case TRANS_COUNT: return ch->left;
        default: return ch->control | (ch->busy ? (uint32_t)BUSY : 0);
        }
    }
    if (offset >= DEBUG && offset < DEBUG + DMA_CHANNELS * 0x40) {
        const struct DmaChannel *ch = &m->dma.channel[(offset - DEBUG) / 0x40];
        if ((offset & 0x3f) == 0) return 0; /* no request waits */
        if ((offset & 0x3f) == 4) return ch->count;
    }
    switch (offset) {
    case INTR: return m->dma.raised;
    case INTE0: case INTE1: return m->dma.enable[offset == INTE1];
    case INTF0: case INTF1: return m->dma.force[offset == INTF1];
    case INTS0: case INTS1: return raised_for(m, offset == INTS1);
    case TIMER0: case TIMER0 + 4: case TIMER0 + 8: case TIMER0 + 12:
        return m->dma.timer[(offset - TIMER0) / 4];
    case SNIFF_CTRL: return m->dma.sniff_control;
    case SNIFF_DATA: return dma_sniff_result(m);
    case FIFO_LEVELS: return 0;
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
    if (slot != 3) {
        dma_plan(m); /* it may be paused, or go on */
        return true;
    }
    if (*r) return start(m, c, number, t);
    if (ch->control & IRQ_QUIET) { /* a null trigger ends a chain, and says so (2.5.2.3) */
        m->dma.raised |= 1u << number;
        update_irqs(m);
    }
    return true;
}

static void abort_channels(struct Machine *m, uint32_t channels)
{
    for (unsigned i = 0; i < DMA_CHANNELS; i++) {
        if (!(channels >> i & 1)) continue;
        m->dma.channel[i].busy = false;
        m->dma.channel[i].left = 0;
    }
    dma_plan(m);
}

void dma_reset(struct Machine *m)
{
    m->dma = (struct Dma){.due = NEVER, .free = m->dma.free, .serving = m->dma.serving};
    update_irqs(m);
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

bool dma_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff, *r = NULL;
    unsigned alias = address >> 12 & 3;
    if (dma_is_held(m)) return true;
    dma_service(m, t);
    if (offset < DMA_CHANNELS * 0x40) return write_channel(m, c, offset, value, alias, t);
    switch (offset) {
    case INTR: case INTS0: case INTS1: m->dma.raised &= ~value; break;
    case INTE0: case INTE1: r = &m->dma.enable[offset == INTE1]; break;
    case INTF0: case INTF1: r = &m->dma.force[offset == INTF1]; break;
    case TIMER0: case TIMER0 + 4: case TIMER0 + 8: case TIMER0 + 12: {
        unsigned timer = (offset - TIMER0) / 4;
        m->dma.timer[timer] = apply_alias(m->dma.timer[timer], value, alias);
        m->dma.timer_start[timer] = t;
        for (unsigned i = 0; i < DMA_CHANNELS; i++) /* they count from anew */
            if (request_of(&m->dma.channel[i]) == REQUEST_TIMER0 + timer)
                m->dma.channel[i].ticks = 0;
        dma_plan(m);
        return true;
    }
    case MULTI_CHAN_TRIGGER:
        for (unsigned i = 0; i < DMA_CHANNELS; i++)
            if (value >> i & 1 && !start(m, c, i, t)) return false;
        break;
    case SNIFF_CTRL: m->dma.sniff_control = apply_alias(m->dma.sniff_control, value, alias); break;
    case SNIFF_DATA: m->dma.sniff_data = apply_alias(m->dma.sniff_data, value, alias); break;
    case CHAN_ABORT: abort_channels(m, value); break;
    default:
        count_unmapped(m, address, true);
        return true;
    }
    if (r) *r = apply_alias(*r, value, alias) & 0xffff;
    update_irqs(m);
    return true;
}
