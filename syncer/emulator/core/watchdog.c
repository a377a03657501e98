/* SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog: RP2040 datasheet 4.7. It counts by clock_hz, whatever its tick is set to, and twice each
 * microsecond (erratum RP2040-E1). When it comes to 0, or TRIGGER is set, the chip is reset (psm.c), or
 * the run ends, as the machine's settings have it. Its own registers outlast that (4.7.1).
 */
#include "peripherals.h"

enum { CTRL = 0x00, LOAD = 0x04, REASON = 0x08, TICK = 0x2c, LAST = TICK };
enum { TIME = 0xffffff, ENABLE = 1 << 30, TICK_RUNNING = 0x600 };
#define TRIGGER (1u << 31)
enum { REASON_TIMER = 1, REASON_FORCE = 2 };
#define CTRL_RESET 0x07000000u /* pauses for debuggers, of which there are none */
#define COUNTS 2000000u        /* a second */

/* What is left to count at cycle `t`. */
static uint32_t left_at(const struct Machine *m, uint64_t t)
{
    if (m->watchdog.due == NEVER) return m->watchdog.left;
    if (t >= m->watchdog.due) return 0;
    return (uint32_t)((m->watchdog.due - t) * COUNTS / m->settings.clock_hz);
}

static void fire(struct Machine *m, uint32_t reason)
{
    m->apb[WATCHDOG][REASON / 4] = reason;
    m->rebooting = true;
    request_attention(m);
}

void watchdog_power_on(struct Machine *m)
{
    m->watchdog = (struct Watchdog){.due = NEVER};
    m->apb[WATCHDOG][CTRL / 4] = CTRL_RESET;
}

void watchdog_service(struct Machine *m, uint64_t now)
{
    if (now < m->watchdog.due) return;
    m->watchdog = (struct Watchdog){.due = NEVER};
    if (m->settings.reboots) fire(m, REASON_TIMER);
    else raise_fault(m, m->current, FAULT_WATCHDOG, 0, 0);
}

uint32_t watchdog_read(struct Machine *m, uint32_t offset, uint64_t t)
{
    const uint32_t *stored = m->apb[WATCHDOG];
    switch (offset) {
    case CTRL: return stored[CTRL / 4] | left_at(m, t);
    case LOAD: return 0;
    case TICK: return stored[TICK / 4] | TICK_RUNNING;
    }
    return stored[offset / 4];
}

bool watchdog_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff, alias = address >> 12 & 3;
    uint32_t *stored = &m->apb[WATCHDOG][offset / 4];
    struct Watchdog *w = &m->watchdog;
    if (offset == REASON || offset > LAST) return true;
    if (offset != CTRL && offset != LOAD) {
        *stored = apply_alias(*stored, value, alias);
        return true;
    }
    bool was_on = m->apb[WATCHDOG][CTRL / 4] & ENABLE, on = was_on;
    w->left = left_at(m, t);
    if (offset == LOAD) {
        w->left = value & TIME;
    } else {
        value = apply_alias(*stored, value, alias);
        *stored = value & ~(TRIGGER | TIME);
        on = value & ENABLE;
    }
    /* One that has fired goes on once it is loaded. */
    bool counts = on && (w->left || offset == LOAD || !was_on);
    w->due = counts ? t + (uint64_t)w->left * m->settings.clock_hz / COUNTS : NEVER;
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
    if (offset != CTRL || !(value & TRIGGER)) return true;
    if (!m->settings.reboots) return raise_fault(m, c, FAULT_RESET, address, 0);
    fire(m, REASON_FORCE);
    return true;
}
