/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program for the emulated RP2040 that calls what the tests ask for, the kernels' jobs on both
 * cores, while SysTick interrupts either core at random. Of the SDK it has what dual_core.c uses.
 */

#include "dual_core.h"
#include "hardware/sync.h"
#include "pico/multicore.h"
#include "slow_path.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SIO 0xd0000000u
#define FIFO_STATUS REGISTER(SIO + 0x50)
#define FIFO_WRITE REGISTER(SIO + 0x54)
#define FIFO_READ REGISTER(SIO + 0x58)
#define UART REGISTER(0x40034000u)
#define SYSTICK_CONTROL REGISTER(0xe000e010u)
#define SYSTICK_RELOAD REGISTER(0xe000e014u)
#define SYSTICK_VALUE REGISTER(0xe000e018u)

/* What the tests write, and read when a line was printed. */
struct {
    volatile uint32_t function;
    uint32_t arguments[16];
    uint32_t result;
} request;

volatile uint32_t interrupts_wanted; /* on either core */
volatile uint32_t interrupts_seen[2];

void start(void);
void systick(void);
void unexpected(void);
static uint32_t main_stack[1024];

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)(main_stack + 1024),
    (uintptr_t)start,
    [2 ... 14] = (uintptr_t)unexpected,
    [15] = (uintptr_t)systick,
};

void unexpected(void)
{
    __asm volatile("bkpt #1");
}

/* Comes again after 30 to 2077 cycles, and leaves rubbish wherever an interrupt may. */
void systick(void)
{
    static uint32_t seeds[2] = {1, 2};
    const unsigned core = get_core_num();
    volatile uint32_t rubbish[8];
    for (unsigned i = 0; i < 8; i++) {
        rubbish[i] = 0xdeadbeef + i;
    }
    (void)rubbish[7];
    seeds[core] = seeds[core] * 1664525 + 1013904223;
    SYSTICK_RELOAD = 30 + (seeds[core] >> 21);
    SYSTICK_VALUE = 0;
    interrupts_seen[core]++;
    __asm volatile("ldr r0, =0xbadc0ffe\n\tmov r1, r0\n\tmov r2, r0\n\tmov r3, r0\n\tmov r12, r0\n\t"
                   "cmp r0, r1" ::: "r0", "r1", "r2", "r3", "r12", "cc");
}

static void begin_interrupts(void)
{
    if (interrupts_wanted) {
        SYSTICK_RELOAD = 100;
        SYSTICK_VALUE = 0;
        SYSTICK_CONTROL = 7;
    }
}

unsigned get_core_num(void)
{
    return REGISTER(SIO);
}

void __wfe(void)
{
    __asm volatile("wfe" ::: "memory");
}

void __sev(void)
{
    __asm volatile("sev" ::: "memory");
}

void __dmb(void)
{
    __asm volatile("dmb" ::: "memory");
}

spin_lock_t *spin_lock_instance(unsigned number)
{
    return (spin_lock_t *)(SIO + 0x100 + 4 * number);
}

uint32_t spin_lock_blocking(spin_lock_t *lock)
{
    uint32_t masked;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
    while (*(volatile uint32_t *)lock == 0) {
    }
    __dmb();
    return masked;
}

void spin_unlock(spin_lock_t *lock, uint32_t masked)
{
    __dmb();
    *(volatile uint32_t *)lock = 0;
    __asm volatile("msr primask, %0" ::"r"(masked) : "memory");
}

void multicore_reset_core1(void)
{
}

void multicore_lockout_victim_init(void)
{
    begin_interrupts();
}

/* RP2040 datasheet 2.8.2. */
void multicore_launch_core1_with_stack(void (*entry)(void), uint32_t *stack, size_t size)
{
    const uint32_t sequence[6] = {
        0, 0, 1, (uintptr_t)vectors, (uintptr_t)stack + size, (uintptr_t)entry};
    for (unsigned step = 0; step < 6;) {
        if (sequence[step] == 0) {
            while (FIFO_STATUS & 1) {
                (void)FIFO_READ;
            }
            __sev();
        }
        FIFO_WRITE = sequence[step];
        __sev();
        while (!(FIFO_STATUS & 1)) {
            __wfe();
        }
        step = FIFO_READ == sequence[step] ? step + 1 : 0;
    }
}

void *memset(void *target, int value, size_t size)
{
    for (uint8_t *byte = target; size-- != 0;) {
        *byte++ = (uint8_t)value;
    }
    return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    const uint8_t *from = source;
    for (uint8_t *byte = target; size-- != 0;) {
        *byte++ = *from++;
    }
    return target;
}

void start(void)
{
    while (request.function == 0) {
    }
    begin_interrupts();
    for (;;) {
        typedef uint32_t (*called)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                   uint32_t, uint32_t, uint32_t, uint32_t);
        const called function = (called)(uintptr_t)request.function;
        const uint32_t *a = request.arguments;
        request.function = 0;
        request.result = function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10],
                                  a[11], a[12], a[13], a[14], a[15]);
        UART = '.';
        UART = '\n';
        while (request.function == 0) {
        }
    }
}
