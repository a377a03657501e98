/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter with the whole timing model.
 */
#define EXACT 1
#define EXECUTE execute_exact
#include "execute.h"
