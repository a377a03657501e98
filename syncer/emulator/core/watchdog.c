/* SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog's counter: RP2040 datasheet 4.7. It counts by clock_hz, whatever its tick is set to,
 * and twice each microsecond (erratum RP2040-E1). When it comes to 0 the run ends.
 */
#include "peripherals.h"

enum { CTRL = 0x00, LOAD = 0x04, REASON = 0x08, TICK = 0x2c };
enum { TIME = 0xffffff, ENABLE = 1 << 30, TICK_RUNNING = 0x600 };
#define COUNTS 2000000u /* a second */

/* What is left to count at cycle `t`. */
static uint32_t left_at(const struct Machine *m, uint64_t t)
{
    if (m->watchdog.due == NEVER) return m->watchdog.left;
    if (t >= m->watchdog.due) return 0;
    return (uint32_t)((m->watchdog.due - t) * COUNTS / m->settings.clock_hz);
}

void watchdog_service(struct Machine *m, uint64_t now)
{
    if (now < m->watchdog.due) return;
    m->watchdog.due = NEVER;
    raise_fault(m, m->current, FAULT_WATCHDOG, 0, 0);
}

uint32_t watchdog_read(struct Machine *m, const uint32_t *stored, uint32_t offset, uint64_t t)
{
    switch (offset) {
    case CTRL: return stored[CTRL / 4] | left_at(m, t);
    case REASON: return 0; /* power-on */
    case TICK: return stored[TICK / 4] | TICK_RUNNING;
    }
    return stored[offset / 4];
}

bool watchdog_write(struct Machine *m, struct Core *c, uint32_t *stored, uint32_t address,
                    uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff, alias = address >> 12 & 3;
    struct Watchdog *w = &m->watchdog;
    if (offset == CTRL) w->left = left_at(m, t);
    stored[offset / 4] = apply_alias(stored[offset / 4], value, alias);
    if (offset == CTRL && stored[CTRL / 4] >> 31)
        return raise_fault(m, c, FAULT_RESET, address, 0);
    if (offset == CTRL) stored[CTRL / 4] &= ~(uint32_t)TIME;
    else if (offset == LOAD) w->left = stored[LOAD / 4] & TIME;
    else return true;
    bool on = stored[CTRL / 4] & ENABLE;
    w->due = on ? t + (uint64_t)w->left * m->settings.clock_hz / COUNTS : NEVER;
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
    return true;
}
