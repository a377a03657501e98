/* SPDX-License-Identifier: Apache-2.0
 *
 * The interpolators: RP2040 datasheet 2.3.1.6. Two to a core; only INTERP0 blends (2.3.1.6.3), only
 * INTERP1 clamps (2.3.1.6.4).
 */
#include "sio.h"

enum {
    ACCUM0 = 0x00, ACCUM1 = 0x04, BASE0 = 0x08, BASE1 = 0x0c, BASE2 = 0x10,
    POP_LANE0 = 0x14, POP_LANE1 = 0x18, POP_FULL = 0x1c,
    PEEK_LANE0 = 0x20, PEEK_LANE1 = 0x24, PEEK_FULL = 0x28,
    CTRL_LANE0 = 0x2c, CTRL_LANE1 = 0x30, ACCUM0_ADD = 0x34, ACCUM1_ADD = 0x38, BASE_1AND0 = 0x3c
};
enum {
    SIGNED = 1 << 15, CROSS_INPUT = 1 << 16, CROSS_RESULT = 1 << 17, ADD_RAW = 1 << 18,
    BLEND = 1 << 21, CLAMP = 1 << 22
};

/* One lane's input multiplexer, shifter and mask. */
struct Lane {
    uint32_t raw;   /* the accumulator chosen */
    uint32_t value; /* shifted, masked, sign-extended */
    bool overflow;  /* bits above the mask were lost */
};

struct Results {
    struct Lane lane[2];
    uint32_t result[2]; /* as the accumulators take them */
    uint32_t full;
};

static struct Lane lane(const struct Interpolator *p, unsigned n)
{
    uint32_t control = p->control[n];
    unsigned lsb = control >> 5 & 31, msb = control >> 10 & 31;
    uint32_t below = msb == 31 ? UINT32_MAX : (1u << (msb + 1)) - 1;
    struct Lane lane = {.raw = p->accumulator[control & CROSS_INPUT ? n ^ 1 : n]};
    uint32_t shifted = lane.raw >> (control & 31);
    lane.overflow = shifted & ~below;
    lane.value = shifted & below & (UINT32_MAX << lsb);
    if (control & SIGNED && lane.value >> msb & 1) lane.value |= ~below;
    return lane;
}

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high, bool is_signed)
{
    if (is_signed ? (int32_t)value < (int32_t)low : value < low) return low;
    if (is_signed ? (int32_t)value > (int32_t)high : value > high) return high;
    return value;
}

/* `alpha` of 256 parts from `from` to `to`. */
static uint32_t blend(uint32_t from, uint32_t to, uint32_t alpha, bool is_signed)
{
    int64_t step = is_signed ? (int64_t)(int32_t)to - (int32_t)from : (int64_t)to - (int64_t)from;
    return from + (uint32_t)(step * alpha >> 8);
}

static struct Results results(const struct Interpolator *p, bool second)
{
    struct Results r = {.lane = {lane(p, 0), lane(p, 1)}};
    for (unsigned n = 0; n < 2; n++)
        r.result[n] = p->base[n] + (p->control[n] & ADD_RAW ? r.lane[n].raw : r.lane[n].value);
    r.full = p->base[2] + r.lane[0].value + r.lane[1].value;
    if (!second && p->control[0] & BLEND) {
        uint32_t alpha = r.lane[1].value & 0xff;
        r.result[0] = alpha;
        r.result[1] = blend(p->base[0], p->base[1], alpha, p->control[1] & SIGNED);
        r.full = p->base[2] + r.lane[0].value;
    } else if (second && p->control[0] & CLAMP) {
        r.result[0] = clamp(r.lane[0].value, p->base[0], p->base[1], p->control[0] & SIGNED);
    }
    return r;
}

/* FORCE_MSB only shows on the bus. */
static uint32_t forced(const struct Interpolator *p, unsigned n, uint32_t result)
{
    return result | (p->control[n] >> 19 & 3) << 28;
}

static void pop(struct Interpolator *p, const struct Results *r)
{
    for (unsigned n = 0; n < 2; n++)
        p->accumulator[n] = r->result[p->control[n] & CROSS_RESULT ? n ^ 1 : n];
}

uint32_t interpolator_read(struct Interpolator *p, bool second, uint32_t offset)
{
    struct Results r = results(p, second);
    switch (offset) {
    case ACCUM0: return p->accumulator[0];
    case ACCUM1: return p->accumulator[1];
    case BASE0: case BASE1: case BASE2: return p->base[(offset - BASE0) / 4];
    case POP_LANE0: pop(p, &r); return forced(p, 0, r.result[0]);
    case POP_LANE1: pop(p, &r); return forced(p, 1, r.result[1]);
    case POP_FULL: pop(p, &r); return r.full;
    case PEEK_LANE0: return forced(p, 0, r.result[0]);
    case PEEK_LANE1: return forced(p, 1, r.result[1]);
    case PEEK_FULL: return r.full;
    case CTRL_LANE0: {
        uint32_t overflow = (uint32_t)r.lane[0].overflow << 23 | (uint32_t)r.lane[1].overflow << 24;
        return p->control[0] | overflow | (overflow ? 1u << 25 : 0);
    }
    case CTRL_LANE1: return p->control[1];
    case ACCUM0_ADD: return r.lane[0].value;
    case ACCUM1_ADD: return r.lane[1].value;
    default: return 0; /* BASE_1AND0 is write-only */
    }
}

void interpolator_write(struct Interpolator *p, bool second, uint32_t offset, uint32_t value)
{
    bool blends = !second && p->control[0] & BLEND;
    switch (offset) {
    case ACCUM0: p->accumulator[0] = value; return;
    case ACCUM1: p->accumulator[1] = value; return;
    case BASE0: case BASE1: case BASE2: p->base[(offset - BASE0) / 4] = value; return;
    case CTRL_LANE0:
        p->control[0] = value & (0x001fffff | (uint32_t)(second ? CLAMP : BLEND));
        return;
    case CTRL_LANE1: p->control[1] = value & 0x001fffff; return;
    case ACCUM0_ADD: p->accumulator[0] += value; return;
    case ACCUM1_ADD: p->accumulator[1] += value; return;
    case BASE_1AND0: /* a half each, sign-extended where its lane is signed; lane 1 when blending */
        for (unsigned n = 0; n < 2; n++) {
            uint32_t half = value >> 16 * n & 0xffff;
            bool is_signed = p->control[blends ? 1 : n] & SIGNED;
            p->base[n] = is_signed ? (uint32_t)(int32_t)(int16_t)half : half;
        }
        return;
    }
}
