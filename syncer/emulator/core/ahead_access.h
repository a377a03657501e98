/* SPDX-License-Identifier: Apache-2.0
 *
 * What an instruction that is executed ahead may touch, and the ports that it takes: for the LEADER
 * or the follower (execute_ahead.h).
 */
#ifndef SYNCER_AHEAD_ACCESS_H
#define SYNCER_AHEAD_ACCESS_H

#include "ahead.h"

#define TAKE_PORT(port, when)                                                                    \
    (LEADER ? leader_takes(m, c, (port), (uint32_t)(when), count)                                \
            : follower_takes(m, c, (port), (uint32_t)(when), count))

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

/* Whether the leader's accesses to a port that is not of the four striped banks are known. */
static ALWAYS_INLINE bool is_recorded(struct Machine *m, unsigned port)
{
    if (LEADER || LIKELY(!m->ahead.unrecorded[port])) return true;
    m->ahead.shared[port] = true;
    return false;
}

/* Stamps say what the leader has done with each word, or eight of them, in this stretch. */
static ALWAYS_INLINE bool may_read(struct Machine *m, uint32_t offset)
{
    struct Ahead *a = &m->ahead;
    if (!LEADER) return LIKELY(a->written[offset >> 2] != a->stretch);
    a->eight[offset >> 5].read = a->stretch;
    return true;
}

static ALWAYS_INLINE bool may_write(struct Machine *m, uint32_t offset)
{
    struct Ahead *a = &m->ahead;
    if (!LEADER)
        return LIKELY(a->written[offset >> 2] != a->stretch &&
                      a->eight[offset >> 5].read != a->stretch);
    a->written[offset >> 2] = a->eight[offset >> 5].written = a->stretch;
    struct Undo *undo = &a->undo[a->undo_count++];
    undo->offset = offset & ~3u;
    memcpy(&undo->word, m->sram + undo->offset, 4);
    return true;
}

/* The same for up to nine words, which are in two times eight. Flash lines stay where they are
 * during a stretch. */
static ALWAYS_INLINE bool may_load(struct Machine *m, uint32_t address, unsigned words, uint32_t t)
{
    struct Ahead *a = &m->ahead;
    uint32_t offset = address - SRAM_BASE, last = offset + 4 * words - 4;
    if (address & 3) return false;
    if (LIKELY(offset < SRAM_SIZE && last < SRAM_SIZE)) {
        if (LEADER) {
            a->eight[offset >> 5].read = a->eight[last >> 5].read = a->stretch;
            return true;
        }
        if (last >= SRAM_STRIPED_SIZE &&
            !(is_recorded(m, sram_port(offset)) && is_recorded(m, sram_port(last))))
            return false;
        if (LIKELY(a->eight[offset >> 5].written != a->stretch &&
                   a->eight[last >> 5].written != a->stretch))
            return true;
        for (; offset <= last; offset += 4)
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
    uint32_t offset = address - SRAM_BASE, last = offset + 4 * words - 4;
    if ((address & 3) || offset >= SRAM_SIZE || last >= SRAM_SIZE) return false;
    if (m->sram_has_code[offset >> 8] || m->sram_has_code[last >> 8]) return false;
    if (last >= SRAM_STRIPED_SIZE &&
        !(is_recorded(m, sram_port(offset)) && is_recorded(m, sram_port(last))))
        return false;
    for (; offset <= last; offset += 4)
        if (!may_write(m, offset)) return false;
    return true;
}

/* Each gives the cycle after the last word's. */
static inline uint32_t load_list(struct Machine *m, struct Core *c, uint32_t address, uint32_t list,
                          unsigned words, uint32_t t, uint32_t count)
{
    uint32_t offset = address - SRAM_BASE;
    if (LIKELY(offset + 4 * words <= SRAM_STRIPED_SIZE)) {
        for (; list; list &= list - 1, offset += 4, t++) {
            memcpy(&c->r[__builtin_ctz(list)], m->sram + offset, 4);
            t += TAKE_PORT(offset >> 2 & 3, t);
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
                           uint32_t t, uint32_t count)
{
    uint32_t offset = address - SRAM_BASE;
    for (; list; list &= list - 1, offset += 4, t++) {
        memcpy(m->sram + offset, &c->r[__builtin_ctz(list)], 4);
        t += TAKE_PORT(sram_port(offset), t);
    }
    return t;
}

/* Notes `fetches` words, one each second cycle from `t` on, the first by `instruction`. False:
 * nothing is noted, for somebody may be in the way. `turning`: each next word is in the next port. */
static ALWAYS_INLINE bool take_ports(struct Machine *m, unsigned port, bool turning,
                                     unsigned fetches, uint32_t t, uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
#define PORT_OF(i) (turning ? (port + (i)) & 3 : port)
    if (LEADER) {
        if (!turning) a->touched[port] = true;
        for (unsigned i = 0; i < fetches; i++)
            a->taken[(t + 2 * i) % AHEAD_SPAN][PORT_OF(i)] = (uint16_t)(instruction + 2 * i);
        return true;
    }
    /* It ends before the leader does: nobody will ask what the follower took. */
    unsigned taken = 0;
    for (unsigned i = 0; i < fetches; i++)
        taken |= a->taken[(t - a->shift + 2 * i) % AHEAD_SPAN][PORT_OF(i)];
    return LIKELY(!taken);
#undef PORT_OF
}

/* The fetches of a whole run that begins at `cycles` with instruction `count`. */
static ALWAYS_INLINE bool fetch_run(struct Machine *m, struct Core *c, const struct Op *d,
                                    uint32_t cycles, uint32_t count)
{
    struct Ahead *a = &m->ahead;
    const unsigned upper = d->code & CODE_UPPER, fetches = (d->run + upper) / 2u;
    const unsigned port = CODE_PORT(d->code);
    const uint32_t t = cycles - upper, instruction = count + !upper;
    const struct Op *word = d + 1 + !upper; /* the first that is fetched */
    if (LEADER && UNLIKELY(t < a->leftover_end)) return false;
    if (fetches == 0) return true;
    if (LIKELY(port == PORT_SRAM4 || port == PORT_SRAM5)) {
        if (!LEADER && UNLIKELY(a->unrecorded[port])) return false;
        if (!LEADER && LIKELY(!a->touched[port])) return true;
        if (LEADER && LIKELY(!a->shared[port])) {
            a->unrecorded[port] = true;
            a->last.port = port;
            a->last.t = t + 2 * (fetches - 1);
            a->last.instruction = instruction + 2 * (fetches - 1);
            return true;
        }
    }
    if (port == PORT_SRAM0)
        return take_ports(m, striped_port(word), true, fetches, t, instruction);
    if (port != PORT_XIP) return take_ports(m, port, false, fetches, t, instruction);
    for (unsigned i = 0; i < fetches; i++)
        if (!xip_is_ready(m, word_offset(c, word + 2 * i), t)) return false;
    if (!take_ports(m, PORT_XIP, false, fetches, t, instruction)) return false;
    c->xip_accesses += fetches;
    return true;
}

/* An instruction begins at each of the cycles after `cycles`. */
static ALWAYS_INLINE void note_starts(uint32_t *starts, uint32_t cycles, unsigned number)
{
    __asm__("" : "+r"(cycles)); /* not to be worked out before it is wanted */
    typedef uint32_t Four __attribute__((vector_size(16)));
    Four four = {cycles + 1, cycles + 2, cycles + 3, cycles + 4};
    memcpy(starts, &four, sizeof four); /* what is too much is overwritten */
    four += 4;
    memcpy(starts + 4, &four, sizeof four);
    for (unsigned i = 8; UNLIKELY(i < number); i += 4) {
        four += 4;
        memcpy(starts + i, &four, sizeof four);
    }
}

#endif
