/* SPDX-License-Identifier: Apache-2.0
 *
 * The exception model (ARMv6-M ARM B1.5) and special registers (B1.4.2, B5.2.3). The unprivileged
 * level is not modelled. What becomes of a fault: fault.c.
 */
#include "exceptions.h"

#include "bus.h"
#include "timing.h"

enum { PSR_THUMB = 1 << 24, PSR_ALIGNED = 1 << 9 };
enum { CONTROL_SPSEL = 2 };
enum { LOWEST_PRIORITY = 0x100, HARD_FAULT_PRIORITY = -1, NMI_PRIORITY = -2 }; /* the first: thread mode */

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

static int priority_of(const struct Core *c, unsigned exception)
{
    if (exception == EXCEPTION_NMI) return NMI_PRIORITY;
    if (exception == EXCEPTION_HARD_FAULT) return HARD_FAULT_PRIORITY;
    return exception >= EXCEPTION_IRQ0 ? c->nvic.priority[exception - EXCEPTION_IRQ0]
                                       : c->nvic.system_priority[exception];
}

static int execution_priority(const struct Core *c, bool with_primask)
{
    int priority = LOWEST_PRIORITY;
    for (uint64_t left = c->nvic.active; left; left &= left - 1) {
        int p = priority_of(c, (unsigned)__builtin_ctzll(left));
        if (p < priority) priority = p;
    }
    return with_primask && c->primask && priority > 0 ? 0 : priority;
}

unsigned first_pending(const struct Core *c)
{
    unsigned best = 0;
    if (c->nvic.nmi) return EXCEPTION_NMI;
    if (c->nvic.pendsv) best = EXCEPTION_PENDSV;
    if (c->nvic.systick && (!best || priority_of(c, EXCEPTION_SYSTICK) < priority_of(c, best)))
        best = EXCEPTION_SYSTICK;
    for (uint32_t left = c->nvic.pending & c->nvic.enabled; left; left &= left - 1) {
        unsigned n = EXCEPTION_IRQ0 + (unsigned)__builtin_ctz(left);
        if (!best || priority_of(c, n) < priority_of(c, best)) best = n;
    }
    return best;
}

bool faults_lock_up(const struct Core *c)
{
    return execution_priority(c, false) <= HARD_FAULT_PRIORITY;
}

/* ---- entry and return (B1.5.6, B1.5.8) */

uint32_t vector(struct Machine *m, const struct Core *c, unsigned exception)
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

bool push_frame(struct Machine *m, struct Core *c, uint32_t return_address, uint32_t xpsr)
{
    uint32_t sp = c->r[13];
    uint32_t padded = sp >> 2 & 1;
    uint32_t frame[8] = {c->r[0], c->r[1], c->r[2], c->r[3], c->r[12], c->r[14],
                         return_address, xpsr | padded * PSR_ALIGNED};
    sp = (sp - sizeof frame) & ~7u;
    uint8_t *stack = plain_memory(m, sp, sizeof frame);
    if (!stack || sp < SRAM_BASE) return raise_fault(m, c, FAULT_WRITE, sp, 0);
    memcpy(stack, frame, sizeof frame);
    forget_code(m, sp - SRAM_BASE, sizeof frame);
    count_words(m, sp, 8);
    c->r[13] = sp;
    return true;
}

uint32_t return_value(const struct Core *c)
{
    return c->ipsr ? 0xfffffff1u : c->control & CONTROL_SPSEL ? 0xfffffffdu : 0xfffffff9u;
}

bool begin_exception(struct Machine *m, struct Core *c, unsigned exception, uint32_t exc_return)
{
    c->r[14] = exc_return;
    select_stack(c, c->control & ~(uint32_t)CONTROL_SPSEL);
    c->ipsr = exception;
    c->nvic.active |= 1ull << exception;
    if (exception == EXCEPTION_NMI) c->nvic.nmi = false;
    else if (exception == EXCEPTION_PENDSV) c->nvic.pendsv = false;
    else if (exception == EXCEPTION_SYSTICK) c->nvic.systick = false;
    else if (exception >= EXCEPTION_IRQ0) c->nvic.pending &= ~(1u << (exception - EXCEPTION_IRQ0));
    c->event = true; /* an exception taken counts as an event (B1.5.18) */

    uint32_t target = vector(m, c, exception);
    count_words(m, c->vtor + 4 * exception, 1);
    if (!(target & 1)) return raise_fault(m, c, FAULT_STATE, target, exception);
    c->cycles += CYCLES_EXCEPTION;
    return go_to(m, c, target);
}

static bool enter_exception(struct Machine *m, struct Core *c, unsigned exception)
{
    return push_frame(m, c, pc_of(c, c->ip), read_xpsr(c)) &&
           begin_exception(m, c, exception, return_value(c));
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
    else if (ended == EXCEPTION_NMI) c->nvic.nmi |= c->nvic.lines & c->nvic.nmi_mask;
    else if (ended == EXCEPTION_HARD_FAULT) forget_crash(m, c);

    uint32_t main_stack = c->control & ~(uint32_t)CONTROL_SPSEL;
    select_stack(c, to_process ? main_stack | CONTROL_SPSEL : main_stack);
    uint32_t frame[8];
    const uint32_t frame_size = sizeof frame;
    const uint8_t *stack = plain_memory(m, c->r[13], frame_size);
    if (!stack) return raise_fault(m, c, FAULT_READ, c->r[13], 0);
    memcpy(frame, stack, frame_size);
    count_words(m, c->r[13], 8);
    uint32_t psr = frame[7];
    if (!(psr & 0x3f) == to_handler) return raise_fault(m, c, FAULT_RETURN, exc_return, 0);
    memcpy(c->r, frame, 4 * sizeof *frame);
    c->r[12] = frame[4];
    c->r[14] = frame[5];
    c->r[13] += frame_size + (psr & PSR_ALIGNED ? 4 : 0);
    write_flags(c, psr);
    c->ipsr = psr & 0x3f;
    if (!(psr & PSR_THUMB)) return raise_fault(m, c, FAULT_STATE, frame[6], 0);
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

void set_pending(struct Machine *m, struct Core *c, uint32_t bits)
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
        if (level && !(c->nvic.lines & ~bit & c->nvic.nmi_mask)) c->nvic.nmi |= bit & c->nvic.nmi_mask;
    }
}

void set_nmi_mask(struct Machine *m, struct Core *c, uint32_t mask)
{
    bool was_high = c->nvic.lines & c->nvic.nmi_mask;
    c->nvic.nmi_mask = mask;
    if (!was_high && c->nvic.lines & mask) c->nvic.nmi = true;
    request_attention(m);
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
