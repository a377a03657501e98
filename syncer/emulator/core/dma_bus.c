/* SPDX-License-Identifier: Apache-2.0
 *
 * DMA as a bus master: it sees what the cores see but SIO and their private peripherals (RP2040
 * datasheet 2.1.1), and shares ports with them cycle by cycle.
 */
#include "bus.h"
#include "dma.h"
#include "peripherals.h"

/* Whether a core took the port after DMA last did, before cycle `t`: then it is DMA's turn. */
static bool core_was_last(const struct Machine *m, unsigned port, uint64_t t)
{
    for (uint64_t i = 1; i < PORT_HISTORY; i++) {
        bool core_1 = m->taken[0][port][(t - i) % PORT_HISTORY] == t - i;
        bool core_0 = m->taken[1][port][(t - i) % PORT_HISTORY] == t - i;
        if (core_0 != core_1) return true;
        if (core_0) return false;
    }
    return true;
}

/* The cores have been there first, so what they did in cycle `t` is known: by whom it keeps out, an
 * access by core 0 core 1 and the other way round, DMA's own both. Where DMA goes first, the core
 * pays its cycle afterwards. */
uint64_t dma_take_port(struct Machine *m, unsigned port, uint64_t t, bool write, bool delayed)
{
    if (!m->settings.exact) return t;
    const uint32_t priority = m->bus.priority;
    const uint64_t asked = t;
    bool high = priority & (write ? PRIORITY_DMA_W : PRIORITY_DMA_R);
    for (;; t++) {
        bool core_1 = m->taken[0][port][t % PORT_HISTORY] == t;
        bool core_0 = m->taken[1][port][t % PORT_HISTORY] == t;
        if (core_0 && core_1) continue;
        if (core_0 || core_1) {
            struct Core *c = &m->core[core_1];
            bool core_high = priority & (core_1 ? PRIORITY_PROC1 : PRIORITY_PROC0);
            if (high == core_high ? !core_was_last(m, port, t) : core_high) continue;
            put_off(m, c, port, t);
        }
        m->taken[0][port][t % PORT_HISTORY] = m->taken[1][port][t % PORT_HISTORY] = t;
        if (write) m->bus.dma_wrote[port] = t;
        count_access(m, port, delayed || t != asked);
        return t;
    }
}

static bool is_flash(uint32_t address)
{
    return address >> 24 >= 0x10 && address >> 24 <= 0x13;
}

bool dma_bus_read(struct Machine *m, uint32_t address, unsigned size, uint64_t *t, uint32_t *value)
{
    uint32_t offset;
    const uint8_t *p;
    if (address & (size - 1)) return false;
    if (sram_offset(address, &offset)) {
        *t = dma_take_port(m, sram_port(offset), *t, false, false);
        p = m->sram + offset;
    } else if (is_flash(address)) {
        if (m->settings.exact) *t = xip_dma_read(m, address, *t);
        p = m->flash + (address & 0xffffff & (m->flash_size - 1));
    } else if (cache_sram(m, address)) {
        *t = dma_take_port(m, PORT_XIP, *t, false, false);
        p = cache_sram(m, address);
    } else if (address < ROM_SIZE) {
        *t = dma_take_port(m, PORT_ROM, *t, false, false);
        p = m->rom + address;
    } else if (bus_registers(address)) {
        *value = bus_read_register(m, address & ~3u, *t) >> (address & 3) * 8;
        count_register(m, MASTER_DMA, address, *t);
        *t += (unsigned)bus_register_wait(address);
        return true;
    } else {
        return false;
    }
    *value = 0;
    memcpy(value, p, size);
    return true;
}

bool dma_bus_write(struct Machine *m, uint32_t address, unsigned size, uint64_t *t, uint32_t value)
{
    uint32_t offset;
    if (address & (size - 1)) return false;
    if (sram_offset(address, &offset)) {
        *t = dma_take_port(m, sram_port(offset), *t, true, false);
        memcpy(m->sram + offset, &value, size);
        if (m->sram_has_code[offset >> 8]) forget_code(m, offset, size);
        return true;
    }
    if (cache_sram(m, address)) {
        *t = dma_take_port(m, PORT_XIP, *t, true, false);
        memcpy(cache_sram(m, address), &value, size);
        return true;
    }
    if (address < ROM_SIZE) { /* goes nowhere */
        count_access(m, PORT_ROM, false);
        return true;
    }
    if (address >> 24 == 0x10) {
        count_access(m, PORT_XIP, false);
        xip_forget_line(m, address);
        return true;
    }
    if (!bus_registers(address)) return false;
    /* Narrow writes are replicated across the word (2.1.4). */
    if (size == 1) value = (value & 0xff) * 0x01010101u;
    else if (size == 2) value = (value & 0xffff) * 0x00010001u;
    count_register(m, MASTER_DMA, address, *t);
    bool done = bus_write_register(m, m->current, address & ~3u, value, *t);
    *t += (unsigned)bus_register_wait(address);
    return done;
}
