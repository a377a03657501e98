/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter without cache, bank and port timing: every instruction costs its fixed cycles,
 * and only those of more than one cycle look whether the other core's turn has come.
 */
#define EXACT false
#define DUAL false
#define INTERPRETER execute_functional
#include "one_core.h"
