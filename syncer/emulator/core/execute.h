/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter; included by execute_exact.c and execute_functional.c, which set EXACT and
 * EXECUTE. Instructions: ARMv6-M ARM A6.7. Cycles: Cortex-M0+ TRM table 3-1; fetches: see timing.h.
 *
 * Each opcode's code ends by fetching and jumping to the next one (computed goto), which gives the
 * host's branch predictor one jump per opcode. Such a program is fastest without -fgcse.
 *
 * While a core runs, its cycles, instruction pointer and instruction count are in local variables;
 * SAVE and LOAD carry them to and from the core.
 */
#include "bus.h"
#include "decode.h"
#include "exceptions.h"
#include "machine.h"
#include "schedule.h"
#include "timing.h"

#define SAVE()                                                                                   \
    do {                                                                                         \
        c->cycles = cycles;                                                                      \
        c->ip = ip;                                                                              \
        c->instructions += count;                                                                \
        count = 0;                                                                               \
    } while (0)
#define LOAD()                                                                                   \
    do {                                                                                         \
        r = c->r;                                                                                \
        cycles = c->cycles;                                                                      \
        ip = c->ip;                                                                              \
    } while (0)

/* Fetches the word at a record at a cycle. */
#define FETCH(record, when)                                                                      \
    do {                                                                                         \
        if (EXACT) cycles += (unsigned)fetch_stall(m, c, (record), (when));                      \
    } while (0)

/* An odd record, the upper halfword, fetches the word after it while it executes. */
#define IS_UPPER(record) ((uintptr_t)(record) & sizeof(struct Op))
#define ISSUE()                                                                                  \
    do {                                                                                         \
        d = ip++;                                                                                \
        count++;                                                                                 \
        if (IS_UPPER(d)) FETCH(d + 1, cycles - 1);                                               \
        goto *label[d->code];                                                                    \
    } while (0)
#define NEXT()                                                                                   \
    do {                                                                                         \
        if (UNLIKELY(cycles > c->limit)) goto reschedule;                                        \
        ISSUE();                                                                                 \
    } while (0)
/* After what takes one cycle: where timing does not matter, the next longer one looks. */
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        cycles += CYCLES_SIMPLE;                                                                 \
        if (EXACT) NEXT();                                                                       \
        else ISSUE();                                                                            \
    } while (0)

/* To an absolute address, the cycles being already counted. */
#define JUMP(address)                                                                            \
    do {                                                                                         \
        uint32_t jump_target = (address);                                                        \
        if (UNLIKELY(!set_pc(m, c, jump_target))) {                                              \
            raise_fault(m, c, FAULT_FETCH, jump_target & ~1u, 0);                                \
            goto fault;                                                                          \
        }                                                                                        \
        ip = c->ip;                                                                              \
        FETCH(ip, cycles - TARGET_FETCH_LEAD);                                                   \
        NEXT();                                                                                  \
    } while (0)
/* The same by BX, BLX or POP, which want the Thumb bit. */
#define INTERWORK(address)                                                                       \
    do {                                                                                         \
        uint32_t thumb_target = (address);                                                       \
        if (UNLIKELY(!(thumb_target & 1))) {                                                     \
            raise_fault(m, c, FAULT_STATE, thumb_target, 0);                                     \
            goto fault;                                                                          \
        }                                                                                        \
        JUMP(thumb_target);                                                                      \
    } while (0)
#define TAKE_BRANCH()                                                                            \
    do {                                                                                         \
        ip += d->imm;                                                                            \
        cycles += CYCLES_BRANCH;                                                                 \
        FETCH(ip, cycles - TARGET_FETCH_LEAD);                                                   \
        NEXT();                                                                                  \
    } while (0)
#define BRANCH_IF(condition)                                                                     \
    do {                                                                                         \
        if (condition) TAKE_BRANCH();                                                            \
        NEXT_SIMPLE();                                                                           \
    } while (0)
#define IS_EXC_RETURN(address) (c->ipsr && (address) >= 0xf0000000u)
#define RETURN_FROM_EXCEPTION(exc_return)                                                        \
    do {                                                                                         \
        SAVE();                                                                                  \
        c->ip = d;                                                                               \
        if (!return_from_exception(m, c, (exc_return))) return;                                  \
        LOAD();                                                                                  \
        goto reschedule_slowly;                                                                  \
    } while (0)

/* A fault leaves the program counter at its instruction. */
#define READ(address, size, when, value, stall)                                                  \
    do {                                                                                         \
        if (UNLIKELY(!bus_read(m, c, (address), (size), (when), EXACT, (value), (stall))))       \
            goto fault;                                                                          \
    } while (0)
#define WRITE(address, value, size, when, stall)                                                 \
    do {                                                                                         \
        if (UNLIKELY(!bus_write(m, c, (address), (value), (size), (when), EXACT, (stall))))      \
            goto fault;                                                                          \
    } while (0)
#define LOAD_REGISTER(address, size, type)                                                       \
    do {                                                                                         \
        uint32_t loaded;                                                                         \
        int stall = 0;                                                                           \
        READ((address), (size), cycles, &loaded, &stall);                                        \
        RD = (uint32_t)(type)loaded;                                                             \
        cycles += (uint64_t)(CYCLES_MEMORY + stall);                                             \
        NEXT();                                                                                  \
    } while (0)
#define STORE_REGISTER(address, size)                                                            \
    do {                                                                                         \
        int stall = 0;                                                                           \
        WRITE((address), RD, (size), cycles, &stall);                                            \
        cycles += (uint64_t)(CYCLES_MEMORY + stall);                                             \
        NEXT();                                                                                  \
    } while (0)
/* Registers of a list, lowest first, an access a cycle from `when` on. */
#define LOAD_LIST(address, list, when)                                                           \
    for (uint32_t left = (list); left; left &= left - 1) {                                       \
        int waited = 0;                                                                          \
        READ(address, 4, when, &r[__builtin_ctz(left)], &waited);                                \
        when += (uint64_t)(1 + waited);                                                          \
        address += 4;                                                                            \
    }
#define STORE_LIST(address, list, when)                                                          \
    for (uint32_t left = (list); left; left &= left - 1) {                                       \
        int waited = 0;                                                                          \
        WRITE(address, r[__builtin_ctz(left)], 4, when, &waited);                                \
        when += (uint64_t)(1 + waited);                                                          \
        address += 4;                                                                            \
    }

#define RD r[d->a]
#define RN r[d->b]
#define RM r[d->c]
#define IMM ((uint32_t)d->imm)
#define SET_NZ(value) (c->negative = c->nonzero = (value))
#define N (c->negative >> 31)
#define Z (c->nonzero == 0)

/* A2.2.1 AddWithCarry, and its setting of all four flags. */
static inline uint32_t add_with_carry(struct Core *c, uint32_t x, uint32_t y, uint32_t carry)
{
    uint64_t sum = (uint64_t)x + y + carry;
    uint32_t result = (uint32_t)sum;
    c->carry = (uint32_t)(sum >> 32);
    c->overflow = ((x ^ result) & (y ^ result)) >> 31;
    return SET_NZ(result);
}

static inline uint32_t subtract(struct Core *c, uint32_t x, uint32_t y)
{
    uint32_t result = x - y;
    c->carry = x >= y;
    c->overflow = ((x ^ y) & (x ^ result)) >> 31;
    return SET_NZ(result);
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
static inline void set_any(uint32_t *r, unsigned n, uint32_t value)
{
    r[n] = n == 13 ? value & ~3u : value;
}

void EXECUTE(struct Machine *m)
{
    static const void *const label[] = {
#define X(name) &&op_##name,
        OPCODES(X)
#undef X
    };
    struct Core *c;
    uint32_t *r;
    const struct Op *d, *ip;
    uint64_t cycles, count = 0;

    c = schedule(m);
    if (!c) return;
    LOAD();
    ISSUE();

reschedule: /* the common case: the other core's turn, nothing else */
    if (LIKELY(EXACT && cycles < m->switch_before)) {
        SAVE();
        c = c->other;
        m->current = c;
        c->limit = cycles;
        LOAD();
        ISSUE();
    }
reschedule_slowly:
    SAVE();
    c = schedule(m);
    if (!c) return;
    LOAD();
    ISSUE();

fault: /* cycles stay where the instruction began */
    SAVE();
    c->ip = d;
    if (m->fault.core == c->id) m->fault.pc = pc_of(c, d);
    return;

op_UNDECODED:
    goto *label[decode(m, c, d)];
op_MARKED:
    if (!record_mark(m, c, pc_of(c, d), cycles)) goto fault;
    goto *label[decode_opcode(m, pc_of(c, d))];

    /* ---- shift, add, subtract, move and compare by immediate (A5.2.1) */
op_LSL_I: {
    uint32_t value = RN;
    c->carry = value >> (32 - IMM) & 1;
    SET_NZ(RD = value << IMM);
    NEXT_SIMPLE();
}
op_LSR_I: SET_NZ(RD = shift_right(c, RN, IMM)); NEXT_SIMPLE();
op_ASR_I: SET_NZ(RD = shift_right_signed(c, RN, IMM)); NEXT_SIMPLE();
op_MOV_FLAGS: SET_NZ(RD = RN); NEXT_SIMPLE();
op_ADD_R: RD = add_with_carry(c, RN, RM, 0); NEXT_SIMPLE();
op_SUB_R: RD = subtract(c, RN, RM); NEXT_SIMPLE();
op_ADD_I: RD = add_with_carry(c, RN, IMM, 0); NEXT_SIMPLE();
op_SUB_I: RD = subtract(c, RN, IMM); NEXT_SIMPLE();
op_MOV_I: SET_NZ(RD = IMM); NEXT_SIMPLE();
op_CMP_I: subtract(c, RD, IMM); NEXT_SIMPLE();

    /* ---- data processing (A5.2.2) */
op_AND: SET_NZ(RD &= RN); NEXT_SIMPLE();
op_EOR: SET_NZ(RD ^= RN); NEXT_SIMPLE();
op_LSL: SET_NZ(RD = shift_left(c, RD, RN & 255)); NEXT_SIMPLE();
op_LSR: SET_NZ(RD = shift_right(c, RD, RN & 255)); NEXT_SIMPLE();
op_ASR: SET_NZ(RD = shift_right_signed(c, RD, RN & 255)); NEXT_SIMPLE();
op_ADC: RD = add_with_carry(c, RD, RN, c->carry); NEXT_SIMPLE();
op_SBC: RD = add_with_carry(c, RD, ~RN, c->carry); NEXT_SIMPLE();
op_ROR: SET_NZ(RD = rotate_right(c, RD, RN & 255)); NEXT_SIMPLE();
op_TST: SET_NZ(RD & RN); NEXT_SIMPLE();
op_RSB: RD = subtract(c, 0, RN); NEXT_SIMPLE();
op_CMP: subtract(c, RD, RN); NEXT_SIMPLE();
op_CMN: add_with_carry(c, RD, RN, 0); NEXT_SIMPLE();
op_ORR: SET_NZ(RD |= RN); NEXT_SIMPLE();
op_MUL: SET_NZ(RD *= RN); NEXT_SIMPLE();
op_BIC: SET_NZ(RD &= ~RN); NEXT_SIMPLE();
op_MVN: SET_NZ(RD = ~RN); NEXT_SIMPLE();

    /* ---- on any register (A5.2.3) */
op_ADD_HIGH: set_any(r, d->a, RD + RN); NEXT_SIMPLE();
op_ADD_HIGH_PC: set_any(r, d->a, RD + IMM); NEXT_SIMPLE();
op_MOV_HIGH: set_any(r, d->a, RN); NEXT_SIMPLE();
op_MOV_HIGH_PC: set_any(r, d->a, IMM); NEXT_SIMPLE();
op_CMP_HIGH: subtract(c, RD, RN); NEXT_SIMPLE();
op_ADD_TO_PC: cycles += CYCLES_BRANCH; JUMP(IMM + (d->b == 15 ? IMM : RN));
op_MOV_TO_PC: cycles += CYCLES_BRANCH; JUMP(d->b == 15 ? IMM : RN);
op_BX: {
    uint32_t target = RN;
    cycles += CYCLES_BRANCH;
    if (UNLIKELY(IS_EXC_RETURN(target))) RETURN_FROM_EXCEPTION(target);
    INTERWORK(target);
}
op_BLX: {
    uint32_t target = RN;
    cycles += CYCLES_BRANCH;
    r[14] = IMM | 1;
    INTERWORK(target);
}

    /* ---- loads and stores (A5.2.4) */
op_LDR_LITERAL: LOAD_REGISTER(IMM, 4, uint32_t);
op_LDR_R: LOAD_REGISTER(RN + RM, 4, uint32_t);
op_LDRH_R: LOAD_REGISTER(RN + RM, 2, uint16_t);
op_LDRB_R: LOAD_REGISTER(RN + RM, 1, uint8_t);
op_LDRSH_R: LOAD_REGISTER(RN + RM, 2, int16_t);
op_LDRSB_R: LOAD_REGISTER(RN + RM, 1, int8_t);
op_LDR_I: LOAD_REGISTER(RN + IMM, 4, uint32_t);
op_LDRH_I: LOAD_REGISTER(RN + IMM, 2, uint16_t);
op_LDRB_I: LOAD_REGISTER(RN + IMM, 1, uint8_t);
op_LDR_SP: LOAD_REGISTER(r[13] + IMM, 4, uint32_t);
op_STR_R: STORE_REGISTER(RN + RM, 4);
op_STRH_R: STORE_REGISTER(RN + RM, 2);
op_STRB_R: STORE_REGISTER(RN + RM, 1);
op_STR_I: STORE_REGISTER(RN + IMM, 4);
op_STRH_I: STORE_REGISTER(RN + IMM, 2);
op_STRB_I: STORE_REGISTER(RN + IMM, 1);
op_STR_SP: STORE_REGISTER(r[13] + IMM, 4);

    /* ---- several registers; the base changes once all is done (A5.2.5, A5.2) */
op_PUSH: {
    uint32_t sp = r[13] - 4u * d->a, at = sp;
    uint64_t when = cycles;
    STORE_LIST(at, IMM, when);
    r[13] = sp;
    cycles = when + 1;
    NEXT();
}
op_POP: {
    uint32_t at = r[13];
    uint64_t when = cycles;
    LOAD_LIST(at, IMM, when);
    r[13] = at;
    cycles = when + 1;
    NEXT();
}
op_POP_PC: {
    uint32_t at = r[13], target;
    uint64_t when = cycles;
    int stall = 0;
    LOAD_LIST(at, IMM, when);
    READ(at, 4, when, &target, &stall);
    r[13] = at + 4;
    cycles = when + (uint64_t)(1 + stall + CYCLES_POP_PC);
    if (UNLIKELY(IS_EXC_RETURN(target))) RETURN_FROM_EXCEPTION(target);
    INTERWORK(target);
}
op_STM: {
    uint32_t at = RN;
    uint64_t when = cycles;
    STORE_LIST(at, IMM, when);
    RN = at;
    cycles = when + 1;
    NEXT();
}
op_LDM: {
    uint32_t at = RN;
    uint64_t when = cycles;
    LOAD_LIST(at, IMM, when);
    if (!(IMM >> d->b & 1)) RN = at; /* a base that is loaded keeps what was loaded */
    cycles = when + 1;
    NEXT();
}

    /* ---- addresses, extension, byte order (A5.2, A5.2.5) */
op_ADR: RD = IMM; NEXT_SIMPLE();
op_ADD_SP_TO: RD = r[13] + IMM; NEXT_SIMPLE();
op_ADJUST_SP: r[13] += IMM; NEXT_SIMPLE();
op_SXTH: RD = (uint32_t)(int16_t)RN; NEXT_SIMPLE();
op_SXTB: RD = (uint32_t)(int8_t)RN; NEXT_SIMPLE();
op_UXTH: RD = (uint16_t)RN; NEXT_SIMPLE();
op_UXTB: RD = (uint8_t)RN; NEXT_SIMPLE();
op_REV: RD = __builtin_bswap32(RN); NEXT_SIMPLE();
op_REV16: {
    uint32_t value = RN;
    RD = (value & 0x00ff00ff) << 8 | (value >> 8 & 0x00ff00ff);
    NEXT_SIMPLE();
}
op_REVSH: RD = (uint32_t)(int16_t)__builtin_bswap16((uint16_t)RN); NEXT_SIMPLE();

    /* ---- branches (A5.2.6, A5.3.1) */
op_BEQ: BRANCH_IF(Z);
op_BNE: BRANCH_IF(!Z);
op_BCS: BRANCH_IF(c->carry);
op_BCC: BRANCH_IF(!c->carry);
op_BMI: BRANCH_IF(N);
op_BPL: BRANCH_IF(!N);
op_BVS: BRANCH_IF(c->overflow);
op_BVC: BRANCH_IF(!c->overflow);
op_BHI: BRANCH_IF(c->carry && !Z);
op_BLS: BRANCH_IF(!c->carry || Z);
op_BGE: BRANCH_IF(N == c->overflow);
op_BLT: BRANCH_IF(N != c->overflow);
op_BGT: BRANCH_IF(!Z && N == c->overflow);
op_BLE: BRANCH_IF(Z || N != c->overflow);
op_B: TAKE_BRANCH();
op_BL:
    r[14] = (pc_of(c, d) + 4) | 1;
    cycles += CYCLES_BRANCH_LINK;
    JUMP(IMM);

    /* ---- system: all of these may change what runs next */
op_CPS:
    c->primask = d->a;
    cycles += CYCLES_SIMPLE;
    goto reschedule_slowly;
op_NOP: NEXT_SIMPLE();
op_SEV:
    cycles += CYCLES_SEND_EVENT;
    send_event(m);
    goto reschedule_slowly;
op_WFE:
    cycles += CYCLES_WAIT;
    if (c->event) c->event = false;
    else c->sleep = SLEEP_WFE;
    goto reschedule_slowly;
op_WFI:
    cycles += CYCLES_WAIT;
    if (!wakes_wfi(c)) c->sleep = SLEEP_WFI;
    goto reschedule_slowly;
op_BARRIER:
    ip++;
    cycles += CYCLES_BARRIER;
    NEXT();
op_MRS:
    ip++;
    cycles += CYCLES_SPECIAL;
    RD = read_special(c, IMM);
    NEXT();
op_MSR:
    ip++;
    cycles += CYCLES_SPECIAL;
    write_special(c, IMM, RD);
    goto reschedule_slowly;
op_SVC:
    cycles += CYCLES_SIMPLE;
    SAVE();
    if (!take_svc(m, c, IMM)) {
        c->ip = d;
        m->fault.pc = pc_of(c, d);
        return;
    }
    LOAD();
    goto reschedule_slowly;

    /* ---- the end */
op_BKPT: {
    static const uint8_t branch_to_itself[2] = {0xfd, 0xe7}; /* b .-2 */
    uint8_t next[2];
    if (IMM == 0 && machine_peek(m, pc_of(c, ip), next, 2) && !memcmp(next, branch_to_itself, 2)) {
        SAVE();
        c->ip = d;
        c->instructions--;
        m->stop |= STOP_EXIT;
        return;
    }
    raise_fault(m, c, FAULT_BREAKPOINT, 0, IMM);
    goto fault;
}
op_UNDEFINED:
    raise_fault(m, c, FAULT_UNDEFINED, 0, IMM);
    goto fault;
op_RUNAWAY:
    raise_fault(m, c, FAULT_RUNAWAY, pc_of(c, d), 0);
    goto fault;
}
