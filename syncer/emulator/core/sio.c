/* SPDX-License-Identifier: Apache-2.0
 *
 * SIO: CPUID and GPIO output (RP2040 datasheet 2.3.1.1, 2.3.1.2), spinlocks (2.3.1.3), the
 * inter-processor FIFOs (2.3.1.4) and the integer divider (2.3.1.5). The flash chip's pins read
 * 0. The divider is ready at once, where the real one takes 8 cycles that no register access waits for.
 */
#include "sio.h"

#include <string.h>

#include "exceptions.h"
#include "peripherals.h"

enum {
    CPUID = 0x00, GPIO_IN = 0x04, QSPI_IN = 0x08,
    GPIO_OUT = 0x10, GPIO_ENABLE = 0x20, QSPI_OUT = 0x30, QSPI_ENABLE = 0x40,
    FIFO_ST = 0x50, FIFO_WR = 0x54, FIFO_RD = 0x58, SPINLOCK_ST = 0x5c,
    DIV_UDIVIDEND = 0x60, DIV_UDIVISOR = 0x64, DIV_SDIVIDEND = 0x68, DIV_SDIVISOR = 0x6c,
    DIV_QUOTIENT = 0x70, DIV_REMAINDER = 0x74, DIV_CSR = 0x78,
    INTERP0 = 0x80, INTERP1 = 0xc0, SPINLOCK0 = 0x100, SPINLOCKS_END = 0x180
};
enum { DIV_READY = 1, DIV_DIRTY = 2 };
#define FIFO_DEPTH 8

static void update_fifo_irq(struct Machine *m, struct Core *c)
{
    bool level = c->fifo.count || c->fifo.overflowed || c->fifo.underflowed;
    set_irq(m, c->id ? ONLY_CORE_1 : ONLY_CORE_0, IRQ_SIO_PROC0 + c->id, level);
}

static uint32_t fifo_status(const struct Core *c)
{
    return (c->fifo.count > 0) | (c->other->fifo.count < FIFO_DEPTH) << 1 |
           (uint32_t)c->fifo.overflowed << 2 | (uint32_t)c->fifo.underflowed << 3;
}

static void fifo_push(struct Machine *m, struct Core *c, uint32_t value)
{
    struct Core *to = c->other;
    if (to->fifo.count == FIFO_DEPTH) {
        c->fifo.overflowed = true;
        update_fifo_irq(m, c);
        return;
    }
    to->fifo.word[(to->fifo.head + to->fifo.count++) % FIFO_DEPTH] = value;
    update_fifo_irq(m, to);
}

static uint32_t fifo_pop(struct Machine *m, struct Core *c)
{
    uint32_t value = 0;
    if (c->fifo.count == 0) {
        c->fifo.underflowed = true;
    } else {
        value = c->fifo.word[c->fifo.head];
        c->fifo.head = (c->fifo.head + 1) % FIFO_DEPTH;
        c->fifo.count--;
    }
    update_fifo_irq(m, c);
    return value;
}

/* Division by zero gives a quotient of all ones, or the sign's 1 or -1 turned round, and the
 * dividend as the remainder. */
static void divide(struct Core *c, bool is_signed)
{
    uint32_t n = c->dividend, d = c->divisor;
    if (d == 0) {
        c->quotient = is_signed && (int32_t)n < 0 ? 1 : UINT32_MAX;
        c->remainder = n;
    } else if (is_signed && n == 0x80000000u && d == UINT32_MAX) {
        c->quotient = n;
        c->remainder = 0;
    } else if (is_signed) {
        c->quotient = (uint32_t)((int32_t)n / (int32_t)d);
        c->remainder = (uint32_t)((int32_t)n % (int32_t)d);
    } else {
        c->quotient = n / d;
        c->remainder = n % d;
    }
    c->divider_csr = DIV_READY | DIV_DIRTY;
}

static uint32_t *output_register(struct Machine *m, uint32_t offset)
{
    switch (offset & ~0xfu) {
    case GPIO_OUT: return &m->gpio_out;
    case GPIO_ENABLE: return &m->gpio_enable;
    case QSPI_OUT: return &m->qspi_out;
    case QSPI_ENABLE: return &m->qspi_enable;
    }
    return NULL;
}

uint32_t sio_read(struct Machine *m, struct Core *c, uint32_t address)
{
    uint32_t offset = address & 0xfffffff;
    if (offset >= SPINLOCK0 && offset < SPINLOCKS_END) { /* claim: 0 if it is taken */
        uint32_t bit = 1u << ((offset - SPINLOCK0) / 4);
        if (m->spinlocks & bit) {
            c->polls++;
            return 0;
        }
        m->spinlocks |= bit;
        return bit;
    }
    if (offset >= INTERP0 && offset < SPINLOCK0)
        return interpolator_read(&c->interpolator[offset >= INTERP1], offset >= INTERP1,
                                 offset & 0x3f);
    switch (offset) {
    case CPUID: return c->id;
    case GPIO_IN: return gpio_in(m);
    case QSPI_IN: return 0;
    case GPIO_OUT: case GPIO_ENABLE: case QSPI_OUT: case QSPI_ENABLE:
        return *output_register(m, offset);
    case FIFO_ST: c->polls += !c->fifo.count; return fifo_status(c);
    case FIFO_RD: return fifo_pop(m, c);
    case SPINLOCK_ST: return m->spinlocks;
    case DIV_UDIVIDEND: case DIV_SDIVIDEND: return c->dividend;
    case DIV_UDIVISOR: case DIV_SDIVISOR: return c->divisor;
    case DIV_QUOTIENT: c->divider_csr &= ~(uint32_t)DIV_DIRTY; return c->quotient;
    case DIV_REMAINDER: return c->remainder;
    case DIV_CSR: return c->divider_csr;
    }
    count_unmapped(m, address, false);
    return 0;
}

void sio_write(struct Machine *m, struct Core *c, uint32_t address, uint32_t value)
{
    uint32_t offset = address & 0xfffffff;
    if (offset >= SPINLOCK0 && offset < SPINLOCKS_END) {
        m->spinlocks &= ~(1u << ((offset - SPINLOCK0) / 4));
        return;
    }
    if (offset >= INTERP0 && offset < SPINLOCK0) {
        interpolator_write(&c->interpolator[offset >= INTERP1], offset >= INTERP1, offset & 0x3f,
                           value);
        return;
    }
    uint32_t *output = output_register(m, offset);
    if (output) {
        uint32_t old = *output;
        switch (offset & 0xf) {
        case 0x0: *output = value; break;
        case 0x4: *output |= value; break;
        case 0x8: *output &= ~value; break;
        default: *output ^= value; break;
        }
        if (offset < QSPI_OUT) gpio_changed(m, old ^ *output);
        return;
    }
    switch (offset) {
    case FIFO_ST: /* clears the sticky flags */
        c->fifo.overflowed = c->fifo.underflowed = false;
        update_fifo_irq(m, c);
        return;
    case FIFO_WR: fifo_push(m, c, value); return;
    case DIV_UDIVIDEND: c->dividend = value; divide(c, false); return;
    case DIV_UDIVISOR: c->divisor = value; divide(c, false); return;
    case DIV_SDIVIDEND: c->dividend = value; divide(c, true); return;
    case DIV_SDIVISOR: c->divisor = value; divide(c, true); return;
    case DIV_QUOTIENT: c->quotient = value; c->divider_csr = DIV_READY | DIV_DIRTY; return;
    case DIV_REMAINDER: c->remainder = value; c->divider_csr = DIV_READY | DIV_DIRTY; return;
    }
    count_unmapped(m, address, true);
}

void sio_reset(struct Machine *m)
{
    m->spinlocks = m->gpio_out = m->gpio_enable = m->qspi_out = m->qspi_enable = 0;
    gpio_changed(m, UINT32_MAX);
    for (int i = 0; i < 2; i++) {
        struct Core *c = &m->core[i];
        memset(&c->fifo, 0, sizeof c->fifo);
        memset(c->interpolator, 0, sizeof c->interpolator);
        c->dividend = c->divisor = c->quotient = c->remainder = c->divider_csr = 0;
        update_fifo_irq(m, c);
    }
}
