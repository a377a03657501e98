/* SPDX-License-Identifier: Apache-2.0
 *
 * Random memory as code, for the sanitizers, and up to three times: ahead, in turns and slices, and
 * with exact timing an instruction at a time (watch.c), it must end alike. Some runs in turns count
 * accesses, and in some seeds masters have a priority.
 *
 *     fuzz_core FIRST_SEED COUNT
 *
 * A seed decides the boot ROM, flash and SRAM: noise, or mostly loads, stores and arithmetic with
 * registers that point into memory, in loops; both cores run from the beginning. Prints one line
 * with a hash of how all ended, which is the same on every host.
 */
#include "api.h"
#include "machine.h"
#include "peripherals.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t noise(void) /* splitmix64 */
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 16);
}

/* One halfword of code that goes on: r4 to r7 point into memory and stay. */
static unsigned instruction(void)
{
    unsigned d = noise() & 3, n = noise() & 7, base = 4 + (noise() & 3), imm = noise();
    switch (noise() % 20) {
    case 0: case 1: return 0x2000 | d << 8 | (imm & 255);                      /* MOVS */
    case 2: return (noise() & 0x1800) % 0x1800 | (imm & 31) << 6 | n << 3 | d; /* shifts */
    case 3: return 0x1800 | (imm & 0x600) | (imm & 7) << 6 | n << 3 | d;       /* ADDS, SUBS */
    case 4: case 5: return 0x4000 | (imm & 15) << 6 | n << 3 | d;
    case 6: case 7: case 8: return 0x6800 | (imm & 31) << 6 | base << 3 | d;   /* LDR */
    case 9: return 0x7800 | (imm & 31) << 6 | base << 3 | d;                   /* LDRB */
    case 10: return 0x8800 | (imm & 31) << 6 | base << 3 | d;                  /* LDRH */
    case 11: case 12: return 0x6000 | (imm & 31) << 6 | base << 3 | d;         /* STR */
    case 13: return 0x7000 | (imm & 31) << 6 | base << 3 | d;                  /* STRB */
    case 14: return 0x4800 | d << 8 | (imm & 15);                              /* LDR literal */
    case 15: return 0xd000 | (imm % 14) << 8 | (noise() & 7);                  /* branches onward */
    case 16: return 0xb401 | (imm & 14);                                       /* PUSH */
    case 17: return 0xbc01 | (imm & 14);                                       /* POP */
    case 18: return 0x9800 | d << 8 | (imm & 15);                              /* LDR SP */
    default: return 0xb200 | (imm & 0xc0) | n << 3 | d;                        /* extensions */
    }
}

static void put(uint8_t *p, unsigned halfword)
{
    p[0] = (uint8_t)halfword;
    p[1] = (uint8_t)(halfword >> 8);
}

static void put_word(uint8_t *p, uint32_t word)
{
    put(p, word & 0xffff);
    put(p + 2, word >> 16);
}

/* Loops of some dozen instructions, each entered with r4 to r7 set from literals. */
static void code(uint8_t *p, size_t size, bool wild)
{
    static const uint32_t places[] = {0x20020000, 0x20020000, 0x20040000, 0x20041000,
                                      0x10000200, 0x10010000, 0x20030000, 0x20030000};
    for (size_t at = 0; at + 128 <= size; at += 128) {
        for (unsigned r = 4; r < 8; r++) {
            unsigned i = r - 4, pc = (2 * i + 4) & ~3u;
            put(p + at + 2 * i, 0x4800 | r << 8 | (100 + 4 * i - pc) / 4);
            put_word(p + at + 100 + 4 * (r - 4),
                     (noise() % 256 ? places[noise() % 8] : 0x20000000) + (noise() & 0x7fc) +
                         (noise() % 2048 == 0));
        }
        for (size_t i = 8; i < 90; i += 2) put(p + at + i, i < 72 ? instruction() : 0xbf00);
        if (wild) put(p + at + 8 + (noise() & 62), noise() & 0xffff);
        put(p + at + 90, 0x3801 | (noise() & 3) << 8);    /* SUBS r, #1 */
        put(p + at + 92, 0xd100 | (0x100 - (noise() % 40 + 2)) % 256); /* BNE back */
        put(p + at + 94, 0xe000 | ((15 - noise() % 2 * 64) & 0x7ff));    /* on, or round again */
        for (size_t i = 96; i < 100; i += 2) put(p + at + i, 0xbf00);
        for (size_t i = 116; i < 128; i += 2) put(p + at + i, 0xbf00);
    }
}

enum { FLASH = 1 << 17 };

/* Where core 0 or the boot ROM's core 1 begin; some in a bank of their own. */
static uint32_t entry(unsigned kind, uint32_t otherwise)
{
    if (kind < 4 || noise() % 2) return otherwise + 128 * (noise() % 64);
    return SRAM_BASE + SRAM_STRIPED_SIZE + 0x1000 * (kind & 1) + 128 * (noise() % 32);
}

static void build(struct Machine *m, uint64_t seed, bool in_turns, bool counted)
{
    static uint8_t rom[ROM_SIZE], flash[FLASH], sram[SRAM_SIZE];
    state = seed;
    const unsigned kind = noise() % 8;
    struct Settings settings = {.clock_hz = 125000000, .xip_word = 1 + noise() % 100,
                                .mark_limit = 1000, .exact = noise() % 8 != 0,
                                .in_turns = in_turns};
    for (size_t i = 0; i < ROM_SIZE; i++) rom[i] = (uint8_t)noise();
    for (size_t i = 0; i < FLASH; i++) flash[i] = (uint8_t)noise();
    for (size_t i = 0; i < SRAM_SIZE; i++) sram[i] = (uint8_t)noise();
    if (kind) {
        code(rom + 256, ROM_SIZE - 256, kind == 1);
        code(flash + 512, FLASH - 512, kind == 1);
        code(sram, 0x10000, kind == 1);
    }
    if (kind >= 4) code(sram + SRAM_STRIPED_SIZE + 0x1000 * (kind & 1), 0x1000, false);
    put_word(rom, 0x20041800 - (noise() & 0x3fc));
    put_word(rom + 4, entry(kind, noise() % 3 == 0 ? 0x100 : noise() % 2 ? 0x10000200 : 0x20000000) + 1);
    machine_clear(m, &settings, rom);
    machine_poke(m, FLASH_BASE, flash, FLASH);
    machine_poke(m, SRAM_BASE, sram, SRAM_SIZE);
    uint8_t vectors[8];
    put_word(vectors, 0x20040800 - (noise() & 0x3fc));
    put_word(vectors + 4, entry(kind, noise() % 2 ? 0x10000200 : 0x20000000) + 1);
    machine_poke(m, FLASH_BASE + 0x100, vectors, sizeof vectors);
    put_word(vectors, entry(kind, 0x10000200) + 1); /* of HardFault, in some */
    if (noise() % 2) machine_poke(m, FLASH_BASE + 0x100 + 4 * EXCEPTION_HARD_FAULT, vectors, 4);
    machine_boot(m, FLASH_BASE + 0x100);
    if (noise() % 8 == 0) busctrl_write(m, 0, noise() & 0x1111, 0);
    if (counted) busctrl_write(m, 0xc, EVENT_SRAM0, 0);
}

static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t run(struct Machine *m, uint64_t slice)
{
    uint32_t stop = 0;
    static uint8_t bytes[SRAM_SIZE];
    for (uint64_t end = 0; end < 60000 && !(stop & ~(uint32_t)(STOP_SLICE | STOP_LINE | STOP_DRAIN));) {
        end = machine_cycles(m) + slice < 60000 ? machine_cycles(m) + slice : 60000;
        stop = machine_run(m, end);
        while (machine_take_uart(m, 0, bytes, sizeof bytes)) {}
        while (machine_take_uart(m, 1, bytes, sizeof bytes)) {}
    }
    struct Fault fault;
    machine_fault(m, &fault);
    uint64_t h = hash(0xcbf29ce484222325u, &fault, sizeof fault);
    for (uint32_t core = 0; core < 2; core++) {
        struct Registers registers;
        struct Counters counters;
        machine_registers(m, core, &registers);
        machine_counters(m, core, &counters);
        h = hash(h, &registers, sizeof registers);
        h = hash(h, &counters, sizeof counters);
    }
    machine_peek(m, SRAM_BASE, bytes, sizeof bytes);
    return hash(h, bytes, sizeof bytes);
}

int main(int count, char **arguments)
{
    static const uint64_t slices[] = {60000, 997, 37, 1};
    if (count != 3) return 2;
    uint64_t first = strtoull(arguments[1], NULL, 10), seeds = strtoull(arguments[2], NULL, 10);
    uint64_t all = 0, cycles = 0, instructions = 0;
    struct Machine *m = machine_create(FLASH);
    if (!m) return 2;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        build(m, seed, false, false);
        uint64_t ahead = run(m, 60000);
        cycles += machine_cycles(m);
        instructions += m->core[0].instructions + m->core[1].instructions;
        build(m, seed, true, seed % 3 == 0);
        uint64_t in_turns = run(m, slices[seed % 4]), watched = ahead;
        if (m->settings.exact) {
            build(m, seed, true, false);
            machine_step(m, NO_CORE);
            watched = run(m, slices[seed / 4 % 4]);
            watch_free(m);
        }
        if (ahead != in_turns || ahead != watched) {
            printf("seed %llu: ahead and %s differ\n", (unsigned long long)seed,
                   ahead != in_turns ? "in turns" : "watched");
            return 1;
        }
        all = hash(all, &ahead, sizeof ahead);
    }
    machine_destroy(m);
    printf("%llu seeds, %llu cycles, %llu instructions, %016llx\n", (unsigned long long)seeds,
           (unsigned long long)cycles, (unsigned long long)instructions, (unsigned long long)all);
    return 0;
}
