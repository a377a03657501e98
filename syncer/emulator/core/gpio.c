/* SPDX-License-Identifier: Apache-2.0
 *
 * Pins: function select, overrides and interrupts of IO_BANK0 (RP2040 datasheet 2.19.2, 2.19.3,
 * 2.19.6.1), pads with their pulls (2.19.4, 2.19.6.3). A pin has the level that SIO drives it to, or
 * somebody outside, or its pull. What other peripherals drive is not known here. Nothing is ever
 * dormant: DORMANT_WAKE's registers wake nobody.
 */
#include <string.h>

#include "exceptions.h"
#include "peripherals.h"

enum {
    STATUS_OUT = 9, STATUS_OE = 13, STATUS_FROM_PAD = 17, STATUS_TO_PERIPHERAL = 19,
    STATUS_IRQ_FROM_PAD = 24, STATUS_IRQ_TO_PROC = 26
};
enum { PULL_UP = 1 << 3, INPUT_ENABLE = 1 << 6, OUTPUT_DISABLE = 1 << 7, PAD_RESET = 0x56 };
enum {
    FUNCTION = 0x1f, FUNCTION_SIO = 5, OUT_OVER = 8, OE_OVER = 12, IN_OVER = 16, IRQ_OVER = 28
};
/* Interrupts: four registers of each kind, four bits a pin. INTE, INTF and INTS stand three times, for
 * core 0, core 1 and to wake from dormancy. */
enum { INTR = 0xf0, INTE = 0x100, INTF = 0x110, INTS = 0x120, NEXT_WHO = 0x30, INT_END = 0x190 };
enum { LEVEL_LOW = 1, LEVEL_HIGH = 2, EDGE_LOW = 4, EDGE_HIGH = 8, EDGES = 0xcccccccc };
#define PINS_A_REGISTER 8u

static uint32_t control(const struct Machine *m, unsigned pin)
{
    return m->apb[IO_BANK0][2 * pin + 1];
}

/* The overrides are coded alike: as it is, inverted, low, high. */
static bool overridden(uint32_t control, unsigned shift, bool value)
{
    switch (control >> shift & 3) {
    case 0: return value;
    case 1: return !value;
    default: return control >> shift & 1;
    }
}

static bool output(const struct Machine *m, unsigned pin, uint32_t from_sio, unsigned shift)
{
    uint32_t c = control(m, pin);
    return overridden(c, shift, (c & FUNCTION) == FUNCTION_SIO && from_sio >> pin & 1);
}

static bool from_pad(const struct Machine *m, unsigned pin)
{
    uint32_t pad = m->apb[PADS_BANK0][pin + 1];
    if (!(pad & INPUT_ENABLE)) return false;
    if (!(pad & OUTPUT_DISABLE) && output(m, pin, m->gpio_enable, OE_OVER))
        return output(m, pin, m->gpio_out, OUT_OVER);
    return m->gpio_driven >> pin & 1 ? m->gpio_level >> pin & 1 : (pad & PULL_UP) != 0;
}

static bool to_peripheral(const struct Machine *m, unsigned pin)
{
    return overridden(control(m, pin), IN_OVER, from_pad(m, pin));
}

uint32_t gpio_in(const struct Machine *m)
{
    uint32_t in = 0;
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) in |= (uint32_t)to_peripheral(m, pin) << pin;
    return in;
}

/* What the interrupts of a pin go by. */
static bool to_interrupts(const struct Machine *m, unsigned pin)
{
    return overridden(control(m, pin), IRQ_OVER, from_pad(m, pin));
}

uint32_t gpio_status(const struct Machine *m, unsigned pin)
{
    return (uint32_t)output(m, pin, m->gpio_out, OUT_OVER) << STATUS_OUT |
           (uint32_t)output(m, pin, m->gpio_enable, OE_OVER) << STATUS_OE |
           (uint32_t)from_pad(m, pin) << STATUS_FROM_PAD |
           (uint32_t)to_peripheral(m, pin) << STATUS_TO_PERIPHERAL |
           (uint32_t)from_pad(m, pin) << STATUS_IRQ_FROM_PAD |
           (uint32_t)to_interrupts(m, pin) << STATUS_IRQ_TO_PROC;
}

/* ---- interrupts (2.19.3): levels as they are, edges until they are cleared */

static uint32_t raw(const struct Machine *m, unsigned n)
{
    uint32_t value = m->gpio_edges[n];
    for (unsigned i = 0; i < PINS_A_REGISTER; i++) {
        unsigned pin = n * PINS_A_REGISTER + i;
        if (pin < GPIO_PINS)
            value |= (m->gpio_seen >> pin & 1 ? (uint32_t)LEVEL_HIGH : LEVEL_LOW) << 4 * i;
    }
    return value;
}

static uint32_t status(const struct Machine *m, unsigned who, unsigned n)
{
    const uint32_t *stored = m->apb[IO_BANK0] + (who * NEXT_WHO) / 4 + n;
    return (raw(m, n) & stored[INTE / 4]) | stored[INTF / 4];
}

static void update_irqs(struct Machine *m)
{
    for (unsigned core = 0; core < 2; core++) {
        uint32_t any = 0;
        for (unsigned n = 0; n < 4; n++) any |= status(m, core, n);
        set_irq(m, core ? ONLY_CORE_1 : ONLY_CORE_0, IRQ_IO_BANK0, any);
    }
}

void gpio_changed(struct Machine *m, uint32_t pins)
{
    const uint32_t before = m->gpio_seen;
    for (uint32_t left = pins & ((1u << GPIO_PINS) - 1); left; left &= left - 1) {
        unsigned pin = (unsigned)__builtin_ctz(left);
        bool level = to_interrupts(m, pin);
        if (level == (m->gpio_seen >> pin & 1)) continue;
        m->gpio_seen ^= 1u << pin;
        m->gpio_edges[pin / PINS_A_REGISTER] |= (level ? (uint32_t)EDGE_HIGH : EDGE_LOW)
                                                << 4 * (pin % PINS_A_REGISTER);
    }
    if (m->gpio_seen != before) update_irqs(m);
}

/* ---- registers */

uint32_t gpio_read(const struct Machine *m, uint32_t offset)
{
    if (offset < 8 * GPIO_PINS && !(offset & 4)) return gpio_status(m, offset / 8);
    if (offset >= INTR && offset < INTE) return raw(m, (offset - INTR) / 4);
    uint32_t kind = (offset - INTE) % NEXT_WHO + INTE;
    if (offset >= INTE && offset < INT_END && kind >= INTS)
        return status(m, (offset - INTE) / NEXT_WHO, (kind - INTS) / 4);
    return m->apb[IO_BANK0][offset / 4];
}

void gpio_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias)
{
    uint32_t *stored = &m->apb[IO_BANK0][offset / 4];
    if (offset >= INTR && offset < INTE) m->gpio_edges[(offset - INTR) / 4] &= ~(value & EDGES);
    else *stored = apply_alias(*stored, value, alias);
    if (offset < 8 * GPIO_PINS) gpio_changed(m, 1u << offset / 8);
    else update_irqs(m);
}

void pads_reset(struct Machine *m)
{
    memset(m->apb[PADS_BANK0], 0, sizeof m->apb[PADS_BANK0]);
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) m->apb[PADS_BANK0][pin + 1] = PAD_RESET;
    gpio_changed(m, UINT32_MAX);
}

void gpio_reset(struct Machine *m)
{
    memset(m->apb[IO_BANK0], 0, sizeof m->apb[IO_BANK0]);
    for (unsigned pin = 0; pin < GPIO_PINS; pin++)
        m->apb[IO_BANK0][2 * pin + 1] = FUNCTION; /* none */
    gpio_changed(m, UINT32_MAX);
    memset(m->gpio_edges, 0, sizeof m->gpio_edges);
    update_irqs(m);
}

bool machine_drive(struct Machine *m, uint32_t pin, int32_t level)
{
    if (pin >= GPIO_PINS) return false;
    uint32_t bit = 1u << pin;
    m->gpio_driven = level < 0 ? m->gpio_driven & ~bit : m->gpio_driven | bit;
    m->gpio_level = level > 0 ? m->gpio_level | bit : m->gpio_level & ~bit;
    gpio_changed(m, bit);
    return true;
}

uint32_t machine_pins(const struct Machine *m)
{
    return gpio_in(m);
}
