/* SPDX-License-Identifier: Apache-2.0
 *
 * Each core's private peripheral bus: SysTick (ARMv6-M ARM B3.3), NVIC (B3.4) and the system control block
 * (B3.2). Memory protection is not modelled.
 */
#include "exceptions.h"

#include <string.h>

/* ---- SysTick (B3.3): counts clk_sys down from RELOAD to 0, RELOAD + 1 cycles each round */

enum { SYSTICK_ENABLE = 1, SYSTICK_TICKINT = 2, SYSTICK_COUNTFLAG = 1 << 16 };

static uint32_t systick_value(const struct SysTick *s, uint64_t t)
{
    uint64_t round = (uint64_t)s->reload + 1;
    if (!(s->control & SYSTICK_ENABLE)) return s->stopped_at;
    if (t <= s->zero_at) return (uint32_t)(s->zero_at - t); /* the first, shorter round */
    uint64_t since = (t - s->zero_at) % round;
    return since ? (uint32_t)(round - since) : 0;
}

/* From `t` on the counter goes down from `value`. */
static void systick_start(struct SysTick *s, uint32_t value, uint64_t t)
{
    s->stopped_at = value;
    if (!(s->control & SYSTICK_ENABLE)) {
        s->due = NEVER;
        return;
    }
    s->zero_at = t + value;
    s->due = value ? s->zero_at : s->reload ? t + s->reload + 1 : NEVER;
}

void systick_service(struct Core *c, uint64_t now)
{
    struct SysTick *s = &c->systick;
    if (now < s->due) return;
    s->wrapped = true;
    if (s->control & SYSTICK_TICKINT) c->nvic.systick = true;
    uint64_t round = (uint64_t)s->reload + 1;
    s->due = s->reload ? s->due + ((now - s->due) / round + 1) * round : NEVER;
}

static uint32_t systick_read(struct Core *c, uint32_t offset, uint64_t t)
{
    struct SysTick *s = &c->systick;
    switch (offset) {
    case 0x10: {
        systick_service(c, t);
        uint32_t value = s->control | (s->wrapped ? SYSTICK_COUNTFLAG : 0);
        s->wrapped = false;
        return value;
    }
    case 0x14: return s->reload;
    case 0x18: return systick_value(s, t);
    default: return 0; /* CALIB: no reference is known */
    }
}

static void systick_write(struct Machine *m, struct Core *c, uint32_t offset, uint32_t value,
                          uint64_t t)
{
    struct SysTick *s = &c->systick;
    systick_service(c, t);
    uint32_t current = systick_value(s, t);
    switch (offset) {
    case 0x10: s->control = value & 7; break;
    case 0x14: s->reload = value & 0xffffff; break;
    case 0x18: current = 0; s->wrapped = false; break;
    }
    systick_start(s, current, t);
    m->next_event = 0;
    request_attention(m);
}

/* ---- registers (B3.2.2, B3.4.3) */

enum {
    ICSR = 0xd04, VTOR = 0xd08, AIRCR = 0xd0c, SCR = 0xd10, CCR = 0xd14, SHPR2 = 0xd1c,
    SHPR3 = 0xd20,
    NVIC_ISER = 0x100, NVIC_ICER = 0x180, NVIC_ISPR = 0x200, NVIC_ICPR = 0x280,
    NVIC_IPR = 0x400, NVIC_IPR_END = 0x420, CPUID_BASE = 0xd00
};

static uint32_t icsr(const struct Core *c)
{
    return (uint32_t)c->nvic.nmi << 31 | (uint32_t)c->nvic.pendsv << 28 | (uint32_t)c->nvic.systick << 26 |
           (uint32_t)(c->nvic.pending != 0) << 22 | (uint32_t)first_pending(c) << 12 | c->ipsr;
}

uint32_t system_read(struct Machine *m, struct Core *c, uint32_t address, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    if (address >> 12 != 0xe000e) {
        count_unmapped(m, address, false);
        return 0;
    }
    if (offset >= 0x10 && offset < 0x20) return systick_read(c, offset, t);
    if (offset >= NVIC_IPR && offset < NVIC_IPR_END) {
        uint32_t value;
        memcpy(&value, c->nvic.priority + (offset - NVIC_IPR), 4);
        return value;
    }
    switch (offset) {
    case NVIC_ISER: case NVIC_ICER: return c->nvic.enabled;
    case NVIC_ISPR: case NVIC_ICPR: return c->nvic.pending;
    case CPUID_BASE: return 0x410cc601; /* Cortex-M0+ r0p1 */
    case ICSR: return icsr(c);
    case VTOR: return c->vtor;
    case AIRCR: return 0xfa050000;
    case SCR: return (uint32_t)c->nvic.sleep_on_exit << 1 | (uint32_t)c->nvic.event_on_pending << 4;
    case CCR: return 0x208; /* unaligned accesses trap, frames are 8-byte aligned */
    case SHPR2: return (uint32_t)c->nvic.system_priority[EXCEPTION_SVC] << 24;
    case SHPR3:
        return (uint32_t)c->nvic.system_priority[EXCEPTION_PENDSV] << 16 |
               (uint32_t)c->nvic.system_priority[EXCEPTION_SYSTICK] << 24;
    }
    count_unmapped(m, address, false);
    return 0;
}

static void write_icsr(struct Core *c, uint32_t value)
{
    if (value >> 31) c->nvic.nmi = true;
    if (value >> 28 & 1) c->nvic.pendsv = true;
    if (value >> 27 & 1) c->nvic.pendsv = false;
    if (value >> 26 & 1) c->nvic.systick = true;
    if (value >> 25 & 1) c->nvic.systick = false;
}

bool system_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t)
{
    uint32_t offset = address & 0xfff;
    if (address >> 12 != 0xe000e) {
        count_unmapped(m, address, true);
        return true;
    }
    if (offset >= 0x10 && offset < 0x20) {
        systick_write(m, c, offset, value, t);
        return true;
    }
    request_attention(m);
    if (offset >= NVIC_IPR && offset < NVIC_IPR_END) {
        value &= 0xc0c0c0c0;
        memcpy(c->nvic.priority + (offset - NVIC_IPR), &value, 4);
        return true;
    }
    switch (offset) {
    case NVIC_ISER: c->nvic.enabled |= value; return true;
    case NVIC_ICER: c->nvic.enabled &= ~value; return true;
    case NVIC_ISPR: set_pending(m, c, value); return true;
    case NVIC_ICPR: /* an input that is still high stays pending */
        c->nvic.pending = (c->nvic.pending & ~value) | (c->nvic.lines & value);
        return true;
    case ICSR: write_icsr(c, value); return true;
    case VTOR: c->vtor = value & ~0xffu; return true;
    case AIRCR:
        if (value >> 16 == 0x05fa && value & 4) return raise_fault(m, c, FAULT_RESET, address, 0);
        return true;
    case SCR:
        c->nvic.sleep_on_exit = value >> 1 & 1;
        c->nvic.event_on_pending = value >> 4 & 1;
        return true;
    case SHPR2: c->nvic.system_priority[EXCEPTION_SVC] = value >> 24 & 0xc0; return true;
    case SHPR3:
        c->nvic.system_priority[EXCEPTION_PENDSV] = value >> 16 & 0xc0;
        c->nvic.system_priority[EXCEPTION_SYSTICK] = value >> 24 & 0xc0;
        return true;
    }
    count_unmapped(m, address, true);
    return true;
}
