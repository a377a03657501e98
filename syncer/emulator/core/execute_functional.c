/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter without cache, bank and port timing: every instruction costs its fixed cycles,
 * and only those of more than one cycle look whether the other core's turn has come. So two simple
 * ones may be executed as one.
 */
#define EXACT false
#define DUAL ALONE
#define INTERPRETER execute_functional
#define PAIR_LABEL(first, second, who) &&PASTE(pair_##first##_##second, who)
#define TWICE(x) x, x
#define CODES_OF_PAIR(first, second, who)                                                        \
    TWICE(TWICE(TWICE(TWICE(TWICE(PAIR_LABEL(first, second, who)))))),
#define PAIR(first, second)                                                                      \
    AT(pair_##first##_##second):                                                                 \
    DO_##first;                                                                                  \
    d = IP++;                                                                                    \
    COUNT++;                                                                                     \
    DO_##second;                                                                                 \
    CYCLES += 2 * CYCLES_SIMPLE;                                                                 \
    DISPATCH();
#include "one_core.h"
