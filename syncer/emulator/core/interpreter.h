/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces that the interpreters are made of. Each opcode's code (opcodes.h) ends by fetching and
 * jumping to the next one (computed goto), which gives the host's branch predictor one jump per
 * opcode. Such a program is fastest without -fgcse.
 *
 * While a core runs, its cycles, instruction pointer and instruction count are in local variables;
 * SAVE carries them to the core. An interpreter defines, before it includes opcodes.h:
 *   WHO            a suffix that keeps the labels of several inclusions apart
 *   CORE           the core, an expression
 *   CYCLES, IP, COUNT  its local variables
 *   EXACT, DUAL    whether fetches and accesses are timed, and whether both cores run
 *   NEXT, NEXT_SIMPLE  go on after an instruction; the second after one of a single cycle
 *   SAVE, LEAVE, RETURN  SAVE and return; return after something else has saved
 *   SLOW           what precedes an access that may change more than this core
 */
#ifndef SYNCER_INTERPRETER_H
#define SYNCER_INTERPRETER_H

#include "bus.h"
#include "decode.h"
#include "exceptions.h"
#include "machine.h"
#include "schedule.h"
#include "timing.h"

#define PASTE_NOW(a, b) a##b
#define PASTE(a, b) PASTE_NOW(a, b)
#define AT(name) PASTE(name, WHO)

/* An instruction in an upper halfword fetches the word after it while it executes; it is entered
 * by a label of its own. */
#define OP(name) AT(upper_##name): FETCH(d + 1, CYCLES - 1); AT(op_##name):

/* Both cores of an access's port, and what it stalls. */
#define FETCH(record, when)                                                                      \
    do {                                                                                         \
        if (EXACT) CYCLES += (unsigned)fetch_stall(m, CORE, (record), (when), DUAL);             \
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
#define BRANCH_IF(condition)                                                                     \
    do {                                                                                         \
        if (condition) TAKE_BRANCH();                                                            \
        NEXT_SIMPLE();                                                                           \
    } while (0)
#define IS_EXC_RETURN(address) (CORE->ipsr && (address) >= 0xf0000000u)
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

#define REGISTER(n) CORE->r[n]
#define RD REGISTER(d->a)
#define RN REGISTER(d->b)
#define RM REGISTER(d->c)
#define IMM ((uint32_t)d->imm)
#define SET_NZ(value) set_nz(CORE, (value))
#define N is_negative(CORE)
#define Z is_zero(CORE)

/* A2.2.1 AddWithCarry, and its setting of all four flags. */
static inline uint32_t add_with_carry(struct Core *c, uint32_t x, uint32_t y, uint32_t carry)
{
    uint64_t sum = (uint64_t)x + y + carry;
    uint32_t result = (uint32_t)sum;
    c->carry = (uint32_t)(sum >> 32);
    c->overflow = ((x ^ result) & (y ^ result)) >> 31;
    return set_nz(c, result);
}

static inline uint32_t subtract(struct Core *c, uint32_t x, uint32_t y)
{
    uint32_t result = x - y;
    c->carry = x >= y;
    c->overflow = ((x ^ y) & (x ^ result)) >> 31;
    return set_nz(c, result);
}

/* Shifts by a register's low byte (A2.2.1 Shift_C): by 0 they leave the carry. */
static inline uint32_t shift_left(struct Core *c, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    c->carry = by <= 32 ? value >> (32 - by) & 1 : 0;
    return by < 32 ? value << by : 0;
}

static inline uint32_t shift_right(struct Core *c, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    c->carry = by <= 32 ? value >> (by - 1) & 1 : 0;
    return by < 32 ? value >> by : 0;
}

static inline uint32_t shift_right_signed(struct Core *c, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    if (by > 32) by = 32;
    c->carry = (uint32_t)((int32_t)value >> (by - 1)) & 1;
    return (uint32_t)((int32_t)value >> (by < 32 ? by : 31));
}

static inline uint32_t rotate_right(struct Core *c, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    by &= 31;
    if (by) value = value >> by | value << (32 - by);
    c->carry = value >> 31;
    return value;
}

/* R13 takes only word addresses. */
static inline void set_any(struct Core *c, unsigned n, uint32_t value)
{
    c->r[n] = n == 13 ? value & ~3u : value;
}


#endif
