/* SPDX-License-Identifier: Apache-2.0
 *
 * Execute in place: flash behind a cache with one port. RP2040 datasheet 2.6.3.
 */
#ifndef SYNCER_XIP_H
#define SYNCER_XIP_H

#include "machine.h"

/* One access through the cache at cycle `t`: how many cycles it stalls. `data` tells a data access
 * from an instruction word; `address` is any alias of flash. */
int xip_access(struct Machine *m, struct Core *c, uint32_t address, uint64_t t, bool data);
/* One word read past the cache. */
int xip_uncached(struct Machine *m, struct Core *c, uint64_t t);
void xip_flush(struct Machine *m);
void xip_forget_line(struct Machine *m, uint32_t address);

/* XIP_CTRL (datasheet 2.6.3.6) and the SSI (4.10.13), as far as firmware that does not program
 * flash needs them. */
uint32_t xip_read_register(struct Machine *m, uint32_t address);
void xip_write_register(struct Machine *m, uint32_t address, uint32_t value);

#endif
