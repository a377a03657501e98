/* SPDX-License-Identifier: Apache-2.0
 *
 * RESETS, which holds blocks in reset: RP2040 datasheet 2.14, registers 2.14.3. A block that is put into
 * reset has its registers as after power-on and takes no writes until it is let go. Blocks that firmware
 * has not put there work from the start, whatever RESET says: not all firmware lets them go.
 */
#include <string.h>

#include "dma.h"
#include "exceptions.h"
#include "peripherals.h"

enum { RESET = 0x0, WDSEL = 0x4, RESET_DONE = 0x8 };
/* The numbers of RESET's bits. */
enum {
    N_BUSCTRL = 1, N_DMA = 2, N_IO_BANK0 = 5, N_IO_QSPI = 6, N_PADS_BANK0 = 8, N_PADS_QSPI = 9,
    N_PLL_SYS = 12, N_PLL_USB = 13, N_SYSCFG = 18, N_TIMER = 21, N_UART0 = 22, N_UART1 = 23
};
enum { ALL = 0x01ffffff };

/* Of the blocks that only store: what is not 0 after reset. */
static const struct {
    uint8_t block;
    uint8_t offset;
    uint32_t value;
} reset_values[] = {
    {SYSCFG, 0x08, 0x10000000}, {SYSCFG, 0x14, 0x66},
    {IO_QSPI, 0x04, 0x1f}, {IO_QSPI, 0x0c, 0x1f}, {IO_QSPI, 0x14, 0x1f},
    {IO_QSPI, 0x1c, 0x1f}, {IO_QSPI, 0x24, 0x1f}, {IO_QSPI, 0x2c, 0x1f},
    {PADS_QSPI, 0x04, 0x56}, {PADS_QSPI, 0x08, 0x52}, {PADS_QSPI, 0x0c, 0x52},
    {PADS_QSPI, 0x10, 0x52}, {PADS_QSPI, 0x14, 0x52}, {PADS_QSPI, 0x18, 0x5a},
    {PLL_SYS, 0x00, 1}, {PLL_SYS, 0x04, 0x2d}, {PLL_SYS, 0x0c, 0x77000},
    {PLL_USB, 0x00, 1}, {PLL_USB, 0x04, 0x2d}, {PLL_USB, 0x0c, 0x77000},
};

static void reset_storing(struct Machine *m, unsigned block)
{
    memset(m->apb[block], 0, sizeof m->apb[block]);
    for (unsigned i = 0; i < sizeof reset_values / sizeof reset_values[0]; i++)
        if (reset_values[i].block == block)
            m->apb[block][reset_values[i].offset / 4] = reset_values[i].value;
}

static void reset(struct Machine *m, unsigned number)
{
    switch (number) {
    case N_BUSCTRL: busctrl_reset(m); break;
    case N_DMA: dma_reset(m); break;
    case N_IO_BANK0: gpio_reset(m); break;
    case N_IO_QSPI: reset_storing(m, IO_QSPI); break;
    case N_PADS_BANK0: pads_reset(m); break;
    case N_PADS_QSPI: reset_storing(m, PADS_QSPI); break;
    case N_PLL_SYS: reset_storing(m, PLL_SYS); break;
    case N_PLL_USB: reset_storing(m, PLL_USB); break;
    case N_SYSCFG:
        reset_storing(m, SYSCFG);
        for (int i = 0; i < 2; i++) set_nmi_mask(m, &m->core[i], 0);
        break;
    case N_TIMER: timer_hold(m); break;
    case N_UART0: case N_UART1: uart_stop(m, number - N_UART0); break;
    }
}

/* The bit of RESET that holds a block. */
static uint32_t bit_of(unsigned block)
{
    static const uint8_t numbers[32] = {
        [SYSCFG] = N_SYSCFG, [IO_BANK0] = N_IO_BANK0, [IO_QSPI] = N_IO_QSPI,
        [PADS_BANK0] = N_PADS_BANK0, [PADS_QSPI] = N_PADS_QSPI, [PLL_SYS] = N_PLL_SYS,
        [PLL_USB] = N_PLL_USB, [BUSCTRL] = N_BUSCTRL, [UART0] = N_UART0, [UART1] = N_UART1,
        [TIMER] = N_TIMER,
    };
    return numbers[block] ? 1u << numbers[block] : 0;
}

bool is_held(const struct Machine *m, unsigned block)
{
    return m->held & bit_of(block);
}

bool dma_is_held(const struct Machine *m)
{
    return m->held >> N_DMA & 1;
}

void resets_power_on(struct Machine *m)
{
    m->apb[RESETS][RESET / 4] = ALL;
    m->held = 0;
}

void resets_all(struct Machine *m, uint64_t t)
{
    for (uint32_t left = ALL; left; left &= left - 1) reset(m, (unsigned)__builtin_ctz(left));
    timer_release(m, t);
    m->apb[RESETS][WDSEL / 4] = 0;
    resets_power_on(m);
}

uint32_t resets_read(const struct Machine *m, uint32_t offset)
{
    if (offset == RESET_DONE) return ALL & ~m->apb[RESETS][RESET / 4];
    return m->apb[RESETS][offset / 4];
}

static void hold(struct Machine *m, uint32_t blocks)
{
    for (uint32_t left = blocks; left; left &= left - 1)
        reset(m, (unsigned)__builtin_ctz(left));
    m->apb[RESETS][RESET / 4] |= blocks;
    m->held |= blocks;
}

void resets_fire(struct Machine *m)
{
    hold(m, m->apb[RESETS][WDSEL / 4]);
}

void resets_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t)
{
    if (offset != RESET && offset != WDSEL) return;
    uint32_t *stored = &m->apb[RESETS][offset / 4], old = *stored;
    *stored = apply_alias(old, value, alias) & ALL;
    if (offset == WDSEL) return;
    if (m->held & ~*stored & 1u << N_TIMER) timer_release(m, t);
    m->held &= *stored;
    hold(m, *stored & ~old);
}
