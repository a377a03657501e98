/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces that the interpreters are made of. Each opcode's code (opcodes.h) ends by fetching and
 * jumping to the next one (computed goto), which gives the host's branch predictor one jump per
 * opcode. Such a program is fastest without -fgcse.
 *
 * While a core runs, its cycles, instruction pointer and instruction count are in local variables;
 * SAVE carries them to the core. An interpreter defines, before it includes opcodes.h:
 *   WHO            a suffix that keeps the labels of several inclusions apart
 *   CORE           the core, an expression
 *   CYCLES, IP, COUNT  its local variables
 *   EXACT, DUAL    whether fetches and accesses are timed, and with whom they contend (enum Contention)
 *   NEXT, NEXT_SIMPLE  go on after an instruction; the second after one of a single cycle
 *   SAVE, LEAVE, RETURN  SAVE and return; return after something else has saved
 *   SLOW           what precedes an access that may change more than this core
 * and includes access.h, or says itself how instructions reach memory, as execute_ahead.h does.
 */
#ifndef SYNCER_INTERPRETER_H
#define SYNCER_INTERPRETER_H

#include "bus.h"
#include "decode.h"
#include "exceptions.h"
#include "machine.h"
#include "schedule.h"
#include "simple.h"
#include "timing.h"

#define PASTE_NOW(a, b) a##b
#define PASTE(a, b) PASTE_NOW(a, b)
#define AT(name) PASTE(name, WHO)

/* An instruction in an upper halfword fetches the word after it while it executes. */
#define OP(name)                                                                                 \
    AT(sram_##name): FETCH_SRAM(d + 1, CYCLES - 1); goto AT(op_##name);                          \
    AT(flash_##name): FETCH_FLASH(d + 1, CYCLES - 1); goto AT(op_##name);                        \
    AT(other_##name): FETCH_PORT(CODE_PORT(d->code), d + 1, CYCLES - 1);                         \
    AT(op_##name):
#define SIMPLE_OP(name) OP(name) DO_##name; NEXT_SIMPLE();

/* Tables of labels, by code (isa.h): one instruction at a time, of a pair the first. */
#define STEPS(name, who)                                                                         \
    BY_PARITY(sram, name, who) BY_PARITY(sram, name, who) BY_PARITY(sram, name, who)             \
        BY_PARITY(sram, name, who) BY_PARITY(other, name, who) BY_PARITY(other, name, who)       \
        BY_PARITY(flash, name, who) BY_PARITY(other, name, who)
#define BY_PARITY(memory, name, who) &&PASTE(op_##name, who), &&PASTE(memory##_##name, who),
#define LABELS(name, who) STEPS(name, who) STEPS(name, who)

#define BRANCH_IF(condition)                                                                     \
    do {                                                                                         \
        if (condition) TAKE_BRANCH();                                                            \
        NEXT_SIMPLE();                                                                           \
    } while (0)
#define IS_EXC_RETURN(address) (CORE->ipsr && (address) >= 0xf0000000u)
#define IMM ((uint32_t)d->imm)
#define N is_negative(&FLAGS)
#define Z is_zero(&FLAGS)
#define C (FLAGS.carry != 0)
#define V is_overflow(&FLAGS)

#endif
