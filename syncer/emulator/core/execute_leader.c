/* SPDX-License-Identifier: Apache-2.0
 *
 * The core that runs ahead first.
 */
#define LEADER true
#define INTERPRETER execute_leader
#include "execute_ahead.h"
