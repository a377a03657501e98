/* SPDX-License-Identifier: Apache-2.0
 *
 * Two cores of the same priority in turns.
 */
#define DUAL SHARED
#define INTERPRETER execute_in_turns
#include "turns.h"
