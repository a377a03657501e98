/* SPDX-License-Identifier: Apache-2.0
 *
 * The exception model (ARMv6-M ARM B1.5), special registers (B1.4.2, B5.2.3), NVIC (B3.4), SysTick
 * (B3.3) and the system control block (B3.2). A HardFault is not taken: it ends the run, with a
 * report. Memory protection and the unprivileged level are not modelled.
 */
#include "exceptions.h"

#include "bus.h"
#include "timing.h"

enum { PSR_THUMB = 1 << 24, PSR_ALIGNED = 1 << 9 };
enum { CONTROL_SPSEL = 2 };
enum { LOWEST_PRIORITY = 0x100 }; /* thread mode: anything preempts */

/* ---- special registers */

uint32_t read_xpsr(const struct Core *c)
{
    return (uint32_t)is_negative(&c->flags) << 31 | (uint32_t)is_zero(&c->flags) << 30 |
           c->flags.carry << 29 | (uint32_t)is_overflow(&c->flags) << 28 | PSR_THUMB | c->ipsr;
}

static void write_flags(struct Core *c, uint32_t psr)
{
    c->flags.nz = !(psr >> 30 & 1);
    if (psr >> 31) c->flags.nz |= INT64_MIN;
    c->flags.carry = psr >> 29 & 1;
    c->flags.overflow = psr << 3;
}

static void select_stack(struct Core *c, uint32_t control)
{
    if ((control ^ c->control) & CONTROL_SPSEL) {
        if (control & CONTROL_SPSEL) {
            c->msp = c->r[13];
            c->r[13] = c->psp;
        } else {
            c->psp = c->r[13];
            c->r[13] = c->msp;
        }
    }
    c->control = control;
}

uint32_t read_special(const struct Core *c, unsigned sysm)
{
    switch (sysm) {
    case 8: return c->control & CONTROL_SPSEL ? c->msp : c->r[13];
    case 9: return c->control & CONTROL_SPSEL ? c->r[13] : c->psp;
    case 16: return c->primask;
    case 20: return c->control;
    }
    if (sysm >= 8) return 0;
    /* xPSR views: bit 0 adds IPSR, bit 2 leaves out APSR; EPSR reads as zero. */
    uint32_t psr = read_xpsr(c);
    return (sysm & 4 ? 0 : psr & 0xf0000000u) | (sysm & 1 ? psr & 0x3f : 0);
}

void write_special(struct Core *c, unsigned sysm, uint32_t value)
{
    switch (sysm) {
    case 0: case 1: case 2: case 3: write_flags(c, value); break;
    case 8: *(c->control & CONTROL_SPSEL ? &c->msp : &c->r[13]) = value & ~3u; break;
    case 9: *(c->control & CONTROL_SPSEL ? &c->r[13] : &c->psp) = value & ~3u; break;
    case 16: c->primask = value & 1; break;
    case 20: /* the stack cannot be changed in handler mode */
        if (c->ipsr) value = (value & 1) | (c->control & CONTROL_SPSEL);
        select_stack(c, value & 3);
        break;
    }
}

/* ---- priorities (B1.5.4) */

static unsigned priority_of(const struct Core *c, unsigned exception)
{
    return exception >= EXCEPTION_IRQ0 ? c->nvic.priority[exception - EXCEPTION_IRQ0]
                                       : c->nvic.system_priority[exception];
}

static unsigned execution_priority(const struct Core *c, bool with_primask)
{
    unsigned priority = LOWEST_PRIORITY;
    for (uint64_t left = c->nvic.active; left; left &= left - 1) {
        unsigned p = priority_of(c, (unsigned)__builtin_ctzll(left));
        if (p < priority) priority = p;
    }
    return with_primask && c->primask ? 0 : priority;
}

/* The pending exception of the highest priority, lowest number first; 0 if there is none. */
static unsigned first_pending(const struct Core *c)
{
    unsigned best = 0;
    if (c->nvic.pendsv) best = EXCEPTION_PENDSV;
    if (c->nvic.systick && (!best || priority_of(c, EXCEPTION_SYSTICK) < priority_of(c, best)))
        best = EXCEPTION_SYSTICK;
    for (uint32_t left = c->nvic.pending & c->nvic.enabled; left; left &= left - 1) {
        unsigned n = EXCEPTION_IRQ0 + (unsigned)__builtin_ctz(left);
        if (!best || priority_of(c, n) < priority_of(c, best)) best = n;
    }
    return best;
}

/* ---- entry and return (B1.5.6, B1.5.8) */

static uint32_t vector(struct Machine *m, struct Core *c, unsigned exception)
{
    uint32_t value = 0;
    const uint8_t *p = plain_memory(m, c->vtor + 4 * exception, 4);
    if (p) memcpy(&value, p, 4);
    return value;
}

/* Starts fetching at `pc`, which costs what the memory makes it cost. */
static bool go_to(struct Machine *m, struct Core *c, uint32_t pc)
{
    if (!set_pc(m, c, pc)) return raise_fault(m, c, FAULT_FETCH, pc, 0);
    if (m->settings.exact) c->cycles += (unsigned)fetch_stall(m, c, c->ip, c->cycles);
    return true;
}

static bool enter_exception(struct Machine *m, struct Core *c, unsigned exception)
{
    uint32_t sp = c->r[13];
    uint32_t padded = sp >> 2 & 1;
    uint32_t frame[8] = {c->r[0], c->r[1], c->r[2], c->r[3], c->r[12], c->r[14],
                         pc_of(c, c->ip), read_xpsr(c) | padded * PSR_ALIGNED};
    sp = (sp - sizeof frame) & ~7u;
    uint8_t *stack = plain_memory(m, sp, sizeof frame);
    if (!stack || sp < SRAM_BASE) return raise_fault(m, c, FAULT_WRITE, sp, 0);
    memcpy(stack, frame, sizeof frame);
    forget_code(m, sp - SRAM_BASE, sizeof frame);
    count_words(m, sp, 8);
    count_words(m, c->vtor + 4 * exception, 1);

    c->r[14] = c->ipsr ? 0xfffffff1u : c->control & CONTROL_SPSEL ? 0xfffffffdu : 0xfffffff9u;
    c->r[13] = sp;
    select_stack(c, c->control & ~(uint32_t)CONTROL_SPSEL);
    c->ipsr = exception;
    c->nvic.active |= 1ull << exception;
    if (exception == EXCEPTION_PENDSV) c->nvic.pendsv = false;
    else if (exception == EXCEPTION_SYSTICK) c->nvic.systick = false;
    else if (exception >= EXCEPTION_IRQ0) c->nvic.pending &= ~(1u << (exception - EXCEPTION_IRQ0));
    c->event = true; /* an exception taken counts as an event (B1.5.18) */

    uint32_t target = vector(m, c, exception);
    if (!(target & 1)) return raise_fault(m, c, FAULT_STATE, target, exception);
    c->cycles += CYCLES_EXCEPTION;
    return go_to(m, c, target);
}

bool take_svc(struct Machine *m, struct Core *c, uint32_t immediate)
{
    if (priority_of(c, EXCEPTION_SVC) >= execution_priority(c, true))
        return raise_fault(m, c, FAULT_SVC, 0, immediate);
    return enter_exception(m, c, EXCEPTION_SVC);
}

bool return_from_exception(struct Machine *m, struct Core *c, uint32_t exc_return)
{
    unsigned ended = c->ipsr;
    c->nvic.active &= ~(1ull << ended);
    bool to_handler = exc_return == 0xfffffff1u, to_process = exc_return == 0xfffffffdu;
    bool known = to_handler || to_process || exc_return == 0xfffffff9u;
    if (!known || to_handler == (c->nvic.active == 0))
        return raise_fault(m, c, FAULT_RETURN, exc_return, 0);
    /* An interrupt whose input is still high is pending again (B3.4.1). */
    if (ended >= EXCEPTION_IRQ0)
        c->nvic.pending |= c->nvic.lines & 1u << (ended - EXCEPTION_IRQ0);

    uint32_t main_stack = c->control & ~(uint32_t)CONTROL_SPSEL;
    select_stack(c, to_process ? main_stack | CONTROL_SPSEL : main_stack);
    uint32_t frame[8];
    const uint32_t frame_size = sizeof frame;
    const uint8_t *stack = plain_memory(m, c->r[13], frame_size);
    if (!stack) return raise_fault(m, c, FAULT_READ, c->r[13], 0);
    memcpy(frame, stack, frame_size);
    count_words(m, c->r[13], 8);
    memcpy(c->r, frame, 4 * sizeof *frame);
    c->r[12] = frame[4];
    c->r[14] = frame[5];
    uint32_t psr = frame[7];
    c->r[13] += frame_size + (psr & PSR_ALIGNED ? 4 : 0);
    write_flags(c, psr);
    c->ipsr = psr & 0x3f;
    if (!(psr & PSR_THUMB)) return raise_fault(m, c, FAULT_STATE, frame[6], 0);
    if (!c->ipsr == to_handler) return raise_fault(m, c, FAULT_RETURN, exc_return, 0);
    c->event = true;
    c->cycles += CYCLES_EXCEPTION_RETURN;
    if (!c->ipsr && c->nvic.sleep_on_exit) c->sleep = SLEEP_WFI;
    return go_to(m, c, frame[6]);
}

/* ---- pending and waking */

void send_event(struct Machine *m)
{
    m->core[0].event = m->core[1].event = true;
    request_attention(m);
}

static void set_pending(struct Machine *m, struct Core *c, uint32_t bits)
{
    if (c->nvic.event_on_pending && bits & ~c->nvic.pending) c->event = true;
    c->nvic.pending |= bits;
    request_attention(m);
}

void set_irq(struct Machine *m, unsigned cores, unsigned irq, bool level)
{
    uint32_t bit = 1u << irq;
    for (unsigned i = 0; i < 2; i++) {
        struct Core *c = &m->core[i];
        if (!(cores >> i & 1) || level == (c->nvic.lines >> irq & 1)) continue;
        c->nvic.lines ^= bit;
        if (level) set_pending(m, c, bit);
    }
}

static bool may_preempt(const struct Core *c, bool with_primask)
{
    unsigned n = first_pending(c);
    return n && priority_of(c, n) < execution_priority(c, with_primask);
}

bool wakes_wfi(const struct Core *c)
{
    return may_preempt(c, false); /* PRIMASK does not hold WFI (B1.5.19) */
}

void poll_exceptions(struct Machine *m, struct Core *c, uint64_t now)
{
    if (c->sleep == SLEEP_RESET) return;
    if (c->sleep != AWAKE) {
        bool wakes = c->sleep == SLEEP_WFI ? wakes_wfi(c) : c->event || may_preempt(c, true);
        if (!wakes) return;
        if (c->sleep == SLEEP_WFE) c->event = false;
        c->sleep = AWAKE;
        if (c->cycles < now) c->cycles = now;
    }
    if (may_preempt(c, true)) enter_exception(m, c, first_pending(c));
}

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
    return (uint32_t)c->nvic.pendsv << 28 | (uint32_t)c->nvic.systick << 26 |
           (uint32_t)(c->nvic.pending != 0) << 22 | first_pending(c) << 12 | c->ipsr;
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
