/* SPDX-License-Identifier: Apache-2.0
 *
 * The address map beyond SRAM and cached flash: RP2040 datasheet 2.2.
 */
#include "bus.h"

#include "dma.h"
#include "exceptions.h"
#include "peripherals.h"
#include "sio.h"
#include "timing.h"

static bool is_flash(uint32_t address)
{
    return address >> 24 >= 0x10 && address >> 24 <= 0x13;
}

static uint32_t word_at(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* The XIP stream's other door (2.6.3.3), USB's memory and registers, PIO. */
static bool is_ahb_peripheral(uint32_t address)
{
    return address >> 20 >= 0x500 && address >> 20 <= 0x504;
}

bool bus_registers(uint32_t address)
{
    unsigned block = address >> 24;
    return block == 0x14 || block == 0x15 || block == 0x18 || address >> 20 == 0x400 ||
           is_ahb_peripheral(address);
}

int bus_register_wait(uint32_t address)
{
    return address >> 24 == 0x18 || address >> 20 == 0x400 ? WAIT_APB : WAIT_AHB_REGISTER;
}

uint32_t bus_read_register(struct Machine *m, uint32_t address, uint64_t t)
{
    if (address >> 24 == 0x14 || address >> 24 == 0x18) return xip_read_register(m, address, t);
    if (address >> 20 == 0x400) return apb_read(m, address, t);
    if (address >> 20 == 0x500) return dma_read(m, address, t);
    if (address >> 20 == 0x504) return stream_pop(m, t);
    count_unmapped(m, address, false); /* USB, PIO, the cache's memory while it is a cache */
    return 0;
}

bool bus_write_register(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                        uint64_t t)
{
    if (address >> 24 == 0x14 || address >> 24 == 0x18)
        xip_write_register(m, address, value, t);
    else if (address >> 20 == 0x400) return apb_write(m, c, address, value, t);
    else if (address >> 20 == 0x500) return dma_write(m, c, address, value, t);
    else count_unmapped(m, address, true);
    return true;
}

static int port_wait(struct Machine *m, struct Core *c, unsigned port, uint64_t t)
{
    return m->contended ? port_stall(m, c, port, t, m->contended) : 0;
}

/* Registers take and give whole words; narrower reads see a part of one. */
static bool read_word(struct Machine *m, struct Core *c, uint32_t address, uint64_t t, bool exact,
                      uint32_t *value, int *stall)
{
    uint32_t word = address & ~3u, offset;
    if (word < ROM_SIZE) {
        if (exact) *stall += port_wait(m, c, PORT_ROM, t);
        *value = word_at(m->rom + word);
    } else if (is_flash(address)) {
        /* Cached beyond the end of the chip, where it repeats, or one of the other aliases:
         * 0x11 does not allocate, which no firmware here depends on; 0x12 and 0x13 do not look. */
        if (exact)
            *stall += address >> 24 <= 0x11 ? xip_access(m, c, address, t, true, m->contended)
                                            : xip_uncached(m, c, t);
        *value = word_at(m->flash + (word & (m->flash_size - 1)));
    } else if (sram_offset(word, &offset)) {
        if (exact) *stall += port_wait(m, c, sram_port(offset), t);
        *value = word_at(m->sram + offset);
    } else if (cache_sram(m, word)) {
        if (exact) *stall += port_wait(m, c, PORT_XIP, t);
        *value = word_at(cache_sram(m, word));
    } else if (address >> 28 == 0xd) {
        *stall += WAIT_SIO;
        *value = sio_read(m, c, word);
    } else if (address >> 20 == 0xe00) {
        *value = system_read(m, c, word, t);
    } else if (bus_registers(word)) {
        *value = bus_read_register(m, word, t);
        *stall += bus_register_wait(word);
        count_register(m, (enum Master)c->id, word, t);
    } else {
        return raise_fault(m, c, FAULT_READ, address, 0);
    }
    return true;
}

bool bus_read_slow(struct Machine *m, struct Core *c, uint32_t address, unsigned size, uint64_t t,
                   bool exact, uint32_t *value, int *stall)
{
    if (address & (size - 1)) return raise_fault(m, c, FAULT_UNALIGNED, address, 0);
    uint32_t word = 0;
    if (!read_word(m, c, address, t, exact, &word, stall)) return false;
    word >>= (address & 3) * 8;
    *value = size == 1 ? word & 0xff : size == 2 ? word & 0xffff : word;
    return true;
}

bool bus_write_slow(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                    unsigned size, uint64_t t, bool exact, int *stall)
{
    if (address & (size - 1)) return raise_fault(m, c, FAULT_UNALIGNED, address, 0);
    uint32_t word = address & ~3u, offset;
    if (sram_offset(address, &offset)) {
        if (exact) *stall += port_wait(m, c, sram_port(offset), t);
        memcpy(m->sram + offset, &value, size);
        if (m->sram_has_code[offset >> 8]) forget_code(m, offset, size);
        return true;
    }
    if (cache_sram(m, address)) {
        if (exact) *stall += port_wait(m, c, PORT_XIP, t);
        memcpy(cache_sram(m, address), &value, size);
        return true;
    }
    /* Narrow writes are replicated across the word (datasheet 2.1.4). */
    if (size == 1) value = (value & 0xff) * 0x01010101u;
    else if (size == 2) value = (value & 0xffff) * 0x00010001u;

    if (address >> 24 == 0x10) {
        count_access(m, PORT_XIP, false);
        xip_forget_line(m, address); /* the way to flush single lines (datasheet 2.6.3.2) */
    } else if (address >> 28 == 0xd) {
        *stall += WAIT_SIO;
        sio_write(m, c, word, value);
    } else if (address >> 20 == 0xe00) {
        return system_write(m, c, word, value, t);
    } else if (bus_registers(word)) {
        count_register(m, (enum Master)c->id, word, t);
        *stall += bus_register_wait(word);
        return bus_write_register(m, c, word, value, t);
    } else {
        return raise_fault(m, c, FAULT_WRITE, address, 0);
    }
    return true;
}

int fetch_stall(struct Machine *m, struct Core *c, const struct Op *record, uint64_t t)
{
    if (c->region == REGION_FLASH)
        return xip_access(m, c, FLASH_BASE + word_offset(c, record), t, false, m->contended);
    return port_wait(m, c, code_port(c, record), t);
}

uint8_t *plain_memory(struct Machine *m, uint32_t address, size_t size)
{
    if (address < ROM_SIZE && size <= ROM_SIZE - address) return m->rom + address;
    if (is_flash(address)) {
        uint32_t offset = address & 0xffffff;
        if (offset < m->flash_size && size <= m->flash_size - offset) return m->flash + offset;
    }
    if (address - SRAM_BASE < SRAM_SIZE && size <= SRAM_SIZE - (address - SRAM_BASE))
        return m->sram + (address - SRAM_BASE);
    return NULL;
}
