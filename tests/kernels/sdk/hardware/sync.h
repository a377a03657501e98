/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

typedef struct spin_lock spin_lock_t;

spin_lock_t *spin_lock_instance(unsigned number);
uint32_t spin_lock_blocking(spin_lock_t *lock);
void spin_unlock(spin_lock_t *lock, uint32_t interrupts);

void __wfe(void);
void __sev(void);
void __dmb(void);
