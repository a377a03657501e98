/* SPDX-License-Identifier: Apache-2.0
 *
 * The DMA's checksum: RP2040 datasheet 2.5.5.2.
 */
#include "dma.h"

enum { ENABLE = 1, BSWAP = 1 << 9, OUT_REVERSED = 1 << 10, OUT_INVERTED = 1 << 11 };
enum { CRC32 = 0, CRC32_REVERSED = 1, CRC16 = 2, CRC16_REVERSED = 3, PARITY = 14, SUM = 15 };

static uint32_t reverse(uint32_t value, unsigned bits)
{
    uint32_t reversed = 0;
    for (unsigned i = 0; i < bits; i++) reversed |= (value >> i & 1) << (bits - 1 - i);
    return reversed;
}

/* Most significant bit first, into a register of `width`. */
static uint32_t crc(uint32_t sum, uint32_t data, unsigned bits, unsigned width, uint32_t polynomial)
{
    for (unsigned i = bits; i-- > 0;) {
        bool out = (sum >> (width - 1) ^ data >> i) & 1;
        sum = sum << 1 ^ (out ? polynomial : 0);
    }
    return width == 32 ? sum : sum & ((1u << width) - 1);
}

void dma_sniff(struct Machine *m, unsigned channel, unsigned size, uint32_t value)
{
    uint32_t control = m->dma.sniff_control, *sum = &m->dma.sniff_data;
    unsigned bits = 8 * size, what = control >> 5 & 15;
    if (!(control & ENABLE) || (control >> 1 & 15) != channel) return;
    if (control & BSWAP) value = __builtin_bswap32(value) >> (32 - bits);
    switch (what) {
    case CRC32: case CRC32_REVERSED:
        if (what == CRC32_REVERSED) value = reverse(value, bits);
        *sum = crc(*sum, value, bits, 32, 0x04c11db7);
        return;
    case CRC16: case CRC16_REVERSED:
        if (what == CRC16_REVERSED) value = reverse(value, bits);
        *sum = crc(*sum, value, bits, 16, 0x1021);
        return;
    case PARITY: *sum ^= (uint32_t)__builtin_parity(value); return;
    case SUM: *sum += value; return;
    }
}

uint32_t dma_sniff_result(const struct Machine *m)
{
    uint32_t result = m->dma.sniff_data;
    if (m->dma.sniff_control & OUT_REVERSED) result = reverse(result, 32);
    return m->dma.sniff_control & OUT_INVERTED ? ~result : result;
}
