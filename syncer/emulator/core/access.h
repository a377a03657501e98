/* SPDX-License-Identifier: Apache-2.0
 *
 * How instructions reach memory and each other in the interpreters that take every access as it
 * comes: it stalls, faults, and may change anything in the machine.
 */
#ifndef SYNCER_ACCESS_H
#define SYNCER_ACCESS_H

#include "interpreter.h"

/* The word at a record is fetched at cycle `when`. */
#define FETCH_PORT(port, record, when)                                                           \
    do {                                                                                         \
        if (EXACT && DUAL)                                                                       \
            CYCLES += (unsigned)port_stall(m, CORE, (port), (when), DUAL);                       \
    } while (0)
#define FETCH_SRAM(record, when) FETCH_PORT(striped_port(record), (record), (when))
#define FETCH_FLASH(record, when)                                                                \
    do {                                                                                         \
        if (EXACT)                                                                               \
            CYCLES += (unsigned)xip_access(m, CORE, FLASH_BASE + word_offset(CORE, (record)),    \
                                           (when), false, DUAL);                                 \
    } while (0)
#define FETCH(record, when)                                                                      \
    do {                                                                                         \
        if (CORE->region == REGION_FLASH) FETCH_FLASH((record), (when));                         \
        else FETCH_PORT(code_port(CORE, (record)), (record), (when));                                                       \
    } while (0)

#define DISPATCH()                                                                               \
    do {                                                                                         \
        d = IP++;                                                                                \
        COUNT++;                                                                                 \
        goto *AT(label)[d->code];                                                                \
    } while (0)
/* After an access that may have changed what runs next. */
#define NEXT_IF_CALM()                                                                           \
    do {                                                                                         \
        if (UNLIKELY(m->attention)) LEAVE();                                                     \
        NEXT();                                                                                  \
    } while (0)

/* To an absolute address, the cycles being already counted. */
#define JUMP(address)                                                                            \
    do {                                                                                         \
        uint32_t jump_target = (address);                                                        \
        if (UNLIKELY(!set_pc(m, CORE, jump_target))) {                                           \
            raise_fault(m, CORE, FAULT_FETCH, jump_target & ~1u, 0);                             \
            goto AT(fault);                                                                      \
        }                                                                                        \
        IP = CORE->ip;                                                                           \
        FETCH(IP, CYCLES - TARGET_FETCH_LEAD);                                                   \
        NEXT_IF_CALM();                                                                          \
    } while (0)
/* The same by BX, BLX or POP, which want the Thumb bit. */
#define INTERWORK(address)                                                                       \
    do {                                                                                         \
        uint32_t thumb_target = (address);                                                       \
        if (UNLIKELY(!(thumb_target & 1))) {                                                     \
            raise_fault(m, CORE, FAULT_STATE, thumb_target, 0);                                  \
            goto AT(fault);                                                                      \
        }                                                                                        \
        JUMP(thumb_target);                                                                      \
    } while (0)
#define TAKE_BRANCH()                                                                            \
    do {                                                                                         \
        IP += d->imm;                                                                            \
        CYCLES += CYCLES_BRANCH;                                                                 \
        FETCH(IP, CYCLES - TARGET_FETCH_LEAD);                                                   \
        NEXT();                                                                                  \
    } while (0)
#define RETURN_FROM_EXCEPTION(exc_return)                                                        \
    do {                                                                                         \
        SAVE();                                                                                  \
        CORE->ip = d;                                                                            \
        return_from_exception(m, CORE, (exc_return));                                            \
        RETURN();                                                                                \
    } while (0)

/* A fault leaves the program counter at its instruction. */
#define READ(address, size, when, value, stall)                                                  \
    do {                                                                                         \
        uint32_t read_address = (address);                                                       \
        if (!bus_read(m, CORE, read_address, (size), (when), EXACT, DUAL, (value), (stall))) {   \
            SLOW();                                                                              \
            if (!bus_read_slow(m, CORE, read_address, (size), (when), EXACT, (value), (stall)))  \
                goto AT(fault);                                                                  \
        }                                                                                        \
    } while (0)
#define WRITE(address, value, size, when, stall)                                                 \
    do {                                                                                         \
        uint32_t write_address = (address), written = (value);                                   \
        if (!bus_write(m, CORE, write_address, written, (size), (when), EXACT, DUAL, (stall))) { \
            SLOW();                                                                              \
            if (!bus_write_slow(m, CORE, write_address, written, (size), (when), EXACT,          \
                                (stall)))                                                        \
                goto AT(fault);                                                                  \
        }                                                                                        \
    } while (0)
#define LOAD_REGISTER(address, size, type)                                                       \
    do {                                                                                         \
        uint32_t loaded, from = (address);                                                       \
        int stall = 0;                                                                           \
        if (LIKELY(bus_read(m, CORE, from, (size), CYCLES, EXACT, DUAL, &loaded, &stall))) {     \
            RD = (uint32_t)(type)loaded;                                                         \
            CYCLES += (uint64_t)(CYCLES_MEMORY + stall);                                         \
            NEXT();                                                                              \
        }                                                                                        \
        SLOW();                                                                                  \
        if (!bus_read_slow(m, CORE, from, (size), CYCLES, EXACT, &loaded, &stall))               \
            goto AT(fault);                                                                      \
        RD = (uint32_t)(type)loaded;                                                             \
        CYCLES += (uint64_t)(CYCLES_MEMORY + stall);                                             \
        NEXT_IF_CALM();                                                                          \
    } while (0)
#define STORE_REGISTER(address, size)                                                            \
    do {                                                                                         \
        uint32_t to = (address);                                                                 \
        int stall = 0;                                                                           \
        if (LIKELY(bus_write(m, CORE, to, RD, (size), CYCLES, EXACT, DUAL, &stall))) {           \
            CYCLES += (uint64_t)(CYCLES_MEMORY + stall);                                         \
            NEXT();                                                                              \
        }                                                                                        \
        SLOW();                                                                                  \
        if (!bus_write_slow(m, CORE, to, RD, (size), CYCLES, EXACT, &stall)) goto AT(fault);     \
        CYCLES += (uint64_t)(CYCLES_MEMORY + stall);                                             \
        NEXT_IF_CALM();                                                                          \
    } while (0)
/* Registers of a list, lowest first, an access a cycle from `when` on. */
#define LOAD_LIST(address, list, when)                                                           \
    for (uint32_t left = (list); left; left &= left - 1) {                                       \
        int waited = 0;                                                                          \
        READ(address, 4, when, &REGISTER(__builtin_ctz(left)), &waited);                         \
        when += (uint64_t)(1 + waited);                                                          \
        address += 4;                                                                            \
    }
#define STORE_LIST(address, list, when)                                                          \
    for (uint32_t left = (list); left; left &= left - 1) {                                       \
        int waited = 0;                                                                          \
        WRITE(address, REGISTER(__builtin_ctz(left)), 4, when, &waited);                         \
        when += (uint64_t)(1 + waited);                                                          \
        address += 4;                                                                            \
    }

/* What an interpreter that runs ahead must not do (execute_ahead.h). */
#define SHARED() ((void)0)
#define CHECK_DECODE() ((void)0)
#define CHECK_TARGET(address, when) ((void)0)
#define CHECK_INTERWORK(address, when) ((void)0)
#define CHECK_LOADS(address, words, when) ((void)0)
#define CHECK_STORES(address, words) ((void)0)
#define CHECK_POP(address, words, when) ((void)0)

/* Where `goto fault` leads; it follows the opcodes. Cycles stay where the instruction began. */
#define FAULT()                                                                                  \
    AT(fault):                                                                                   \
    SAVE();                                                                                      \
    CORE->ip = d;                                                                                \
    if (m->fault.core == CORE->id) m->fault.pc = pc_of(CORE, d);                                 \
    RETURN();

#endif
