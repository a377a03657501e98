/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults. What a core does wrong becomes a HardFault (ARMv6-M ARM B1.5.3, B1.5.5), which the
 * firmware's own handler takes. Everything is kept as it was at the fault, for the report if the run
 * ends there: the firmware has no handler of its own (a BKPT, a branch to itself, the boot ROM's), or
 * the fault came within a HardFault's or NMI's handler, or that handler gets nowhere: a breakpoint, a
 * branch to itself, asleep for good.
 */
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "exceptions.h"

enum { BRANCH_TO_ITSELF = 0xe7fe, BKPT = 0xbe };
#define PSR_THUMB (1u << 24)

bool raise_fault(struct Machine *m, struct Core *c, enum FaultKind kind, uint32_t address,
                 uint32_t detail)
{
    if (!m->fault.kind)
        m->fault = (struct Fault){kind, c->id, pc_of(c, c->ip), address, detail};
    request_attention(m);
    return false;
}

static bool is_cores(enum FaultKind kind)
{
    switch (kind) {
    case FAULT_READ: case FAULT_WRITE: case FAULT_FETCH: case FAULT_UNALIGNED:
    case FAULT_UNDEFINED: case FAULT_BREAKPOINT: case FAULT_STATE: case FAULT_RETURN:
    case FAULT_SVC: case FAULT_RUNAWAY:
        return true;
    default: return false;
    }
}

/* ---- what is kept */

static void keep_crash(struct Machine *m, const struct Core *c)
{
    struct CrashState *kept = &m->crash[c->id];
    kept->crash = (struct Crash){.fault = m->fault, .cycles = c->cycles};
    for (uint32_t core = 0; core < 2; core++)
        machine_registers(m, core, &kept->crash.registers[core]);
    if (!kept->sram) kept->sram = malloc(SRAM_SIZE);
    if (kept->sram) memcpy(kept->sram, m->sram, SRAM_SIZE);
}

void forget_crash(struct Machine *m, const struct Core *c)
{
    m->crash[c->id].crash.fault.kind = FAULT_NONE;
}

bool machine_crash(const struct Machine *m, uint32_t core, struct Crash *out)
{
    *out = m->crash[core & 1].crash;
    return out->fault.kind;
}

bool machine_crash_memory(const struct Machine *m, uint32_t core, uint32_t address, uint8_t *out,
                          size_t size)
{
    const uint8_t *sram = m->crash[core & 1].sram;
    if (!sram || address - SRAM_BASE >= SRAM_SIZE || size > SRAM_SIZE - (address - SRAM_BASE))
        return machine_peek(m, address, out, size);
    memcpy(out, sram + (address - SRAM_BASE), size);
    return true;
}

/* ---- handlers */

static uint32_t halfword(const struct Machine *m, uint32_t pc)
{
    uint16_t value = 0;
    machine_peek(m, pc, (uint8_t *)&value, sizeof value);
    return value;
}

static bool is_own_handler(struct Machine *m, uint32_t target)
{
    struct Core probe;
    if (!(target & 1) || target < ROM_SIZE || !set_pc(m, &probe, target)) return false;
    uint32_t first = halfword(m, target & ~1u);
    return first >> 8 != BKPT && first != BRANCH_TO_ITSELF;
}

/* B1.5.6: the handler returns to the instruction that faulted, which is the target of a branch that got
 * nowhere. A bad EXC_RETURN has popped nothing, so nothing is pushed (B1.5.8). */
static bool enter_hard_fault(struct Machine *m, struct Core *c, const struct Fault *f)
{
    bool got_there = f->kind == FAULT_FETCH || f->kind == FAULT_STATE;
    uint32_t xpsr = read_xpsr(c) & ~(f->kind == FAULT_STATE ? PSR_THUMB : 0);
    uint32_t exc_return = return_value(c);
    if (f->kind == FAULT_RETURN) exc_return = 0xf0000000u | f->address;
    else if (!push_frame(m, c, got_there ? f->address & ~1u : pc_of(c, c->ip), xpsr)) return false;
    return begin_exception(m, c, EXCEPTION_HARD_FAULT, exc_return);
}

static void end_by(struct Machine *m, const struct Core *c, const struct Fault *end)
{
    struct Crash *crash = &m->crash[c->id].crash;
    crash->end = *end;
    crash->end_cycles = c->cycles;
    m->fault = crash->fault;
    m->current = &m->core[c->id];
    m->stop |= STOP_FAULT;
}

void end_handler(struct Machine *m, const struct Core *c, enum FaultKind kind)
{
    end_by(m, c, &(struct Fault){kind, c->id, pc_of(c, c->ip), 0, 0});
}

void take_fault(struct Machine *m)
{
    const struct Fault f = m->fault;
    struct Core *c = &m->core[f.core];
    struct Crash *crash = &m->crash[f.core].crash;
    if (!is_cores(f.kind)) {
        m->stop |= STOP_FAULT;
        return;
    }
    if (handles_fault(c) && crash->fault.kind) { /* lockup */
        end_by(m, c, &f);
        return;
    }
    keep_crash(m, c);
    if (faults_lock_up(c) || !is_own_handler(m, vector(m, c, EXCEPTION_HARD_FAULT))) {
        m->stop |= STOP_FAULT;
        return;
    }
    m->fault.kind = FAULT_NONE;
    crash->handled = true;
    if (!enter_hard_fault(m, c, &f)) {
        const struct Fault end = m->fault;
        end_by(m, c, &end);
    }
}

bool never_gets_on(struct Machine *m, const struct Core *c)
{
    bool waits_for_watchdog = m->settings.reboots && m->watchdog.due != NEVER;
    return handles_fault(c) && !waits_for_watchdog &&
           halfword(m, pc_of(c, c->ip)) == BRANCH_TO_ITSELF;
}
