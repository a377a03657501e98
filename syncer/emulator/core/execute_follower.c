/* SPDX-License-Identifier: Apache-2.0
 *
 * The core that catches up with the leader.
 */
#define LEADER false
#define INTERPRETER execute_follower
#include "execute_ahead.h"
