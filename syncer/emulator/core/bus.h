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

static ALWAYS_INLINE int port_stall(struct Machine *m, struct Core *c, unsigned port, uint64_t t,
                                    enum Contention contention)
{
    int lost = port_conflict(m, c, port, t, contention);
    c->stall_bank += (unsigned)lost;
    return lost;
}

bool bus_read_slow(struct Machine *m, struct Core *c, uint32_t address, unsigned size, uint64_t t,
                   bool exact, uint32_t *value, int *stall);
bool bus_write_slow(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                    unsigned size, uint64_t t, bool exact, int *stall);

/* Reads or writes `size` bytes of SRAM or cached flash at cycle `t` on behalf of a core, and adds to
 * *stall what the access costs beyond its two cycles. `size` is a constant at every call, `exact`
 * and `contention` at most. False: nothing was done, and bus_read_slow or bus_write_slow must do it. */
static ALWAYS_INLINE bool bus_read(struct Machine *m, struct Core *c, uint32_t address,
                                   unsigned size, uint64_t t, bool exact,
                                   enum Contention contention, uint32_t *value, int *stall)
{
    const uint8_t *p;
    uint32_t offset = address - SRAM_BASE;
    if (size > 1 && UNLIKELY(address & (size - 1))) return false;
    if (LIKELY(offset < SRAM_SIZE)) {
        if (exact && contention) *stall += port_stall(m, c, sram_port(offset), t, contention);
        p = m->sram + offset;
    } else if (LIKELY((offset = address - FLASH_BASE) < m->flash_size)) {
        if (exact) *stall += xip_access(m, c, address, t, true, contention);
        p = m->flash + offset;
    } else {
        return false;
    }
    *value = 0;
    memcpy(value, p, size);
    return true;
}

static ALWAYS_INLINE bool bus_write(struct Machine *m, struct Core *c, uint32_t address,
                                    uint32_t value, unsigned size, uint64_t t, bool exact,
                                    enum Contention contention, int *stall)
{
    uint32_t offset = address - SRAM_BASE;
    if (size > 1 && UNLIKELY(address & (size - 1))) return false;
    if (UNLIKELY(offset >= SRAM_SIZE)) return false;
    if (exact && contention) *stall += port_stall(m, c, sram_port(offset), t, contention);
    memcpy(m->sram + offset, &value, size);
    if (UNLIKELY(m->sram_has_code[offset >> 8])) forget_code(m, offset, size);
    return true;
}

/* Of a predecoded record: its word's offset in its memory, and the port that serves it. */
static inline uint32_t word_offset(const struct Core *c, const struct Op *record)
{
    return (uint32_t)(record - c->ops) * 2;
}

/* Where in SRAM an address is, striped or not (0x21000000 shows the four striped banks one after
 * the other: datasheet 2.6.2.1). */
static inline bool sram_offset(uint32_t address, uint32_t *offset)
{
    if (address - SRAM_ALIAS_BASE < SRAM_STRIPED_SIZE)
        *offset = (address & 0xfffc) << 2 | (address >> 14 & 0xc) | (address & 3);
    else *offset = address - SRAM_BASE;
    return *offset < SRAM_SIZE;
}

/* The disabled cache's memory (2.6.3.1), or NULL: not there. */
static inline uint8_t *cache_sram(struct Machine *m, uint32_t address)
{
    if (address - CACHE_SRAM_BASE >= sizeof m->xip.sram || !m->xip.disabled) return NULL;
    return m->xip.sram + (address - CACHE_SRAM_BASE);
}

/* Registers on the AHB-Lite and APB buses, which every master sees; whole words. `c` is who is
 * blamed. bus_registers: whether any are there. False from the write: a fault. */
bool bus_registers(uint32_t address);
int bus_register_wait(uint32_t address); /* cycles beyond the two of an access */
uint32_t bus_read_register(struct Machine *m, uint32_t address, uint64_t t);
bool bus_write_register(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                        uint64_t t);

/* For the performance counters (busctrl.c); each does nothing unless one of them counts. An access to
 * a port; one to registers at cycle `t`; the words of memory that entering an exception or returning
 * from it takes; an access that was counted and now waits. */
void count_access(struct Machine *m, unsigned port, bool contested);
void count_register(struct Machine *m, enum Master master, uint32_t address, uint64_t t);
void count_words(struct Machine *m, uint32_t address, unsigned words);
/* A core's access that has been made comes a cycle later: another master has the port. */
void put_off(struct Machine *m, struct Core *c, unsigned port, uint64_t t);

/* In the four striped banks, where sram_ops is aligned as the memory is. */
static inline unsigned striped_port(const struct Op *record)
{
    return PORT_SRAM0 + (unsigned)((uintptr_t)record / (2 * sizeof *record) & 3);
}

static inline unsigned code_port(const struct Core *c, const struct Op *record)
{
    return c->region == REGION_SRAM ? sram_port(word_offset(c, record)) : PORT_ROM;
}

/* What fetching the instruction word at a record stalls at cycle `t`. */
int fetch_stall(struct Machine *m, struct Core *c, const struct Op *record, uint64_t t);

/* A plain memory byte range, or NULL: ROM, flash (16 MB alias 0x10 to 0x13), SRAM. */
uint8_t *plain_memory(struct Machine *m, uint32_t address, size_t size);

#endif
