/* SPDX-License-Identifier: Apache-2.0
 *
 * Every figure of the timing model, in clk_sys cycles. Two more come with the machine's
 * settings (api.h) because they depend on the board: clock_hz and xip_word.
 *
 * xip_word, 50: what one 32-bit word of flash takes, be it a miss of the cache, an access past it or
 * the stream's. At the SDK's flash clock divider of 2 these are 25 clocks of the flash: 8 of address
 * and mode bits, 4 dummy and 8 of data in quad I/O (RP2040 datasheet 4.10.11, W25Q16JV datasheet "Fast
 * Read Quad I/O"), and 5 around them. It scales with the divider. The 5 are what is left of the times
 * that a Raspberry Pi Pico published for person detection, in layers that mostly wait for flash.
 *
 * The two cores and the cache follow these rules (RP2040 datasheet 2.1, 2.6; Cortex-M0+ TRM 3.3):
 *  - Instructions are fetched by the word. The next word is fetched while the instruction in the
 *    upper halfword executes; a taken branch fetches its target two cycles before it completes.
 *  - Each SRAM bank, the boot ROM and the cache serve one access a cycle. The core that comes
 *    second waits one, unless it is of higher priority (BUS_PRIORITY, 2.1.1.1): then the other does.
 *  - A line is 8 bytes, with a valid bit for either half. A miss reads its word only (the SSI reads no
 *    more than 32 bits at once: the chip's designer in raspberrypi/pico-feedback issue 307), into the
 *    line's other half if that is there.
 *  - Such a fill blocks the cache for every master until it is complete.
 *  - DMA reads and writes a word a cycle at most, the write one cycle behind the read. Where a core
 *    has the bank, DMA waits, or the core does if only DMA has priority (BUS_PRIORITY, 2.1.1.1).
 *  - The XIP stream reads a word (xip_word) when the flash is idle; a fill waits for it to be
 *    complete, a hit does not.
 *  - A full set replaces its older line (first in, first out), which fits boards better than LRU.
 */
#ifndef SYNCER_TIMING_H
#define SYNCER_TIMING_H

enum {
    /* Cortex-M0+ TRM table 3-1, the MULS of the RP2040 being the single-cycle one. */
    CYCLES_SIMPLE = 1,
    CYCLES_MEMORY = 2,        /* a load or store; n + 1 for LDM, STM, PUSH, POP */
    CYCLES_BRANCH = 2,        /* a taken branch, BX, BLX, a write to PC */
    CYCLES_BRANCH_LINK = 3,   /* BL */
    CYCLES_POP_PC = 3,        /* POP with PC: n + 3, n counting PC */
    CYCLES_BARRIER = 3,
    CYCLES_SPECIAL = 3,       /* MRS, MSR */
    CYCLES_SEND_EVENT = 1,
    CYCLES_WAIT = 2,          /* WFE, WFI */
    CYCLES_EXCEPTION = 15,    /* TRM 3.6: interrupt latency without wait states */
    CYCLES_EXCEPTION_RETURN = 10, /* on top of the BX or POP; not documented, an estimate */

    TARGET_FETCH_LEAD = 2,    /* the target is fetched this long before a branch completes */

    WAIT_SIO = -1,            /* the single-cycle I/O port saves a cycle (datasheet 2.3.1) */
    WAIT_APB = 3,             /* over the AHB to APB bridge (datasheet 2.1.4) */
    WAIT_AHB_REGISTER = 1,    /* XIP control and the AHB-Lite peripherals */

    DMA_START = 4,            /* from the trigger to the first transfer; an estimate */
    DMA_REQUEST = 2,          /* from a peripheral's request to the transfer; an estimate */
    STREAM_COOLDOWN = 7,      /* the stream keeps this far from a cache miss (2.6.3.3) */
    FUNCTIONAL_QUANTUM = 1000 /* how far one core may run ahead when timing does not matter */
};

#endif
