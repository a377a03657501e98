/* SPDX-License-Identifier: Apache-2.0
 *
 * Exceptions, NVIC, SysTick and the system control block of each core.
 */
#ifndef SYNCER_EXCEPTIONS_H
#define SYNCER_EXCEPTIONS_H

#include "machine.h"

/* Sets the level of interrupt input `irq` of the cores given (ONLY_CORE_0, BOTH_CORES, ...). */
void set_irq(struct Machine *m, unsigned cores, unsigned irq, bool level);
/* SEV: sets both event registers. */
void send_event(struct Machine *m);

/* Wakes the core if something pending does, and takes the exception that may preempt, if any. */
void poll_exceptions(struct Machine *m, struct Core *c, uint64_t now);
/* Each: false after a fault. */
bool take_svc(struct Machine *m, struct Core *c, uint32_t immediate);
bool return_from_exception(struct Machine *m, struct Core *c, uint32_t exc_return);
/* An interrupt that would wake WFI is pending. */
bool wakes_wfi(const struct Core *c);

uint32_t read_xpsr(const struct Core *c);
uint32_t read_special(const struct Core *c, unsigned sysm);
void write_special(struct Core *c, unsigned sysm, uint32_t value);

/* Marks SysTick exceptions due at `now` as pending; the next due cycle is in c->systick.due. */
void systick_service(struct Core *c, uint64_t now);

/* The private peripheral bus, 0xe000e000. */
uint32_t system_read(struct Machine *m, struct Core *c, uint32_t address, uint64_t t);
bool system_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t);

#endif
