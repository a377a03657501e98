/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter that runs one core ahead (ahead.h), as LEADER or as follower. An instruction
 * that does what neither may ends the run before anything of it is done (stop), but for its own
 * fetch, which is then taken back.
 */
#include "ahead.h"
#include "interpreter.h"

#define WHO _it
#define CORE c
#define CYCLES cycles
#define IP ip
#define COUNT count

#define TAKE_PORT(port, when)                                                                    \
    (LEADER ? leader_takes(m, c, (port), (uint32_t)(when), count)                                \
            : follower_takes(m, c, (port), (uint32_t)(when), count))
#define STOP() goto AT(stop)
#define SHARED() STOP()
/* Only what SHARED has stopped needs these. */
#define SAVE() ((void)0)
#define LEAVE() STOP()
#define RETURN() STOP()
#define DISPATCH()                                                                               \
    do {                                                                                         \
        d = ip++;                                                                                \
        starts[++count] = cycles;                                                                \
        goto *AT(label)[d->code];                                                                \
    } while (0)
#define NEXT()                                                                                   \
    do {                                                                                         \
        if (UNLIKELY(cycles >= a->limit[!LEADER])) goto AT(end);                                 \
        DISPATCH();                                                                              \
    } while (0)
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        cycles += CYCLES_SIMPLE;                                                                 \
        NEXT();                                                                                  \
    } while (0)
#define NEXT_IF_CALM() NEXT()

/* What is decoded from SRAM, the other core may be about to write. */
#define CHECK_DECODE()                                                                           \
    do {                                                                                         \
        if (c->region == REGION_SRAM) STOP();                                                    \
    } while (0)
#define CHECK_TARGET(address, when)                                                              \
    do {                                                                                         \
        uint32_t checked = (address) & ~1u;                                                      \
        if (checked - FLASH_BASE < m->flash_size) {                                              \
            if (!xip_is_ready(m, checked, (uint32_t)(when))) STOP();                             \
        } else if (checked - SRAM_BASE >= SRAM_SIZE && checked >= ROM_SIZE) {                    \
            STOP();                                                                              \
        }                                                                                        \
    } while (0)
#define CHECK_INTERWORK(address, when)                                                           \
    do {                                                                                         \
        uint32_t interworked = (address);                                                        \
        if (UNLIKELY(!(interworked & 1))) STOP();                                                \
        CHECK_TARGET(interworked, (when));                                                       \
    } while (0)
#define CHECK_LOADS(address, words, when)                                                         \
    do {                                                                                         \
        if (!may_load(m, (address), (words), (uint32_t)(when)))       \
            STOP();                                                                              \
    } while (0)
#define CHECK_STORES(address, words)                                                              \
    do {                                                                                         \
        if (!may_store(m, (address), (words))) STOP();                \
    } while (0)
#define CHECK_POP(address, words, when)                                                           \
    do {                                                                                         \
        uint32_t top = (address) + 4u * (words), landing;                                        \
        if ((address) - SRAM_BASE >= SRAM_SIZE) STOP();                                          \
        if (!may_load(m, (address), (words) + 1, (uint32_t)(when))) STOP();                       \
        memcpy(&landing, m->sram + (top - SRAM_BASE), sizeof landing);                           \
        CHECK_INTERWORK(landing, (when));                                                        \
    } while (0)

#define FETCH_SRAM(record, when)                                                                 \
    do {                                                                                         \
        cycles += TAKE_PORT(striped_port(record), (when));                                       \
    } while (0)
#define FETCH_FLASH(record, when)                                                                \
    do {                                                                                         \
        if (!xip_is_ready(m, word_offset(c, (record)), (when))) STOP();                          \
        c->xip_accesses++;                                                                       \
        cycles += TAKE_PORT(PORT_XIP, (when));                                                   \
    } while (0)
#define FETCH_OTHER(record, when)                                                                \
    do {                                                                                         \
        cycles += TAKE_PORT(code_port(c, (record)), (when));                                     \
    } while (0)
#define FETCH(record, when)                                                                      \
    do {                                                                                         \
        if (c->region == REGION_FLASH) FETCH_FLASH((record), (when));                            \
        else FETCH_OTHER((record), (when));                                                      \
    } while (0)
/* Their targets have been checked. */
#define JUMP(address)                                                                            \
    do {                                                                                         \
        set_pc(m, c, (address));                                                                 \
        ip = c->ip;                                                                              \
        FETCH(ip, cycles - TARGET_FETCH_LEAD);                                                   \
        NEXT();                                                                                  \
    } while (0)
#define INTERWORK(address) JUMP(address)
#define RETURN_FROM_EXCEPTION(exc_return) STOP()
#define TAKE_BRANCH()                                                                            \
    do {                                                                                         \
        const struct Op *branch_target = ip + d->imm;                                            \
        FETCH(branch_target, cycles + CYCLES_BRANCH - TARGET_FETCH_LEAD);                        \
        ip = branch_target;                                                                      \
        cycles += CYCLES_BRANCH;                                                                 \
        NEXT();                                                                                  \
    } while (0)

#define LOAD_REGISTER(address, size, type)                                                       \
    do {                                                                                         \
        uint32_t from = (address), offset = from - SRAM_BASE, loaded = 0;                        \
        if ((size) > 1 && UNLIKELY(from & ((size)-1))) STOP();                                   \
        if (LIKELY(offset < SRAM_STRIPED_SIZE)) {                                                \
            if (!may_read(m, offset)) STOP();                                                    \
            memcpy(&loaded, m->sram + offset, (size));                                           \
            cycles += TAKE_PORT(PORT_SRAM0 + (offset >> 2 & 3), cycles);                         \
        } else if (LIKELY(offset < SRAM_SIZE)) {                                                 \
            if (!may_read(m, offset)) STOP();                                                    \
            memcpy(&loaded, m->sram + offset, (size));                                           \
            cycles += TAKE_PORT(sram_port(offset), cycles);                                      \
        } else if (LIKELY((offset = from - FLASH_BASE) < m->flash_size)) {                       \
            if (!xip_is_ready(m, from, cycles)) STOP();                                          \
            c->xip_accesses++;                                                                   \
            c->xip_data_accesses++;                                                              \
            memcpy(&loaded, m->flash + offset, (size));                                          \
            cycles += TAKE_PORT(PORT_XIP, cycles);                                               \
        } else if (from < ROM_SIZE) {                                                            \
            memcpy(&loaded, m->rom + from, (size));                                              \
            cycles += TAKE_PORT(PORT_ROM, cycles);                                               \
        } else {                                                                                 \
            STOP();                                                                              \
        }                                                                                        \
        RD = (uint32_t)(type)loaded;                                                             \
        cycles += CYCLES_MEMORY;                                                                 \
        NEXT();                                                                                  \
    } while (0)
#define STORE_REGISTER(address, size)                                                            \
    do {                                                                                         \
        uint32_t offset = (address)-SRAM_BASE, stored = RD;                                      \
        if ((size) > 1 && UNLIKELY(offset & ((size)-1))) STOP();                                 \
        if (UNLIKELY(offset >= SRAM_SIZE) || UNLIKELY(m->sram_has_code[offset >> 8])) STOP();    \
        if (!may_write(m, offset)) STOP();                                                       \
        memcpy(m->sram + offset, &stored, (size));                                               \
        cycles += TAKE_PORT(sram_port(offset), cycles);                                          \
        cycles += CYCLES_MEMORY;                                                                 \
        NEXT();                                                                                  \
    } while (0)
/* Checked as a whole: may_load, may_store. */
#define READ(address, size, when, value, stall)                                                  \
    do {                                                                                         \
        uint32_t offset = (address)-SRAM_BASE;                                                   \
        if (LIKELY(offset < SRAM_SIZE)) {                                                        \
            memcpy((value), m->sram + offset, (size));                                           \
            *(stall) += (int)TAKE_PORT(sram_port(offset), (when));                               \
        } else {                                                                                 \
            offset = (address)-FLASH_BASE;                                                       \
            memcpy((value), m->flash + offset, (size));                                          \
            c->xip_accesses++;                                                                   \
            c->xip_data_accesses++;                                                              \
            *(stall) += (int)TAKE_PORT(PORT_XIP, (when));                                        \
        }                                                                                        \
    } while (0)
#define LOAD_LIST(address, list, when)                                                           \
    do {                                                                                         \
        when = load_list(m, c, address, (list), d->a, (uint32_t)when, count);                    \
        address += 4u * d->a;                                                                    \
    } while (0)
#define STORE_LIST(address, list, when)                                                          \
    do {                                                                                         \
        when = store_list(m, c, address, (list), d->a, (uint32_t)when, count);                   \
        address += 4u * d->a;                                                                    \
    } while (0)

/* Stamps say what the leader has done with each word in this stretch. */
static ALWAYS_INLINE bool may_read(struct Machine *m, uint32_t offset)
{
    uint16_t *stamp = &m->ahead.stamps[offset >> 2];
    if (!LEADER) return LIKELY(*stamp != m->ahead.written);
    if (*stamp < m->ahead.read) *stamp = m->ahead.read;
    return true;
}

static ALWAYS_INLINE bool may_write(struct Machine *m, uint32_t offset)
{
    struct Ahead *a = &m->ahead;
    uint16_t *stamp = &a->stamps[offset >> 2];
    if (!LEADER) return LIKELY(*stamp < a->read);
    *stamp = a->written;
    struct Undo *undo = &a->undo[a->undo_count++];
    undo->offset = offset & ~3u;
    memcpy(&undo->word, m->sram + undo->offset, 4);
    return true;
}

/* The same for several words. Flash lines stay where they are during a stretch. */
static bool may_load(struct Machine *m, uint32_t address, unsigned words, uint32_t t)
{
    uint32_t offset = address - SRAM_BASE;
    if (address & 3) return false;
    if (offset < SRAM_SIZE && 4 * words <= SRAM_SIZE - offset) {
        for (uint32_t end = offset + 4 * words; offset < end; offset += 4)
            if (!may_read(m, offset)) return false;
        return true;
    }
    offset = address - FLASH_BASE;
    if (offset >= m->flash_size || 4 * words > m->flash_size - offset) return false;
    for (uint32_t end = offset + 4 * words; offset < end; offset += 4)
        if (!xip_is_ready(m, offset, t)) return false;
    return true;
}

static bool may_store(struct Machine *m, uint32_t address, unsigned words)
{
    uint32_t offset = address - SRAM_BASE;
    if ((address & 3) || offset >= SRAM_SIZE || 4 * words > SRAM_SIZE - offset) return false;
    if (m->sram_has_code[offset >> 8] || m->sram_has_code[(offset + 4 * words - 1) >> 8])
        return false;
    for (uint32_t end = offset + 4 * words; offset < end; offset += 4)
        if (!may_write(m, offset)) return false;
    return true;
}

/* Nothing keeps an access to each of several striped words in turn from its port. */
static inline bool ports_are_free(const struct Machine *m, uint32_t offset, unsigned words,
                                  uint32_t t)
{
    const struct Ahead *a = &m->ahead;
    if (offset + 4 * words > SRAM_STRIPED_SIZE) return false;
    if (LEADER) return t >= a->leftover_end;
    unsigned taken = 0;
    for (unsigned i = 0, bank = offset >> 2, at = t - a->shift; i < words; i++)
        taken |= a->taken[(at + i) % AHEAD_SPAN][(bank + i) & 3];
    return LIKELY(!taken);
}

/* The port of a striped word, which is known to be free. */
static inline void take_free(struct Machine *m, uint32_t offset, uint32_t t, uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
    if (LEADER) a->taken[t % AHEAD_SPAN][offset >> 2 & 3] = (uint16_t)instruction;
    else a->followed[t % (2 * AHEAD_SPAN)][offset >> 2 & 3] = 1;
}

/* Each gives the cycle after the last word's. */
static uint32_t load_list(struct Machine *m, struct Core *c, uint32_t address, uint32_t list,
                          unsigned words, uint32_t t, uint32_t count)
{
    uint32_t offset = address - SRAM_BASE;
    if (LIKELY(ports_are_free(m, offset, words, t))) {
        for (; list; list &= list - 1, offset += 4, t++) {
            memcpy(&c->r[__builtin_ctz(list)], m->sram + offset, 4);
            take_free(m, offset, t, count);
        }
        return t;
    }
    for (; list; list &= list - 1, address += 4) {
        int waited = 0;
        READ(address, 4, t, &c->r[__builtin_ctz(list)], &waited);
        t += 1 + (uint32_t)waited;
    }
    return t;
}

static uint32_t store_list(struct Machine *m, struct Core *c, uint32_t address, uint32_t list,
                           unsigned words, uint32_t t, uint32_t count)
{
    uint32_t offset = address - SRAM_BASE;
    const bool free = ports_are_free(m, offset, words, t);
    for (; list; list &= list - 1, offset += 4, t++) {
        memcpy(m->sram + offset, &c->r[__builtin_ctz(list)], 4);
        if (free) take_free(m, offset, t, count);
        else t += TAKE_PORT(sram_port(offset), t);
    }
    return t;
}

void INTERPRETER(struct Machine *m, struct Core *c)
{
    static const void *const label_it[] = {
#define X(name) LABELS(name, _it)
        OPCODES(X)
#undef X
    };
    struct Ahead *const a = &m->ahead;
    const struct Op *d, *ip = c->ip;
    uint32_t *const starts = a->starts[!LEADER];
    uint32_t cycles = a->cycles[!LEADER], count = a->count[!LEADER];
    DISPATCH();
#include "opcodes.h"

AT(fault):
AT(stop):
    ip = d;
    cycles = starts[count];
    a->stopped[!LEADER] = count--;
AT(end):
    c->ip = ip;
    a->cycles[!LEADER] = cycles;
    a->count[!LEADER] = count;
}
