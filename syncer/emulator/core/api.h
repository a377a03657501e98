/* SPDX-License-Identifier: Apache-2.0
 *
 * What the core offers to the outside. The part between the two cffi marks is plain C that
 * build_core.py hands to cffi as it stands; keep it free of macros and expressions.
 *
 * A machine is one object; nothing is shared between two of them, so they may run in parallel
 * threads. No function here prints, exits or waits.
 */
#ifndef SYNCER_API_H
#define SYNCER_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cffi: begin */
struct Machine;

/* Why machine_run returned; several may hold at once. */
enum Stop {
    STOP_SLICE = 1,   /* the cycle asked for was reached */
    STOP_LINE = 2,    /* a UART sent a newline */
    STOP_FAULT = 4,   /* see machine_fault */
    STOP_ASLEEP = 8,  /* every core sleeps and nothing is due that could wake one */
    STOP_EXIT = 16,   /* "bkpt #0; b .-2": the C library's _exit */
    STOP_DRAIN = 32   /* a buffer of UART text or marks is full: take it and run on */
};

enum FaultKind {
    FAULT_NONE = 0,
    FAULT_READ = 1,        /* address: where */
    FAULT_WRITE = 2,       /* address: where */
    FAULT_FETCH = 3,       /* address: the branch's target */
    FAULT_UNALIGNED = 4,   /* address: where */
    FAULT_UNDEFINED = 5,   /* detail: the halfword */
    FAULT_BREAKPOINT = 6,  /* detail: the immediate */
    FAULT_STATE = 7,       /* a branch to an address without the Thumb bit; address: its target */
    FAULT_RETURN = 8,      /* a bad exception return; address: the EXC_RETURN value */
    FAULT_SVC = 9,         /* SVC where its priority does not allow it; detail: the immediate */
    FAULT_RESET = 10,      /* the firmware asked for a reset; address: the register */
    FAULT_DMA = 11,        /* a transfer that is not modelled; address, detail: the channel */
    FAULT_MARKS = 12,      /* more marks than the limit */
    FAULT_MEMORY = 13,     /* the host has no memory left */
    FAULT_RUNAWAY = 14     /* execution ran past the end of a memory */
};

struct Fault {
    uint32_t kind;
    uint32_t core;
    uint32_t pc;
    uint32_t address;
    uint32_t detail;
};

struct Settings {
    uint32_t clock_hz;   /* clk_sys */
    uint32_t xip_fill;   /* clk_sys cycles of an XIP cache line fill */
    uint32_t xip_word;   /* clk_sys cycles of one uncached or DMA flash word */
    uint32_t mark_limit; /* marks recorded before the run ends with FAULT_MARKS */
    bool exact;          /* false: no cache, bank or port timing, coarse interleaving */
    bool in_turns;       /* true: two cores always take turns; slower, to the same result */
};

/* One core's counters since reset; cycles are clk_sys. */
struct Counters {
    uint64_t cycles;
    uint64_t instructions;
    uint64_t xip_accesses;       /* instruction words and data, through the cache */
    uint64_t xip_misses;
    uint64_t xip_data_accesses;  /* the data part of the two above */
    uint64_t xip_data_misses;
    uint64_t stall_xip_fill;     /* waiting for its own line fills */
    uint64_t stall_xip_port;     /* waiting for the cache port: the other core's fill, DMA */
    uint64_t stall_bank;         /* waiting for an SRAM bank or the boot ROM */
};

struct Mark {
    uint64_t cycle;
    uint32_t address;
    uint32_t core;
};

/* Accesses to one 4 KB block of registers that nothing models. */
struct Unmapped {
    uint32_t first; /* the first address accessed */
    uint32_t reads;
    uint32_t writes;
};

/* r0..r15 (r15: the next instruction), xPSR, MSP, PSP, PRIMASK, CONTROL, and how it sleeps:
 * 0 runs, 1 WFE, 2 WFI, 3 held in reset. */
struct Registers {
    uint32_t r[16];
    uint32_t xpsr;
    uint32_t msp;
    uint32_t psp;
    uint32_t primask;
    uint32_t control;
    uint32_t sleep;
};

/* flash_size: a power of two, 4 KB to 16 MB. NULL when there is no memory. */
struct Machine *machine_create(uint32_t flash_size);
void machine_destroy(struct Machine *m);

/* Erases flash (0xff) and SRAM (0) and resets everything; marks stay. `rom` is 16384 bytes. */
void machine_clear(struct Machine *m, const struct Settings *settings, const uint8_t *rom);
/* Starts core 0 from a vector table: VTOR, SP and PC, as the second boot stage leaves it. */
bool machine_boot(struct Machine *m, uint32_t vector_table);

/* Plain memory only (ROM, flash, SRAM), without side effects or cycles. False: out of range. */
bool machine_peek(const struct Machine *m, uint32_t address, uint8_t *out, size_t size);
bool machine_poke(struct Machine *m, uint32_t address, const uint8_t *data, size_t size);

/* Logs every time a core is about to execute `address`. False: no code can be there. */
bool machine_mark(struct Machine *m, uint32_t address);

/* Runs until both cores have reached `until_cycle` or something else stops the machine. Slicing a
 * run changes nothing in it. */
uint32_t machine_run(struct Machine *m, uint64_t until_cycle);

uint64_t machine_cycles(const struct Machine *m);
void machine_fault(const struct Machine *m, struct Fault *out);
void machine_registers(const struct Machine *m, uint32_t core, struct Registers *out);
void machine_counters(const struct Machine *m, uint32_t core, struct Counters *out);

/* Each takes at most `capacity` entries out of its buffer, oldest first, and says how many. */
size_t machine_take_uart(struct Machine *m, uint32_t uart, uint8_t *out, size_t capacity);
/* Characters for a UART to receive, from now on at its baud rate. False: no memory. */
bool machine_send_uart(struct Machine *m, uint32_t uart, const uint8_t *data, size_t size);
size_t machine_take_marks(struct Machine *m, struct Mark *out, size_t capacity);
/* Copies, and does not clear. */
size_t machine_unmapped(const struct Machine *m, struct Unmapped *out, size_t capacity);
/* cffi: end */

#endif
