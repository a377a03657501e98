/* SPDX-License-Identifier: Apache-2.0
 *
 * The power-on state machine: RP2040 datasheet 2.13, registers 2.13.5; and what becomes of the chip when
 * the watchdog fires (4.7): its WDSEL says which stages are reset, RESETS' which blocks beside. A
 * stage takes those behind it along, since each begins when the one before it is through. Memories keep
 * what they hold. Like the first start, another one takes no time, and begins where the second
 * boot stage ends.
 */
#include <string.h>

#include "exceptions.h"
#include "peripherals.h"
#include "sio.h"
#include "watch.h"
#include "xip.h"

enum { FRCE_OFF = 0x4, WDSEL = 0x8, DONE = 0xc };
enum { ALL = 0x1ffff };
enum Stage {
    STAGE_ROSC, STAGE_XOSC, STAGE_CLOCKS, STAGE_RESETS, STAGE_XIP = 12, STAGE_VREG, STAGE_SIO,
    STAGE_PROC0, STAGE_PROC1, STAGES
};

/* Words of the watchdog's registers, and what they hold for the boot ROM (2.8.1.1). */
enum { SCRATCH4 = 0x1c / 4, SCRATCH5, SCRATCH6, SCRATCH7 };
#define BOOT_MAGIC 0xb007c0d3u

static void start_core(struct Machine *m, struct Core *c, uint64_t t)
{
    core_reset(m, c);
    c->cycles = t;
    if (m->watch) watch_core_reset(m, c);
    request_attention(m);
}

uint32_t psm_read(const struct Machine *m, uint32_t offset)
{
    return offset == DONE ? ALL & ~m->apb[PSM][FRCE_OFF / 4] : m->apb[PSM][offset / 4];
}

/* FRCE_OFF holds core 1 in reset; letting go starts it in the boot ROM. */
void psm_write(struct Machine *m, uint32_t offset, uint32_t value, unsigned alias, uint64_t t)
{
    if (offset > WDSEL) return;
    uint32_t *stored = &m->apb[PSM][offset / 4], old = *stored;
    *stored = apply_alias(old, value, alias) & ALL;
    if (offset != FRCE_OFF || !((old ^ *stored) >> STAGE_PROC1 & 1)) return;
    if (!(old >> STAGE_PROC1 & 1)) m->core[1].sleep = SLEEP_RESET;
    else start_core(m, &m->core[1], t);
    request_attention(m);
}

/* Core 0 begins where the watchdog's scratch registers tell the boot ROM, or with what is in flash. */
static void boot(struct Machine *m, uint64_t t)
{
    struct Core *c = &m->core[0];
    uint32_t *scratch = m->apb[WATCHDOG];
    start_core(m, c, t);
    if (scratch[SCRATCH4] == BOOT_MAGIC &&
        (scratch[SCRATCH5] ^ scratch[SCRATCH7]) + BOOT_MAGIC == 0) {
        scratch[SCRATCH4] = 0;
        c->r[13] = scratch[SCRATCH6] & ~3u;
        if (!(scratch[SCRATCH7] & 1)) raise_fault(m, c, FAULT_STATE, scratch[SCRATCH7], 0);
        else if (!set_pc(m, c, scratch[SCRATCH7]))
            raise_fault(m, c, FAULT_FETCH, scratch[SCRATCH7], 0);
    } else if (!machine_boot(m, FLASH_BASE + 0x100)) {
        raise_fault(m, c, FAULT_BOOT, 0, 0);
    }
}

void reset_chip(struct Machine *m, uint64_t t)
{
    const uint32_t stages = m->apb[PSM][WDSEL / 4];
    m->rebooting = false;
    resets_fire(m);
    if (!stages) return;
    const enum Stage first = (enum Stage)__builtin_ctz(stages);
    for (int i = 0; i < 2; i++)
        if (t < m->core[i].cycles) t = m->core[i].cycles;
    if (first <= STAGE_ROSC) memset(m->apb[ROSC], 0, sizeof m->apb[ROSC]);
    if (first <= STAGE_XOSC) memset(m->apb[XOSC], 0, sizeof m->apb[XOSC]);
    if (first <= STAGE_CLOCKS) memset(m->apb[CLOCKS], 0, sizeof m->apb[CLOCKS]);
    if (first <= STAGE_RESETS) resets_all(m, t);
    if (first <= STAGE_XIP) xip_reset(m, t);
    if (first <= STAGE_VREG) vreg_reset(m);
    if (first <= STAGE_SIO) sio_reset(m);
    if (m->apb[PSM][FRCE_OFF / 4] >> STAGE_PROC1 & 1) m->core[1].cycles = t;
    else start_core(m, &m->core[1], t);
    if (first <= STAGE_PROC0) {
        boot(m, t);
        m->current = &m->core[0];
        m->reboots++;
    }
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}
