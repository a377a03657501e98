/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter that runs one core ahead (ahead.h), as LEADER or as follower. An instruction
 * that does what neither may ends the run before anything of it is done (stop), but for its own
 * fetch, which is then taken back.
 */
#include "ahead.h"
#include "ahead_access.h"
#include "interpreter.h"

#define WHO _it
#define CORE c
#define CYCLES cycles
#define IP ip
#define COUNT count

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
        if (d->code & CODE_RUN) goto run;                                                        \
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
        } else if (checked - SRAM_BASE < SRAM_SIZE) {                                            \
            if (!is_recorded(m, sram_port(checked - SRAM_BASE))) STOP();                         \
        } else if (checked >= ROM_SIZE) {                                                        \
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
#define FETCH_PORT(port, record, when)                                                           \
    do {                                                                                         \
        if (!is_recorded(m, (port))) STOP();                                                     \
        cycles += TAKE_PORT((port), (when));                                                     \
    } while (0)
#define FETCH(record, when)                                                                      \
    do {                                                                                         \
        if (c->region == REGION_FLASH) FETCH_FLASH((record), (when));                            \
        else FETCH_PORT(code_port(c, (record)), (record), (when));                               \
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
            if (!may_read(m, offset) || !is_recorded(m, sram_port(offset))) STOP();                                                    \
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
        if (offset >= SRAM_STRIPED_SIZE && !is_recorded(m, sram_port(offset))) STOP();           \
        if (!may_write(m, offset)) STOP();                                                       \
        memcpy(m->sram + offset, &stored, (size));                                               \
        cycles += TAKE_PORT(sram_port(offset), cycles);                                          \
        cycles += CYCLES_MEMORY;                                                                 \
        NEXT();                                                                                  \
    } while (0)
#define LOAD_LIST(address, list, when)                                                           \
    do {                                                                                         \
        when = load_list(m, c, address, (list), d->a, (uint32_t)when, count);                    \
        address += 4u * d->a;                                                                    \
    } while (0)
#define STORE_LIST(address, list, when)                                                          \
    do {                                                                                         \
        when = store_list(m, c, address, (list), (uint32_t)when, count);                         \
        address += 4u * d->a;                                                                    \
    } while (0)

#define INNER()                                                                                  \
    do {                                                                                         \
        d = ip++;                                                                                \
        if (UNLIKELY(!(d->code & CODE_RUN))) goto run_ends;                                                \
        goto *inner[d->code / CODES_OF_ONE];                                                     \
    } while (0)
#define INNER_SIMPLE(name) inner_##name: DO_##name; INNER();
#define INNER_PAIR(first, second)                                                                \
    inner_##first##_##second: DO_##first; d = ip++; DO_##second; INNER();
void INTERPRETER(struct Machine *m, struct Core *c)
{
    static const void *const label_it[] = {
#define X(name) LABELS(name, _it)
        OPCODES(X)
#undef X
#define X(first, second) LABELS(first, _it)
        PAIRS(X)
#undef X
    };
    static const void *const inner[] = {
        [OP_UNDECODED] = NULL,
#define X(name) [OP_##name] = &&inner_##name,
        SIMPLE_OPCODES(X)
#undef X
#define X(first, second) [OP_##first##_##second] = &&inner_##first##_##second,
        PAIRS(X)
#undef X
    };
    struct Ahead *const a = &m->ahead;
    const struct Op *d, *ip = c->ip;
    uint32_t *const starts = a->starts[!LEADER];
    uint32_t cycles = a->cycles[!LEADER], count = a->count[!LEADER];
    a->last.t = 0;
    DISPATCH();
#include "opcodes.h"

/* A run of simple instructions: if it fits before the limit and nobody is in the way, all there is
 * to be timed of it is done at once, and its instructions go from one to the next (INNER). */
run:
    if (LIKELY(cycles + d->run <= a->limit[!LEADER] && fetch_run(m, c, d, cycles, count))) {
        note_starts(starts + count + 1, cycles, d->run - 1u);
        count += d->run - 1u;
        cycles += d->run;
        goto *inner[d->code / CODES_OF_ONE];
    }
    goto *AT(label)[d->code];
SIMPLE_OPCODES(INNER_SIMPLE)
PAIRS(INNER_PAIR)
run_ends:
    ip = d;
    NEXT();

AT(fault):
AT(stop):
    ip = d;
    cycles = starts[count];
    a->stopped[!LEADER] = count--;
AT(end):
    if (LEADER && a->last.t)
        a->taken[a->last.t][a->last.port] = (uint16_t)a->last.instruction;
    c->ip = ip;
    a->cycles[!LEADER] = cycles;
    a->count[!LEADER] = count;
}
