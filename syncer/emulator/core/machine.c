/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine's life: memory, reset, starting, slices, and what is taken out of it. Start-up is as
 * the boot ROM and second stage leave it (RP2040 datasheet 2.8.1): core 0 at the program's vector
 * table, core 1 in the boot ROM, which waits for the launch handshake (2.8.2).
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "bus.h"
#include "decode.h"
#include "exceptions.h"
#include "peripherals.h"
#include "schedule.h"
#include "watch.h"

/* One record past the end ends runaways; one more lets a wide instruction step over it. */
static struct Op *new_ops(uint32_t memory_size)
{
    size_t size = (memory_size / 2 + 2) * sizeof(struct Op);
    return aligned_alloc(64, (size + 63) / 64 * 64); /* see striped_port() */
}

struct Machine *machine_create(uint32_t flash_size)
{
    struct Machine *m = aligned_alloc(_Alignof(struct Machine), sizeof *m);
    if (!m) return NULL;
    memset(m, 0, sizeof *m);
    m->flash_size = flash_size;
    m->flash = calloc(1, flash_size);
    m->flash_ops = new_ops(flash_size);
    m->sram_ops = new_ops(SRAM_SIZE);
    m->rom_ops = new_ops(ROM_SIZE);
    if (!m->flash || !m->flash_ops || !m->sram_ops || !m->rom_ops) {
        machine_destroy(m);
        return NULL;
    }
    return m;
}

void machine_destroy(struct Machine *m)
{
    if (!m) return;
    free(m->flash);
    free(m->flash_ops);
    free(m->sram_ops);
    free(m->rom_ops);
    free(m->marked);
    free(m->marks);
    free(m->uart[0].text);
    free(m->uart[1].text);
    watch_free(m);
    free(m->crash[0].sram);
    free(m->crash[1].sram);
    free(m->uart[0].input);
    free(m->uart[1].input);
    free(m);
}

/* ---- reset */

static void clear_processor(struct Machine *m, struct Core *c)
{
    memset(c->r, 0, sizeof c->r);
    c->r[14] = UINT32_MAX;
    c->flags = (struct Flags){.nz = 1};
    c->sleep = AWAKE;
    c->event = false;
    c->primask = c->control = c->ipsr = c->vtor = c->msp = c->psp = 0;
    c->nvic = (struct Nvic){.lines = c->nvic.lines, .nmi_mask = c->nvic.nmi_mask};
    forget_crash(m, c);
    c->systick = (struct SysTick){.due = NEVER};
    set_pc(m, c, 0);
}

void core_reset(struct Machine *m, struct Core *c)
{
    uint32_t vectors[2];
    memcpy(vectors, m->rom, sizeof vectors);
    clear_processor(m, c);
    c->r[13] = vectors[0] & ~3u;
    if (!set_pc(m, c, vectors[1])) raise_fault(m, c, FAULT_FETCH, vectors[1], 0);
}

static void forget_ops(struct Op *ops, uint32_t memory_size)
{
    memset(ops, 0, (memory_size / 2 + 2) * sizeof *ops);
}

void machine_clear(struct Machine *m, const struct Settings *settings, const uint8_t *rom)
{
    m->settings = *settings;
    memcpy(m->rom, rom, ROM_SIZE);
    memset(m->flash, 0xff, m->flash_size);
    memset(m->sram, 0, sizeof m->sram);
    memset(m->sram_has_code, 0, sizeof m->sram_has_code);
    forget_ops(m->rom_ops, ROM_SIZE);
    forget_ops(m->flash_ops, m->flash_size);
    forget_ops(m->sram_ops, SRAM_SIZE);

    memset(m->taken, 0x7f, sizeof m->taken); /* a cycle that never comes */
    forget_ahead(&m->ahead);
    m->xip = (struct Xip){.control = 3};
    m->stream = (struct Stream){0};
    m->dma = (struct Dma){.due = NEVER};
    busctrl_reset(m);
    m->timer = (struct Timer){.due = NEVER};
    uart_reset(&m->uart[0]);
    uart_reset(&m->uart[1]);
    m->spinlocks = 0;
    m->gpio_out = m->gpio_enable = m->qspi_out = m->qspi_enable = 0;
    m->gpio_driven = m->gpio_level = m->gpio_seen = 0;
    memset(m->apb, 0, sizeof m->apb);
    apb_reset(m);
    m->marks_count = m->marks_total = 0;
    m->unmapped_count = 0;
    m->fault = (struct Fault){0};
    for (int i = 0; i < 2; i++) m->crash[i].crash = (struct Crash){0};
    m->stop = 0;
    m->dual = m->went_on = m->rebooting = false;
    m->reboots = 0;
    m->contended = ALONE;
    m->next_event = 0;
    m->stop_cycle = 0;

    for (uint32_t i = 0; i < 2; i++) {
        m->core[i] = (struct Core){.id = i, .other = &m->core[i ^ 1]};
        core_reset(m, &m->core[i]);
    }
    m->current = &m->core[0];
    watch_reset(m);
    xip_flush(m);
    request_attention(m);
}

bool machine_boot(struct Machine *m, uint32_t vector_table)
{
    struct Core *c = &m->core[0];
    uint32_t vectors[2];
    if (!machine_peek(m, vector_table, (uint8_t *)vectors, sizeof vectors)) return false;
    if (!(vectors[1] & 1) || !set_pc(m, c, vectors[1])) return false;
    c->vtor = vector_table;
    c->r[13] = vectors[0] & ~3u;
    return true;
}

/* ---- stopping */

void request_attention(struct Machine *m)
{
    m->attention = true;
}

uint32_t machine_run(struct Machine *m, uint64_t until_cycle)
{
    if (m->fault.kind) return STOP_FAULT;
    m->stop = 0;
    m->stop_cycle = until_cycle;
    if (m->watch) {
        run_watched(m);
        return m->stop;
    }
    while (schedule(m)) {
        if (UNLIKELY(m->handling)) execute_one(m);
        else if (!m->settings.exact) execute_functional(m);
        else if (!m->contended) execute_alone(m);
        else if (!m->dual) execute_any(m);
        else if (m->contended == ARBITRATED) execute_arbitrated(m);
        else if (!run_ahead(m)) execute_in_turns(m);
    }
    return m->stop;
}

/* ---- memory from outside */

bool machine_peek(const struct Machine *m, uint32_t address, uint8_t *out, size_t size)
{
    const uint8_t *p = plain_memory((struct Machine *)m, address, size);
    if (p) memcpy(out, p, size);
    return p;
}

bool machine_poke(struct Machine *m, uint32_t address, const uint8_t *data, size_t size)
{
    uint8_t *p = plain_memory(m, address, size);
    if (!p) return false;
    memcpy(p, data, size);
    if (size == 0) return true;
    if (address >= SRAM_BASE) {
        forget_code(m, address - SRAM_BASE, size);
    } else {
        forget_ops(m->rom_ops, ROM_SIZE);
        forget_ops(m->flash_ops, m->flash_size);
    }
    return true;
}

/* ---- marks */

bool machine_mark(struct Machine *m, uint32_t address)
{
    struct Core probe;
    address &= ~1u;
    if (!set_pc(m, &probe, address)) return false;
    size_t at = 0;
    while (at < m->marked_count && m->marked[at] < address) at++;
    if (at < m->marked_count && m->marked[at] == address) return true;
    uint32_t *grown = realloc(m->marked, (m->marked_count + 1) * sizeof *grown);
    if (!grown) return false;
    m->marked = grown;
    memmove(grown + at + 1, grown + at, (m->marked_count - at) * sizeof *grown);
    grown[at] = address;
    m->marked_count++;
    forget_record(probe.ops, (size_t)(probe.ip - probe.ops));
    return true;
}

bool record_mark(struct Machine *m, struct Core *c, uint32_t address, uint64_t cycle)
{
    enum { FULL = 0x10000 };
    if (m->marks_total >= m->settings.mark_limit)
        return raise_fault(m, c, FAULT_MARKS, address, m->settings.mark_limit);
    if (m->marks_count == m->marks_capacity) {
        size_t capacity = m->marks_capacity ? m->marks_capacity * 2 : 0x400;
        struct Mark *marks = realloc(m->marks, capacity * sizeof *marks);
        if (!marks) return raise_fault(m, c, FAULT_MEMORY, 0, 0);
        m->marks = marks;
        m->marks_capacity = capacity;
    }
    m->marks[m->marks_count++] = (struct Mark){cycle, address, c->id};
    m->marks_total++;
    if (m->marks_count >= FULL) {
        m->stop |= STOP_DRAIN;
        request_attention(m);
    }
    return true;
}

/* ---- what a run leaves */

void count_unmapped(struct Machine *m, uint32_t address, bool write)
{
    struct Unmapped *u = m->unmapped, *end = u + m->unmapped_count;
    while (u < end && u->first >> 12 != address >> 12) u++;
    if (u == end) {
        if (m->unmapped_count == UNMAPPED_BLOCKS) return;
        m->unmapped_count++;
        *u = (struct Unmapped){.first = address};
    }
    if (write) u->writes++;
    else u->reads++;
}

uint32_t machine_reboots(const struct Machine *m)
{
    return m->reboots;
}

uint64_t machine_cycles(const struct Machine *m)
{
    return m->current->cycles;
}

void machine_fault(const struct Machine *m, struct Fault *out)
{
    *out = m->fault;
}

void machine_registers(const struct Machine *m, uint32_t core, struct Registers *out)
{
    const struct Core *c = &m->core[core & 1];
    memcpy(out->r, c->r, sizeof out->r);
    out->r[15] = pc_of(c, c->ip);
    out->xpsr = read_xpsr(c);
    out->msp = read_special(c, 8);
    out->psp = read_special(c, 9);
    out->primask = c->primask;
    out->control = c->control;
    out->sleep = c->sleep;
}

void machine_counters(const struct Machine *m, uint32_t core, struct Counters *out)
{
    const struct Core *c = &m->core[core & 1];
    *out = (struct Counters){
        .cycles = c->cycles,
        .instructions = c->instructions,
        .xip_accesses = c->xip_accesses,
        .xip_misses = c->xip_misses,
        .xip_data_accesses = c->xip_data_accesses,
        .xip_data_misses = c->xip_data_misses,
        .stall_xip_fill = c->xip_misses * m->settings.xip_word,
        .stall_xip_port = c->stall_port,
        .stall_bank = c->stall_bank,
    };
}

/* The first `taken` of `count` entries go out, the rest moves up. */
static size_t take(void *entries, size_t *count, size_t entry_size, void *out, size_t capacity)
{
    size_t taken = *count < capacity ? *count : capacity;
    if (taken == 0) return 0;
    memcpy(out, entries, taken * entry_size);
    *count -= taken;
    memmove(entries, (uint8_t *)entries + taken * entry_size, *count * entry_size);
    return taken;
}

size_t machine_take_uart(struct Machine *m, uint32_t uart, uint8_t *out, size_t capacity)
{
    struct Uart *u = &m->uart[uart & 1];
    return take(u->text, &u->count, 1, out, capacity);
}

bool machine_send_uart(struct Machine *m, uint32_t uart, const uint8_t *data, size_t size)
{
    return uart_input(m, uart & 1, data, size, m->current->cycles);
}

size_t machine_take_marks(struct Machine *m, struct Mark *out, size_t capacity)
{
    return take(m->marks, &m->marks_count, sizeof *m->marks, out, capacity);
}

size_t machine_unmapped(const struct Machine *m, struct Unmapped *out, size_t capacity)
{
    size_t count = m->unmapped_count < capacity ? m->unmapped_count : capacity;
    memcpy(out, m->unmapped, count * sizeof *out);
    return count;
}
