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
 * and includes access.h, or says itself how instructions reach memory, as execute_ahead.h does.
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

/* An instruction in an upper halfword fetches the word after it while it executes: enum Entry. */
#define OP(name)                                                                                 \
    AT(sram_##name): FETCH_SRAM(d + 1, CYCLES - 1); goto AT(op_##name);                          \
    AT(flash_##name): FETCH_FLASH(d + 1, CYCLES - 1); goto AT(op_##name);                        \
    AT(other_##name): FETCH_OTHER(d + 1, CYCLES - 1);                                            \
    AT(op_##name):
#define LABELS(name, who)                                                                        \
    &&PASTE(op_##name, who), &&PASTE(sram_##name, who), &&PASTE(flash_##name, who),              \
        &&PASTE(other_##name, who),

#define BRANCH_IF(condition)                                                                     \
    do {                                                                                         \
        if (condition) TAKE_BRANCH();                                                            \
        NEXT_SIMPLE();                                                                           \
    } while (0)
#define IS_EXC_RETURN(address) (CORE->ipsr && (address) >= 0xf0000000u)
#define REGISTER(n) CORE->r[n]
#define RD REGISTER(d->a)
#define RN REGISTER(d->b)
#define RM REGISTER(d->imm)
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
