/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter for whatever the quicker ones leave: it runs one core's turn and decides at run
 * time what is timed.
 */
#define EXACT exact
#define DUAL dual
#define INTERPRETER execute_any
#include "one_core.h"
