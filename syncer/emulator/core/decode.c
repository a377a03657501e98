/* SPDX-License-Identifier: Apache-2.0
 *
 * Thumb decoding, once for each instruction: ARMv6-M ARM A5.2 (16 bit) and A5.3 (32 bit).
 */
#include "decode.h"

#include "bus.h"

#include <string.h>

/* The halfword at `pc`, or -1 where there is no memory. */
static int halfword(const struct Machine *m, uint32_t pc)
{
    const uint8_t *p;
    if (pc < ROM_SIZE) p = m->rom + pc;
    else if (pc - FLASH_BASE < m->flash_size) p = m->flash + (pc - FLASH_BASE);
    else if (pc - SRAM_BASE < SRAM_SIZE) p = m->sram + (pc - SRAM_BASE);
    else return -1;
    return p[0] | p[1] << 8;
}

static struct Op op(enum Opcode code, unsigned a, unsigned b, uint32_t imm)
{
    return (struct Op){(uint16_t)code, (uint8_t)a, (uint8_t)b, {(int32_t)imm}};
}

static uint32_t sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (value ^ sign) - sign;
}

/* A branch that stays in its memory moves the record pointer; `offset` is in bytes from the
 * instruction. One that leaves it can only run into nothing: it goes to the record past the end,
 * which faults. */
static struct Op branch(const struct Machine *m, enum Opcode code, uint32_t pc, uint32_t offset)
{
    uint32_t base = 0, size = ROM_SIZE;
    if (pc >= SRAM_BASE) base = SRAM_BASE, size = SRAM_SIZE;
    else if (pc >= FLASH_BASE) base = FLASH_BASE, size = m->flash_size;
    uint32_t target = pc + offset - base;
    if (target >= size) target = size;
    return op(code, 0, 0, (uint32_t)((int32_t)(target - (pc - base)) / 2 - 1));
}

/* A5.2.3: ADD, CMP and MOV on any register, BX, BLX. */
static struct Op special_data(uint32_t pc, unsigned h)
{
    unsigned d = (h & 7) | (h >> 4 & 8), source = h >> 3 & 15;
    switch (h >> 8 & 3) {
    case 0:
        if (d == 15) return op(OP_ADD_TO_PC, d, source, pc + 4);
        return source == 15 ? op(OP_ADD_HIGH_PC, d, 0, pc + 4)
                            : op(OP_ADD_HIGH, d, source, 0);
    case 1:
        return d == 15 || source == 15 ? op(OP_UNDEFINED, 0, 0, h)
                                       : op(OP_CMP_HIGH, d, source, 0);
    case 2:
        if (d == 15) return op(OP_MOV_TO_PC, d, source, pc + 4);
        return source == 15 ? op(OP_MOV_HIGH_PC, d, 0, pc + 4)
                            : op(OP_MOV_HIGH, d, source, 0);
    default:
        if (source == 15) return op(OP_UNDEFINED, 0, 0, h);
        return h & 0x80 ? op(OP_BLX, 0, source, pc + 2) : op(OP_BX, 0, source, 0);
    }
}

/* A5.2.5: miscellaneous 16-bit instructions. */
static struct Op miscellaneous(unsigned h)
{
    static const uint8_t reverse[4] = {OP_REV, OP_REV16, OP_UNDEFINED, OP_REVSH};
    unsigned d = h & 7, source = h >> 3 & 7, list = h & 255;
    unsigned length = (unsigned)__builtin_popcount(list);
    switch (h >> 8 & 15) {
    case 0x0: {
        uint32_t amount = (h & 0x7f) * 4;
        return op(OP_ADJUST_SP, 0, 0, h & 0x80 ? 0u - amount : amount);
    }
    case 0x2:
        return op((enum Opcode)(OP_SXTH + (h >> 6 & 3)), d, source, 0);
    case 0x4: case 0x5:
        list |= (h & 0x100) << 6; /* LR */
        if (list) return op(OP_PUSH, (unsigned)__builtin_popcount(list), 0, list);
        break;
    case 0x6:
        if ((h & 0xffef) == 0xb662) return op(OP_CPS, h >> 4 & 1, 0, 0);
        break;
    case 0xa:
        if (reverse[h >> 6 & 3] != OP_UNDEFINED)
            return op((enum Opcode)reverse[h >> 6 & 3], d, source, 0);
        break;
    case 0xc:
        if (list) return op(OP_POP, length, 0, list);
        break;
    case 0xd:
        return op(OP_POP_PC, length, 0, list);
    case 0xe:
        return op(OP_BKPT, 0, 0, list);
    case 0xf:
        if (h & 15) break; /* IT does not exist in ARMv6-M */
        switch (h >> 4 & 15) {
        case 2: return op(OP_WFE, 0, 0, 0);
        case 3: return op(OP_WFI, 0, 0, 0);
        case 4: return op(OP_SEV, 0, 0, 0);
        default: return op(OP_NOP, 0, 0, 0); /* NOP, YIELD, unallocated hints */
        }
    }
    return op(OP_UNDEFINED, 0, 0, h);
}

/* A5.3: BL, MSR, MRS and the barriers are all there is of 32 bits. */
static struct Op wide(const struct Machine *m, uint32_t pc, unsigned h)
{
    int second = halfword(m, pc + 2);
    if (second < 0) return op(OP_UNDEFINED, 0, 0, h);
    unsigned l = (unsigned)second;
    if ((h & 0xf800) == 0xf000 && (l & 0xd000) == 0xd000) {
        uint32_t s = h >> 10 & 1, i1 = !((l >> 13 & 1) ^ s), i2 = !((l >> 11 & 1) ^ s);
        uint32_t offset = s << 24 | i1 << 23 | i2 << 22 | (h & 0x3ff) << 12 | (l & 0x7ff) << 1;
        return op(OP_BL, 0, 0, pc + 4 + sign_extend(offset, 25));
    }
    if ((h & 0xfff0) == 0xf380 && (l & 0xff00) == 0x8800) return op(OP_MSR, h & 15, 0, l & 255);
    if (h == 0xf3ef && (l & 0xf000) == 0x8000) return op(OP_MRS, l >> 8 & 15, 0, l & 255);
    if (h == 0xf3bf && (l & 0xffc0) == 0x8f40 && (l >> 4 & 3) != 3) /* DSB, DMB, ISB */
        return op(OP_BARRIER, 0, 0, 0);
    return op(OP_UNDEFINED, 0, 0, h);
}

static struct Op decode_halfword(const struct Machine *m, uint32_t pc)
{
    int first = halfword(m, pc);
    if (first < 0) return op(OP_RUNAWAY, 0, 0, 0);
    unsigned h = (unsigned)first;
    unsigned d = h & 7, n = h >> 3 & 7, third = h >> 6 & 7, d8 = h >> 8 & 7, imm5 = h >> 6 & 31;
    unsigned imm8 = h & 255, length = (unsigned)__builtin_popcount(imm8);
    uint32_t literal = ((pc + 4) & ~3u) + imm8 * 4;
    switch (h >> 11) {
    case 0: return imm5 ? op(OP_LSL_I, d, n, imm5) : op(OP_MOV_FLAGS, d, n, 0);
    case 1: return op(OP_LSR_I, d, n, imm5 ? imm5 : 32);
    case 2: return op(OP_ASR_I, d, n, imm5 ? imm5 : 32);
    case 3: {
        static const uint8_t code[4] = {OP_ADD_R, OP_SUB_R, OP_ADD_I, OP_SUB_I};
        return op((enum Opcode)code[h >> 9 & 3], d, n, third);
    }
    case 4: return op(OP_MOV_I, d8, 0, imm8);
    case 5: return op(OP_CMP_I, d8, 0, imm8);
    case 6: return op(OP_ADD_I, d8, d8, imm8);
    case 7: return op(OP_SUB_I, d8, d8, imm8);
    case 8:
        if (h & 0x400) return special_data(pc, h);
        return op((enum Opcode)(OP_AND + (h >> 6 & 15)), d, n, 0);
    case 9: return op(OP_LDR_LITERAL, d8, 0, literal);
    case 10: case 11: return op((enum Opcode)(OP_STR_R + (h >> 9 & 7)), d, n, third);
    case 12: return op(OP_STR_I, d, n, imm5 * 4);
    case 13: return op(OP_LDR_I, d, n, imm5 * 4);
    case 14: return op(OP_STRB_I, d, n, imm5);
    case 15: return op(OP_LDRB_I, d, n, imm5);
    case 16: return op(OP_STRH_I, d, n, imm5 * 2);
    case 17: return op(OP_LDRH_I, d, n, imm5 * 2);
    case 18: return op(OP_STR_SP, d8, 0, imm8 * 4);
    case 19: return op(OP_LDR_SP, d8, 0, imm8 * 4);
    case 20: return op(OP_ADR, d8, 0, literal);
    case 21: return op(OP_ADD_SP_TO, d8, 0, imm8 * 4);
    case 22: case 23: return miscellaneous(h);
    case 24: return imm8 ? op(OP_STM, length, d8, imm8) : op(OP_UNDEFINED, 0, 0, h);
    case 25: return imm8 ? op(OP_LDM, length, d8, imm8) : op(OP_UNDEFINED, 0, 0, h);
    case 26: case 27: {
        unsigned condition = h >> 8 & 15;
        if (condition == 15) return op(OP_SVC, 0, 0, imm8);
        if (condition == 14) return op(OP_UNDEFINED, 0, 0, h);
        return branch(m, (enum Opcode)(OP_BEQ + condition), pc, 4 + sign_extend(imm8 * 2, 9));
    }
    case 28: return branch(m, OP_B, pc, 4 + sign_extend((h & 0x7ff) * 2, 12));
    case 30: return wide(m, pc, h);
    default: return op(OP_UNDEFINED, 0, 0, h);
    }
}

static bool is_marked(const struct Machine *m, uint32_t pc)
{
    size_t low = 0, high = m->marked_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (m->marked[middle] < pc) low = middle + 1;
        else high = middle;
    }
    return low < m->marked_count && m->marked[low] == pc;
}

enum Opcode decode_opcode(const struct Machine *m, uint32_t pc)
{
    return (enum Opcode)decode_halfword(m, pc).code;
}

static enum Port port_after(uint32_t pc)
{
    if (pc < ROM_SIZE) return PORT_ROM;
    if (pc < SRAM_BASE) return PORT_XIP;
    return pc + 2 - SRAM_BASE < SRAM_STRIPED_SIZE ? PORT_SRAM0 : sram_port(pc + 2 - SRAM_BASE);
}

/* The code of two simple instructions, or the first one's. */
static unsigned pair(unsigned first, unsigned second)
{
    static const struct {
        uint8_t first, second;
    } pairs[] = {
#define X(first, second) {OP_##first, OP_##second},
        PAIRS(X)
#undef X
    };
    enum { FIRST_PAIR = OP_RUNAWAY + 1 };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].first == first && pairs[i].second == second) return FIRST_PAIR + i;
    return first;
}

/* Every memory's size is a multiple of RUN_BLOCK, and so is every bank's. */
static bool may_be_in_run(const struct Machine *m, unsigned opcode, uint32_t pc)
{
    return opcode >= OP_LSL_I && opcode <= OP_NOP && pc % RUN_BLOCK != RUN_BLOCK - 2 &&
           !is_marked(m, pc);
}

/* The records from `record` on are simple instructions, the first of which is decoded. */
static void decode_run(struct Machine *m, struct Op *record, uint32_t pc)
{
    struct Op run[RUN_BLOCK / 2];
    unsigned count = 0;
    for (; may_be_in_run(m, (run[count] = decode_halfword(m, pc)).code, pc); pc += 2) count++;
    if (count < 2) return;
    pc -= 2 * count;
    for (unsigned i = 0; i < count; i++, pc += 2) {
        unsigned opcode = i + 1 < count ? pair(run[i].code, run[i + 1].code) : run[i].code;
        record[i] = run[i];
        record[i].code = (uint16_t)(DECODED(opcode, port_after(pc), pc >> 1 & 1) | CODE_RUN);
        record[i].run = (uint8_t)(count - i);
    }
}

unsigned decode(struct Machine *m, struct Core *c, const struct Op *record)
{
    uint32_t pc = pc_of(c, record);
    struct Op *to = c->ops + (record - c->ops), decoded = decode_halfword(m, pc);
    unsigned opcode = is_marked(m, pc) ? OP_MARKED : decoded.code;
    *to = decoded;
    to->code = (uint16_t)DECODED(opcode, port_after(pc), pc >> 1 & 1);
    if (may_be_in_run(m, opcode, pc)) decode_run(m, to, pc);
    if (c->region == REGION_SRAM) { /* both halves of a wide one; a run is in one block */
        m->sram_has_code[(pc - SRAM_BASE) >> 8] = 1;
        m->sram_has_code[(pc + 2 - SRAM_BASE) >> 8] = 1;
    }
    return to->code;
}

void forget_record(struct Op *ops, size_t index)
{
    ops[index].code = OP_UNDECODED;
    while (index && ops[index - 1].code & CODE_RUN) ops[--index].code = OP_UNDECODED;
}

void forget_code(struct Machine *m, uint32_t sram_offset, size_t size)
{
    /* From one halfword earlier: it may be the first half of a wide instruction. */
    size_t first = sram_offset >> 1, last = (sram_offset + size - 1) >> 1;
    first -= first > 0;
    for (size_t i = first + 1; i <= last; i++) m->sram_ops[i].code = OP_UNDECODED;
    forget_record(m->sram_ops, first);
}
