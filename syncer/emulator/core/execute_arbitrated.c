/* SPDX-License-Identifier: Apache-2.0
 *
 * Two cores in turns where one may go before the other, or accesses are counted (busctrl.c).
 */
#define DUAL ARBITRATED
#define INTERPRETER execute_arbitrated
#include "turns.h"
