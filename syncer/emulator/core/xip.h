/* SPDX-License-Identifier: Apache-2.0
 *
 * Execute in place: flash behind a cache with one port. RP2040 datasheet 2.6.3.
 */
#ifndef SYNCER_XIP_H
#define SYNCER_XIP_H

#include "machine.h"

/* What xip_access does when the port is not quiet or the word is not there. */
int xip_access_slowly(struct Machine *m, struct Core *c, uint32_t word, uint64_t t, bool data);

/* The addresses' 24 low bits select a flash location in every alias. */
static inline uint32_t xip_word(uint32_t address)
{
    return (address & 0xffffff) >> 2;
}

static ALWAYS_INLINE bool xip_holds(const struct Xip *x, uint32_t word)
{
    const uint32_t *way = x->word[word % XIP_HALVES];
    return way[0] == word || way[1] == word;
}

/* busctrl.c: the same as port_conflict, by priority, and counted; `delayed`: it has waited already. */
int arbitrate(struct Machine *m, struct Core *c, unsigned port, uint64_t t, bool delayed);

/* Takes the port at cycle `t`, or later if another master has it: how many cycles. */
static ALWAYS_INLINE int port_conflict(struct Machine *m, struct Core *c, unsigned port, uint64_t t,
                                       enum Contention contention)
{
    if (contention == ARBITRATED) return arbitrate(m, c, port, t, false);
    int lost = m->taken[c->id][port][t % PORT_HISTORY] == t;
    t += (unsigned)lost;
    m->taken[c->id ^ 1][port][t % PORT_HISTORY] = t;
    return lost;
}

/* One access through the cache at cycle `t`: how many cycles it stalls. `data` tells a data access
 * from an instruction word; `address` is any alias of flash. */
static ALWAYS_INLINE int xip_access(struct Machine *m, struct Core *c, uint32_t address, uint64_t t,
                                    bool data, enum Contention contention)
{
    uint32_t word = xip_word(address);
    c->xip_accesses++;
    if (data) c->xip_data_accesses++;
    if (UNLIKELY(t < m->xip.quiet_from || !xip_holds(&m->xip, word)))
        return xip_access_slowly(m, c, word, t, data);
    if (!contention) return 0;
    int lost = port_conflict(m, c, PORT_XIP, t, contention);
    c->stall_port += (unsigned)lost;
    return lost;
}
/* One word read past the cache. */
int xip_uncached(struct Machine *m, struct Core *c, uint64_t t);
/* A read by DMA at cycle `t`, through the cache or past it: the cycle at which it has the word. */
uint64_t xip_dma_read(struct Machine *m, uint32_t address, uint64_t t);
void xip_flush(struct Machine *m);
void xip_reset(struct Machine *m, uint64_t t);
void xip_forget_line(struct Machine *m, uint32_t address);

/* XIP_CTRL (datasheet 2.6.3.6) and the SSI (4.10.13), as far as firmware that does not program
 * flash needs them. */
uint32_t xip_read_register(struct Machine *m, uint32_t address, uint64_t t);
void xip_write_register(struct Machine *m, uint32_t address, uint32_t value, uint64_t t);

/* xip_stream.c. A fill that wants the flash at cycle `t`: how long the stream keeps it. */
unsigned stream_hold(struct Machine *m, uint64_t t);
/* The cycle at which the FIFO's oldest word came or comes, if nothing delays it; NEVER: none does. */
uint64_t stream_ready(const struct Machine *m);
/* Takes the oldest word, 0 if there is none. */
uint32_t stream_pop(struct Machine *m, uint64_t t);
/* STREAM_ADDR and STREAM_CTR, and the FIFO's two bits in STAT. */
uint32_t stream_read_register(struct Machine *m, uint32_t offset, uint64_t t);
void stream_write_register(struct Machine *m, uint32_t offset, uint32_t value, uint64_t t);
uint32_t stream_status(struct Machine *m, uint64_t t);
void stream_reset(struct Machine *m, uint64_t t);

#endif
