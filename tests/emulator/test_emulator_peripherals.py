"""Registers, by a list of accesses that peripherals.S runs."""

from __future__ import annotations

import random
import struct

from emulator_programs import RESULTS, Build, Program

from syncer.emulator import Machine

SIO = 0xD0000000
DMA = 0x50000000
TIMER = 0x40054000
MASK = 0xFFFFFFFF

Access = tuple[int, int | None]  # register, value to write (None: read it)


def run(machine: Machine, program: Program, accesses: list[Access]) -> list[int]:
    """What the reads gave."""
    machine.load(program.path)
    listing = b"".join(
        struct.pack("<2I", address | (value is not None), (value or 0) & MASK)
        for address, value in accesses
    )
    machine.write(0x10010000, listing + bytes(8))
    result = machine.run(max_cycles=10**8)
    assert result.reason == "exit", result.fault
    reads = sum(value is None for _, value in accesses)
    return list(struct.unpack(f"<{reads}I", machine.read(RESULTS, 4 * reads)))


def test_divider(program: Build) -> None:
    generator = random.Random(7)
    edges = [0, 1, 2, MASK, 0x80000000, 0x7FFFFFFF]
    pairs = [(a, b) for a in edges for b in edges]
    pairs += [(generator.getrandbits(32), generator.getrandbits(32) >> n) for n in range(32)]
    accesses: list[Access] = []
    expected = []
    for a, b in pairs:
        for base, signed in ((0x60, False), (0x68, True)):
            accesses += [(SIO + base, a), (SIO + base + 4, b)]
            accesses += [(SIO + 0x78, None), (SIO + 0x74, None), (SIO + 0x70, None)]
            accesses += [(SIO + 0x78, None)]
            n, d = (to_signed(a), to_signed(b)) if signed else (a, b)
            if d == 0:  # datasheet 2.3.1.5
                quotient, remainder = (1 if n < 0 else -1), n
            else:
                quotient = abs(n) // abs(d) * (1 if (n < 0) == (d < 0) else -1)
                remainder = n - quotient * d
            expected += [3, remainder & MASK, quotient & MASK, 1]
    with Machine() as machine:
        assert run(machine, program("peripherals"), accesses) == expected


def to_signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def control(shift: int = 0, lsb: int = 0, msb: int = 31, **flags: int) -> int:
    """An interpolator lane's CTRL."""
    bits = {"signed": 15, "cross_input": 16, "cross_result": 17, "add_raw": 18, "force_msb": 19}
    bits |= {"blend": 21, "clamp": 22}
    return shift | lsb << 5 | msb << 10 | sum(value << bits[name] for name, value in flags.items())


def test_interpolators(program: Build) -> None:
    i0, i1 = SIO + 0x80, SIO + 0xC0
    accum0, accum1, base0, base1, base2 = 0x00, 0x04, 0x08, 0x0C, 0x10
    pop0, pop1, pop_full, peek0, peek1, peek_full = 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28
    ctrl0, ctrl1, add0, both = 0x2C, 0x30, 0x34, 0x3C
    cases: list[tuple[int, int | None, int]] = [  # register, written, or expected
        # Shift, mask and add; FULL adds both lanes; POP writes back.
        (i0 + ctrl0, control(4, 2, 7), 0),
        (i0 + ctrl1, control(0, 0, 15, signed=1), 0),
        (i0 + accum0, 0xABCD, 0),
        (i0 + accum1, 0x18000, 0),
        (i0 + base0, 0x100, 0),
        (i0 + base1, 0x200, 0),
        (i0 + base2, 0x20000000, 0),
        (i0 + peek0, None, 0x1BC),
        (i0 + peek1, None, 0xFFFF8200),
        (i0 + peek_full, None, 0x20000000 + 0xBC - 0x8000),
        (i0 + ctrl0, None, control(4, 2, 7) | 1 << 23 | 1 << 24 | 1 << 25),
        (i0 + add0, None, 0xBC),
        (i0 + add0, 1, 0),
        (i0 + accum0, None, 0xABCE),
        (i0 + pop0, None, 0x1BC),
        (i0 + accum0, None, 0x1BC),
        (i0 + accum1, None, 0xFFFF8200),
        # Crossed inputs and results, raw addition, a forced top.
        (i0 + ctrl0, control(0, 0, 31, cross_result=1, force_msb=2), 0),
        (i0 + ctrl1, control(8, 0, 31, cross_input=1, add_raw=1), 0),
        (i0 + accum0, 0x1000, 0),
        (i0 + accum1, 0x5000, 0),
        (i0 + pop_full, None, 0x20000000 + 0x1000 + 0x10),
        (i0 + accum0, None, 0x1200),
        (i0 + accum1, None, 0x1200),
        (i0 + peek0, None, 0x20001300),
        # Blending, signed: three quarters of the way from -100 to 100.
        (i0 + ctrl0, control(blend=1), 0),
        (i0 + ctrl1, control(0, 0, 7, signed=0), 0),
        (i0 + ctrl1, control(0, 0, 8, signed=1), 0),
        (i0 + accum0, 0, 0),
        (i0 + accum1, 192, 0),
        (i0 + both, 100 << 16 | (-100 & 0xFFFF), 0),
        (i0 + base0, None, -100 & MASK),
        (i0 + base1, None, 100),
        (i0 + pop1, None, 50),
        # Clamping, only on the second: signed from -20 to 20.
        (i1 + ctrl0, control(0, 0, 31, signed=1, clamp=1), 0),
        (i1 + base0, -20, 0),
        (i1 + base1, 20, 0),
        (i1 + accum0, -21, 0),
        (i1 + peek0, None, -20 & MASK),
        (i1 + accum0, 19, 0),
        (i1 + peek0, None, 19),
        (i1 + accum0, 0x7FFFFFFF, 0),
        (i1 + peek0, None, 20),
        (i0 + ctrl0, control(clamp=1), 0),
        (i0 + ctrl0, None, control()),
    ]
    accesses: list[Access] = [(address, value) for address, value, _ in cases]
    expected = [value for _, written, value in cases if written is None]
    with Machine() as machine:
        assert run(machine, program("peripherals"), accesses) == expected


def test_spinlocks_and_gpio(program: Build) -> None:
    lock = SIO + 0x100 + 4 * 5
    accesses: list[Access] = [
        (lock, None),
        (lock, None),
        (SIO + 0x5C, None),
        (lock, 1),
        (lock, None),
        (SIO + 0x10, 0xF0),
        (SIO + 0x14, 0x0F),
        (SIO + 0x18, 0x81),
        (SIO + 0x1C, 0x03),
        (SIO + 0x10, None),
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    assert got == [32, 0, 32, 32, 0x7D]


def test_clocks_resets_and_atomic_aliases(program: Build) -> None:
    resets = 0x4000C000
    accesses: list[Access] = [
        (resets, None),
        (resets + 8, None),
        (resets + 0x3000, 0x01FFFFFF),  # clear
        (resets + 8, None),
        (resets + 0x2000, 0x21),  # set
        (resets + 0x1000, 0x01),  # toggle
        (resets, None),
        (0x4000803C, 1),  # clk_sys from its auxiliary source
        (0x40008044, None),
        (0x40024004, None),  # XOSC is stable
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    assert got == [0x01FFFFFF, 0, 0x01FFFFFF, 0x20, 2, 0x80001000]


def test_timer_counts_by_clock_hz(program: Build) -> None:
    peripherals = program("peripherals")
    for hz in (125_000_000, 48_000_000):
        with Machine(clock_hz=hz) as machine:
            machine.mark(peripherals["reading"])
            (low,) = run(machine, peripherals, [(TIMER + 0x28, None)])
            machine.load(peripherals.path)
            machine.write(0x10010000, struct.pack("<4I", TIMER + 0x28, 0, 0, 0))
            ((_, _, cycle),) = machine.run().marks
        assert low == cycle * 1_000_000 // hz


def test_sram_alias_and_unmapped_registers(program: Build) -> None:
    accesses: list[Access] = [
        (0x21000004, 0x11),  # bank 0, second word: the fifth in stripes
        (0x20000010, None),
        (0x21010000, 0x22),  # bank 1
        (0x20000004, None),
        (0x4003C010, None),  # SPI0
        (0x4003C014, 1),
        (0x50200000, None),  # PIO0
    ]
    with Machine() as machine:
        assert run(machine, program("peripherals"), accesses) == [0x11, 0x22, 0, 0]
        found = [(block.first, block.reads, block.writes) for block in machine.unmapped]
    assert found == [(0x4003C010, 1, 1), (0x50200000, 1, 0)]


def test_fifo_full_and_empty(program: Build) -> None:
    hold: Access = (0x40012004, 1 << 16)  # core 1 shall not take what is pushed
    status, push, pop = SIO + 0x50, SIO + 0x54, SIO + 0x58
    accesses = [
        hold,
        (pop, None),
        (status, None),
        *[(push, n) for n in range(8)],
        (status, None),
        (push, 9),
    ]
    accesses += [(status, None), (status, 0), (pop, None), (status, None)]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    assert got.pop(0) == 0  # core 1 announced itself from the boot ROM
    # Bits: something to read, room to write, a write lost, a read of nothing.
    assert got == [0b0010, 0b0000, 0b0100, 0, 0b1000]


def test_core_1_held_in_reset_and_let_go(program: Build) -> None:
    hold: Access = (0x40012004, 1 << 16)  # PSM_FRCE_OFF, set
    let_go: Access = (0x40013004, 1 << 16)
    done: Access = (0x4001000C, None)
    with Machine() as machine:
        assert run(machine, program("peripherals"), [hold, done]) == [0xFFFF]
        assert machine.registers(1)["sleep"] == 3
        wait: list[Access] = [(SIO, None)] * 20
        got = run(machine, program("peripherals"), [hold, let_go, done, *wait])
        assert got[0] == 0x1FFFF
        # Back in the boot ROM, waiting for its launch.
        assert machine.registers(1)["sleep"] == 1
        assert machine.registers(1)["pc"] < 0x4000


def test_timer_is_set_and_paused(program: Build) -> None:
    low, high, pause = TIMER + 4, TIMER, TIMER + 0x30
    set_time: list[Access] = [(low, 5_000_000), (high, 7)]
    now: list[Access] = [(TIMER + 0x24, None), (TIMER + 0x28, None)]
    later: list[Access] = [(DMA, None)] * 200
    listing = [*set_time, *now, (pause, 1), *now, *later, *now, (pause, None)]
    listing += [(TIMER + 0x10, 5_000_100), (TIMER + 0x20, None), (pause, 0)]
    listing += [*later, (TIMER + 0x20, None), (TIMER + 0x34, None), *now]
    with Machine() as machine:
        found = run(machine, program("peripherals"), listing)
        time, frozen, still = found[0:2], found[2:4], found[204:206]
        assert time[0] == frozen[0] == 7
        assert 5_000_000 <= time[1] <= frozen[1] < 5_000_020
        assert still == frozen
        assert found[206:208] == [1, 1]  # paused, and the alarm waits
        assert found[-4:-1] == [0, 1, 7]  # it has come
        assert 5_000_100 < found[-1] < 5_000_400
        assert machine.unmapped == ()


def test_watchdog_bites_unless_it_is_fed(program: Build) -> None:
    control, load = 0x40058000, 0x40058004
    pauses: list[Access] = [(DMA, None)] * 10
    fed: list[Access] = [(load, 40), (control, 1 << 30)]
    fed += [access for _ in range(12) for access in (*pauses, (load, 40), (control, None))]
    with Machine(reboots=False) as machine:
        found = run(machine, program("peripherals"), [*fed, (control, 0), *pauses * 10])
        counts = found[10::11][:12]
        assert all(35 <= count & 0xFFFFFF <= 40 and count >> 24 == 0x40 for count in counts)
        machine.load(program("peripherals").path)
        listing = struct.pack("<6I", load | 1, 40, control | 1, 1 << 30, control, 0)
        machine.write(0x10010000, listing + struct.pack("<2I", control, 0) * 1000 + bytes(8))
        result = machine.run(max_cycles=10**6)
        assert result.reason == "fault"
        assert result.fault is not None and "watchdog" in result.fault
        assert 2500 <= result.cycles < 4000  # 40 counts are 20 microseconds


def test_pins(program: Build) -> None:
    """What GPIO_IN gives: outputs, pulls, overrides, and levels from outside."""
    control, pad = 0x40014004, 0x4001C004
    out, enable, pins = SIO + 0x10, SIO + 0x20, SIO + 0x04
    listing: list[Access] = [(pins, None), (control + 8 * 3, 5), (out, 0b1000), (pins, None)]
    listing += [
        (enable, 0b1000),
        (pins, None),
        (pad + 4 * 3, 0xD6),
        (pins, None),
    ]  # output disabled
    listing += [(pad + 4 * 4, 0x5A), (pins, None)]  # pulled up
    listing += [(pad + 4 * 4, 0x1A), (pins, None)]  # no input
    listing += [(control + 8 * 5, 1 << 16 | 5), (pins, None)]  # input inverted
    listing += [(control + 8 * 6, 3 << 12 | 3 << 8 | 5), (pins, None)]  # driven high by overrides
    listing += [(control + 8 * 6 - 4, None)]
    with Machine() as machine:
        found = run(machine, program("peripherals"), listing)
        assert found[:4] == [0, 0, 0b1000, 0]
        assert found[4:8] == [1 << 4, 0, 1 << 5, 3 << 5]
        assert found[8] == 1 << 9 | 1 << 13 | 1 << 17 | 1 << 19 | 1 << 24 | 1 << 26
        machine.drive(7, True)
        machine.drive(6, False)  # the chip drives that
        machine.drive(5, True)
        assert machine.pins == 1 << 7 | 1 << 6
        machine.drive(7, None)
        assert machine.pins == 1 << 6


def test_cache_as_memory(program: Build) -> None:
    """RP2040 datasheet 2.6.3.1: with the cache off, its 16 KB are memory."""
    control, first, last = 0x14000000, 0x15000000, 0x15003FFC
    listing: list[Access] = [(control, 0), (first, 0x12345678), (last, 0x9ABCDEF1)]
    listing += [(last, None), (first, None), (SIO, None)]
    with Machine() as machine:
        assert run(machine, program("peripherals"), listing) == [0x9ABCDEF1, 0x12345678, 0]
        assert machine.unmapped == ()
        run(machine, program("peripherals"), [(first, None)])
        assert [block.first for block in machine.unmapped] == [first]


def test_blocks_are_reset(program: Build) -> None:
    reset, uart, pad = 0x4000C000, 0x40034000, 0x4001C004
    listing: list[Access] = [(reset, 0), (uart + 0x24, 17), (pad, 0)]
    listing += [(DMA + 0x420, 1 << 16 | 0xFFFF), (DMA, 0x20030000), (DMA + 4, 0x20030100)]
    listing += [(DMA + 8, 9), (DMA + 0xC, 0x3B << 15 | 2 << 2 | 1), (DMA + 0xC, None)]
    listing += [(reset, 1 << 22 | 1 << 8 | 1 << 2), (reset, 0)]
    listing += [(uart + 0x24, None), (uart + 0x30, None), (pad, None)]
    listing += [(DMA + 0xC, None), (DMA + 4, None)]
    with Machine() as machine:
        busy, divider, uart_control, pad_reset, *dma = run(machine, program("peripherals"), listing)
        assert busy >> 24 & 1
        assert (divider, uart_control, pad_reset, dma) == (0, 0x300, 0x56, [0, 0])
