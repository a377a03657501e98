/* SPDX-License-Identifier: Apache-2.0
 *
 * Execute in place: flash behind a cache with one port. RP2040 datasheet 2.6.3.
 */
#ifndef SYNCER_XIP_H
#define SYNCER_XIP_H

#include "machine.h"

/* What xip_access does when the port is not quiet or the line is not there. */
int xip_access_slowly(struct Machine *m, struct Core *c, uint32_t line, uint64_t t, bool data);

/* The addresses' 24 low bits select a flash location in every alias. */
static inline uint32_t xip_line(uint32_t address)
{
    return (address & 0xffffff) >> 3;
}

/* Takes the port at cycle `t`, or a cycle later if the other core has it: 0 or 1. */
static inline int port_conflict(struct Machine *m, const struct Core *c, unsigned port, uint64_t t)
{
    int lost = 0;
    uint64_t *history = m->port[port];
    if (history[t % PORT_HISTORY] == (t << 1 | (c->id ^ 1))) {
        lost = 1;
        t++;
    }
    history[t % PORT_HISTORY] = t << 1 | c->id;
    return lost;
}

/* One access through the cache at cycle `t`: how many cycles it stalls. `data` tells a data access
 * from an instruction word; `address` is any alias of flash. */
static ALWAYS_INLINE int xip_access(struct Machine *m, struct Core *c, uint32_t address, uint64_t t,
                                    bool data, bool dual)
{
    uint32_t line = xip_line(address), set = line % XIP_SETS;
    c->xip_accesses++;
    if (data) c->xip_data_accesses++;
    if (UNLIKELY(t < m->xip.quiet_from)) return xip_access_slowly(m, c, line, t, data);
    if (!dual && !data && line == c->last_line) return 0;
    if (UNLIKELY(m->xip.line[set][0] != line && m->xip.line[set][1] != line))
        return xip_access_slowly(m, c, line, t, data);
    if (!dual) {
        if (!data) c->last_line = line;
        return 0;
    }
    int lost = port_conflict(m, c, PORT_XIP, t);
    c->stall_port += (unsigned)lost;
    return lost;
}
/* One word read past the cache. */
int xip_uncached(struct Machine *m, struct Core *c, uint64_t t);
void xip_flush(struct Machine *m);
void xip_forget_line(struct Machine *m, uint32_t address);

/* XIP_CTRL (datasheet 2.6.3.6) and the SSI (4.10.13), as far as firmware that does not program
 * flash needs them. */
uint32_t xip_read_register(struct Machine *m, uint32_t address);
void xip_write_register(struct Machine *m, uint32_t address, uint32_t value);

#endif
