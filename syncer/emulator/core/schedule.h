/* SPDX-License-Identifier: Apache-2.0
 *
 * Which core runs next, and for how long.
 */
#ifndef SYNCER_SCHEDULE_H
#define SYNCER_SCHEDULE_H

#include "machine.h"

/* Fires what is due, wakes who is woken, takes exceptions; then sets m->current, the core to run,
 * and how far it may. False when the run must end (m->stop says why). */
bool schedule(struct Machine *m);

/* Each runs from where the last schedule() left the machine until it must be called again. */
void execute_alone(struct Machine *m);      /* exact, one core awake */
void execute_in_turns(struct Machine *m);   /* exact, both awake */
void execute_arbitrated(struct Machine *m); /* the same by priority, and counted */
void execute_any(struct Machine *m);        /* either mode, any number of cores awake */
void execute_functional(struct Machine *m); /* without cache, bank and port timing */

#endif
