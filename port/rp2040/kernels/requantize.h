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

/** The accumulator scaled: arm_nn_requantize(accumulator, multiplier, shift). */
static inline int32_t requantize_scale(const requantize_channel *channel, const int32_t accumulator)
{
#if defined(CMSIS_NN_USE_SINGLE_ROUNDING)
    const int64_t product = accumulator * (int64_t)channel->multiplier;
    return (int32_t)(((product >> (30 - channel->shift)) + 1) >> 1);
#else
    /*
     * With a = ah * 2^16 + al and m = mh * 2^16 + ml (ah, mh signed, al, ml in 0..65535), the
     * rounded doubling high product floor((a * m + 2^30) / 2^31) needs four 16-bit products:
     *   a * m = ah * mh * 2^32 + (ah * ml + al * mh) * 2^16 + al * ml.
     * The low 16 bits of al * ml lie below the rounding bit and cannot carry, so they are
     * dropped. No sum below leaves 32 bits: ah * ml and al * mh lie between -2^15 * 65535 and
     * (2^15 - 1) * 65535, that is 98,303 below 2^31, and at most 65535 + 2^14 is added to them.
     */
    const int32_t a = (int32_t)((uint32_t)accumulator << channel->left_shift);
    const int32_t a_high = a >> 16;
    const int32_t a_low = (uint16_t)a;
    const int32_t low = (int32_t)(((uint32_t)a_low * (uint32_t)channel->multiplier_low) >> 16);
    const int32_t middle = a_high * channel->multiplier_low + low;
    const int32_t rest = a_low * channel->multiplier_high + (uint16_t)middle;
    const uint32_t high = (uint32_t)(a_high * channel->multiplier_high + (middle >> 16));
    int32_t scaled = (int32_t)(high * 2u + (uint32_t)((rest + (1 << 14)) >> 15));
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

#endif
