/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#define PICO_SPINLOCK_ID_STRIPED_FIRST 16

unsigned get_core_num(void);
