/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpreter with the whole timing model, for one core while the other sleeps.
 */
#define EXACT true
#define DUAL ALONE
#define INTERPRETER execute_alone
#include "one_core.h"
