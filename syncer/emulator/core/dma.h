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
/* Does what is due by `now`; the next due cycle is in m->dma.due. */
void dma_service(struct Machine *m, uint64_t now);
/* All channels stop, and registers are as after reset. */
void dma_reset(struct Machine *m);
/* Something that paces a channel has changed: m->dma.due is worked out anew. */
void dma_plan(struct Machine *m);

/* The last access of the last transfer, and so the next transfer, comes a cycle later. */
void dma_put_off(struct Machine *m);

/* dma_bus.c: the transfers' two halves. DMA takes `port` at cycle `t` or as soon as it can: when.
 * `delayed`: it has waited already. */
uint64_t dma_take_port(struct Machine *m, unsigned port, uint64_t t, bool write, bool delayed);
/* Each moves *t to the cycle at which the access ends. False: nothing answers there. */
bool dma_bus_read(struct Machine *m, uint32_t address, unsigned size, uint64_t *t, uint32_t *value);
bool dma_bus_write(struct Machine *m, uint32_t address, unsigned size, uint64_t *t, uint32_t value);

/* dma_sniff.c: the checksum of what passes a channel (2.5.5.2). */
void dma_sniff(struct Machine *m, unsigned channel, unsigned size, uint32_t value);
uint32_t dma_sniff_result(const struct Machine *m);

#endif
