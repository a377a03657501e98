/* SPDX-License-Identifier: Apache-2.0
 *
 * What firmware needs of the APB peripherals to start, by section of the RP2040 datasheet: SYSINFO and
 * SYSCFG (2.20, 2.21), CLOCKS (2.15), XOSC (2.16), ROSC (2.17), PLL (2.18), VREG (2.10). Clocks are
 * taken as locked at once. The other blocks have files of their own.
 */
#include "peripherals.h"

#include <string.h>

#include "exceptions.h"

/* Blocks whose other registers just store; all else is unmapped. */
static const uint32_t storing =
    1u << SYSCFG | 1u << CLOCKS | 1u << IO_QSPI | 1u << PADS_BANK0 | 1u << PADS_QSPI |
    1u << XOSC | 1u << PLL_SYS | 1u << PLL_USB | 1u << ROSC | 1u << VREG;

enum { CLK_REF_CTRL = 0x30, CLK_REF_SELECTED = 0x38, CLK_SYS_CTRL = 0x3c, CLK_SYS_SELECTED = 0x44 };
enum { FC0_FIRST = 0x80, FC0_LAST = 0x9c };
enum { PROC0_NMI_MASK = 0x0, PROC1_NMI_MASK = 0x4 };

void vreg_reset(struct Machine *m)
{
    memset(m->apb[VREG], 0, sizeof m->apb[VREG]);
    m->apb[VREG][0] = 0x10b1; /* 1.1 V, regulated */
}

void apb_reset(struct Machine *m)
{
    resets_power_on(m);
    vreg_reset(m);
    watchdog_power_on(m);
    pads_reset(m);
    gpio_reset(m);
}

static uint32_t sysinfo(struct Machine *m, uint32_t address)
{
    switch (address & 0xfff) {
    case 0x00: return 0x20002927; /* CHIP_ID of an RP2040 B2 */
    case 0x04: return 2;          /* PLATFORM: silicon */
    }
    count_unmapped(m, address, false);
    return 0;
}

/* The glitchless multiplexers say which source they have selected (2.15.3.2). */
static bool clock_selected(const struct Machine *m, uint32_t offset, uint32_t *value)
{
    const uint32_t *stored = m->apb[CLOCKS];
    switch (offset) {
    case CLK_REF_SELECTED: *value = 1u << (stored[CLK_REF_CTRL / 4] & 3); return true;
    case CLK_SYS_SELECTED: *value = 1u << (stored[CLK_SYS_CTRL / 4] & 1); return true;
    case 0x08: case 0x14: case 0x20: case 0x2c: case 0x50: case 0x5c: case 0x68: case 0x74:
        *value = 1;
        return true;
    }
    return false;
}

uint32_t apb_read(struct Machine *m, uint32_t address, uint64_t t)
{
    unsigned block = address >> 14 & 0x1f;
    uint32_t offset = address & 0xfff, value;
    switch (block) {
    case SYSINFO: return sysinfo(m, address);
    case CLOCKS:
        if (clock_selected(m, offset, &value)) return value;
        if (offset >= FC0_FIRST && offset <= FC0_LAST) { /* no frequency counter */
            count_unmapped(m, address, false);
            return 0;
        }
        break;
    case IO_BANK0: return gpio_read(m, offset);
    case RESETS: return resets_read(m, offset);
    case PSM: return psm_read(m, offset);
    case XOSC:
        if (offset == 4) return 0x80001000; /* STABLE, ENABLED */
        break;
    case PLL_SYS: case PLL_USB:
        if (offset == 0) return m->apb[block][0] | 0x80000000u; /* LOCK */
        break;
    case BUSCTRL: return busctrl_read(m, offset);
    case UART0: case UART1: return uart_read(m, block - UART0, address, t);
    case TIMER: return timer_read(m, offset, t);
    case WATCHDOG: return watchdog_read(m, offset, t);
    case ROSC:
        if (offset == 0x18) return 0x80001000; /* STABLE, ENABLED */
        break;
    case TBMAN: return 1; /* PLATFORM: ASIC */
    }
    if (!(storing >> block & 1)) {
        count_unmapped(m, address, false);
        return 0;
    }
    return m->apb[block][offset / 4];
}

bool apb_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value, uint64_t t)
{
    unsigned block = address >> 14 & 0x1f, alias = address >> 12 & 3;
    uint32_t offset = address & 0xfff;
    if (UNLIKELY(is_held(m, block))) return true;
    if (block == TIMER) {
        timer_write(m, offset, value, alias, t);
        return true;
    }
    if (block == PSM) {
        psm_write(m, offset, value, alias, t);
        return true;
    }
    if (block == RESETS) {
        resets_write(m, offset, value, alias, t);
        return true;
    }
    if (block == IO_BANK0) {
        gpio_write(m, offset, value, alias);
        return true;
    }
    if (block == BUSCTRL) {
        busctrl_write(m, offset, value, alias);
        return true;
    }
    if (block == UART0 || block == UART1) return uart_write(m, c, block - UART0, address, value, t);
    if (block == WATCHDOG) return watchdog_write(m, c, address, value, t);
    if (!(storing >> block & 1) || (block == CLOCKS && offset >= FC0_FIRST && offset <= FC0_LAST)) {
        count_unmapped(m, address, true);
        return true;
    }
    uint32_t old = m->apb[block][offset / 4];
    uint32_t new = m->apb[block][offset / 4] = apply_alias(old, value, alias);
    if (block == SYSCFG && offset <= PROC1_NMI_MASK) set_nmi_mask(m, &m->core[offset / 4], new);
    if (block == PADS_BANK0) gpio_changed(m, 1u << (offset / 4 - 1) % 32);
    return true;
}
