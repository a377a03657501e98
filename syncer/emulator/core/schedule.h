/* SPDX-License-Identifier: Apache-2.0
 *
 * Which core runs next, and for how long.
 */
#ifndef SYNCER_SCHEDULE_H
#define SYNCER_SCHEDULE_H

#include "machine.h"

/* Fires what is due, wakes who is woken, takes exceptions; then the core to run, with its limit
 * set, or NULL when the run must end (m->stop says why). */
struct Core *schedule(struct Machine *m);

/* execute_exact.c, execute_functional.c: run until schedule() says NULL or a core faults. */
void execute_exact(struct Machine *m);
void execute_functional(struct Machine *m);

#endif
