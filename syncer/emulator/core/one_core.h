/* SPDX-License-Identifier: Apache-2.0
 *
 * An interpreter that runs the current core until its limit. One may say what follows at the limit
 * (AT_LIMIT, with what it needs declared in AT_START).
 */
#include "access.h"

#define WHO _it
#define CORE c
#define CYCLES cycles
#define IP ip
#define COUNT count

#ifndef AT_LIMIT
#define AT_LIMIT() LEAVE()
#endif
#ifndef AT_START
#define AT_START()                                                                               \
    struct Core *const c = m->current;                                                           \
    const bool exact = m->settings.exact;                                                        \
    const enum Contention dual = m->contended;                                                   \
    const uint64_t limit = m->limit;                                                             \
    (void)exact;                                                                                 \
    (void)dual;                                                                                  \
    (void)limit;
#endif

#define SAVE()                                                                                   \
    do {                                                                                         \
        c->cycles = cycles;                                                                      \
        c->ip = ip;                                                                              \
        c->instructions += count;                                                                \
        count = 0;                                                                               \
    } while (0)
#define RETURN() return
#ifndef CODES_OF_PAIR
#define CODES_OF_PAIR(first, second, who) LABELS(first, who)
#endif
#define LEAVE()                                                                                  \
    do {                                                                                         \
        SAVE();                                                                                  \
        return;                                                                                  \
    } while (0)
#define SLOW() SAVE()
#ifdef ONE_INSTRUCTION
#define NEXT()                                                                                   \
    do {                                                                                         \
        m->went_on = true;                                                                       \
        LEAVE();                                                                                 \
    } while (0)
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        cycles += CYCLES_SIMPLE;                                                                 \
        NEXT();                                                                                  \
    } while (0)
#else
#define NEXT()                                                                                   \
    do {                                                                                         \
        if (UNLIKELY(cycles > limit)) AT_LIMIT();                                                \
        DISPATCH();                                                                              \
    } while (0)
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        cycles += CYCLES_SIMPLE;                                                                 \
        if (EXACT) NEXT();                                                                       \
        else DISPATCH();                                                                         \
    } while (0)
#endif

void INTERPRETER(struct Machine *m)
{
    static const void *const label_it[] = {
#define X(name) LABELS(name, _it)
        OPCODES(X)
#undef X
#define X(first, second) CODES_OF_PAIR(first, second, _it)
        PAIRS(X)
#undef X
    };
    AT_START();
    const struct Op *d, *ip = c->ip;
    uint64_t cycles = c->cycles, count = 0;
    DISPATCH();
#include "opcodes.h"
#ifdef PAIR
PAIRS(PAIR)
#endif
#ifdef LIMIT
LIMIT()
#endif
FAULT()
}
