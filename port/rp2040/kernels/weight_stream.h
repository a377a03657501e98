/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_RP2040_KERNELS_WEIGHT_STREAM_H
#define PORT_RP2040_KERNELS_WEIGHT_STREAM_H

/*
 * Copies weights from flash to SRAM by DMA while the cores compute.
 *
 * A core that reads cold flash waits for every line, and so does the other if it wants any. A DMA
 * channel for each part fetches the weights that come next meanwhile, past the cache, whose
 * contents stay. (Through the cache it would be in the cores' way: while a line comes, nobody is
 * served.) The DMA channels are claimed from the SDK for the length of a call; where none
 * is free, or the weights lie elsewhere, everything works without. The XIP stream is not used: it
 * stays the application's.
 *
 * KERNELS_WEIGHTS_BY_DMA=0 leaves all this out, and so does weight_stream_disabled, from the next
 * call on. An application that erases or programs flash from an interrupt, which may come while a
 * kernel runs, has to do one of the two.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dual_core.h"

#ifndef KERNELS_WEIGHTS_BY_DMA
#define KERNELS_WEIGHTS_BY_DMA 1
#endif

#if KERNELS_WEIGHTS_BY_DMA && defined(PICO_RP2040) && PICO_RP2040 && defined(PICO_ON_DEVICE) &&    \
    PICO_ON_DEVICE
#define WEIGHT_STREAM 1
#include "hardware/dma.h"
#include "hardware/regs/addressmap.h"
#else
#define WEIGHT_STREAM 0
#endif

/** The DMA channels of a call, or -1. */
typedef struct {
    int channel[DUAL_CORE_MAX_PARTS];
} weight_stream;

static const weight_stream weight_stream_none = {{-1, -1}};

#if WEIGHT_STREAM

extern volatile bool weight_stream_disabled; /* false at the start */

/** Claims channels if they would be of use: `weights` is the first of those to be streamed. */
static inline weight_stream weight_stream_claim(const void *weights)
{
    const uintptr_t at = (uintptr_t)weights;
    weight_stream stream;
    for (int part = 0; part < DUAL_CORE_MAX_PARTS; part++) {
        stream.channel[part] = !weight_stream_disabled && at >= XIP_BASE && at < XIP_NOALLOC_BASE && (at & 3) == 0
                                   ? dma_claim_unused_channel(false)
                                   : -1;
    }
    return stream;
}

static inline void weight_stream_release(const weight_stream *stream)
{
    for (int part = 0; part < DUAL_CORE_MAX_PARTS; part++) {
        if (stream->channel[part] >= 0) {
            dma_channel_unclaim((uint)stream->channel[part]);
        }
    }
}

/** Whether this part has a channel. */
static inline bool weight_stream_has(const weight_stream *stream, const int part)
{
    return stream->channel[part] >= 0;
}

/** Begins to copy; the part's last copy is complete. */
static inline void weight_stream_start(const weight_stream *stream,
                                       const int part,
                                       const int8_t *weights,
                                       uint32_t *target,
                                       const int32_t words)
{
    const uint channel = (uint)stream->channel[part];
    dma_channel_hw_t *registers = dma_channel_hw_addr(channel);
    registers->read_addr = (uint32_t)(uintptr_t)weights - XIP_BASE + XIP_NOCACHE_NOALLOC_BASE;
    registers->write_addr = (uint32_t)(uintptr_t)target;
    registers->transfer_count = (uint32_t)words;
    /* Words, both addresses counting up, unpaced, chained to itself, which is to nothing, and
     * without an interrupt. */
    registers->ctrl_trig = DMA_CH0_CTRL_TRIG_EN_BITS |
                           (2u << DMA_CH0_CTRL_TRIG_DATA_SIZE_LSB) |
                           DMA_CH0_CTRL_TRIG_INCR_READ_BITS | DMA_CH0_CTRL_TRIG_INCR_WRITE_BITS |
                           (channel << DMA_CH0_CTRL_TRIG_CHAIN_TO_LSB) |
                           (DMA_CH0_CTRL_TRIG_TREQ_SEL_VALUE_PERMANENT
                            << DMA_CH0_CTRL_TRIG_TREQ_SEL_LSB) |
                           DMA_CH0_CTRL_TRIG_IRQ_QUIET_BITS;
}

/** Waits until the part's last copy is complete. */
static inline void weight_stream_wait(const weight_stream *stream, const int part)
{
    dma_channel_hw_t *registers = dma_channel_hw_addr((uint)stream->channel[part]);
    while (registers->ctrl_trig & DMA_CH0_CTRL_TRIG_BUSY_BITS) {
    }
    __compiler_memory_barrier();
}

#else

static inline weight_stream weight_stream_claim(const void *weights)
{
    (void)weights;
    return weight_stream_none;
}

static inline void weight_stream_release(const weight_stream *stream)
{
    (void)stream;
}

static inline bool weight_stream_has(const weight_stream *stream, const int part)
{
    (void)stream;
    (void)part;
    return false;
}

static inline void weight_stream_start(const weight_stream *stream,
                                       const int part,
                                       const int8_t *weights,
                                       uint32_t *target,
                                       const int32_t words)
{
    (void)stream;
    (void)part;
    (void)weights;
    (void)target;
    (void)words;
}

static inline void weight_stream_wait(const weight_stream *stream, const int part)
{
    (void)stream;
    (void)part;
}

#endif

#endif
