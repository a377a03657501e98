/* SPDX-License-Identifier: Apache-2.0
 *
 * The DMA controller: RP2040 datasheet 2.5.
 */
#ifndef SYNCER_DMA_H
#define SYNCER_DMA_H

#include "machine.h"

uint32_t dma_read(struct Machine *m, uint32_t address, uint64_t t);
/* False: a fault. */
bool dma_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t);
/* Completes the transfers due at `now`; the next due cycle is in m->dma.due. */
void dma_service(struct Machine *m, uint64_t now);

#endif
