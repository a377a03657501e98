"""RESETS: RP2040 datasheet 2.14."""

from __future__ import annotations

import pytest
from emulator_programs import Build
from test_emulator_peripherals import DMA, SIO, TIMER, Access, run

from syncer.emulator import Machine

RESETS = 0x4000C000
SET, CLEAR = 0x2000, 0x3000  # atomic aliases
BUSCTRL, UART0, PADS_BANK0, IO_BANK0 = 0x40030000, 0x40034000, 0x4001C000, 0x40014000
SYSCFG, IO_QSPI, PADS_QSPI, PLL_SYS, PLL_USB = (
    0x40004000,
    0x40018000,
    0x40020000,
    0x40028000,
    0x4002C000,
)
RELEASE_ALL: Access = (RESETS, 0)
INTE, INTS, ARMED, LOW, HIGH, PAUSE = (TIMER + n for n in (0x38, 0x40, 0x20, 0x28, 0x24, 0x30))


def hold(*bits: int) -> Access:
    return (RESETS + SET, sum(1 << bit for bit in bits))


def release(*bits: int) -> Access:
    return (RESETS + CLEAR, sum(1 << bit for bit in bits))


def test_the_timer_starts_anew(program: Build) -> None:
    """Time, alarms and interrupts; each access of the list takes about a microsecond."""
    timer = 21
    now: list[Access] = [(HIGH, None), (LOW, None)]
    pause: list[Access] = [(PADS_BANK0, 0)] * 200
    used: list[Access] = [(TIMER + 4, 100), (TIMER, 7), (INTE, 15), (TIMER + 0x3C, 4)]
    used += [(TIMER + 0x10, 90), (TIMER + 0x14, 200), *pause, (ARMED, None), (INTS, None), *now]
    held: list[Access] = [hold(timer), *now, (ARMED, None), (INTE, None), (INTS, None)]
    held += [(TIMER + 0x10, 5), (INTE, 1), (PAUSE, 1), *pause, *now]
    held += [(ARMED, None), (INTE, None), (PAUSE, None), (RESETS + 8, None)]
    after: list[Access] = [release(timer), *now, *pause, *now]
    after += [(TIMER + 0x10, 300), *pause, (TIMER + 0x34, None)]
    with Machine() as machine:
        found = run(machine, program("peripherals"), [RELEASE_ALL, *used, *held, *after])
    assert found[:3] == [1, 0b0110, 7]
    assert 250 < found[3] < 500
    assert found[4:14] == [0] * 10
    assert found[14] == 0x01FFFFFF & ~(1 << timer)
    first_high, first, later_high, later, raised = found[15:]
    assert (first_high, later_high, raised) == (0, 0, 1)
    assert first <= 3 < 150 < later < 300


@pytest.mark.parametrize(
    ("bit", "block", "values"),
    [
        (6, IO_QSPI, {0x0C: 0x1F, 0x08: 0}),
        (9, PADS_QSPI, {0: 0, 4: 0x56, 8: 0x52, 0x18: 0x5A}),
        (12, PLL_SYS, {0: 0x80000001, 4: 0x2D, 8: 0, 0xC: 0x77000}),  # it says it is locked
        (13, PLL_USB, {4: 0x2D, 8: 0, 0xC: 0x77000}),
        (18, SYSCFG, {0: 0, 8: 0x10000000, 0x14: 0x66}),
        (8, PADS_BANK0, {0: 0, 4: 0x56, 0x78: 0x56}),
        (1, BUSCTRL, {0: 0, 0xC: 0x1F, 0x24: 0x1F}),
        (5, IO_BANK0, {4: 0x1F, 0xEC: 0x1F, 0x100: 0, 0x110: 0, 0x120: 0}),
    ],
)
def test_a_block_returns_to_its_values_and_takes_no_writes(
    program: Build, bit: int, block: int, values: dict[int, int]
) -> None:
    def changed(offset: int) -> int:
        return 0x0110 if block in (IO_BANK0, BUSCTRL) else 0x53 + offset

    write: list[Access] = [(block + offset, changed(offset)) for offset in values]
    read: list[Access] = [(block + offset, None) for offset in values]
    listing = [RELEASE_ALL, *write, hold(bit), *read, *write, *read, release(bit), *read]
    listing += [*write, *read]
    with Machine() as machine:
        got = run(machine, program("peripherals"), listing)
        assert machine.unmapped == ()
    count = len(values)
    assert got[:count] == got[count : 2 * count] == got[2 * count : 3 * count]
    assert got[:count] == list(values.values())
    assert got[3 * count :] != got[:count]


def test_pads_and_functions_are_reset_each_by_its_bit(program: Build) -> None:
    """And what that does to a level is an edge only where IO_BANK0 goes on."""
    pad, control, raw = PADS_BANK0 + 4, IO_BANK0 + 4, IO_BANK0 + 0xF0
    used: list[Access] = [(pad, 0x5A), (control, 5), (raw, 0xF)]
    read: list[Access] = [(pad, None), (control, None), (raw, None)]
    listing = [RELEASE_ALL, *used, *read, hold(8), release(8), *read]
    listing += [*used, hold(5), release(5), *read]
    with Machine() as machine:
        got = run(machine, program("peripherals"), listing)
    assert [got[n] & 0x1F for n in (0, 1, 3, 4, 6, 7)] == [0x1A, 5, 0x16, 5, 0x1A, 0x1F]
    assert [got[n] & 15 for n in (2, 5, 8)] == [2, 1 | 4, 2]


def test_dma_and_uarts_take_no_writes_in_reset(program: Build) -> None:
    listing: list[Access] = [RELEASE_ALL, hold(2, 22), (DMA, 77), (UART0 + 0x24, 9)]
    listing += [(DMA, None), (UART0 + 0x24, None), release(2, 22), (DMA, 78), (UART0 + 0x24, 10)]
    listing += [(DMA, None), (UART0 + 0x24, None)]
    with Machine() as machine:
        assert run(machine, program("peripherals"), listing) == [0, 0, 78, 10]


def test_an_interrupt_ends_with_its_block(program: Build) -> None:
    """Of a timer and of a pin: what the NVIC has as pending may be cleared then."""
    pending: Access = (0xE000E200, None)
    clear: Access = (0xE000E280, 0xFFFFFFFF)
    raise_both: list[Access] = [(INTE, 1), (TIMER + 0x3C, 1), (IO_BANK0 + 0x110, 8)]
    listing = [RELEASE_ALL, clear, *raise_both, clear, pending, hold(21, 5), pending, clear]
    with Machine() as machine:
        got = run(machine, program("peripherals"), [*listing, pending, (SIO, None)])
    assert [value & 0x2001 for value in got] == [0x2001, 0x2001, 0, 0]
