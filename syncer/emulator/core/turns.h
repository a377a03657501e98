/* SPDX-License-Identifier: Apache-2.0
 *
 * An interpreter of two cores in turns, with the whole timing model: it goes on with the other one
 * wherever that is behind, until m->horizon or something else that the scheduler must see.
 */
#define EXACT true
#define AT_START()                                                                               \
    struct Core *c = m->current;                                                                 \
    const uint64_t until = m->ahead.turns_until;                                                 \
    if (until > c->cycles && until < m->horizon) m->horizon = until;                             \
    const uint64_t horizon = m->horizon;                                                         \
    uint64_t limit = m->limit < horizon ? m->limit : horizon;
#define AT_LIMIT() goto turn
#define LIMIT()                                                                                  \
turn:                                                                                            \
    SAVE();                                                                                      \
    if (UNLIKELY(m->attention)) return;                                                          \
    if (LIKELY(cycles > c->other->cycles)) {                                                     \
        m->current = c = c->other;                                                               \
        cycles = c->cycles;                                                                      \
        if (UNLIKELY(cycles >= horizon)) return;                                                 \
    } else if (UNLIKELY(cycles >= horizon)) {                                                    \
        m->went_on = true;                                                                       \
        return;                                                                                  \
    }                                                                                            \
    ip = c->ip;                                                                                  \
    limit = c->other->cycles < horizon ? c->other->cycles : horizon;                             \
    DISPATCH();
#include "one_core.h"
