/* SPDX-License-Identifier: Apache-2.0
 *
 * Interleaving the two cores. The core that is behind in cycles runs until it is ahead of the other
 * (by a quantum, where timing does not matter); at a tie it goes on. execute_in_turns does that
 * alternation itself as long as nothing else matters (m->horizon); the rest comes here.
 *
 * Nothing here may depend on when it is called beyond what the cores did: ending a slice early and
 * calling again must give the same run.
 */
#include "schedule.h"

#include "dma.h"
#include "exceptions.h"
#include "peripherals.h"
#include "timing.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void service_events(struct Machine *m, uint64_t now)
{
    timer_service(m, now);
    watchdog_service(m, now);
    uart_service(m, now);
    dma_service(m, now);
    m->next_event = earlier(m->timer.due, earlier(m->watchdog.due, m->dma.due));
    m->next_event = earlier(m->next_event, earlier(m->uart[0].due, m->uart[1].due));
    for (int i = 0; i < 2; i++) {
        systick_service(&m->core[i], now);
        m->next_event = earlier(m->next_event, m->core[i].systick.due);
    }
}

/* Both cores sleep: time passes until something is due. False: the run ends here. */
static bool sleep_until_event(struct Machine *m)
{
    if (m->next_event == NEVER) {
        m->stop |= STOP_ASLEEP;
        for (int i = 0; i < 2; i++)
            if (handles_fault(&m->core[i])) end_handler(m, &m->core[i], FAULT_SLEEP);
        return false;
    }
    uint64_t until = earlier(m->next_event, m->stop_cycle);
    for (int i = 0; i < 2; i++)
        if (m->core[i].cycles < until) m->core[i].cycles = until;
    if (m->next_event >= m->stop_cycle) m->stop |= STOP_SLICE;
    return !m->stop;
}

/* Whether a core that runs in turns goes on from its last instruction, and not after one of the
 * other core's: then what it begins at the very cycle of an event still comes before it. */
static bool goes_on_in_turns(struct Machine *m)
{
    if (!m->went_on || !m->dual || !m->settings.exact) return false;
    if (m->current->cycles <= m->current->other->cycles) return true;
    m->current = m->current->other;
    m->went_on = false;
    return false;
}

bool schedule(struct Machine *m)
{
    const uint64_t quantum = m->settings.exact ? 0 : FUNCTIONAL_QUANTUM;
    for (;;) {
        if (UNLIKELY(m->fault.kind)) take_fault(m);
        if (UNLIKELY(m->rebooting)) reset_chip(m, m->current->cycles);
        if (m->stop) return false;
        const bool goes_on = goes_on_in_turns(m);
        uint64_t now = m->current->cycles;
        if (now - goes_on >= m->next_event) service_events(m, now);
        if (UNLIKELY(m->rebooting)) continue;
        for (int i = 0; i < 2; i++) poll_exceptions(m, &m->core[i], now);
        if (m->stop || m->fault.kind) continue;

        struct Core *c = m->current;
        m->dual = c->sleep == AWAKE && c->other->sleep == AWAKE;
        if (m->dual ? c->cycles > c->other->cycles + quantum : c->sleep != AWAKE) c = c->other;
        m->current = c;
        m->contended = m->dual || m->dma.due != NEVER ? SHARED : ALONE;
        if (m->bus.arbitrated) m->contended = ARBITRATED;
        if (c->sleep != AWAKE) {
            if (!sleep_until_event(m)) return false;
            continue;
        }
        if (c->cycles - goes_on >= m->next_event) continue; /* now is later, being another core's */
        if (c->cycles >= m->stop_cycle) {
            m->stop |= STOP_SLICE;
            return false;
        }
        m->handling = handles_fault(c) || handles_fault(c->other);
        if (UNLIKELY(m->handling) && never_gets_on(m, c)) {
            end_handler(m, c, FAULT_SPIN);
            return false;
        }
        m->horizon = earlier(m->next_event, m->stop_cycle - 1);
        m->limit = earlier(m->next_event, m->stop_cycle) - 1;
        if (m->dual) m->limit = earlier(c->other->cycles + quantum, m->limit);
        m->attention = m->went_on = false;
        return true;
    }
}
