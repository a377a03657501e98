/* SPDX-License-Identifier: Apache-2.0
 *
 * The 64-bit microsecond timer and its four alarms: RP2040 datasheet 4.6. It counts from reset, or
 * from what was written to it, by clock_hz, whatever the watchdog tick is set to.
 */
#include "exceptions.h"
#include "peripherals.h"

enum {
    TIMEHW = 0x00, TIMELW = 0x04, TIMEHR = 0x08, TIMELR = 0x0c, ALARM0 = 0x10, ARMED = 0x20,
    TIMERAWH = 0x24, TIMERAWL = 0x28, DBGPAUSE = 0x2c, PAUSE = 0x30,
    INTR = 0x34, INTE = 0x38, INTF = 0x3c, INTS = 0x40
};
#define MICRO 1000000u

/* Split in seconds and the rest, so that nothing overflows. */
static uint64_t microseconds(const struct Machine *m, uint64_t cycles)
{
    uint64_t hz = m->settings.clock_hz;
    return cycles / hz * MICRO + cycles % hz * MICRO / hz;
}

/* The first cycle of a microsecond. */
static uint64_t cycle_of(const struct Machine *m, uint64_t us)
{
    uint64_t hz = m->settings.clock_hz;
    return us / MICRO * hz + (us % MICRO * hz + MICRO - 1) / MICRO;
}

static uint64_t time_at(const struct Machine *m, uint64_t cycles)
{
    if (m->timer.held) return 0;
    return m->timer.paused ? m->timer.frozen : microseconds(m, cycles) + m->timer.offset;
}

static void update_irqs(struct Machine *m)
{
    uint32_t lines = (m->timer.raised | m->timer.force) & m->timer.enable;
    for (unsigned i = 0; i < 4; i++) set_irq(m, BOTH_CORES, IRQ_TIMER_0 + i, lines >> i & 1);
}

/* An alarm compares the low word for equality; one that has passed waits for the next 2^32 us. */
static void plan(struct Machine *m, uint64_t now)
{
    uint64_t us = time_at(m, now);
    m->timer.due = NEVER;
    if (m->timer.paused) return;
    for (unsigned i = 0; i < 4; i++) {
        if (!(m->timer.armed >> i & 1)) continue;
        uint64_t due = cycle_of(m, us + (uint32_t)(m->timer.alarm[i] - (uint32_t)us) -
                                      m->timer.offset);
        if (due < m->timer.due) m->timer.due = due;
    }
}

void timer_service(struct Machine *m, uint64_t now)
{
    /* Everything armed that matches between the due cycle and now; a service is never late by
     * more than an instruction, which may still cross a microsecond. */
    if (now < m->timer.due) return;
    uint32_t from = (uint32_t)time_at(m, m->timer.due), to = (uint32_t)time_at(m, now);
    for (unsigned i = 0; i < 4; i++) {
        if (!(m->timer.armed >> i & 1) || m->timer.alarm[i] - from > to - from) continue;
        m->timer.armed &= ~(1u << i);
        m->timer.raised |= 1u << i;
    }
    plan(m, now);
    update_irqs(m);
}

uint32_t timer_read(struct Machine *m, uint32_t offset, uint64_t t)
{
    uint64_t us = time_at(m, t);
    switch (offset) {
    case TIMEHR: return m->timer.latched_high;
    case TIMELR: m->timer.latched_high = (uint32_t)(us >> 32); return (uint32_t)us;
    case ALARM0: case ALARM0 + 4: case ALARM0 + 8: case ALARM0 + 12:
        return m->timer.alarm[(offset - ALARM0) / 4];
    case ARMED: return m->timer.armed;
    case TIMERAWH: return (uint32_t)(us >> 32);
    case TIMERAWL: return (uint32_t)us;
    case DBGPAUSE: return 7;
    case PAUSE: return m->timer.paused;
    case INTR: return m->timer.raised;
    case INTE: return m->timer.enable;
    case INTF: return m->timer.force;
    case INTS: return (m->timer.raised | m->timer.force) & m->timer.enable;
    }
    count_unmapped(m, 0x40054000u + offset, false);
    return 0;
}

static void set_time(struct Machine *m, uint64_t us, uint64_t t, bool paused)
{
    m->timer.paused = paused;
    m->timer.frozen = us;
    m->timer.offset = us - microseconds(m, t);
}

void timer_hold(struct Machine *m)
{
    m->timer = (struct Timer){.held = true, .due = NEVER};
    update_irqs(m);
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

void timer_release(struct Machine *m, uint64_t t)
{
    m->timer.held = false;
    set_time(m, 0, t, false);
}

void timer_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t)
{
    timer_service(m, t);
    switch (offset) {
    case ALARM0: case ALARM0 + 4: case ALARM0 + 8: case ALARM0 + 12: {
        unsigned i = (offset - ALARM0) / 4;
        m->timer.alarm[i] = value;
        m->timer.armed |= 1u << i;
        break;
    }
    case ARMED: m->timer.armed &= ~value; break;
    case INTR: m->timer.raised &= ~value; break;
    case INTE: m->timer.enable = apply_alias(m->timer.enable, value, alias) & 15; break;
    case INTF: m->timer.force = apply_alias(m->timer.force, value, alias) & 15; break;
    case DBGPAUSE: return; /* there is no debugger to pause for */
    case PAUSE:
        set_time(m, time_at(m, t), t, apply_alias(m->timer.paused, value, alias) & 1);
        break;
    case TIMELW: m->timer.low = value; return; /* takes effect with TIMEHW */
    case TIMEHW:
        set_time(m, (uint64_t)value << 32 | m->timer.low, t, m->timer.paused);
        break;
    default:
        count_unmapped(m, 0x40054000u + offset, true);
        return;
    }
    plan(m, t);
    update_irqs(m);
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}
