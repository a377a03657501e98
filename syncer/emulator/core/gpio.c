/* SPDX-License-Identifier: Apache-2.0
 *
 * Pins: function select and overrides of IO_BANK0 (RP2040 datasheet 2.19.2, 2.19.6.1), pads with
 * their pulls (2.19.4, 2.19.6.3). A pin has the level that SIO drives it to, or somebody outside,
 * or its pull. What other peripherals drive is not known here.
 */
#include "peripherals.h"

enum { STATUS_OUT = 9, STATUS_OE = 13, STATUS_FROM_PAD = 17, STATUS_TO_PERIPHERAL = 19 };
enum { PULL_UP = 1 << 3, INPUT_ENABLE = 1 << 6, OUTPUT_DISABLE = 1 << 7, PAD_RESET = 0x56 };
enum { FUNCTION = 0x1f, FUNCTION_SIO = 5, OUT_OVER = 8, OE_OVER = 12, IN_OVER = 16 };

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

uint32_t gpio_status(const struct Machine *m, unsigned pin)
{
    return (uint32_t)output(m, pin, m->gpio_out, OUT_OVER) << STATUS_OUT |
           (uint32_t)output(m, pin, m->gpio_enable, OE_OVER) << STATUS_OE |
           (uint32_t)from_pad(m, pin) << STATUS_FROM_PAD |
           (uint32_t)to_peripheral(m, pin) << STATUS_TO_PERIPHERAL;
}

void gpio_reset(struct Machine *m)
{
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        m->apb[IO_BANK0][2 * pin + 1] = FUNCTION; /* none */
        m->apb[PADS_BANK0][pin + 1] = PAD_RESET;
    }
}

bool machine_drive(struct Machine *m, uint32_t pin, int32_t level)
{
    if (pin >= GPIO_PINS) return false;
    uint32_t bit = 1u << pin;
    m->gpio_driven = level < 0 ? m->gpio_driven & ~bit : m->gpio_driven | bit;
    m->gpio_level = level > 0 ? m->gpio_level | bit : m->gpio_level & ~bit;
    return true;
}

uint32_t machine_pins(const struct Machine *m)
{
    return gpio_in(m);
}
