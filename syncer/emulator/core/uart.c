/* SPDX-License-Identifier: Apache-2.0
 *
 * UART0 and UART1, a PL011 each: RP2040 datasheet 4.2, registers 4.2.8. What is written is sent at
 * once. What comes in waits outside until the UART receives, then comes a character at a time at the
 * baud rate, clk_peri being clk_sys; while the FIFO is full it waits, as with flow control.
 */
#include <stdlib.h>
#include <string.h>

#include "dma.h"
#include "exceptions.h"
#include "peripherals.h"

enum {
    DR = 0x00, RSR = 0x04, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30,
    IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48, ID = 0xfe0
};
enum { FR_RXFE = 1 << 4, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { LCR_FIFO = 1 << 4 };
enum { CR_UARTEN = 1 << 0, CR_LOOPBACK = 1 << 7, CR_RXE = 1 << 9 };
enum { RX_LEVEL = 1 << 4, TX_LEVEL = 1 << 5, RX_TIMEOUT = 1 << 6, ALL_INTERRUPTS = 0x7ff };
enum { TIMEOUT_BITS = 32 };

static void update_irq(struct Machine *m, unsigned n)
{
    const struct Uart *u = &m->uart[n];
    set_irq(m, BOTH_CORES, IRQ_UART_0 + n, u->raised & u->mask);
}

static uint64_t bits(const struct Uart *u, unsigned count)
{
    uint64_t divisor = (uint64_t)u->ibrd * 64 + u->fbrd; /* in 64ths; 16 clocks of it a bit */
    return divisor ? (count * divisor + 3) / 4 : count;
}

static bool receives(const struct Uart *u)
{
    return u->cr & CR_UARTEN && u->cr & CR_RXE;
}

static unsigned depth(const struct Uart *u)
{
    return u->lcr_h & LCR_FIFO ? UART_FIFO : 1;
}

/* How full the FIFO is when it asks to be read (UARTIFLS). */
static unsigned level(const struct Uart *u)
{
    static const uint8_t of_32[8] = {4, 8, 16, 24, 28, 28, 28, 28};
    return u->lcr_h & LCR_FIFO ? of_32[u->ifls >> 3 & 7] : 1;
}

static void plan(struct Machine *m, struct Uart *u)
{
    uint64_t due = u->timeout;
    bool waiting = u->input_head < u->input_count && u->fifo_count < depth(u);
    if (receives(u) && waiting && u->next < due) due = u->next;
    if (due == u->due) return;
    u->due = due;
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

void uart_service(struct Machine *m, uint64_t now)
{
    for (unsigned n = 0; n < 2; n++) {
        struct Uart *u = &m->uart[n];
        if (now < u->due) continue;
        while (receives(u) && u->input_head < u->input_count && u->fifo_count < depth(u) &&
               u->next <= now) {
            unsigned slot = (u->fifo_head + u->fifo_count++) % UART_FIFO;
            u->fifo[slot] = u->input[u->input_head++];
            u->fifo_at[slot] = u->next;
            u->timeout = u->next + bits(u, TIMEOUT_BITS);
            u->next += bits(u, 10);
            if (u->fifo_count >= level(u)) u->raised |= RX_LEVEL;
        }
        if (u->timeout <= now) {
            u->raised |= RX_TIMEOUT;
            u->timeout = NEVER;
        }
        plan(m, u);
        update_irq(m, n);
        dma_plan(m);
    }
}

uint64_t uart_received_at(const struct Machine *m, unsigned n)
{
    const struct Uart *u = &m->uart[n];
    return u->fifo_count && u->dmacr & 1 ? u->fifo_at[u->fifo_head] : NEVER;
}

bool uart_input(struct Machine *m, unsigned n, const uint8_t *data, size_t size, uint64_t now)
{
    struct Uart *u = &m->uart[n];
    if (u->input_head == u->input_count) u->input_head = u->input_count = 0;
    if (u->input_count + size > u->input_capacity) {
        size_t capacity = (u->input_count + size) * 2;
        uint8_t *input = realloc(u->input, capacity);
        if (!input) return false;
        u->input = input;
        u->input_capacity = capacity;
    }
    memcpy(u->input + u->input_count, data, size);
    u->input_count += size;
    if (u->next < now + bits(u, 10)) u->next = now + bits(u, 10);
    plan(m, u);
    return true;
}

void uart_reset(struct Uart *u)
{
    *u = (struct Uart){
        .text = u->text, .capacity = u->capacity, .input = u->input,
        .input_capacity = u->input_capacity, .due = NEVER, .timeout = NEVER,
        .cr = 0x300, .ifls = 0x12,
    };
}

void uart_stop(struct Machine *m, unsigned n)
{
    struct Uart *u = &m->uart[n], kept = *u;
    uart_reset(u);
    u->count = kept.count;
    u->input_head = kept.input_head;
    u->input_count = kept.input_count;
    update_irq(m, n);
    m->next_event = 0; /* have it worked out anew */
    request_attention(m);
}

static uint32_t pop(struct Machine *m, unsigned n, uint64_t t)
{
    struct Uart *u = &m->uart[n];
    if (!u->fifo_count) return 0;
    uint32_t value = u->fifo[u->fifo_head];
    if (u->fifo_count == depth(u) && u->next < t) u->next = t; /* what waited comes now */
    u->fifo_head = (u->fifo_head + 1) % UART_FIFO;
    u->fifo_count--;
    if (u->fifo_count < level(u)) u->raised &= ~(uint32_t)RX_LEVEL;
    if (!u->fifo_count) {
        u->timeout = NEVER;
        u->raised &= ~(uint32_t)RX_TIMEOUT;
    }
    plan(m, u);
    update_irq(m, n);
    dma_plan(m);
    return value;
}

uint32_t uart_read(struct Machine *m, unsigned n, uint32_t address, uint64_t t)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct Uart *u = &m->uart[n];
    uint32_t offset = address & 0xfff;
    uart_service(m, t);
    if (offset >= ID) return id[(offset - ID) / 4];
    switch (offset) {
    case DR: return pop(m, n, t);
    case RSR: return 0;
    case FR:
        return FR_TXFE | (u->fifo_count ? 0 : (uint32_t)FR_RXFE) |
               (u->fifo_count == depth(u) ? (uint32_t)FR_RXFF : 0);
    case IBRD: return u->ibrd;
    case FBRD: return u->fbrd;
    case LCR_H: return u->lcr_h;
    case CR: return u->cr;
    case IFLS: return u->ifls;
    case IMSC: return u->mask;
    case RIS: return u->raised;
    case MIS: return u->raised & u->mask;
    case DMACR: return u->dmacr;
    }
    count_unmapped(m, address, false);
    return 0;
}

static bool send(struct Machine *m, struct Core *c, unsigned n, uint8_t character, uint64_t t)
{
    enum { FULL = 0x10000 };
    struct Uart *u = &m->uart[n];
    u->raised |= TX_LEVEL; /* the FIFO is empty again */
    if (u->cr & CR_LOOPBACK)
        return uart_input(m, n, &character, 1, t) || raise_fault(m, c, FAULT_MEMORY, 0, 0);
    if (u->count == u->capacity) {
        size_t capacity = u->capacity ? u->capacity * 2 : 0x1000;
        uint8_t *text = realloc(u->text, capacity);
        if (!text) return raise_fault(m, c, FAULT_MEMORY, 0, 0);
        u->text = text;
        u->capacity = capacity;
    }
    u->text[u->count++] = character;
    if (character == '\n') m->stop |= STOP_LINE;
    if (u->count >= FULL) m->stop |= STOP_DRAIN;
    if (m->stop) request_attention(m);
    return true;
}

bool uart_write(struct Machine *m, struct Core *c, unsigned n, uint32_t address, uint32_t value,
                uint64_t t)
{
    struct Uart *u = &m->uart[n];
    uint32_t offset = address & 0xfff, *r = NULL, mask = 0;
    unsigned alias = address >> 12 & 3;
    bool done = true;
    uart_service(m, t);
    switch (offset) {
    case DR: done = send(m, c, n, (uint8_t)value, t); break;
    case RSR: break;
    case IBRD: r = &u->ibrd; mask = 0xffff; break;
    case FBRD: r = &u->fbrd; mask = 0x3f; break;
    case LCR_H: r = &u->lcr_h; mask = 0xff; break;
    case CR: r = &u->cr; mask = 0xff87; break;
    case IFLS: r = &u->ifls; mask = 0x3f; break;
    case IMSC: r = &u->mask; mask = ALL_INTERRUPTS; break;
    case DMACR: r = &u->dmacr; mask = 7; break;
    case ICR: u->raised &= ~value; break;
    default: count_unmapped(m, address, true); return true;
    }
    if (r) *r = apply_alias(*r, value, alias) & mask;
    if (offset == CR && u->next < t + bits(u, 10)) u->next = t + bits(u, 10);
    plan(m, u);
    update_irq(m, n);
    dma_plan(m);
    return done;
}
