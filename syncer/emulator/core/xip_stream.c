/* SPDX-License-Identifier: Apache-2.0
 *
 * The XIP stream: a linear run of flash words read in the background into a FIFO of two, which
 * requests DMA. RP2040 datasheet 2.6.3.3, registers 2.6.3.6.
 *
 * It is worked out late: whoever looks at it, or wants the flash, first brings it up to that cycle.
 */
#include "bus.h"
#include "dma.h"
#include "xip.h"

enum { STREAM_ADDR = 0x14, STREAM_CTR = 0x18, LARGEST_COUNT = 0x3fffff };
enum { FIFO_EMPTY = 2, FIFO_FULL = 4 };

static uint32_t word_at(const struct Machine *m, uint32_t address)
{
    uint32_t value;
    memcpy(&value, m->flash + (address & 0xfffffc & (m->flash_size - 1)), sizeof value);
    return value;
}

static void bring_up_to(struct Machine *m, uint64_t t)
{
    struct Stream *s = &m->stream;
    for (;;) {
        if (s->reading) {
            if (s->done > t) return;
            unsigned slot = (s->head + s->count++) % STREAM_DEPTH;
            s->fifo[slot].value = word_at(m, s->address);
            s->fifo[slot].at = s->done;
            s->address += 4;
            s->left--;
            s->reading = false;
            if (s->earliest < s->done) s->earliest = s->done;
        }
        if (!s->left || s->count == STREAM_DEPTH || s->earliest > t) return;
        s->reading = true;
        s->done = s->earliest + m->settings.xip_word;
    }
}

unsigned stream_hold(struct Machine *m, uint64_t t)
{
    if (LIKELY(!m->stream.left)) return 0;
    bring_up_to(m, t);
    return m->stream.reading ? (unsigned)(m->stream.done - t) : 0;
}

uint64_t stream_ready(const struct Machine *m)
{
    const struct Stream *s = &m->stream;
    if (s->count) return s->fifo[s->head].at;
    if (s->reading) return s->done;
    return s->left ? s->earliest + m->settings.xip_word : NEVER;
}

uint32_t stream_pop(struct Machine *m, uint64_t t)
{
    struct Stream *s = &m->stream;
    bring_up_to(m, t);
    if (!s->count) return 0;
    uint32_t value = s->fifo[s->head].value;
    if (s->count == STREAM_DEPTH && s->earliest < t) s->earliest = t;
    s->head = (s->head + 1) % STREAM_DEPTH;
    s->count--;
    dma_plan(m);
    return value;
}

uint32_t stream_status(struct Machine *m, uint64_t t)
{
    bring_up_to(m, t);
    return (m->stream.count == 0 ? FIFO_EMPTY : 0) |
           (m->stream.count == STREAM_DEPTH ? FIFO_FULL : 0);
}

uint32_t stream_read_register(struct Machine *m, uint32_t offset, uint64_t t)
{
    bring_up_to(m, t);
    return offset == STREAM_ADDR ? m->stream.address : m->stream.left;
}

void stream_write_register(struct Machine *m, uint32_t offset, uint32_t value, uint64_t t)
{
    struct Stream *s = &m->stream;
    bring_up_to(m, t);
    if (offset == STREAM_ADDR) {
        s->address = value & ~3u;
        return;
    }
    /* A word on its way is thrown away; the flash is busy with it all the same. */
    if (s->earliest < t) s->earliest = t;
    if (s->reading && s->earliest < s->done) s->earliest = s->done;
    s->reading = false;
    s->left = value & LARGEST_COUNT;
    dma_plan(m);
}

void stream_reset(struct Machine *m, uint64_t t)
{
    stream_write_register(m, STREAM_CTR, 0, t);
    m->stream.address = 0;
    m->stream.head = m->stream.count = 0;
    dma_plan(m);
}
