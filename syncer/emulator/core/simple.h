/* SPDX-License-Identifier: Apache-2.0
 *
 * What each simple opcode does (SIMPLE_OPCODES in isa.h): an expression on the record `d`, which interpreters put wherever they need it. Instructions: ARMv6-M ARM A6.7.
 */
#ifndef SYNCER_SIMPLE_H
#define SYNCER_SIMPLE_H

#include "machine.h"

#define FLAGS CORE->flags
#define REGISTER(n) CORE->r[n]
#define RD REGISTER(d->a)
#define RN REGISTER(d->b)
#define RM REGISTER(d->small)
#define SMALL ((uint32_t)d->small)
#define SET_NZ(value) set_nz(&FLAGS, (value))


/* Shift, add, subtract, move and compare by immediate (A5.2.1). */
#define DO_LSL_I SET_NZ(RD = shift_left_immediate(&FLAGS, RN, SMALL))
#define DO_LSR_I SET_NZ(RD = shift_right_immediate(&FLAGS, RN, SMALL))
#define DO_ASR_I SET_NZ(RD = shift_right_signed_immediate(&FLAGS, RN, SMALL))
#define DO_MOV_FLAGS SET_NZ(RD = RN)
#define DO_ADD_R RD = add_with_carry(&FLAGS, RN, RM, 0)
#define DO_SUB_R RD = subtract(&FLAGS, RN, RM)
#define DO_ADD_I RD = add_with_carry(&FLAGS, RN, SMALL, 0)
#define DO_SUB_I RD = subtract(&FLAGS, RN, SMALL)
#define DO_MOV_I SET_NZ(RD = SMALL)
#define DO_CMP_I subtract(&FLAGS, RD, SMALL)

/* Data processing (A5.2.2). */
#define DO_AND SET_NZ(RD &= RN)
#define DO_EOR SET_NZ(RD ^= RN)
#define DO_LSL SET_NZ(RD = shift_left(&FLAGS, RD, RN & 255))
#define DO_LSR SET_NZ(RD = shift_right(&FLAGS, RD, RN & 255))
#define DO_ASR SET_NZ(RD = shift_right_signed(&FLAGS, RD, RN & 255))
#define DO_ADC RD = add_with_carry(&FLAGS, RD, RN, FLAGS.carry)
#define DO_SBC RD = add_with_carry(&FLAGS, RD, ~RN, FLAGS.carry)
#define DO_ROR SET_NZ(RD = rotate_right(&FLAGS, RD, RN & 255))
#define DO_TST SET_NZ(RD & RN)
#define DO_RSB RD = subtract(&FLAGS, 0, RN)
#define DO_CMP subtract(&FLAGS, RD, RN)
#define DO_CMN add_with_carry(&FLAGS, RD, RN, 0)
#define DO_ORR SET_NZ(RD |= RN)
#define DO_MUL SET_NZ(RD *= RN)
#define DO_BIC SET_NZ(RD &= ~RN)
#define DO_MVN SET_NZ(RD = ~RN)

/* On any register (A5.2.3). */
#define DO_ADD_HIGH set_any(CORE, d->a, RD + RN)
#define DO_MOV_HIGH set_any(CORE, d->a, RN)
#define DO_CMP_HIGH subtract(&FLAGS, RD, RN)

/* Extension, byte order (A5.2.5). */
#define DO_SXTH RD = (uint32_t)(int16_t)RN
#define DO_SXTB RD = (uint32_t)(int8_t)RN
#define DO_UXTH RD = (uint16_t)RN
#define DO_UXTB RD = (uint8_t)RN
#define DO_REV RD = __builtin_bswap32(RN)
#define DO_REV16 RD = (__builtin_bswap32(RN) >> 16 | __builtin_bswap32(RN) << 16)
#define DO_REVSH RD = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)RN)
#define DO_NOP ((void)0)

static ALWAYS_INLINE uint32_t set_nz(struct Flags *f, uint32_t value)
{
    f->nz = (int32_t)value;
    return value;
}

/* A2.2.1 AddWithCarry, and its setting of all four flags. */
static ALWAYS_INLINE uint32_t add_with_carry(struct Flags *f, uint32_t x, uint32_t y, uint32_t carry)
{
    uint64_t sum = (uint64_t)x + y + carry;
    uint32_t result = (uint32_t)sum;
    f->carry = (uint32_t)(sum >> 32);
    f->overflow = (x ^ result) & (y ^ result);
    return set_nz(f, result);
}

static ALWAYS_INLINE uint32_t subtract(struct Flags *f, uint32_t x, uint32_t y)
{
    uint32_t result = x - y;
    f->carry = x >= y;
    f->overflow = (x ^ y) & (x ^ result);
    return set_nz(f, result);
}

/* Shifts by an immediate: left by 1 to 31, right by 1 to 32. */
static ALWAYS_INLINE uint32_t shift_left_immediate(struct Flags *f, uint32_t value, uint32_t by)
{
    f->carry = value >> (32 - by) & 1;
    return value << by;
}

static ALWAYS_INLINE uint32_t shift_right_immediate(struct Flags *f, uint32_t value, uint32_t by)
{
    f->carry = value >> (by - 1) & 1;
    return (uint32_t)((uint64_t)value >> by);
}

static ALWAYS_INLINE uint32_t shift_right_signed_immediate(struct Flags *f, uint32_t value, uint32_t by)
{
    f->carry = (uint32_t)((int32_t)value >> (by - 1)) & 1;
    return (uint32_t)((int64_t)(int32_t)value >> by);
}

/* Shifts by a register's low byte (A2.2.1 Shift_C): by 0 they leave the carry. */
static ALWAYS_INLINE uint32_t shift_left(struct Flags *f, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    f->carry = by <= 32 ? value >> (32 - by) & 1 : 0;
    return by < 32 ? value << by : 0;
}

static ALWAYS_INLINE uint32_t shift_right(struct Flags *f, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    f->carry = by <= 32 ? value >> (by - 1) & 1 : 0;
    return by < 32 ? value >> by : 0;
}

static ALWAYS_INLINE uint32_t shift_right_signed(struct Flags *f, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    if (by > 32) by = 32;
    f->carry = (uint32_t)((int32_t)value >> (by - 1)) & 1;
    return (uint32_t)((int32_t)value >> (by < 32 ? by : 31));
}

static ALWAYS_INLINE uint32_t rotate_right(struct Flags *f, uint32_t value, uint32_t by)
{
    if (by == 0) return value;
    by &= 31;
    if (by) value = value >> by | value << (32 - by);
    f->carry = value >> 31;
    return value;
}

/* R13 takes only word addresses. */
static ALWAYS_INLINE void set_any(struct Core *c, unsigned n, uint32_t value)
{
    c->r[n] = n == 13 ? value & ~3u : value;
}

#endif
