/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole state of one RP2040: everything hangs off struct Machine.
 */
#ifndef SYNCER_MACHINE_H
#define SYNCER_MACHINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"
#include "isa.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the memories are kept as the little-endian RP2040 sees them"
#endif
_Static_assert(sizeof(struct Op) == 8, "a record is 8 bytes");

#define NEVER UINT64_MAX

/* Memory map: RP2040 datasheet 2.2. */
#define ROM_SIZE 0x4000u
#define FLASH_BASE 0x10000000u
#define CACHE_SRAM_BASE 0x15000000u
#define SRAM_BASE 0x20000000u
#define SRAM_STRIPED_SIZE 0x40000u /* SRAM0-3, four banks striped by word */
#define SRAM_SIZE 0x42000u         /* and SRAM4, SRAM5 of 4 KB each */
#define SRAM_ALIAS_BASE 0x21000000u

/* What serves one access a cycle (datasheet 2.1.1): the bus fabric's downstream ports. */
enum Port { PORT_SRAM0, PORT_SRAM4 = 4, PORT_SRAM5, PORT_XIP, PORT_ROM, PORTS };
#define PORT_HISTORY 64 /* cycles; no two accesses that can meet are further apart */

/* How accesses to a port are timed: nobody else is there; whoever comes second waits; by priority, or
 * counted (busctrl.c). */
enum Contention { ALONE, SHARED, ARBITRATED };

enum Sleep { AWAKE, SLEEP_WFE, SLEEP_WFI, SLEEP_RESET };
enum Region { REGION_ROM, REGION_FLASH, REGION_SRAM };

/* Exception numbers: ARMv6-M ARM B1.5.2. */
enum {
    EXCEPTION_NMI = 2, EXCEPTION_HARD_FAULT = 3, EXCEPTION_SVC = 11, EXCEPTION_PENDSV = 14,
    EXCEPTION_SYSTICK = 15, EXCEPTION_IRQ0 = 16
};

/* Interrupt numbers: RP2040 datasheet 2.3.2. */
enum {
    IRQ_TIMER_0 = 0, IRQ_DMA_0 = 11, IRQ_DMA_1 = 12, IRQ_IO_BANK0 = 13, IRQ_SIO_PROC0 = 15,
    IRQ_UART_0 = 20
};

enum { ONLY_CORE_0 = 1, ONLY_CORE_1 = 2, BOTH_CORES = 3 };

struct Nvic {
    uint32_t enabled;
    uint32_t pending;       /* latched */
    uint32_t lines;         /* levels of the interrupt inputs */
    uint8_t priority[32];   /* 0, 0x40, 0x80, 0xc0: only the top two bits exist */
    uint8_t system_priority[16];
    uint32_t nmi_mask;      /* inputs that are the NMI's too */
    bool nmi, pendsv, systick; /* pending */
    uint64_t active;        /* a bit for each exception number */
    bool event_on_pending;  /* SCR.SEVONPEND */
    bool sleep_on_exit;     /* SCR.SLEEPONEXIT */
};

struct SysTick {
    uint32_t control; /* ENABLE, TICKINT, CLKSOURCE */
    uint32_t reload;
    uint32_t stopped_at; /* CVR while disabled */
    uint64_t zero_at;    /* a cycle at which the enabled counter is 0 */
    uint64_t due;        /* the next cycle at which it reaches 0, or NEVER */
    bool wrapped;        /* COUNTFLAG */
};

struct Interpolator {
    uint32_t accumulator[2];
    uint32_t base[3];
    uint32_t control[2];
};

/* The condition flags, as what they follow from. */
struct Flags {
    int64_t nz;        /* N is its sign, Z is set when the low word is 0 */
    uint32_t carry;    /* 0 or 1 */
    uint32_t overflow; /* its top bit */
};

struct Core {
    uint32_t r[16]; /* r[13] is the stack pointer in use; r[15] is not kept */
    struct Flags flags;

    const struct Op *ip;     /* the next instruction */
    struct Op *ops;          /* the predecoded memory that ip points into */
    uint32_t ops_base;       /* the address of ops[0] */
    enum Region region;

    uint64_t cycles;
    uint64_t instructions;
    struct Core *other;
    uint32_t id;
    enum Sleep sleep;
    bool event;              /* the event register (ARMv6-M ARM B1.5.18) */

    uint64_t xip_accesses, xip_misses, xip_data_accesses, xip_data_misses;
    uint64_t stall_port, stall_bank;
    uint64_t polls;          /* reads of SIO that found a spinlock taken or the FIFO empty */

    uint32_t primask, control, ipsr, vtor;
    uint32_t msp, psp;       /* the one not in use */
    struct Nvic nvic;
    struct SysTick systick;

    /* SIO, core-local part */
    uint32_t dividend, divisor, quotient, remainder, divider_csr;
    struct Interpolator interpolator[2];
    struct {
        uint32_t word[8];
        uint32_t head, count;
        bool overflowed, underflowed; /* WOF of this core's writes, ROE of its reads */
    } fifo;                           /* inbound */
};

/* XIP cache: datasheet 2.6.3. 16 KB, 2 ways, lines of 8 bytes whose halves are filled one by one. */
#define XIP_SETS 1024u
#define XIP_HALVES (2 * XIP_SETS)
#define XIP_NO_WORD UINT32_MAX
struct Xip {
    uint32_t word[XIP_HALVES][2]; /* by half of a set and way: which word of flash it holds */
    uint8_t oldest[XIP_SETS];
    bool disabled;
    uint64_t fill_start, busy_until; /* the fill that blocks the port */
    uint64_t quiet_from;             /* from then on no fill has the port */
    uint32_t control;
    uint64_t accesses_cleared, hits_cleared;
    uint64_t dma_accesses, dma_misses;
    uint8_t sram[0x4000]; /* the cache's data as memory, while it is disabled (2.6.3.1) */
};

/* Background reads of flash into a FIFO: xip_stream.c. */
#define STREAM_DEPTH 2u
struct Stream {
    uint32_t address, left; /* of the next word to read; words */
    struct {
        uint32_t value;
        uint64_t at; /* the cycle at which it came */
    } fifo[STREAM_DEPTH];
    uint32_t head, count;
    bool reading;      /* a word is on its way */
    uint64_t done;     /* and will be there at this cycle */
    uint64_t earliest; /* the cycle from which the next may be asked for */
};

/* See ahead.h. The leader's figures come first, then the follower's. */
#define AHEAD_CYCLES 256u /* how far the leader runs */
#define AHEAD_SPAN 512u   /* how far it may get, and wait */
#define AHEAD_START 16u
struct Ahead {
    uint16_t stretch;      /* its number: what stamps are compared with */
    uint32_t limit[2], cycles[2], count[2];
    uint32_t stopped[2];   /* the instruction it stopped before, or 0 */
    uint32_t shift;        /* how much later the leader's accesses come than it wrote down */
    uint32_t pushes[AHEAD_SPAN], push_count; /* the instructions that made them later */
    uint32_t moved_port, moved_at;           /* the access that was pushed last */
    uint64_t pushed_bank, pushed_port;
    uint32_t quiet_from;
    uint32_t leftover_end;     /* before then the leader may meet what the follower did earlier: */
    uint64_t leftover[PORTS];  /* a bit for each cycle from AHEAD_START - 1 on */
    struct {
        uint32_t instruction;  /* what it has changed, to be taken back should it be stopped */
        uint32_t shift, push_count, moved_port, moved_at;
        uint64_t pushed_bank, pushed_port, stall_bank, stall_port;
    } before[2];
    uint32_t starts[2][4 * AHEAD_SPAN]; /* of instructions */
    /* By cycle and port: the leader's instruction that took it, or 0; whether the follower did. */
    uint16_t taken[AHEAD_SPAN][8];
    uint8_t followed[2 * AHEAD_SPAN][8];
    /* Where the leader's runs are in a bank of their own, their fetches are not written down: the
     * follower stops before it takes such a port, and then they are (shared). */
    bool unrecorded[PORTS], shared[PORTS];
    bool touched[PORTS]; /* some of them are written down */
    struct {
        uint32_t t, port, instruction; /* of the last of them */
    } last;
    struct Undo {
        uint32_t offset, word;
    } undo[AHEAD_SPAN];
    uint32_t undo_count;
    struct Core begin; /* the leader's */
    uint32_t span, patience;
    uint64_t turns_until;
    /* In which stretch the leader last wrote each word, and read or wrote each eight. */
    uint16_t written[SRAM_SIZE / 4];
    struct {
        uint16_t read, written;
    } eight[SRAM_SIZE / 32];
};

struct DmaChannel {
    uint32_t read, write, count, control; /* count: what a trigger reloads `left` from */
    uint32_t left;                        /* transfers still to do */
    bool busy;
    uint64_t ready; /* its next transfer, or its end, comes no earlier than at this cycle */
    uint64_t ticks; /* of its pacing timer that are used up */
};
#define DMA_CHANNELS 12
#define DMA_TIMERS 4
struct Dma {
    struct DmaChannel channel[DMA_CHANNELS];
    uint32_t raised, enable[2], force[2];
    uint32_t timer[DMA_TIMERS];
    uint64_t timer_start[DMA_TIMERS];
    uint32_t sniff_control, sniff_data;
    unsigned last;  /* the channel served last */
    uint64_t free;  /* the cycle from which the next transfer may begin */
    uint64_t due;   /* NEVER, or the cycle after that in which something happens: by then it is
                     * known what the cores did in it */
    bool serving;
};

/* BUSCTRL: busctrl.c. */
enum Master { MASTER_PROC0, MASTER_PROC1, MASTER_DMA };
enum {
    EVENT_APB = 1, EVENT_FASTPERI = 3, EVENT_SRAM5 = 5, EVENT_SRAM0 = 15, EVENT_XIP_MAIN = 17,
    EVENT_ROM = 19, BUS_EVENTS
};
#define BUS_COUNTERS 4
struct BusControl {
    bool arbitrated; /* a core may go before who came first, or something is counted */
    bool counting;
    uint32_t priority;
    uint32_t select[BUS_COUNTERS];
    uint32_t value[BUS_COUNTERS]; /* of each counter when its event had come `since` times */
    uint64_t since[BUS_COUNTERS], counted[BUS_EVENTS];
    uint64_t put_off[PORTS];   /* where the access that was put off last has come to */
    uint64_t dma_wrote[PORTS]; /* when DMA's last write had the port */
    struct BusAccess {
        uint64_t end;
        enum Master master;
    } last[2]; /* to the AHB-Lite peripherals and to APB */
};

struct Watchdog {
    uint32_t left; /* half microseconds, when it does not count */
    uint64_t due;  /* the cycle at which it bites, or NEVER */
};

struct Timer {
    uint64_t offset; /* microseconds that the time is ahead of the cycles, modulo 2^64 */
    uint64_t frozen; /* the time while paused */
    bool paused, held; /* held in reset */
    uint32_t low;    /* written to TIMELW */
    uint32_t alarm[4];
    uint32_t armed, raised, enable, force;
    uint32_t latched_high;
    uint64_t due; /* cycle of the next alarm, or NEVER */
};

#define UART_FIFO 32
struct Uart {
    uint8_t *text; /* sent */
    size_t count, capacity;
    uint8_t *input; /* to be received */
    size_t input_head, input_count, input_capacity;
    uint8_t fifo[UART_FIFO];
    uint64_t fifo_at[UART_FIFO]; /* when each came */
    unsigned fifo_head, fifo_count;
    uint32_t ibrd, fbrd, lcr_h, cr, ifls, mask, raised, dmacr;
    uint64_t next;    /* no character comes before this cycle */
    uint64_t timeout; /* of the FIFO not being read, or NEVER */
    uint64_t due;
};

#define UNMAPPED_BLOCKS 64

struct Watch;

struct Machine {
    struct Core core[2];
    struct Watch *watch; /* NULL: nobody looks */
    struct Core *current;

    /* Scheduling, see schedule.c. */
    bool dual;              /* both cores run */
    enum Contention contended; /* with other masters that run, DMA being one */
    bool attention;         /* something changed: schedule before the next instruction */
    bool went_on;           /* the current core's last instruction would have been followed by its
                             * next one, had its limit not come: it did not ask for the scheduler */
    uint64_t limit;         /* the current core runs on while its cycles are <= limit */
    uint64_t horizon;       /* below this cycle two running cores simply alternate */
    uint64_t next_event;    /* the first cycle at which a timer, SysTick or DMA is due */
    uint64_t stop_cycle;
    uint32_t stop;          /* enum Stop */
    bool handling;          /* a core handles a HardFault */
    bool rebooting;         /* the watchdog has fired */
    uint32_t reboots;       /* since the machine was cleared */
    struct Fault fault;     /* kind 0: none, or it was taken */
    struct CrashState {
        struct Crash crash;
        uint8_t *sram; /* as it was */
    } crash[2];         /* of each core */
    struct Settings settings;

    uint64_t taken[2][PORTS][PORT_HISTORY]; /* for each core: the cycles that another master took */
    struct Ahead ahead;
    struct Xip xip;
    struct Stream stream;
    struct Dma dma;
    struct BusControl bus;
    struct Timer timer;
    struct Watchdog watchdog;
    struct Uart uart[2];
    uint32_t spinlocks;
    uint32_t gpio_out, gpio_enable, qspi_out, qspi_enable;
    uint32_t gpio_driven, gpio_level; /* from outside */
    uint32_t gpio_seen, gpio_edges[4]; /* levels that interrupts go by; INTR's edges */
    uint32_t apb[32][0x1000 / 4]; /* registers that only store, by 16 KB block */
    uint32_t held; /* of RESETS' bits, those that firmware has set */

    uint32_t *marked;       /* sorted addresses */
    size_t marked_count;
    struct Mark *marks;
    size_t marks_count, marks_capacity, marks_total;
    struct Unmapped unmapped[UNMAPPED_BLOCKS];
    size_t unmapped_count;

    uint8_t *flash;
    uint32_t flash_size;
    struct Op *rom_ops, *flash_ops, *sram_ops;
    uint8_t sram_has_code[SRAM_SIZE / 256 + 1]; /* by 256 bytes: a store must look at sram_ops */
    _Alignas(64) uint8_t sram[SRAM_SIZE];
    uint8_t rom[ROM_SIZE];
};

/* fault.c: the scheduler decides what becomes of it; the first one is kept. Always false, to be
 * returned. `c` gives the address of the instruction, unless the interpreter knows better. */
bool raise_fault(struct Machine *m, struct Core *c, enum FaultKind kind, uint32_t address,
                 uint32_t detail);
/* Something changed that the scheduler must look at before the next instruction. */
void request_attention(struct Machine *m);
void count_unmapped(struct Machine *m, uint32_t address, bool write);
/* False: a fault. */
bool record_mark(struct Machine *m, struct Core *c, uint32_t address, uint64_t cycle);
void core_reset(struct Machine *m, struct Core *c);

static ALWAYS_INLINE bool is_negative(const struct Flags *f)
{
    return f->nz < 0;
}

static ALWAYS_INLINE bool is_zero(const struct Flags *f)
{
    return (uint32_t)f->nz == 0;
}

static ALWAYS_INLINE bool is_overflow(const struct Flags *f)
{
    return f->overflow >> 31;
}

static inline uint32_t pc_of(const struct Core *c, const struct Op *op)
{
    return c->ops_base + (uint32_t)(op - c->ops) * 2;
}

/* False: no code can be at `pc`. */
static inline bool set_pc(struct Machine *m, struct Core *c, uint32_t pc)
{
    pc &= ~1u;
    if (pc - FLASH_BASE < m->flash_size) {
        c->region = REGION_FLASH;
        c->ops = m->flash_ops;
        c->ops_base = FLASH_BASE;
    } else if (pc - SRAM_BASE < SRAM_SIZE) {
        c->region = REGION_SRAM;
        c->ops = m->sram_ops;
        c->ops_base = SRAM_BASE;
    } else if (pc < ROM_SIZE) {
        c->region = REGION_ROM;
        c->ops = m->rom_ops;
        c->ops_base = 0;
    } else {
        return false;
    }
    c->ip = c->ops + ((pc - c->ops_base) >> 1);
    return true;
}

#endif
