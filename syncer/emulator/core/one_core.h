/* SPDX-License-Identifier: Apache-2.0
 *
 * An interpreter that runs the current core until its limit.
 */
#include "access.h"

#define WHO _it
#define CORE c
#define CYCLES cycles
#define IP ip
#define COUNT count

#define SAVE()                                                                                   \
    do {                                                                                         \
        c->cycles = cycles;                                                                      \
        c->ip = ip;                                                                              \
        c->instructions += count;                                                                \
        count = 0;                                                                               \
    } while (0)
#define RETURN() return
#define LEAVE()                                                                                  \
    do {                                                                                         \
        SAVE();                                                                                  \
        return;                                                                                  \
    } while (0)
#define SLOW() SAVE()
#ifdef ONE_INSTRUCTION
#define NEXT() LEAVE()
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        cycles += CYCLES_SIMPLE;                                                                 \
        LEAVE();                                                                                 \
    } while (0)
#else
#define NEXT()                                                                                   \
    do {                                                                                         \
        if (UNLIKELY(cycles > limit)) {                                                          \
            m->turn_over = true;                                                                 \
            LEAVE();                                                                             \
        }                                                                                        \
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
    };
    struct Core *const c = m->current;
    const bool exact = m->settings.exact, dual = m->contended;
    const uint64_t limit = m->limit;
    const struct Op *d, *ip = c->ip;
    uint64_t cycles = c->cycles, count = 0;
    (void)exact;
    (void)dual;
    (void)limit;
    m->turn_over = false;
    DISPATCH();
#include "opcodes.h"
FAULT()
}
