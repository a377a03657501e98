/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYNCER_DECODE_H
#define SYNCER_DECODE_H

#include "machine.h"

/* Decodes an instruction into its record and gives the record's code. */
unsigned decode(struct Machine *m, struct Core *c, const struct Op *record);
/* The opcode at `pc`, whether marked or not. */
enum Opcode decode_opcode(const struct Machine *m, uint32_t pc);
/* A record is void, and with it the run that leads to it. */
void forget_record(struct Op *ops, size_t index);
/* Bytes of SRAM changed: what was decoded from them is void. */
void forget_code(struct Machine *m, uint32_t sram_offset, size_t size);

#endif
