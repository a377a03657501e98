/* SPDX-License-Identifier: Apache-2.0
 *
 * The APB peripherals: RP2040 datasheet 2.2.4.
 */
#ifndef SYNCER_PERIPHERALS_H
#define SYNCER_PERIPHERALS_H

#include "machine.h"

/* 16 KB blocks from 0x40000000, datasheet 2.2.4. */
enum Block {
    SYSINFO, SYSCFG, CLOCKS, RESETS, PSM, IO_BANK0, IO_QSPI, PADS_BANK0, PADS_QSPI, XOSC, PLL_SYS,
    PLL_USB, BUSCTRL, UART0, UART1, TIMER = 0x15, WATCHDOG, ROSC = 0x18, VREG, TBMAN = 0x1b
};

uint32_t apb_read(struct Machine *m, uint32_t address, uint64_t t);
/* False: a fault. */
bool apb_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t);
void apb_reset(struct Machine *m);
void vreg_reset(struct Machine *m);
/* BUS_PRIORITY: which masters win where two want one port (datasheet 2.1.1.1). */
enum {
    PRIORITY_PROC0 = 1 << 0, PRIORITY_PROC1 = 1 << 4, PRIORITY_DMA_R = 1 << 8,
    PRIORITY_DMA_W = 1 << 12
};
/* busctrl.c; `offset` is a register's. */
uint32_t busctrl_read(struct Machine *m, uint32_t offset);
void busctrl_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias);
void busctrl_reset(struct Machine *m);

/* uart.c; `n` is 0 or 1. */
uint32_t uart_read(struct Machine *m, unsigned n, uint32_t address, uint64_t t);
/* False: a fault. */
bool uart_write(struct Machine *m, struct Core *c, unsigned n, uint32_t address, uint32_t value,
                uint64_t t);
/* Receives what is due at `now`; the next due cycle is in each one's `due`. */
void uart_service(struct Machine *m, uint64_t now);
/* When the character came that DMA can take, or NEVER. */
uint64_t uart_received_at(const struct Machine *m, unsigned n);
/* What somebody outside sends. False: no memory. */
bool uart_input(struct Machine *m, unsigned n, const uint8_t *data, size_t size, uint64_t now);
void uart_reset(struct Uart *u);
/* Its registers as after reset; what was sent, and waits outside to be received, stays. */
void uart_stop(struct Machine *m, unsigned n);

/* gpio.c. What the pins' inputs give, a bit for each; what drives or pulls these pins may have
 * changed; IO_BANK0's registers; IO_BANK0 and PADS_BANK0 as after reset. */
#define GPIO_PINS 30u
uint32_t gpio_in(const struct Machine *m);
void gpio_changed(struct Machine *m, uint32_t pins);
uint32_t gpio_read(const struct Machine *m, uint32_t offset);
void gpio_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias);
void gpio_reset(struct Machine *m);
void pads_reset(struct Machine *m);

/* resets.c; `offset` is a register's. Whether a block has been put into reset; all of it at cycle `t`;
 * what the watchdog resets; RESETS at power-on. */
uint32_t resets_read(const struct Machine *m, uint32_t offset);
void resets_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t);
bool is_held(const struct Machine *m, unsigned block);
bool dma_is_held(const struct Machine *m);
void resets_power_on(struct Machine *m);
void resets_all(struct Machine *m, uint64_t t);
void resets_fire(struct Machine *m);

/* watchdog.c. False: a fault. */
uint32_t watchdog_read(struct Machine *m, uint32_t offset, uint64_t t);
bool watchdog_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value,
                    uint64_t t);
/* Fires if it has not been fed; the cycle is m->watchdog.due. */
void watchdog_service(struct Machine *m, uint64_t now);
void watchdog_power_on(struct Machine *m);

/* psm.c; `offset` is a register's. The watchdog has fired: m->rebooting. */
uint32_t psm_read(const struct Machine *m, uint32_t offset);
void psm_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t);
void reset_chip(struct Machine *m, uint64_t t);

/* timer.c; `offset` is a register's. */
uint32_t timer_read(struct Machine *m, uint32_t offset, uint64_t t);
void timer_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t);
/* Fires the alarms due at `now`; the next due cycle is in m->timer.due. */
void timer_service(struct Machine *m, uint64_t now);
/* Into reset, where its time is 0; it counts from there when it is let go at cycle `t`. */
void timer_hold(struct Machine *m);
void timer_release(struct Machine *m, uint64_t t);

/* The registers' atomic access aliases: datasheet 2.1.2. */
static inline uint32_t apply_alias(uint32_t old, uint32_t value, unsigned alias)
{
    switch (alias) {
    case 0: return value;
    case 1: return old ^ value;
    case 2: return old | value;
    default: return old & ~value;
    }
}

#endif
