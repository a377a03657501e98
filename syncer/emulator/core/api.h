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
    STOP_DRAIN = 32,  /* a buffer of UART text, marks or trace is full: take it and run on */
    STOP_BREAK = 64,  /* a breakpoint, before its instruction; see machine_stopped */
    STOP_WATCHPOINT = 128, /* a watchpoint, after the access */
    STOP_STEP = 256   /* the instruction of machine_step was executed */
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
    FAULT_RUNAWAY = 14,    /* execution ran past the end of a memory */
    FAULT_WATCHDOG = 15,   /* nobody has fed it, and it is not to reset the chip */
    FAULT_BOOT = 18,       /* it has, and there is nothing in flash */
    /* Only as what ended a HardFault's handler: */
    FAULT_SPIN = 16,       /* it turns round at one instruction */
    FAULT_SLEEP = 17       /* it sleeps, and nothing is due that could wake it */
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
    uint32_t xip_word;   /* clk_sys cycles of one 32-bit word of flash */
    uint32_t mark_limit; /* marks recorded before the run ends with FAULT_MARKS */
    bool exact;          /* false: no cache, bank or port timing, coarse interleaving */
    bool in_turns;       /* true: two cores always take turns; slower, to the same result */
    bool reboots;        /* the watchdog resets the chip; false: it ends the run */
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

/* How everything was at a core's fault. */
struct Crash {
    struct Fault fault;     /* kind 0: there was none, or the core has recovered from it */
    uint64_t cycles;        /* of that core */
    struct Registers registers[2];
    bool handled;           /* the firmware's own HardFault handler was entered */
    struct Fault end;       /* what ended that; kind 0: nothing yet */
    uint64_t end_cycles;
};

/* One core's counters since reset; cycles are clk_sys. */
struct Counters {
    uint64_t cycles;
    uint64_t instructions;
    uint64_t xip_accesses;       /* instruction words and data, through the cache */
    uint64_t xip_misses;
    uint64_t xip_data_accesses;  /* the data part of the two above */
    uint64_t xip_data_misses;
    uint64_t stall_xip_fill;     /* waiting for its own misses' words */
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

/* An instruction about to be executed; `code` is its halfword, and the one after it above. */
struct Trace {
    uint64_t cycle;
    uint32_t pc;
    uint32_t code;
    uint32_t core;
};

/* What something cost a core, in clk_sys cycles but for the counts. The stalls and sio are part of
 * cycles, idle is not. */
struct Cost {
    uint64_t cycles;
    uint64_t instructions;
    uint64_t fill;  /* waiting for its own misses' words */
    uint64_t port;  /* waiting for the cache port */
    uint64_t bank;  /* waiting for an SRAM bank or the boot ROM */
    uint64_t sio;   /* turning round for a spinlock or the FIFO */
    uint64_t idle;  /* asleep in WFE or WFI */
    uint64_t xip_accesses;
    uint64_t xip_misses;
};

/* A place in a core's tree of calls: nodes 0 and 1 are the cores. `function` counts from 1 in the
 * list given to machine_profile; 0: none of them. The cost is its own, without its callees'. */
struct Node {
    uint32_t parent;
    uint32_t function;
    uint32_t core;
    uint64_t calls;
    struct Cost cost;
};

/* What a core spent between region_begin and region_end; `name` is what r0 held at the beginning. */
struct MarkedRegion {
    uint32_t name;
    uint32_t core;
    uint64_t count;
    struct Cost cost;
};

/* A stretch of a core's time: cycles, and the function that had most of them. */
struct Bucket {
    uint64_t busy;
    uint64_t stalled; /* part of busy */
    uint64_t waiting; /* for SIO, part of busy */
    uint64_t idle;
    uint32_t function;
    uint64_t weight;
};

enum WatchKind { WATCH_WRITE = 1, WATCH_READ = 2, WATCH_ACCESS = 3 };
struct Stopped {
    uint32_t core;
    uint32_t address; /* the breakpoint, or what was accessed */
    uint32_t kind;    /* of the watchpoint */
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
/* How often the watchdog has started core 0 again. */
uint32_t machine_reboots(const struct Machine *m);
void machine_fault(const struct Machine *m, struct Fault *out);
/* Of a core; false: there is none. Its memory is as machine_peek gives it, SRAM as it was then. */
bool machine_crash(const struct Machine *m, uint32_t core, struct Crash *out);
bool machine_crash_memory(const struct Machine *m, uint32_t core, uint32_t address, uint8_t *out,
                          size_t size);
void machine_registers(const struct Machine *m, uint32_t core, struct Registers *out);
void machine_counters(const struct Machine *m, uint32_t core, struct Counters *out);

/* Each takes at most `capacity` entries out of its buffer, oldest first, and says how many. */
size_t machine_take_uart(struct Machine *m, uint32_t uart, uint8_t *out, size_t capacity);
/* Characters for a UART to receive, from now on at its baud rate. False: no memory. */
bool machine_send_uart(struct Machine *m, uint32_t uart, const uint8_t *data, size_t size);
/* From outside, drives a pin low (0) or high (1), or lets go of it (-1). False: there is none. */
bool machine_drive(struct Machine *m, uint32_t pin, int32_t level);
/* The pins' levels as the firmware reads them, a bit for each. */
uint32_t machine_pins(const struct Machine *m);
size_t machine_take_marks(struct Machine *m, struct Mark *out, size_t capacity);

/* Looking at every instruction, which slows a run down and changes nothing in it. Each is false
 * where the host has no memory, or (breakpoints, watchpoints) there is no room for more. */
bool machine_trace(struct Machine *m, bool on);
size_t machine_take_trace(struct Machine *m, struct Trace *out, size_t capacity);
/* Profiles from now on. The functions are in the order of their addresses, `ends` exclusive. A core
 * that executes region_begin or region_end begins or ends a region (0: none). */
bool machine_profile(struct Machine *m, const uint32_t *starts, const uint32_t *ends, size_t count,
                     uint32_t region_begin, uint32_t region_end);
/* Each gives how many there are, and copies at most `capacity`. */
size_t machine_nodes(struct Machine *m, struct Node *out, size_t capacity);
size_t machine_regions(struct Machine *m, struct MarkedRegion *out, size_t capacity);
size_t machine_timeline(struct Machine *m, uint32_t core, struct Bucket *out, size_t capacity);
/* Cycles of one bucket of the timeline. */
uint64_t machine_bucket_cycles(const struct Machine *m);
/* Breakpoints hold before their instruction, but not where a run begins. */
bool machine_break(struct Machine *m, uint32_t address, bool on);
bool machine_watchpoint(struct Machine *m, uint32_t address, uint32_t size, uint32_t kind, bool on);
/* The next run ends when this core (2: none) has executed an instruction. */
bool machine_step(struct Machine *m, uint32_t core);
void machine_stopped(const struct Machine *m, struct Stopped *out);
/* Number as in struct Registers: 0 to 15, 16 xPSR (its flags), 17 MSP, 18 PSP, 19 PRIMASK,
 * 20 CONTROL. False: no such register, or no code can be there. */
bool machine_set_register(struct Machine *m, uint32_t core, uint32_t number, uint32_t value);

/* Copies, and does not clear. */
size_t machine_unmapped(const struct Machine *m, struct Unmapped *out, size_t capacity);
/* cffi: end */

#endif
