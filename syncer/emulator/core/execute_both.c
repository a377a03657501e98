/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter with the whole timing model, for both cores at once. There is a copy of each
 * opcode's code for each core, so that the turn passes from one to the other by a jump, with both
 * cores' cycles and instruction pointers in host registers.
 */
#include "interpreter.h"

#define EXACT true
#define DUAL true

#define SAVE_CORE(c, n)                                                                          \
    do {                                                                                         \
        (c)->cycles = cycles_##n;                                                                \
        (c)->ip = ip_##n;                                                                        \
        (c)->instructions += count_##n;                                                          \
        count_##n = 0;                                                                           \
    } while (0)
#define SAVE_BOTH()                                                                              \
    do {                                                                                         \
        SAVE_CORE(&m->core[0], 0);                                                               \
        SAVE_CORE(&m->core[1], 1);                                                               \
        m->current = CORE;                                                                       \
    } while (0)
#define CORE (&m->core[NUMBER])
#define SLOW() SAVE_BOTH()
#define RETURN() return
/* The other core's turn comes when this one is ahead of it; at a tie this one goes on. */
#define NEXT()                                                                                   \
    do {                                                                                         \
        if (CYCLES > OTHER_CYCLES) {                                                             \
            if (UNLIKELY(CYCLES >= horizon)) LEAVE();                                            \
            d = OTHER_IP++;                                                                      \
            OTHER_COUNT++;                                                                       \
            goto *OTHER_LABEL[d->code];                                                          \
        }                                                                                        \
        DISPATCH();                                                                              \
    } while (0)
#define NEXT_SIMPLE()                                                                            \
    do {                                                                                         \
        CYCLES += CYCLES_SIMPLE;                                                                 \
        NEXT();                                                                                  \
    } while (0)
#define LEAVE()                                                                                  \
    do {                                                                                         \
        SAVE_BOTH();                                                                             \
        return;                                                                                  \
    } while (0)
/* What SLOW has saved of the other core may have changed since. */
#define SAVE() SAVE_BOTH()

void execute_both(struct Machine *m)
{
    static const void *const label_0[] = {
#define X(name) &&op_##name##_0, &&upper_##name##_0,
        OPCODES(X)
#undef X
    };
    static const void *const label_1[] = {
#define X(name) &&op_##name##_1, &&upper_##name##_1,
        OPCODES(X)
#undef X
    };
    const uint64_t horizon = m->horizon;
    const struct Op *d, *ip_0 = m->core[0].ip, *ip_1 = m->core[1].ip;
    uint64_t cycles_0 = m->core[0].cycles, cycles_1 = m->core[1].cycles, count_0 = 0, count_1 = 0;

    if (m->current == &m->core[1]) goto start_1;

#define NUMBER 0
#define WHO _0
#define CYCLES cycles_0
#define IP ip_0
#define COUNT count_0
#define OTHER_CYCLES cycles_1
#define OTHER_IP ip_1
#define OTHER_COUNT count_1
#define OTHER_LABEL label_1
    DISPATCH();
#include "opcodes.h"
#undef NUMBER
#undef WHO
#undef CYCLES
#undef IP
#undef COUNT
#undef OTHER_CYCLES
#undef OTHER_IP
#undef OTHER_COUNT
#undef OTHER_LABEL

start_1:
#define NUMBER 1
#define WHO _1
#define CYCLES cycles_1
#define IP ip_1
#define COUNT count_1
#define OTHER_CYCLES cycles_0
#define OTHER_IP ip_0
#define OTHER_COUNT count_0
#define OTHER_LABEL label_0
    DISPATCH();
#include "opcodes.h"
}
