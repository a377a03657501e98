/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter without cache, bank and port timing: every instruction costs its fixed cycles.
 */
#define EXACT 0
#define EXECUTE execute_functional
#include "execute.h"
