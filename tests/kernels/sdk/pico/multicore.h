/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pico/platform.h"

void multicore_reset_core1(void);
void multicore_launch_core1_with_stack(void (*entry)(void), uint32_t *stack, size_t size);
void multicore_lockout_victim_init(void);
