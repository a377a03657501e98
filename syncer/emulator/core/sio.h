/* SPDX-License-Identifier: Apache-2.0
 *
 * The single-cycle I/O block: RP2040 datasheet 2.3.1.
 */
#ifndef SYNCER_SIO_H
#define SYNCER_SIO_H

#include "machine.h"

uint32_t sio_read(struct Machine *m, struct Core *c, uint32_t address);
void sio_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value);
void sio_reset(struct Machine *m);

/* interpolator.c; `second` tells INTERP1, `offset` a register within one interpolator. */
uint32_t interpolator_read(struct Interpolator *p, bool second, uint32_t offset);
void interpolator_write(struct Interpolator *p, bool second, uint32_t offset, uint32_t value);

#endif
