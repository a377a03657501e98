/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_REQUANTIZE_H
#define PORT_RP2040_KERNELS_REQUANTIZE_H

/*
 * Per-channel requantisation of 32-bit accumulators to int8, equal to CMSIS-NN's
 * arm_nn_requantize() for every accumulator, every multiplier but INT32_MIN and every shift in
 * -31..30, without the 64-bit product that costs a Cortex-M0+ a library call. (With
 * CMSIS_NN_USE_SINGLE_ROUNDING the product is needed whole, and the call is made.)
 */

#include <stdbool.h>
#include <stdint.h>

/** What turns one channel's accumulators into its outputs. */
typedef struct {
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    int32_t multiplier;
    int32_t shift;
#else
    int32_t multiplier_high; /* the multiplier's upper 16 bits, signed */
    int32_t multiplier_low;  /* the lower 16 bits, unsigned */
    int32_t left_shift;      /* 0..30, before the multiplication */
    int32_t right_shift;     /* 0..31, after it */
#endif
    int32_t offset;
    int32_t minimum;
    int32_t maximum;
    int32_t live_from;    /* smaller accumulators are known to give `minimum` */
    uint32_t short_below; /* for smaller ones, as unsigned numbers, two products will do */
} requantize_channel;

/** What all channels of a layer share. */
static inline void requantize_layer(requantize_channel *channel,
                                    const int32_t offset,
                                    const int32_t minimum,
                                    const int32_t maximum)
{
    channel->offset = offset;
    channel->minimum = minimum;
    channel->maximum = maximum;
}

/** One channel of the layer. */
static inline void
requantize_set(requantize_channel *channel, const int32_t multiplier, const int32_t shift)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    channel->multiplier = multiplier;
    channel->shift = shift;
#else
    channel->multiplier_high = multiplier >> 16;
    channel->multiplier_low = multiplier & 0xffff;
    channel->left_shift = shift > 0 ? shift : 0;
    channel->right_shift = shift > 0 ? 0 : -shift;
#endif
    /* A rectifier: what is not positive stays so, and the limit is at or above zero. (Left
     * shifts may wrap.) */
    const bool rectifies = multiplier >= 0 && shift <= 0 && channel->minimum >= channel->offset;
    channel->live_from = rectifies && channel->minimum <= channel->maximum ? 1 : INT32_MIN;
    channel->short_below = multiplier >= 0 && shift < 0 ? 1u << 16 : 0;
}

/** v / 2^exponent, exponent in 1..31, rounded to nearest, midpoints towards +infinity. */
static inline int32_t requantize_shift_right(int32_t v, const int32_t exponent)
{
#if defined(__ARM_ARCH_6M__)
    /* ASRS leaves the last bit it shifts out, the one that decides, in the carry flag. */
    __asm__(".syntax unified\n\t"
            "asrs %[v], %[v], %[exponent]\n\t"
            "adcs %[v], %[v], %[zero]"
            : [v] "+&l"(v)
            : [exponent] "l"(exponent), [zero] "l"(0)
            : "cc");
    return v;
#else
    return (v >> exponent) + ((v >> (exponent - 1)) & 1);
#endif
}

/**
 * floor((a * m + 2^30) / 2^31), the doubling high product of arm_nn_doubling_high_mult(), for any
 * a and any m but INT32_MIN; m is given as its upper 16 bits, signed, and its lower, unsigned.
 */
static inline int32_t
requantize_high_product(const int32_t a, const int32_t m_high, const int32_t m_low)
{
    /*
     * With a = ah * 2^16 + al and m = mh * 2^16 + ml (ah, mh signed, al, ml in 0..65535) it needs
     * four 16-bit products:
     *   a * m = ah * mh * 2^32 + (ah * ml + al * mh) * 2^16 + al * ml.
     * The low 16 bits of al * ml lie below the rounding bit and cannot carry, so they are
     * dropped. No sum below leaves 32 bits: ah * ml and al * mh lie between -2^15 * 65535 and
     * (2^15 - 1) * 65535, that is 98,303 below 2^31, and at most 65535 + 2^14 is added to them.
     */
    const int32_t a_high = a >> 16;
    const int32_t a_low = (uint16_t)a;
    const int32_t low = (int32_t)(((uint32_t)a_low * (uint32_t)m_low) >> 16);
    const int32_t middle = a_high * m_low + low;
    const int32_t rest = a_low * m_high + (uint16_t)middle;
    const uint32_t high = (uint32_t)(a_high * m_high + (middle >> 16));
    return (int32_t)(high * 2u + (uint32_t)((rest + (1 << 14)) >> 15));
}

/** The accumulator scaled: arm_nn_requantize(accumulator, multiplier, shift). */
static inline int32_t requantize_scale(const requantize_channel *channel, const int32_t accumulator)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    const int64_t product = accumulator * (int64_t)channel->multiplier;
    return (int32_t)(((product >> (30 - channel->shift)) + 1) >> 1);
#else
    const int32_t a = (int32_t)((uint32_t)accumulator << channel->left_shift);
    int32_t scaled = requantize_high_product(a, channel->multiplier_high, channel->multiplier_low);
    if (channel->right_shift != 0) {
        /* Midpoints go away from zero: one less than a negative number keeps the comparison
         * strict. INT32_MIN would wrap, but only the multiplier INT32_MIN could produce it. */
        scaled = requantize_shift_right(scaled + (scaled >> 31), channel->right_shift);
    }
    return scaled;
#endif
}

#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
/** The same for accumulators below short_below: they have no upper half, and no sign. */
static inline int32_t requantize_scale_short(const requantize_channel *channel, const uint32_t a)
{
    const uint32_t low = (a * (uint32_t)channel->multiplier_low) >> 16;
    const uint32_t product = a * (uint32_t)channel->multiplier_high + low;
    return requantize_shift_right((int32_t)((product + (1 << 14)) >> 15), channel->right_shift);
}
#endif

/** The output of one accumulator: scaled, offset added, clamped to [minimum, maximum]. */
static inline int8_t requantize(const requantize_channel *channel, const int32_t accumulator)
{
    if (accumulator < channel->live_from) {
        return (int8_t)channel->minimum;
    }
    int32_t v;
#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    if ((uint32_t)accumulator < channel->short_below) {
        v = requantize_scale_short(channel, (uint32_t)accumulator);
    } else
#endif
    {
        v = requantize_scale(channel, accumulator);
    }
    v += channel->offset;
    v = v < channel->minimum ? channel->minimum : v;
    v = v > channel->maximum ? channel->maximum : v;
    return (int8_t)v;
}

/*
 * Requantisation in about nine cycles, for inner loops in assembly.
 *
 * Output is y = offset + round(a * m / 2^(31 + r)), r = -shift, and y is monotone in a, so outside
 * a window of accumulators it is one of the limits: below `base` the minimum, from `base + bound`
 * on the maximum; one unsigned comparison of a - base tells. Inside, with M = m << (8 - r),
 *
 *   y = (a * (M >> 15) + ((a * (M & 0x7fff)) >> 15) + constant) >> 24      (short, r = 1..8)
 *
 * and the same with M cut in three pieces of 11 bits (long, r = 1..12). The nested shifts round
 * down, so together they are floor(a * m / 2^(31 + r) + constant / 2^24): nothing is lost. The
 * two roundings of arm_nn_requantize() are one addition as well: with H = floor((a * m + 2^30) /
 * 2^31), y - offset = floor((H + 2^(r - 1) - (H < 0)) / 2^r), hence
 *
 *   constant = offset * 2^24 + 2^23 + 2^(23 - r), less 2^(24 - r) where a is negative.
 *
 * (a < 0 with H = 0 is a = -1, m = 2^30, for which both give 0.) Every product fits 32 bits within
 * the window: unsigned if it begins at 0, where a < 2^17 (short), 2^21 (long); else signed, with
 * |a| <= 2^16 (short), 2^20 (long). The window's ends need not be exact: next to the middle of a
 * limit's own step, computed to 2^-15 and a unit, whatever they cut off is that limit.
 * tests/kernels compares it with 64-bit arithmetic around every step.
 */
typedef enum {
    REQUANTIZE_ANY,   /* the fast arithmetic does not fit: requantize() */
    REQUANTIZE_SHORT, /* the minimum is the output of 0: no accumulator in the window is negative */
    REQUANTIZE_LONG,
    REQUANTIZE_SIGNED_SHORT,
    REQUANTIZE_SIGNED_LONG,
} requantize_kind;

/** One channel's numbers; assembly loads them, the first four with one LDM. */
typedef struct {
    uint32_t bound; /* accumulators in the window */
    uint32_t high;
    uint32_t low;
    uint32_t constant;
    uint32_t third;    /* the multiplier's last piece (long) */
    int32_t base;      /* the window's first accumulator: 0 if not signed */
    uint32_t negative; /* to be subtracted where the accumulator is negative (signed) */
} requantize_fast;

/** numerator / denominator, rounded down. */
static inline uint32_t requantize_divide(const uint32_t numerator, const uint32_t denominator)
{
#if defined(PICO_ON_DEVICE) && PICO_ON_DEVICE && defined(PICO_RP2040) && PICO_RP2040
    /* The core's own divider (RP2040 datasheet 2.3.1.5) takes 8 cycles; the compiler's function
     * lies in flash. It is dirty while a division is under way, which a kernel called from an
     * interrupt has then interrupted: the SDK's function puts that one's state back, as it does
     * for this one when an interrupt in between divides. */
    volatile uint32_t *const divider = (volatile uint32_t *)0xd0000060;
    enum { DIVIDEND, DIVISOR, QUOTIENT = 4, STATUS = 6, DIRTY = 2 };
    if ((divider[STATUS] & DIRTY) == 0) {
        divider[DIVIDEND] = numerator;
        divider[DIVISOR] = denominator;
        __asm__ volatile("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop");
        return divider[QUOTIENT];
    }
#endif
    return numerator / denominator;
}

/** The accumulator whose output is `steps` above the offset, to 2^-15 and a unit. */
static inline int32_t
requantize_edge(const int32_t steps, const int32_t multiplier, const int32_t right_shift)
{
    const uint32_t magnitude = (uint32_t)(steps < 0 ? -steps : steps) << 24;
    const uint32_t quotient = requantize_divide(magnitude, (uint32_t)multiplier >> 15);
    const int32_t edge = (int32_t)(right_shift <= 8 ? quotient >> (8 - right_shift)
                                                    : quotient << (right_shift - 8));
    return steps < 0 ? -edge : edge;
}

/**
 * Prepares a channel. Outputs are those of arm_nn_requantize() for all accumulators between
 * -2^30 and 2^30. REQUANTIZE_ANY, with nothing set, for multipliers that are not normalised
 * (2^30..2^31 - 1), shifts outside -12..-1 and limits or offsets that are no int8.
 */
static inline requantize_kind requantize_fast_set(requantize_fast *fast,
                                                  const int32_t multiplier,
                                                  const int32_t shift,
                                                  const int32_t offset,
                                                  const int32_t minimum,
                                                  const int32_t maximum)
{
    const int32_t r = -shift;
    if (minimum == offset && multiplier >= 1 << 30 && r >= 1 && r <= 8 && offset >= -128 &&
        minimum <= maximum && maximum <= 127) {
        /* What follows, for what nearly all channels are. */
        const uint32_t m = (uint32_t)multiplier;
        fast->bound = requantize_divide((uint32_t)(maximum - offset) << 24, m >> 15) >> (8 - r);
        fast->base = 0;
        fast->high = m >> (7 + r);
        fast->low = (m << (8 - r)) & 0x7fff;
        fast->constant = ((uint32_t)offset << 24) + (1u << 23);
#if !defined(CMSIS_NN_USE_SINGLE_ROUNDING)
        fast->constant += 1u << (23 - r);
#endif
        return REQUANTIZE_SHORT;
    }
    if (multiplier < 1 << 30 || r < 1 || r > 12 || offset < -128 || offset > 127 ||
        minimum < -128 || maximum > 127 || minimum > maximum) {
        return REQUANTIZE_ANY;
    }
    const bool from_zero = minimum == offset;
    const int32_t base = from_zero ? 0 : requantize_edge(minimum - offset, multiplier, r);
    const int32_t end = requantize_edge(maximum - offset, multiplier, r);
    const int32_t largest = end > -base ? end : -base;
    const int32_t smallest = base < -end ? base : -end;
    const int32_t reach = largest > -smallest ? largest : -smallest;
    bool is_long = r > 8;
    if (!from_zero) {
        is_long = is_long || reach > 1 << 16;
        if (reach > 1 << 20) {
            return REQUANTIZE_ANY;
        }
    }
    fast->bound = (uint32_t)(end - base);
    fast->base = base;
    const uint32_t m = (uint32_t)multiplier;
    int32_t unit; /* log2 of one step of the output */
    if (is_long) {
        unit = 21;
        fast->high = m >> (10 + r);
        fast->low = (m >> (r - 1)) & 0x7ff;
        fast->third = (m << (12 - r)) & 0x7ff;
    } else {
        unit = 24;
        fast->high = m >> (7 + r);
        fast->low = (m << (8 - r)) & 0x7fff;
        fast->third = 0;
    }
    fast->constant = ((uint32_t)offset << unit) + (1u << (unit - 1));
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    fast->negative = 0;
#else
    fast->constant += 1u << (unit - 1 - r);
    fast->negative = 1u << (unit - r);
#endif
    if (from_zero) {
        return is_long ? REQUANTIZE_LONG : REQUANTIZE_SHORT;
    }
    return is_long ? REQUANTIZE_SIGNED_LONG : REQUANTIZE_SIGNED_SHORT;
}

/** What the assembly computes: the output of an accumulator from which `base` was subtracted. */
static inline int8_t requantize_fast_apply(const requantize_kind kind,
                                           const requantize_fast *fast,
                                           const int32_t minimum,
                                           const int32_t maximum,
                                           const int32_t above_base)
{
    if ((uint32_t)above_base >= fast->bound) {
        return (int8_t)(above_base < 0 ? minimum : maximum);
    }
    const uint32_t a = (uint32_t)above_base + (uint32_t)fast->base;
    uint32_t v = a * fast->high + fast->constant;
    switch (kind) {
    case REQUANTIZE_SHORT:
        return (int8_t)((v + ((a * fast->low) >> 15)) >> 24);
    case REQUANTIZE_LONG:
        return (int8_t)((v + ((a * fast->low + ((a * fast->third) >> 11)) >> 11)) >> 21);
    case REQUANTIZE_SIGNED_SHORT:
        v -= (uint32_t)((int32_t)a >> 31) & fast->negative;
        return (int8_t)((v + (uint32_t)((int32_t)(a * fast->low) >> 15)) >> 24);
    default:
        v -= (uint32_t)((int32_t)a >> 31) & fast->negative;
        v += (uint32_t)((int32_t)(a * fast->low + (uint32_t)((int32_t)(a * fast->third) >> 11)) >>
                        11);
        return (int8_t)(v >> 21);
    }
}

#endif
