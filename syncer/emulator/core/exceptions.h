/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions, NVIC, SysTick and the system control block of each core; faults.
 */
#ifndef SYNCER_EXCEPTIONS_H
#define SYNCER_EXCEPTIONS_H

#include "machine.h"

/* Sets the level of interrupt input `irq` of the cores given (ONLY_CORE_0, BOTH_CORES, ...). */
void set_irq(struct Machine *m, unsigned cores, unsigned irq, bool level);
/* Interrupts become pending by what is not an input. */
void set_pending(struct Machine *m, struct Core *c, uint32_t bits);
/* Which of a core's interrupt inputs are its NMI's too (SYSCFG, RP2040 datasheet 2.21). */
void set_nmi_mask(struct Machine *m, struct Core *c, uint32_t mask);
/* SEV: sets both event registers. */
void send_event(struct Machine *m);

/* Wakes the core if something pending does, and takes the exception that may preempt, if any. */
void poll_exceptions(struct Machine *m, struct Core *c, uint64_t now);
/* Each: false after a fault. */
bool take_svc(struct Machine *m, struct Core *c, uint32_t immediate);
bool return_from_exception(struct Machine *m, struct Core *c, uint32_t exc_return);
/* An interrupt that would wake WFI is pending. */
bool wakes_wfi(const struct Core *c);

/* The pending exception of the highest priority, lowest number first; 0 if there is none. */
unsigned first_pending(const struct Core *c);

/* The parts of taking an exception, for fault.c: eight words onto the stack; its vector; what its
 * handler is to return by; the rest. False: a fault. */
bool push_frame(struct Machine *m, struct Core *c, uint32_t return_address, uint32_t xpsr);
uint32_t vector(struct Machine *m, const struct Core *c, unsigned exception);
uint32_t return_value(const struct Core *c);
bool begin_exception(struct Machine *m, struct Core *c, unsigned exception, uint32_t exc_return);
/* A fault now would find a HardFault or NMI being handled. */
bool faults_lock_up(const struct Core *c);

/* fault.c. The core whose m->fault it is goes on in its HardFault handler, or the run ends. */
void take_fault(struct Machine *m);
/* A core that handles a HardFault is looked at before each of its instructions (m->handling): whether it
 * will never get any further. */
bool never_gets_on(struct Machine *m, const struct Core *c);
/* The run ends since a handler has got nowhere, asleep or turning round. */
void end_handler(struct Machine *m, const struct Core *c, enum FaultKind kind);
/* A core has returned from its HardFault handler, or was reset. */
void forget_crash(struct Machine *m, const struct Core *c);

static inline bool handles_fault(const struct Core *c)
{
    return c->nvic.active >> EXCEPTION_HARD_FAULT & 1;
}

uint32_t read_xpsr(const struct Core *c);
uint32_t read_special(const struct Core *c, unsigned sysm);
void write_special(struct Core *c, unsigned sysm, uint32_t value);

/* Marks SysTick exceptions due at `now` as pending; the next due cycle is in c->systick.due. */
void systick_service(struct Core *c, uint64_t now);

/* The private peripheral bus, 0xe000e000. */
uint32_t system_read(struct Machine *m, struct Core *c, uint32_t address, uint64_t t);
bool system_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t);

#endif
