/* SPDX-License-Identifier: Apache-2.0
 *
 * The bus fabric: RP2040 datasheet 2.1 and 2.2. Accesses to SRAM and cached flash are decided here,
 * inline; the rest of the address map is in bus.c.
 */
#ifndef SYNCER_BUS_H
#define SYNCER_BUS_H

#include <string.h>

#include "decode.h"
#include "machine.h"
#include "xip.h"

/* Which port serves an SRAM offset: four banks striped by word, then two of 4 KB (2.6.2). */
static inline unsigned sram_port(uint32_t offset)
{
    if (LIKELY(offset < SRAM_STRIPED_SIZE)) return PORT_SRAM0 + (offset >> 2 & 3);
    return offset < SRAM_STRIPED_SIZE + 0x1000 ? PORT_SRAM4 : PORT_SRAM5;
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

static inline int port_stall(struct Machine *m, struct Core *c, unsigned port, uint64_t t)
{
    int lost = port_conflict(m, c, port, t);
    c->stall_bank += (unsigned)lost;
    return lost;
}

bool bus_read_slow(struct Machine *m, struct Core *c, uint32_t address, unsigned size, uint64_t t,
                   bool exact, uint32_t *value, int *stall);
bool bus_write_slow(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                    unsigned size, uint64_t t, bool exact, int *stall);

/* Reads or writes `size` bytes at cycle `t` on behalf of a core, and adds to *stall what the access
 * costs beyond its two cycles. `size` and `exact` are constants at every call. False: a fault. */
static inline bool bus_read(struct Machine *m, struct Core *c, uint32_t address, unsigned size,
                            uint64_t t, bool exact, uint32_t *value, int *stall)
{
    const uint8_t *p;
    uint32_t offset = address - SRAM_BASE;
    if (LIKELY(offset < SRAM_SIZE)) {
        if (size > 1 && UNLIKELY(address & (size - 1)))
            return raise_fault(m, c, FAULT_UNALIGNED, address, 0);
        if (exact && m->dual) *stall += port_stall(m, c, sram_port(offset), t);
        p = m->sram + offset;
    } else if (LIKELY((offset = address - FLASH_BASE) < m->flash_size)) {
        if (size > 1 && UNLIKELY(address & (size - 1)))
            return raise_fault(m, c, FAULT_UNALIGNED, address, 0);
        if (exact) *stall += xip_access(m, c, address, t, true);
        p = m->flash + offset;
    } else {
        return bus_read_slow(m, c, address, size, t, exact, value, stall);
    }
    *value = 0;
    memcpy(value, p, size);
    return true;
}

static inline bool bus_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                             unsigned size, uint64_t t, bool exact, int *stall)
{
    uint32_t offset = address - SRAM_BASE;
    if (UNLIKELY(offset >= SRAM_SIZE))
        return bus_write_slow(m, c, address, value, size, t, exact, stall);
    if (size > 1 && UNLIKELY(address & (size - 1)))
        return raise_fault(m, c, FAULT_UNALIGNED, address, 0);
    if (exact && m->dual) *stall += port_stall(m, c, sram_port(offset), t);
    memcpy(m->sram + offset, &value, size);
    if (UNLIKELY(m->sram_has_code[offset >> 8])) forget_code(m, offset, size);
    return true;
}

/* What fetching the instruction word at a record stalls at cycle `t`. */
static inline int fetch_stall(struct Machine *m, struct Core *c, const struct Op *at, uint64_t t)
{
    uint32_t offset = (uint32_t)(at - c->ops) * 2;
    if (c->region == REGION_FLASH) return xip_access(m, c, FLASH_BASE + offset, t, false);
    if (!m->dual) return 0;
    return port_stall(m, c, c->region == REGION_SRAM ? sram_port(offset) : PORT_ROM, t);
}

/* A plain memory byte range, or NULL: ROM, flash (16 MB alias 0x10 to 0x13), SRAM. */
uint8_t *plain_memory(struct Machine *m, uint32_t address, size_t size);

#endif
