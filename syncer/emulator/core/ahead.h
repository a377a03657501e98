/* SPDX-License-Identifier: Apache-2.0
 *
 * Running both cores ahead, one after the other, to the same result as in turns.
 *
 * What two running cores do to each other, but for a few instructions, is to meet at a port: one of
 * them then waits a cycle. So one core, the leader, runs a stretch of some hundred cycles as if it
 * were alone and writes down when it took which port. Then the other, the follower, runs up to the
 * same point and looks at every access whether the leader was there. If it was, the order in which
 * turns would have executed the two instructions decides who waits: the follower, or the leader,
 * whose later accesses then all come a cycle later than it wrote down (shift).
 *
 * Either core stops before an instruction that does more: a miss of the flash cache, a register of
 * a peripheral, an access to what the other core has written or overwrites within the stretch, an
 * event, an exception. If the follower stops, the leader is taken back to where it was then. The
 * instruction is executed in turns.
 *
 * Cycles within a stretch count from AHEAD_START at its beginning.
 */
#ifndef SYNCER_AHEAD_H
#define SYNCER_AHEAD_H

#include "bus.h"
#include "machine.h"

/* Runs both cores ahead as long as it pays. schedule() has set the machine up; it must be called
 * again before anything else runs. False: nothing was done. */
bool run_ahead(struct Machine *m);
void forget_ahead(struct Ahead *a);

/* Each runs its core from a->cycles[] on until a->limit[], at least one instruction, or to one that
 * it must not execute, which is then in a->stopped[]. */
void execute_leader(struct Machine *m, struct Core *c);
void execute_follower(struct Machine *m, struct Core *c);

/* Where the leader meets what the follower did before the stretch, and the follower the leader:
 * the cycles that the one who asks waits. `instruction` counts within the stretch. */
unsigned leader_meets(struct Machine *m, struct Core *c, unsigned port, uint32_t t,
                      uint32_t instruction);
unsigned follower_meets(struct Machine *m, struct Core *c, unsigned port, uint32_t t,
                        uint32_t instruction);

/* Takes a port for the leader at `t`: the cycles that it waits. */
static ALWAYS_INLINE unsigned leader_takes(struct Machine *m, struct Core *c, unsigned port,
                                           uint32_t t, uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
    unsigned lost = 0;
    if (UNLIKELY(t < a->leftover_end)) lost = leader_meets(m, c, port, t, instruction);
    a->taken[(t + lost) % AHEAD_SPAN][port] = (uint16_t)instruction;
    if (port >= PORT_SRAM4) a->touched[port] = true;
    return lost;
}

static ALWAYS_INLINE unsigned follower_takes(struct Machine *m, struct Core *c, unsigned port,
                                             uint32_t t, uint32_t instruction)
{
    struct Ahead *a = &m->ahead;
    unsigned lost = 0;
    if (UNLIKELY(a->taken[(t - a->shift) % AHEAD_SPAN][port]))
        lost = follower_meets(m, c, port, t, instruction);
    a->followed[(t + lost) % (2 * AHEAD_SPAN)][port] = 1;
    return lost;
}

/* The cache has the word and its port is free of fills and DMA. */
static ALWAYS_INLINE bool xip_is_ready(const struct Machine *m, uint32_t address, uint32_t t)
{
    return LIKELY(xip_holds(&m->xip, xip_word(address)) && t >= m->ahead.quiet_from);
}

#endif
