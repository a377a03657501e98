/* SPDX-License-Identifier: Apache-2.0 */

#include "slow_path.h"

#include <string.h>

uint32_t slow_path_counts[DUAL_CORE_MAX_PARTS][SLOW_PATH_REASONS];

uint32_t slow_path_count(const slow_path_reason reason)
{
    uint32_t count = 0;
    for (int part = 0; part < DUAL_CORE_MAX_PARTS; part++) {
        count += slow_path_counts[part][reason];
    }
    return count;
}

const char *slow_path_name(const slow_path_reason reason)
{
    static const char *const names[SLOW_PATH_REASONS] = {
        [SLOW_PATH_SCRATCH] = "scratch",
        [SLOW_PATH_SHAPE] = "shape",
        [SLOW_PATH_WEIGHTS] = "weights",
        [SLOW_PATH_REQUANTIZE] = "requantize",
    };
    return names[reason];
}

void slow_path_reset(void)
{
    memset(slow_path_counts, 0, sizeof(slow_path_counts));
}
