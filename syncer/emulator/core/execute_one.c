/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter that ends its turn after one instruction, in either mode: for watch.c.
 */
#define EXACT exact
#define DUAL dual
#define ONE_INSTRUCTION
#define INTERPRETER execute_one
#include "watch.h"

#include "one_core.h"
